using Fairlead.Cluster.Endpoints;
using Fairlead.Proxy.Compile;
using Fairlead.Proxy.Drift;
using Fairlead.Proxy.Frontends;
using Fairlead.Proxy.Nftables;

namespace Fairlead.Proxy.Inspection;

/// <summary>The endpoints of one frontend, used or not, each with its slots and the reason. Pure.</summary>
internal sealed class EndpointView(IReadOnlyCollection<EndpointCandidate> candidates, NodeView node)
{
    private readonly EndpointReasons _reasons = new(candidates, node.Name, node.Zone);

    /// <summary>All of them, in order; those that the kernel still has and no slice has any more come last.</summary>
    /// <param name="held">The frontend with the slots it has.</param>
    /// <param name="staysInside">The Service's internalTrafficPolicy is Local and this is its cluster address.</param>
    /// <param name="differences">In which the kernel differs.</param>
    public IReadOnlyList<InspectedEndpoint> Of(Committed held, bool staysInside, IReadOnlyList<Difference> differences)
    {
        var list = candidates.Select(candidate => (Candidate: candidate, Endpoint: node.Endpoint(candidate))).OrderBy(one => one.Endpoint)
            .Select(one => With(One(one.Candidate, held, staysInside), held, one.Endpoint, differences)).ToList();
        var known = candidates.Select(node.Endpoint).ToHashSet();
        var gone = held.Inside.Concat(held.Local).Select(slot => slot.Endpoint).Where(endpoint => !known.Contains(endpoint)).Distinct().Order();
        list.AddRange(gone.Select(endpoint => With(
            new InspectedEndpoint { Address = $"{endpoint.Address}", Port = endpoint.Port, Why = "no EndpointSlice has it any more", State = InspectedState.Behind },
            held, endpoint, differences)));
        return list;
    }

    private InspectedEndpoint One(EndpointCandidate candidate, Committed held, bool staysInside)
    {
        var source = candidate.Source;
        return new InspectedEndpoint
        {
            Address = $"{candidate.Address}",
            Port = candidate.Port,
            Pod = source.Pod == default ? "" : $"{source.Pod}",
            Node = source.NodeName,
            Ready = source.Ready,
            Serving = source.Serving,
            Terminating = source.Terminating,
            Why = staysInside ? _reasons.OnNode(candidate) : _reasons.InCluster(candidate),
            LocalWhy = held.Frontend.Outside == OutsidePolicy.Local ? _reasons.OnNode(candidate) : "",
            State = InspectedState.InStep,
        };
    }

    private static InspectedEndpoint With(InspectedEndpoint endpoint, Committed held, Endpoint key, IReadOnlyList<Difference> differences)
    {
        var (slot, local) = (SlotOf(held.Inside, key), SlotOf(held.Local, key));
        var own = differences.Where(one => one.Slot >= 0 && (one.IsLocal ? local : slot) == one.Slot).Select(one => $"{one}").ToList();
        return endpoint with { Slot = slot, LocalSlot = local, State = own.Count > 0 ? InspectedState.Differs : endpoint.State, Reasons = own };
    }

    private static int? SlotOf(ValueArray<Slot> slots, Endpoint endpoint)
    {
        for (var i = 0; i < slots.Count; i++)
        {
            if (slots[i].Endpoint == endpoint)
            {
                return i;
            }
        }

        return null;
    }
}
