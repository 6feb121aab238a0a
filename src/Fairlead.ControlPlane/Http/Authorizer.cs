using Fairlead.ControlPlane.Registry;

namespace Fairlead.ControlPlane.Http;

/// <summary>One thing somebody wants to do. <see cref="Resource"/> carries a subresource behind a slash.</summary>
internal sealed record AccessRequest(string Verb, string Group, string Resource, string Namespace, string Name);

/// <summary>A rule in the terms of RBAC. "*" means any; empty <see cref="Names"/> and <see cref="Namespaces"/> mean any.</summary>
internal sealed record AccessRule(
    IReadOnlyList<string> Groups, IReadOnlyList<string> Resources, IReadOnlyList<string> Verbs, IReadOnlyList<string> Namespaces, IReadOnlyList<string> Names)
{
    public bool Allows(AccessRequest request) =>
        Has(Groups, request.Group) && Has(Resources, request.Resource) && Has(Verbs, request.Verb)
        && (Namespaces.Count == 0 || Namespaces.Contains(request.Namespace)) && (Names.Count == 0 || Names.Contains(request.Name));

    private static bool Has(IReadOnlyList<string> allowed, string value) => allowed.Contains("*") || allowed.Contains(value);
}

/// <summary>
/// Who may do what. Four roles, fixed: administrators everything; a node's agent reads what it programs, and writes nothing but Events about the configuration
/// and the policies it reads; the pods role reads what pods consist of, writes their status and gets their tokens; the ingress role, which is a service account,
/// reads what Ingresses are served by, certificates among it, and writes their status and Events about them. Everybody admitted, other service accounts among
/// them, may ask what the server offers and what he himself may do, and nothing else: there are no Roles to give more.
/// </summary>
internal static class Authorizer
{
    /// <summary>The group of administrators and of our own controllers.</summary>
    public const string Masters = "system:masters";

    /// <summary>The group of node agents; the user is <c>system:node:NAME</c>.</summary>
    public const string Nodes = "system:nodes";

    /// <summary>The group of the pods role.</summary>
    public const string Pods = "fairlead:pods";

    /// <summary>The user that the ingress role is: service account fairlead-ingress of kube-system.</summary>
    public const string Ingress = "system:serviceaccount:kube-system:fairlead-ingress";

    private const string NodePrefix = "system:node:";

    private static readonly string[] Read = ["get", "list", "watch"];
    private static readonly string[] Write = ["create", "patch", "update"];
    private static readonly string[] Renew = ["create", "get", "patch", "update"];

    private static readonly AccessRule[] Everything = [new(["*"], ["*"], ["*"], [], [])];

    /// <summary>What everybody may GET beside objects: what the server offers (upstream's role system:discovery).</summary>
    private static readonly string[] DiscoveryPaths =
        ["/.well-known/openid-configuration", "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/openid/v1/jwks", "/readyz", "/version", "/version/"];

