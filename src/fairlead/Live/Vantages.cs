using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Reflectors;
using Fairlead.Demo;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;
using Fairlead.Offline;
using Fairlead.OneMachine;
using Fairlead.Policy;

namespace Fairlead.Live;

/// <summary>Finds the network namespaces of a one-machine cluster, and what its pods and nodes are by now.</summary>
internal static class Vantages
{
    /// <summary>Who sends for the addresses of the cluster.</summary>
    /// <param name="view">The cluster as it is.</param>
    /// <param name="spec">The one-machine cluster.</param>
    /// <param name="outside">Path of the network outside of it.</param>
    /// <param name="others">Further addresses that are outside.</param>
    public static NamespaceSender Sender(ClusterView view, ClusterSpec spec, string outside, IEnumerable<IpAddr> others)
    {
        var paths = new ClusterPaths(spec.Name);
        var nodes = Enumerable.Range(1, spec.Nodes).ToDictionary(spec.NodeName, number => new Vantage(
            $"node {spec.NodeName(number)}", NetNamespace.NamedPath(spec.NodeNamespace(number)), spec.V4.Node(number).ToIPAddress()));
        var pods = view.World.Pods.Values.Where(pod => pod.IPs.Count > 0 && (pod.HostNetwork ? nodes.ContainsKey(pod.NodeName) : true)).ToDictionary(pod => pod.Key, pod => new Vantage(
            pod.Key.Name,
            pod.HostNetwork ? nodes[pod.NodeName].Netns : Netns(paths, pod),
            pod.IPs[0].ToIPAddress())
        { ResolvConf = Path.Combine(Sandbox(paths, pod), "files", "resolv.conf") });
        var host = new Vantage("the outside", outside, spec.V4.Host.ToIPAddress());
        var addresses = view.World.Nodes.Values.Where(node => nodes.ContainsKey(node.Name)).SelectMany(node => node.InternalIPs.ToArray().Select(address => (address, nodes[node.Name])))
            .Concat(view.Outside.Concat(others).Select(address => (address, host))).DistinctBy(pair => pair.address).ToDictionary();
        return new NamespaceSender(pods, nodes, addresses);
    }

    /// <summary>Path of a pod's network namespace.</summary>
    public static string Netns(ClusterPaths paths, PodRow pod) => Path.Combine(Sandbox(paths, pod), "net");

    private static string Sandbox(ClusterPaths paths, PodRow pod) => paths.Sandbox(pod.Key.Namespace, pod.Key.Name, pod.Uid);

    /// <summary>The cluster of manifests as it came to be: the pods' own addresses, nodes, the DNS, the outside.</summary>
    public static async Task<ClusterView> ReadAsync(IKubeApi api, ClusterView planned, ClusterSpec spec, CancellationToken cancellationToken)
    {
        var pods = await RowsAsync(api, ResourceTypes.Pods, ObjectRows.Pod, cancellationToken);
        var nodes = await RowsAsync(api, ResourceTypes.Nodes, ObjectRows.Node, cancellationToken);
        var dns = await api.GetAsync(ResourceTypes.Services, PolicyWorld.DnsService.Namespace, PolicyWorld.DnsService.Name, cancellationToken);
        var service = ObjectRows.Service(dns);
        return planned with
        {
            World = planned.World with
            {
                Pods = pods.ToImmutableDictionary(pod => pod.Key),
                Nodes = nodes.ToImmutableDictionary(node => node.Name),
                Dns = service,
            },
            Services = planned.Services.GetValueOrDefault(service.Key) is { } own && planned.Sources.ContainsKey(("Service", own.Key)) ? planned.Services : planned.Services.SetItem(service.Key, service),
            Outside = [.. spec.Ranges.Select(ranges => ranges.Host)],
        };
    }

    private static async Task<IReadOnlyList<T>> RowsAsync<T>(IKubeApi api, ResourceType type, Func<JsonObject, T> read, CancellationToken cancellationToken) =>
        [.. (await api.ListAsync(type, "", ListOptions.All, cancellationToken)).Objects("items").Select(read)];
}
