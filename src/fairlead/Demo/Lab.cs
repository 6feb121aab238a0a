using System.Net;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Namespaces;
using Fairlead.OneMachine;
using Fairlead.Terminal;

namespace Fairlead.Demo;

/// <summary>The lesson on a running cluster: the places to try things from and the addresses to try, as the API says at one moment.</summary>
internal sealed class Lab
{
    /// <summary>The pods of the lesson: namespace, label <c>app</c>, a TCP port they listen on.</summary>
    private static readonly (string Namespace, string App, int Port)[] Parts =
    [
        ("default", "web", 3000), ("default", "api-server", 8080), ("default", "postgres", 5432), ("production", "api-server", 8080),
        ("production", "web-frontend", 3000), ("production", "postgres", 5432), ("production", "batch", 8080), ("monitoring", "prometheus", 9090),
    ];

    private readonly IReadOnlyDictionary<ObjectName, JsonObject> _services;
    private readonly IReadOnlyList<JsonObject> _ingresses;

    private Lab(
        IKubeApi api, ClusterSpec spec, IReadOnlyList<Vantage> pods, IReadOnlyDictionary<ObjectName, JsonObject> services, IReadOnlyList<JsonObject> ingresses)
    {
        Api = api;
        Spec = spec;
        Pods = pods;
        (_services, _ingresses) = (services, ingresses);
        Host = new Vantage("host", "/proc/self/ns/net", spec.V4.Host.ToIPAddress());
        Nodes = [.. Enumerable.Range(1, spec.Nodes).Select(number => new Vantage(
            spec.NodeName(number), NetNamespace.NamedPath(spec.NodeNamespace(number)), spec.V4.Node(number).ToIPAddress()) { Node = spec.NodeName(number) })];
    }

    /// <summary>The cluster's API.</summary>
    public IKubeApi Api { get; }

    /// <summary>What the cluster is.</summary>
    public ClusterSpec Spec { get; }

    /// <summary>Outside: where clients of node ports and load balancer addresses are.</summary>
    public Vantage Host { get; }

    /// <summary>The nodes, in order.</summary>
    public IReadOnlyList<Vantage> Nodes { get; }

    /// <summary>The first two nodes, or the only one: enough to show what crosses from one to another.</summary>
    public IEnumerable<Vantage> TwoNodes => Nodes.Take(2);

    /// <summary>The lesson's pods, each namespace's in the order of the lesson.</summary>
    public IReadOnlyList<Vantage> Pods { get; }

    /// <summary>The pods that no policy of the lesson selects.</summary>
    public IReadOnlyList<Vantage> OpenPods => [.. Pods.Where(pod => pod is not { Namespace: "production", App: "api-server" })];

    /// <summary>Reads it.</summary>
    /// <exception cref="KubeException">The API refused.</exception>
    public static async Task<Lab> ReadAsync(IKubeApi api, ClusterSpec spec, CancellationToken cancellationToken)
    {
        var paths = new ClusterPaths(spec.Name);
        var pods = (await api.ListAsync(ResourceTypes.Pods, "", ListOptions.All, cancellationToken)).Objects("items");
        var services = (await api.ListAsync(ResourceTypes.Services, "", ListOptions.All, cancellationToken)).Objects("items");
        var ingresses = (await api.ListAsync(ResourceTypes.Ingresses, "default", ListOptions.All, cancellationToken)).Objects("items");
        return new Lab(
            api,
            spec,
            [.. pods.Where(IsUsable).Select(pod => Place(paths, pod)).Where(pod => Index(pod) >= 0).OrderBy(Index).ThenBy(pod => pod.Name, StringComparer.Ordinal)],
            services.ToDictionary(service => new ObjectName(service.Text("metadata", "namespace"), service.Text("metadata", "name"))),
            [.. ingresses]);
    }

    /// <summary>A pod that no policy concerns, on a node; null when none of the lesson's runs there.</summary>
    public Vantage? PodOn(Vantage node) => OpenPods.FirstOrDefault(pod => pod.Node == node.Name && pod.Namespace == "default");

    /// <summary>The first pod of a part of the lesson.</summary>
    /// <exception cref="UserError">There is none.</exception>
    public Vantage Pod(string ns, string app) => Pods.FirstOrDefault(pod => pod.Namespace == ns && pod.App == app)
        ?? throw new UserError($"no pod with the label app={app} runs in namespace {ns}", "the demo needs one: scale its Deployment up, or delete what is in its way");

    /// <summary>The pods of a part of the lesson.</summary>
    public IReadOnlyList<Vantage> PodsOf(string ns, string app) => [.. Pods.Where(pod => pod.Namespace == ns && pod.App == app)];

    /// <summary>A port that a pod of the lesson listens on.</summary>
    public static int PortOf(Vantage pod) => Parts[Index(pod)].Port;

    /// <summary>A Service, as the API has it.</summary>
    public JsonObject Service(string name, string ns = "default") => _services.GetValueOrDefault(new ObjectName(ns, name))
        ?? throw new UserError($"Service {name} of namespace {ns} is gone", "run the demo again: it creates what is missing");

    /// <summary>A Service's cluster address; null when it has none.</summary>
    public IPAddress? ClusterIP(string name, string ns = "default") => IPAddress.TryParse(Service(name, ns).Text("spec", "clusterIP"), out var address) ? address : null;

    /// <summary>A Service's load balancer address; null when it has none.</summary>
    public IPAddress? BalancerIP(string name) => AddressIn(Service(name));

    /// <summary>The address that Ingresses are served at; null when there is none.</summary>
    public IPAddress? IngressServiceIP => AddressIn(_services.GetValueOrDefault(new ObjectName(IngressAddon.Namespace, IngressAddon.Name)));

    /// <summary>Where an Ingress of namespace default is reached; null when its status does not say.</summary>
    public IPAddress? IngressIP(string name) => AddressIn(_ingresses.FirstOrDefault(ingress => ingress.Text("metadata", "name") == name));

    /// <summary>A Service's node port for one of its ports; 0 when it has none.</summary>
    public int NodePort(string name, int port) => Service(name).Objects("spec", "ports").FirstOrDefault(entry => entry.Number(0, "port") == port).Number(0, "nodePort");

    private static IPAddress? AddressIn(JsonObject? document) =>
        IPAddress.TryParse(document.Objects("status", "loadBalancer", "ingress").FirstOrDefault().Text("ip"), out var address) ? address : null;

    private static int Index(Vantage pod) => Array.FindIndex(Parts, part => part.Namespace == pod.Namespace && part.App == pod.App);

    private static bool IsUsable(JsonObject pod) => pod.Text("status", "phase") == "Running" && pod.Text("metadata", "deletionTimestamp").Length == 0
        && IPAddress.TryParse(pod.Text("status", "podIP"), out _);

    private static Vantage Place(ClusterPaths paths, JsonObject pod)
    {
        var (ns, name) = (pod.Text("metadata", "namespace"), pod.Text("metadata", "name"));
        var directory = paths.Sandbox(ns, name, pod.Text("metadata", "uid"));
        return new Vantage(name, Path.Combine(directory, "net"), IPAddress.Parse(pod.Text("status", "podIP")))
        {
            Namespace = ns,
            App = pod.Text("metadata", "labels", "app"),
            Node = pod.Text("spec", "nodeName"),
            ResolvConf = Path.Combine(directory, "files", "resolv.conf"),
        };
    }

    private readonly record struct ObjectName(string Namespace, string Name);
}
