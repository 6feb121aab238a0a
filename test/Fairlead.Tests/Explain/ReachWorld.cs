using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Naming;
using Fairlead.Cluster.Reflectors;
using Fairlead.Explain.Reach;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Yaml;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Explain;

/// <summary>A small shop on two nodes, changed by further documents; pods listen where a test says so.</summary>
internal sealed class ReachWorld
{
    private const string Shop =
        """
        {kind: Node, metadata: {name: n1, labels: {topology.kubernetes.io/zone: z1} }, spec: {podCIDRs: [10.244.1.0/24]}, status: {addresses: [{type: InternalIP, address: 172.30.0.11}], conditions: [{type: Ready, status: "True"}]} }
        ---
        {kind: Node, metadata: {name: n2, labels: {topology.kubernetes.io/zone: z2} }, spec: {podCIDRs: [10.244.2.0/24]}, status: {addresses: [{type: InternalIP, address: 172.30.0.12}], conditions: [{type: Ready, status: "True"}]} }
        ---
        {kind: Namespace, metadata: {name: default, labels: {kubernetes.io/metadata.name: default} } }
        ---
        {kind: Namespace, metadata: {name: shop, labels: {kubernetes.io/metadata.name: shop} } }
        ---
        {kind: Namespace, metadata: {name: kube-system, labels: {kubernetes.io/metadata.name: kube-system} } }
        ---
        {kind: Service, metadata: {name: kube-dns, namespace: kube-system}, spec: {selector: {k8s-app: kube-dns}, clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10], ports: [{name: dns, port: 53, protocol: UDP, targetPort: 53}]} }
        ---
        {kind: Pod, metadata: {name: front, namespace: default, labels: {app: front} }, spec: {nodeName: n1, containers: [{name: c}]}, status: {podIP: 10.244.1.2} }
        ---
        {kind: Pod, metadata: {name: api-1, namespace: shop, labels: {app: api} }, spec: {nodeName: n1, containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}, status: {podIP: 10.244.1.3} }
        ---
        {kind: Pod, metadata: {name: api-2, namespace: shop, labels: {app: api} }, spec: {nodeName: n2, containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}, status: {podIP: 10.244.2.3} }
        """;

    private readonly Dictionary<string, ListeningSocket[]> _listeners = [];

    public ReachWorld(string more)
    {
        foreach (var document in YamlReader.ReadAll(new StringReader(Shop)).Concat(YamlReader.ReadAll(new StringReader(more))))
        {
            Add((JsonObject)document);
        }
    }

    public ClusterTables Tables { get; } = new();

    public ReachSettings Settings => new() { ListenersOf = pod => _listeners.GetValueOrDefault(pod.Key.Name) };

    /// <summary>A Service shop/api over both pods, with its slice.</summary>
    public static string Api(string service = "", string port = "name: web, port: 80, targetPort: 8080", string slicePort = "name: web, port: 8080", string endpoints = Both) =>
        $$"""
        {kind: Service, metadata: {name: api, namespace: shop}, spec: {selector: {app: api}, clusterIP: 10.96.1.1, clusterIPs: [10.96.1.1], ports: [{ {{port}} }]{{(service.Length > 0 ? $", {service}" : "")}} }{{(service.Contains("LoadBalancer", StringComparison.Ordinal) ? ", status: {loadBalancer: {ingress: [{ip: 172.30.255.1}]} }" : "")}} }
        ---
        {kind: EndpointSlice, metadata: {name: api-x, namespace: shop, labels: {kubernetes.io/service-name: api} }, addressType: IPv4, ports: [{ {{slicePort}} }], endpoints: [{{endpoints}}]}
        """;

    public const string Both = First + ", " + Second;
    public const string First = "{addresses: [10.244.1.3], nodeName: n1, targetRef: {kind: Pod, name: api-1, namespace: shop}, conditions: {ready: true} }";
    public const string Second = "{addresses: [10.244.2.3], nodeName: n2, targetRef: {kind: Pod, name: api-2, namespace: shop}, conditions: {ready: true} }";

    /// <summary>What listens in a pod.</summary>
    public ReachWorld Listening(string pod, params (string Address, ushort Port)[] sockets)
    {
        _listeners[pod] = [.. sockets.Select(socket => new ListeningSocket(IpProtocol.Tcp, IpAddr.Parse(socket.Address), socket.Port))];
        return this;
    }

    /// <summary>Explains, for a reader.</summary>
    public IReadOnlyList<ReachExplanation> Explain(string from, string to)
    {
        var targets = new ReachTargets(Tables, Settings, new ReachExplainer(Tables, Settings));
        return targets.Explain(ReachNames.Sources(Find(from))[0], Find(to));
    }

    /// <summary>The one connection that there is.</summary>
    public ReachExplanation One(string from, string to) => Assert.Single(Explain(from, to));

    /// <summary>All that is printed.</summary>
    public string Text(string from, string to)
    {
        var all = Explain(from, to);
        var findings = ReachFindings.Of(Tables, ReachNames.Sources(Find(from)), all);
        return string.Join('\n', ReachText.Lines([.. all.Select(one => (one, (ProbeFinding?)null))], findings).Select(line => line.Text));
    }

    private ResolvedEnd Find(string text)
    {
        var names = new ReachNames(null!, Tables, [IpAddr.Parse("172.30.0.1")]);
        return names.FindAsync(ConnectionEnd.Parse(text).In("default"), default).GetAwaiter().GetResult();
    }

    private void Add(JsonObject document)
    {
        var key = new ObjectKey(document.Text("metadata", "namespace"), document.Text("metadata", "name"));
        switch (document.Text("kind"))
        {
            case "Node":
                Tables.Nodes.Upsert(key.Name, PodReader.Node(document));
                break;
            case "Namespace":
                Tables.Namespaces.Upsert(key.Name, PodReader.Namespace(document));
                break;
            case "Pod":
                Tables.Pods.Upsert(key, PodReader.Pod(document));
                break;
            case "Service":
                Tables.Services.Upsert(key, ServiceReader.Read(document));
                break;
            case "Ingress":
                Tables.Ingresses.Upsert(key, IngressReader.Ingress(document));
                break;
            case "IngressClass":
                Tables.IngressClasses.Upsert(key.Name, IngressReader.Class(document));
                break;
            case "EndpointSlice":
                Tables.EndpointSlices.Upsert(key, EndpointSliceReader.Read(document));
                break;
            default:
                Tables.Policies.Upsert(key, PolicyReader.Read(document));
                break;
        }
    }
}
