using Fairlead.Cluster.Model;

namespace Fairlead.Cluster.Endpoints;

/// <summary>Why each endpoint of a Service's port is used or not, in words: of the choice that <see cref="EndpointSelection"/> makes. Pure.</summary>
/// <param name="candidates">All of the port.</param>
/// <param name="node">The node that the traffic starts from; empty: none that hints could name.</param>
/// <param name="zone">Its zone; empty: none.</param>
public sealed class EndpointReasons(IReadOnlyCollection<EndpointCandidate> candidates, string node, string zone)
{
    private readonly (EndpointChoice Choice, List<EndpointCandidate> Chosen) _cluster = EndpointSelection.OfCluster(candidates, node, zone);
    private readonly (EndpointChoice Choice, List<EndpointCandidate> Chosen) _onNode = EndpointSelection.OfNode(candidates, node);

    /// <summary>Of traffic that may go anywhere.</summary>
    public string InCluster(EndpointCandidate candidate) => _cluster.Chosen.Contains(candidate)
        ? _cluster.Choice switch
        {
            EndpointChoice.OnNode => "ready, hinted for this node",
            EndpointChoice.InZone => $"ready, hinted for {zone}",
            EndpointChoice.Leaving => "serves while it terminates; none is ready",
            _ => "ready",
        }
        : NotReady(candidate.Source) ?? $"hinted for {string.Join(", ", _cluster.Choice == EndpointChoice.OnNode ? candidate.Source.ForNodes : candidate.Source.ForZones)}";

    /// <summary>Of traffic that stays on the node.</summary>
    public string OnNode(EndpointCandidate candidate) => _onNode.Chosen.Contains(candidate)
        ? _onNode.Choice == EndpointChoice.Leaving ? "on this node, serves while it terminates; none here is ready" : "on this node, ready"
        : candidate.Source.NodeName != node ? "policy Local: on another node" : NotReady(candidate.Source)!;

    private static string? NotReady(SliceEndpoint source) => source switch
    {
        { Ready: true } => null,
        { Terminating: true, Serving: true } => "terminating; others are ready",
        { Terminating: true } => "terminating, serves no more",
        _ => "not ready",
    };
}
