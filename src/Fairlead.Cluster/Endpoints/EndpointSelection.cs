using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;

namespace Fairlead.Cluster.Endpoints;

/// <summary>What decided which endpoints are used.</summary>
public enum EndpointChoice
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

/// <summary>An endpoint of a slice with one of its ports.</summary>
/// <param name="Address">The address.</param>
/// <param name="Port">The port's number in the slice, so that named targetPorts may differ by pod.</param>
/// <param name="Source">What the slice says of it.</param>
public readonly record struct EndpointCandidate(IpAddr Address, ushort Port, SliceEndpoint Source);

/// <summary>
/// Chooses endpoints of a Service's port: those that are ready; only where none is, those that still serve while they terminate (KEP-1669). The sets for the
/// cluster and for a node are chosen independently; hints (KEP-2433, KEP-3015, KEP-4444) count for the cluster's only. Pure.
/// </summary>
public static class EndpointSelection
{
    /// <summary>
    /// The endpoints of one family that slices have for a port. Ports of a Service and of its slices belong together by name and protocol.
    /// </summary>
    /// <param name="slices">The Service's slices; of two that say as well of the same endpoint, the first counts.</param>
    /// <param name="family">The family.</param>
    /// <param name="port">The Service's port.</param>
    public static IReadOnlyCollection<EndpointCandidate> Candidates(IReadOnlyList<EndpointSliceRow> slices, IpFamily family, ServicePort port)
    {
        var candidates = new Dictionary<(IpAddr, ushort), EndpointCandidate>();
        for (var i = 0; i < slices.Count; i++)
        {
            if (slices[i].Family != family)
            {
                continue;
            }

            foreach (var slicePort in slices[i].Ports)
            {
                if (slicePort.Name == port.Name && slicePort.Protocol == port.Protocol && slicePort.Port != 0)
                {
                    Add(candidates, slices[i], slicePort.Port);
                }
            }
        }

        return candidates.Values;
    }

    /// <summary>Those for traffic that may go anywhere, and what decided.</summary>
    /// <param name="candidates">All of the port.</param>
    /// <param name="node">The node that the traffic starts from; empty: none that hints could name.</param>
    /// <param name="zone">Its zone; empty: none.</param>
    public static (EndpointChoice Choice, List<EndpointCandidate> Chosen) OfCluster(IReadOnlyCollection<EndpointCandidate> candidates, string node, string zone)
    {
        var ready = new List<EndpointCandidate>(candidates.Count);
        foreach (var candidate in candidates)
        {
            if (candidate.Source.Ready)
            {
                ready.Add(candidate);
            }
        }

        return ready.Count == 0 ? (EndpointChoice.Leaving, Leaving(candidates, node: null))
            : Hinted(ready, node, byNode: true) is { Count: > 0 } onNode ? (EndpointChoice.OnNode, onNode)
            : Hinted(ready, zone, byNode: false) is { Count: > 0 } inZone ? (EndpointChoice.InZone, inZone)
            : (EndpointChoice.Ready, ready);
    }

    /// <summary>Those for traffic that stays on the node, and what decided.</summary>
    /// <param name="candidates">All of the port.</param>
    /// <param name="node">The node.</param>
    public static (EndpointChoice Choice, List<EndpointCandidate> Chosen) OfNode(IReadOnlyCollection<EndpointCandidate> candidates, string node)
    {
        var ready = new List<EndpointCandidate>();
        foreach (var candidate in candidates)
        {
            if (candidate.Source.Ready && candidate.Source.NodeName == node)
            {
                ready.Add(candidate);
            }
        }

        return ready.Count > 0 ? (EndpointChoice.Ready, ready) : (EndpointChoice.Leaving, Leaving(candidates, node));
    }

    private static void Add(Dictionary<(IpAddr, ushort), EndpointCandidate> candidates, EndpointSliceRow slice, ushort port)
    {
        foreach (var source in slice.Endpoints)
        {
            // An endpoint on its way from one slice to another is in both for a moment; the better news counts.
            if (!source.Address.IsNone && source.Address.Family == slice.Family
                && (!candidates.TryGetValue((source.Address, port), out var there) || Rank(source) > Rank(there.Source)))
            {
                candidates[(source.Address, port)] = new EndpointCandidate(source.Address, port, source);
            }
        }
    }

    private static int Rank(SliceEndpoint endpoint) => endpoint.Ready ? 2 : endpoint.Serving ? 1 : 0;

    /// <summary>Of a node, or of all when it is null.</summary>
    private static List<EndpointCandidate> Leaving(IReadOnlyCollection<EndpointCandidate> candidates, string? node)
    {
        var leaving = new List<EndpointCandidate>();
        foreach (var candidate in candidates)
        {
            if (candidate.Source is { Serving: true, Terminating: true } && (node is null || candidate.Source.NodeName == node))
            {
                leaving.Add(candidate);
            }
        }

        return leaving;
    }

    /// <summary>
    /// Those hinted for a node or zone; null when hints do not count: they do only when every ready endpoint has one, else traffic would miss those without.
    /// </summary>
    private static List<EndpointCandidate>? Hinted(List<EndpointCandidate> ready, string place, bool byNode)
    {
        List<EndpointCandidate>? hinted = null;
        foreach (var candidate in ready)
        {
            var hints = byNode ? candidate.Source.ForNodes : candidate.Source.ForZones;
            if (hints.Count == 0 || place.Length == 0)
            {
                return null;
            }

            if (hints.AsSpan().Contains(place))
            {
                (hinted ??= []).Add(candidate);
            }
        }

        return hinted;
    }
}
