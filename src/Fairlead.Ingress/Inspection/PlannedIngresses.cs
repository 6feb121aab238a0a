using Fairlead.Cluster;
using Fairlead.Cluster.Endpoints;
using Fairlead.Cluster.Model;
using Fairlead.Ingress.Tls;
using Fairlead.Ingress.Translate;
using Fairlead.Linux.Addresses;
using Fairlead.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Ingress.Inspection;

/// <summary>
/// What the room does with a cluster's Ingresses by the objects alone: routes, certificates and endpoints by the code that serves, without a socket; and of
/// each path that is written what becomes of it. As of when it is made.
/// </summary>
public sealed class PlannedIngresses : IDisposable
{
    private readonly IngressOptions _options;
    private readonly ClusterTables _cluster;
    private readonly ServedClasses _classes;
    private readonly CertificateStore _certificates;
    private readonly BackendResolver _resolver;
    private readonly Lazy<ILookup<ObjectKey, EndpointSliceRow>> _slices;
    private readonly Lazy<Dictionary<(string Host, string Path, bool IsExact), Route>> _routes;

    /// <summary>Compiles the Ingresses.</summary>
    /// <param name="options">What the role is told.</param>
    /// <param name="cluster">The cluster; Ingresses, classes, Services, slices and nodes initialized. TLS Secrets are not when they may not be read.</param>
    /// <param name="time">By which certificates are valid.</param>
    public PlannedIngresses(IngressOptions options, ClusterTables cluster, TimeProvider time)
    {
        (_options, _cluster, _classes) = (options, cluster, new ServedClasses(options));
        _classes.Apply(cluster.IngressClasses.Snapshot());
        _resolver = new BackendResolver(options.NodeName, cluster.Nodes.Get(options.NodeName)?.Zone ?? "");
        using (var pass = new RouteCompiler(options, cluster, Tables).Open(new Wake()))
        {
            pass.Run();
        }

        _certificates = new CertificateStore(cluster, Tables, options, time, NullLogger.Instance);
        _certificates.Pass();
        Before = new PlannedAnswers(options, Tables);
        _slices = new(() => cluster.EndpointSlices.Snapshot().Values.ToLookup(slice => slice.Service));
        _routes = new(() => Tables.Routes.Hosts.SelectMany(host => host.Value.Routes).ToDictionary(route => (route.Host, route.Path, route.Type == PathType.Exact)));
    }

    /// <summary>What the parts of the room would tell each other.</summary>
    public IngressTables Tables { get; } = new();

    /// <summary>What requests are answered before any endpoint is asked.</summary>
    public PlannedAnswers Before { get; }

    /// <inheritdoc/>
    public void Dispose() => _certificates.Dispose();

    /// <summary>Whether an Ingress is served here by its class; <see cref="PathStanding.Served"/>, or whose it is and why, in words.</summary>
    public (PathStanding Standing, string Why) ClassOf(IngressRow row)
    {
        if (_classes.Serves(row))
        {
            return (PathStanding.Served, "");
        }

        var name = ServedClasses.ClassOf(row);
        if (name.Length == 0)
        {
            return (PathStanding.NoClass, "it names no class, and what names none is not served here");
        }

        return _cluster.IngressClasses.Get(name) is { } found
            ? (PathStanding.OtherController, $"class {RuleText.Shown(name)} is for controller {RuleText.Shown(found.Controller)}; this one is {_options.Controller}")
            : (PathStanding.NoClass, $"class {RuleText.Shown(name)} does not exist");
    }

    /// <summary>The port of a Service that a backend names, by name or number in digits; of TCP where there is one of TCP. Null: it has none.</summary>
    public static ServicePort? PortOf(ServiceRow service, string port) => BackendResolver.PortOf(service, port);

    /// <summary>Every path that an Ingress has, in order, its default backend last.</summary>
    public IReadOnlyList<WrittenPath> PathsOf(IngressRow row)
    {
        var (paths, (standing, why)) = (new List<WrittenPath>(), ClassOf(row));
        var seen = new HashSet<(string, string, bool)>();
        for (var i = 0; i < row.Rules.Count; i++)
        {
            for (var j = 0; j < row.Rules[i].Paths.Count; j++)
            {
                var (rule, path) = (row.Rules[i], row.Rules[i].Paths[j]);
                var written = new WrittenPath(row.Key, $"spec.rules[{i}].http.paths[{j}]", rule.Host, path.Path, path.Type, path.Backend, standing, why);
                paths.Add(standing == PathStanding.Served ? Judge(written, row, rule with { Paths = [path] }, seen) : written);
            }
        }

        if (row.DefaultBackend is { } backend)
        {
            var written = new WrittenPath(row.Key, WrittenPath.DefaultPlace, "", "/", PathType.Prefix, backend, standing, why);
            paths.Add(standing == PathStanding.Served ? JudgeDefault(written, row) : written);
        }

        return paths;
    }

