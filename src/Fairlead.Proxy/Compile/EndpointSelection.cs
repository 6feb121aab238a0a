using Fairlead.Proxy.Frontends;

namespace Fairlead.Proxy.Compile;

/// <summary>Endpoints chosen for one port of a Service in one family.</summary>
/// <param name="Cluster">From the whole cluster, by topology.</param>
/// <param name="Local">From this node.</param>
/// <param name="Any">There is a usable one somewhere.</param>
internal sealed record SelectedEndpoints(ValueArray<Endpoint> Cluster, ValueArray<Endpoint> Local, bool Any);

/// <summary>What decided which endpoints are used.</summary>
internal enum Choice
{
    /// <summary>Those that are ready.</summary>
    Ready,

    /// <summary>Those that are ready and hinted for this node.</summary>
    OnNode,

    /// <summary>Those that are ready and hinted for this node's zone.</summary>
    InZone,

    /// <summary>None is ready: those that still serve while they terminate.</summary>
    Leaving,
}

/// <summary>
/// Chooses endpoints: those that are ready; only where none is, those that still serve while they terminate (KEP-1669). The sets for the cluster and for
/// the node are chosen independently; hints (KEP-2433, KEP-3015, KEP-4444) count for the cluster's only.
/// </summary>
internal static class EndpointSelection
{
    public static SelectedEndpoints Select(IReadOnlyCollection<Candidate> candidates, NodeView node)
    {
        var (_, cluster) = OfCluster(candidates, node);
        var (_, local) = OfNode(candidates, node);
        return new SelectedEndpoints(Sorted(cluster), Sorted(local), cluster.Count > 0);
    }

    /// <summary>Those for traffic that may go anywhere, and what decided.</summary>
    public static (Choice Choice, List<Candidate> Chosen) OfCluster(IReadOnlyCollection<Candidate> candidates, NodeView node)
    {
        var ready = candidates.Where(candidate => candidate.Source.Ready).ToList();
        return ready.Count > 0 ? Near(ready, node) : (Choice.Leaving, Leaving(candidates).ToList());
    }

    /// <summary>Those for traffic that stays on the node, and what decided.</summary>
    public static (Choice Choice, List<Candidate> Chosen) OfNode(IReadOnlyCollection<Candidate> candidates, NodeView node)
    {
        var onNode = candidates.Where(candidate => candidate.Source.NodeName == node.Name).ToList();
        var ready = onNode.Where(candidate => candidate.Source.Ready).ToList();
        return ready.Count > 0 ? (Choice.Ready, ready) : (Choice.Leaving, Leaving(onNode).ToList());
    }

    private static IEnumerable<Candidate> Leaving(IEnumerable<Candidate> candidates) =>
        candidates.Where(candidate => candidate.Source is { Serving: true, Terminating: true });

    /// <summary>Hints count only when every ready endpoint has one and at least one names this node or zone; else traffic would miss those without.</summary>
    private static (Choice Choice, List<Candidate> Chosen) Near(List<Candidate> ready, NodeView node)
    {
        if (ready.All(candidate => candidate.Source.ForNodes.Count > 0)
            && ready.FindAll(candidate => candidate.Source.ForNodes.Contains(node.Name)) is { Count: > 0 } onNode)
        {
            return (Choice.OnNode, onNode);
        }

        return node.Zone.Length > 0 && ready.All(candidate => candidate.Source.ForZones.Count > 0)
            && ready.FindAll(candidate => candidate.Source.ForZones.Contains(node.Zone)) is { Count: > 0 } inZone
            ? (Choice.InZone, inZone) : (Choice.Ready, ready);
    }

    private static ValueArray<Endpoint> Sorted(IEnumerable<Candidate> candidates) =>
        candidates.Select(candidate => candidate.Endpoint).Order().ToValueArray();
}

/// <summary>An endpoint of a slice with one of its ports.</summary>
internal readonly record struct Candidate(Endpoint Endpoint, SliceEndpoint Source);
