using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Naming;
using Fairlead.Cluster.Reflectors;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Offline;
using Fairlead.Policy;
using Fairlead.Terminal;

namespace Fairlead.Expectations.Packets;

/// <summary>
/// Mode <c>live</c>: the cluster of the current kubeconfig context as it is, from its pods. On a one-machine cluster packets are sent from the pods' network
/// namespaces; on others, and for whoever is not root, by what the containers have.
/// </summary>
internal static class LiveMode
{
    /// <summary>Tries the expectations.</summary>
    /// <exception cref="UserError">There is no cluster, or it does not answer.</exception>
    public static async Task<ModeResult> RunAsync(IReadOnlyList<Expectation> cases, string cluster, string kubeconfig, bool byExec, CancellationToken cancellationToken)
    {
        using var live = LiveCluster.Open(cluster, kubeconfig);
        var view = await ViewAsync(live, cancellationToken);
        var sender = live.Spec is { } spec && !byExec
            ? Vantages.Sender(view, spec, "/proc/self/ns/net", [])
            : (IPacketSender)new ExecSender(live.Client, view);
        return await PacketRun.RunAsync(TestMode.Live, cases, view, sender, cancellationToken);
    }

    private static async Task<ClusterView> ViewAsync(LiveCluster live, CancellationToken cancellationToken)
    {
        try
        {
            var pods = await live.Client.ListAsync(ResourceTypes.Pods, "", ListOptions.All, cancellationToken);
            var sets = Owners(await live.Client.ListAsync(ResourceTypes.ReplicaSets, "", ListOptions.All, cancellationToken));
            var makers = Owners(pods).ToImmutableDictionary(
                pair => pair.Key, pair => pair.Value.Kind == EndKind.ReplicaSet && sets.TryGetValue(pair.Value.Key, out var above) ? above : pair.Value);
            var rows = pods.Objects("items").Select(ObjectRows.Pod).ToImmutableDictionary(pod => pod.Key);
            var services = (await RowsAsync(live, ResourceTypes.Services, ObjectRows.Service, cancellationToken)).ToImmutableDictionary(service => service.Key);
            return new ClusterView
            {
                World = new PolicyWorld(
                    (await RowsAsync(live, ResourceTypes.NetworkPolicies, ObjectRows.NetworkPolicy, cancellationToken)).ToImmutableDictionary(policy => policy.Key),
                    rows,
                    (await RowsAsync(live, ResourceTypes.Namespaces, ObjectRows.Namespace, cancellationToken)).ToImmutableDictionary(space => space.Name),
                    (await RowsAsync(live, ResourceTypes.Nodes, ObjectRows.Node, cancellationToken)).ToImmutableDictionary(node => node.Name),
                    (await ClusterPoliciesAsync(live, cancellationToken)).ToImmutableDictionary(policy => policy.Name),
                    services.GetValueOrDefault(PolicyWorld.DnsService)),
                Services = services,
                Slices = (await RowsAsync(live, ResourceTypes.EndpointSlices, ObjectRows.EndpointSlice, cancellationToken)).ToImmutableDictionary(slice => slice.Key),
                Makers = makers,
                Workloads = [.. makers.Values],
                Outside = live.Spec is { } spec ? [.. spec.Ranges.Select(ranges => ranges.Host)] : [],
                Families = [.. rows.Values.SelectMany(pod => pod.IPs.ToArray()).Select(address => address.Family).Distinct()],
            };
        }
        catch (Exception e) when (e is KubeException or HttpRequestException)
        {
            throw new UserError($"the cluster cannot be read: {e.Message}", "`kubectl get --raw /readyz` shows whether it answers", ExitCodes.Usage);
        }
    }

    private static async Task<IEnumerable<T>> RowsAsync<T>(LiveCluster live, ResourceType type, Func<JsonObject, T> read, CancellationToken cancellationToken) =>
        (await live.Client.ListAsync(type, "", ListOptions.All, cancellationToken)).Objects("items").Select(read);

    /// <summary>None where the server has no such kind, or who asks may not read it.</summary>
    private static async Task<IEnumerable<ClusterPolicyRow>> ClusterPoliciesAsync(LiveCluster live, CancellationToken cancellationToken)
    {
        try
        {
            return await RowsAsync(live, ResourceTypes.ClusterNetworkPolicies, ObjectRows.ClusterNetworkPolicy, cancellationToken);
        }
        catch (KubeException e) when (e.Code is 403 or 404)
        {
            return [];
        }
    }

    /// <summary>What made each of the objects.</summary>
    private static Dictionary<ObjectKey, WorkloadName> Owners(JsonObject list)
    {
        var owners = new Dictionary<ObjectKey, WorkloadName>();
        foreach (var item in list.Objects("items"))
        {
            var owner = item.Objects("metadata", "ownerReferences").FirstOrDefault(reference => reference.Flag("controller"));
            if (WorkloadName.KindOf(owner.Text("kind")) is { } kind)
            {
                var ns = item.Text("metadata", "namespace");
                owners[new ObjectKey(ns, item.Text("metadata", "name"))] = new WorkloadName(kind, new ObjectKey(ns, owner.Text("name")));
            }
        }

        return owners;
    }
}