    /// <summary>The endpoints of a backend, those that are used first, each with why it is used or not.</summary>
    public IReadOnlyList<PlannedEndpoint> EndpointsOf(Backend backend)
    {
        if (_cluster.Services.Get(backend.Key.Service) is not { } service || BackendResolver.PortOf(service, backend.Key.Port) is not { Protocol: IpProtocol.Tcp } port)
        {
            return [];
        }

        var slices = _slices.Value[service.Key].OrderBy(slice => slice.Key).ToList();
        var used = backend.State.Endpoints.Select(endpoint => (endpoint.Address, endpoint.Port)).ToHashSet();
        var family = backend.State.Endpoints.Count > 0 ? backend.State.Endpoints[0].Address.Family : null;
        return
        [
            .. IpFamily.All.SelectMany(one => Judged(EndpointSelection.Candidates(slices, one, port)))
                .OrderByDescending(endpoint => endpoint.IsUsed).ThenBy(endpoint => endpoint.Address).ThenBy(endpoint => endpoint.Port),
        ];

        IEnumerable<PlannedEndpoint> Judged(IReadOnlyCollection<EndpointCandidate> candidates)
        {
            var reasons = new EndpointReasons(candidates, _resolver.Node, _resolver.Zone);
            return candidates.Select(one => new PlannedEndpoint(
                one.Address, one.Port, one.Source.Pod, one.Source.NodeName, used.Contains((one.Address, one.Port)),
                family is not null && one.Address.Family != family ? $"endpoints are asked at their {family} addresses" : _resolver.IsLocal(service) ? reasons.OnNode(one) : reasons.InCluster(one)));
        }
    }

    /// <summary>What a client is shown that asks for a host by TLS.</summary>
    /// <param name="host">The host, in lower case; empty: it names none.</param>
    public PlannedCertificate CertificateOf(string host)
    {
        var row = Tables.Certificates.Get(host) ?? (host.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? Tables.Certificates.Get($"*{host[dot..]}") : null);
        var named = row?.Secrets ?? default;
        if (!_cluster.TlsSecrets.Initialized)
        {
            return new PlannedCertificate(null, "", default, named, default);
        }

        var shown = _certificates.Select(host).ServerCertificateContext!.TargetCertificate;
        var asked = named.Concat(_options.DefaultCertificate is { } usual ? [usual] : []).ToList();
        var secret = asked.Where(key => CertificateReader.IsOf(_cluster.TlsSecrets.Get(key), shown)).Select(key => (ObjectKey?)key).FirstOrDefault();
        var problems = named.Select(key => Tables.CertificateProblems.Get(key) is { } problem ? $"Secret {key}: {problem.Problem}" : "").Where(problem => problem.Length > 0);
        return new PlannedCertificate(secret, shown.Subject, shown.NotAfter.ToUniversalTime(), named, problems.ToValueArray());
    }

    // By the code that serves: an Ingress of this one path, and who has what it asks for.
    private WrittenPath Judge(WrittenPath written, IngressRow row, IngressRule rule, HashSet<(string Host, string Path, bool IsExact)> seen)
    {
        var alone = new IngressClaims(row with { Rules = [rule], DefaultBackend = null, Tls = default });
        if (!alone.Hosts.TryGetValue(rule.Host, out var claims) || claims.Count == 0)
        {
            var found = alone.Findings.FirstOrDefault(finding => finding.Reason is "HostInvalid" or "PathInvalid" or "RegexRefused") ?? LastOf(alone);
            return written with { Standing = PathStanding.Invalid, Why = found?.Message ?? "" };
        }

        var key = (rule.Host, claims[0].Path, claims[0].Type == PathType.Exact);
        var route = _routes.Value.GetValueOrDefault(key);
        written = written with { Path = claims[0].Path, Type = claims[0].Type, Route = route };
        return route is null ? written
            : route.Ingress != row.Key ? written with { Standing = PathStanding.Conflict, Why = $"it is {Owner(route).Over(alone.Age)}" }
            : !seen.Add(key) ? written with { Standing = PathStanding.Conflict, Why = "it is written twice: the first is served" }
            : Guarded(written, route);
    }

    private WrittenPath JudgeDefault(WrittenPath written, IngressRow row)
    {
        var claims = new IngressClaims(row);
        if (claims.Default is not { } own || Tables.Routes.Default is not { } route)
        {
            return written with { Standing = PathStanding.Invalid, Why = LastOf(claims)?.Message ?? "" };
        }

        var isOwn = route.Ingress == row.Key || route.Backend.Key == own.Backend;
        var rest = claims.Hosts.Count > 0 ? "the other paths of its own hosts alone" : "nothing";
        return isOwn ? Guarded(written with { Route = route }, route)
            : written with { Route = route, Standing = PathStanding.Conflict, Why = $"what matches no rule is {Owner(route).Over(claims.Age)}; this one serves {rest}" };
    }

    // Of a canary that nothing of it is served; it says so last.
    private static IngressFinding? LastOf(IngressClaims claims) => claims.Findings is [.., var last] ? last : null;

    private Seniority Owner(Route route) => Seniority.Of(_cluster.Ingresses.Get(route.Ingress)!);

    private static WrittenPath Guarded(WrittenPath written, Route route) =>
        route.Options.Refused.Length == 0 ? written : written with { Standing = PathStanding.Guarded, Why = $"{route.Options.Refused}: requests are answered 503" };
}