    private static readonly AccessRule[] Everybody =
    [
        new(["authorization.k8s.io"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"], [], []),
        new(["authentication.k8s.io"], ["selfsubjectreviews"], ["create"], [], []),
    ];

    private static readonly AccessRule[] Agents =
    [
        new([""], ["services", "endpoints", "nodes", "namespaces", "pods"], Read, [], []),
        new(["discovery.k8s.io"], ["endpointslices"], Read, [], []),
        new(["networking.k8s.io"], ["networkpolicies", "ingresses", "ingressclasses", "servicecidrs", "ipaddresses"], Read, [], []),
        new(["policy.networking.k8s.io"], ["clusternetworkpolicies"], Read, [], []),
        new(["multicluster.x-k8s.io"], ["serviceimports"], Read, [], []),
        new([""], ["configmaps"], Read, ["kube-system"], ["coredns"]),
        new([""], ["events"], ["create", "patch"], [], []),
    ];

    private static readonly AccessRule[] PodsRole =
    [
        new([""], ["pods"], [.. Read, "delete"], [], []),
        new([""], ["pods/status", "nodes/status"], ["get", "patch", "update"], [], []),
        new([""], ["nodes"], [.. Read, .. Write], [], []),
        new([""], ["services", "namespaces", "configmaps", "secrets", "serviceaccounts"], Read, [], []),
        new([""], ["serviceaccounts/token"], ["create"], [], []),
        new(["discovery.k8s.io"], ["endpointslices"], Read, [], []),
        new(["coordination.k8s.io"], ["leases"], Renew, ["kube-node-lease"], []),
        new(["", "events.k8s.io"], ["events"], Write, [], []),
    ];

    private static readonly AccessRule[] IngressRole =
    [
        new([""], ["services", "nodes", "secrets"], Read, [], []),
        new(["discovery.k8s.io"], ["endpointslices"], Read, [], []),
        new(["networking.k8s.io"], ["ingresses", "ingressclasses"], Read, [], []),
        new(["networking.k8s.io"], ["ingresses/status"], ["patch", "update"], [], []),
        new([""], ["events"], ["create", "patch"], [], []),
    ];

    /// <summary>The rules that hold for a caller.</summary>
    public static IReadOnlyList<AccessRule> RulesFor(Caller caller)
    {
        if (caller.Groups.Contains(Masters))
        {
            return Everything;
        }

        var rules = new List<AccessRule>(Everybody);
        if (caller.Groups.Contains(Nodes) && caller.User.StartsWith(NodePrefix, StringComparison.Ordinal))
        {
            rules.AddRange(Agents);
        }

        if (caller.Groups.Contains(Pods))
        {
            rules.AddRange(PodsRole);
        }

        if (caller.User == Ingress)
        {
            rules.AddRange(IngressRole);
        }

        return rules;
    }

    /// <summary>True when a rule allows the request.</summary>
    public static bool Allows(Caller caller, AccessRequest request) => RulesFor(caller).Any(rule => rule.Allows(request));

    /// <summary>Verbs and paths beside objects that a caller may use; a path that ends in * stands for all that begin so.</summary>
    public static (IReadOnlyList<string> Verbs, IReadOnlyList<string> Paths) PathsFor(Caller caller) =>
        caller.Groups.Contains(Masters) ? (["*"], ["*"]) : (["get"], DiscoveryPaths);

    /// <summary>True when the caller may use a path beside objects.</summary>
    public static bool AllowsPath(Caller caller, string verb, string path)
    {
        var (verbs, paths) = PathsFor(caller);
        return verbs.Any(allowed => allowed == "*" || allowed == verb)
            && paths.Any(allowed => allowed == path || (allowed.EndsWith('*') && path.StartsWith(allowed[..^1], StringComparison.Ordinal)));
    }

    /// <summary>Refuses what no rule allows.</summary>
    /// <exception cref="StatusException">403, in upstream's words.</exception>
    public static void Demand(Caller caller, AccessRequest request)
    {
        if (Allows(caller, request))
        {
            return;
        }

        var plural = request.Resource.Split('/')[0];
        var subject = request.Name.Length > 0 ? $"{Qualified(plural, request.Group)} \"{request.Name}\"" : Qualified(plural, request.Group);
        var where = request.Namespace.Length > 0 ? $"in the namespace \"{request.Namespace}\"" : "at the cluster scope";
        throw new StatusException(
            403, "Forbidden",
            $"{subject} is forbidden: User \"{caller.User}\" cannot {request.Verb} resource \"{request.Resource}\" in API group \"{request.Group}\" {where}",
            new() { ["name"] = request.Name, ["group"] = request.Group, ["kind"] = plural });
    }

    /// <summary>Refuses a path beside objects that no rule allows.</summary>
    /// <exception cref="StatusException">403, in upstream's words.</exception>
    public static void DemandPath(Caller caller, string method, string path)
    {
        var verb = method is "HEAD" or "GET" ? "get" : method.ToLowerInvariant();
        if (!AllowsPath(caller, verb, path))
        {
            throw new StatusException(403, "Forbidden", $"forbidden: User \"{caller.User}\" cannot {verb} path \"{path}\"", []);
        }
    }

    private static string Qualified(string plural, string group) => group.Length == 0 ? plural : $"{plural}.{group}";
}
