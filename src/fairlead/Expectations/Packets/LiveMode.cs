using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Naming;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Live;
using Fairlead.Offline;
using Fairlead.Terminal;

namespace Fairlead.Expectations.Packets;

/// <summary>
/// Mode <c>live</c>: the cluster that the user means as it is, from its pods. On a one-machine cluster packets are sent from the pods' network
/// namespaces; on others, and for whoever is not root, by what the containers have.
/// </summary>
internal static class LiveMode
{
    /// <summary>Tries the expectations.</summary>
    /// <exception cref="UserError">There is no cluster, or it does not answer.</exception>
    public static async Task<ModeResult> RunAsync(IReadOnlyList<Expectation> cases, ClusterChoice choice, bool byExec, CancellationToken cancellationToken)
    {
        using var cluster = UserCluster.Open(choice);
        var makers = await cluster.AskAsync(token => MakersAsync(cluster.Api, token), cancellationToken);
        var view = cluster.View(await cluster.ReadAsync(null, cancellationToken)) with { Makers = makers, Workloads = [.. makers.Values] };
        return await PacketRun.RunAsync(TestMode.Live, cases, view, cluster.Sender(view, byExec), cancellationToken);
    }

    /// <summary>The workload that made each pod: of a ReplicaSet's pods, what made that.</summary>
    private static async Task<ImmutableDictionary<ObjectKey, WorkloadName>> MakersAsync(KubeClient api, CancellationToken cancellationToken)
    {
        var sets = Owners(await api.ListAsync(ResourceTypes.ReplicaSets, "", ListOptions.All, cancellationToken));
        return Owners(await api.ListAsync(ResourceTypes.Pods, "", ListOptions.All, cancellationToken)).ToImmutableDictionary(
            pair => pair.Key, pair => pair.Value.Kind == EndKind.ReplicaSet && sets.TryGetValue(pair.Value.Key, out var above) ? above : pair.Value);
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
