using Fairlead.Proxy.Frontends;

namespace Fairlead.Proxy.Compile;

/// <summary>Endpoints chosen for one port of a Service in one family.</summary>
/// <param name="Cluster">From the whole cluster, by topology.</param>
/// <param name="Local">From this node.</param>
/// <param name="Any">There is a usable one somewhere.</param>
internal sealed record SelectedEndpoints(ValueArray<Endpoint> Cluster, ValueArray<Endpoint> Local, bool Any);

/// <summary>
/// Chooses endpoints: those that are ready; only where none is, those that still serve while they terminate (KEP-1669). The sets for the cluster and for
/// the node are chosen independently; hints (KEP-2433, KEP-3015, KEP-4444) count for the cluster's only.
/// </summary>
internal static class EndpointSelection
{
    public static SelectedEndpoints Select(IReadOnlyCollection<Candidate> candidates, NodeView node)
    {
        var ready = candidates.Where(candidate => candidate.Source.Ready).ToList();
        var cluster = ready.Count > 0 ? Near(ready, node) : Leaving(candidates).ToList();
        var onNode = candidates.Where(candidate => candidate.Source.NodeName == node.Name).ToList();
        var local = onNode.Where(candidate => candidate.Source.Ready).ToList();
        local = local.Count > 0 ? local : [.. Leaving(onNode)];
        return new SelectedEndpoints(Sorted(cluster), Sorted(local), cluster.Count > 0);
    }

    private static IEnumerable<Candidate> Leaving(IEnumerable<Candidate> candidates) =>
        candidates.Where(candidate => candidate.Source is { Serving: true, Terminating: true });

    /// <summary>Hints count only when every ready endpoint has one and at least one names this node or zone; else traffic would miss those without.</summary>
    private static List<Candidate> Near(List<Candidate> ready, NodeView node)
    {
        if (ready.All(candidate => candidate.Source.ForNodes.Count > 0)
            && ready.FindAll(candidate => candidate.Source.ForNodes.Contains(node.Name)) is { Count: > 0 } onNode)
        {
            return onNode;
        }

        return node.Zone.Length > 0 && ready.All(candidate => candidate.Source.ForZones.Count > 0)
            && ready.FindAll(candidate => candidate.Source.ForZones.Contains(node.Zone)) is { Count: > 0 } inZone
            ? inZone : ready;
    }

    private static ValueArray<Endpoint> Sorted(IEnumerable<Candidate> candidates) =>
        candidates.Select(candidate => candidate.Endpoint).Order().ToValueArray();
}

/// <summary>An endpoint of a slice with one of its ports.</summary>
internal readonly record struct Candidate(Endpoint Endpoint, SliceEndpoint Source);
