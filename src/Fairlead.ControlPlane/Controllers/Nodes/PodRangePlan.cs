using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers.Nodes;

/// <summary>Gives each node its part of the pod networks: the lowest that overlaps nobody's. Pure; what is taken is what the nodes say.</summary>
internal static class PodRangePlan
{
    /// <summary>The ranges for a new node, one per network; null when a network has no part left.</summary>
    public static ValueArray<IpNet>? For(ControllerOptions options, IReadOnlyCollection<NodeInfo> nodes)
    {
        var taken = nodes.SelectMany(node => node.PodCIDRs).ToList();
        var ranges = new List<IpNet>();
        foreach (var network in options.PodNetworks)
        {
            if (LowestFree(network, network.Address.IsV4 ? options.NodePrefixV4 : options.NodePrefixV6, taken) is not { } range)
            {
                return null;
            }

            ranges.Add(range);
        }

        return ranges.ToValueArray();
    }

    private static IpNet? LowestFree(IpNet network, int prefix, List<IpNet> taken)
    {
        var size = UInt128.One << (network.Address.Family.Bits - prefix);
        var candidate = new IpNet(network.Address, prefix);
        while (network.Contains(candidate))
        {
            // A taken range may be wider than ours: go on behind it.
            var obstacle = taken.FindIndex(range => range.Overlaps(candidate));
            if (obstacle < 0)
            {
                return candidate;
            }

            var next = new IpNet(taken[obstacle].Last, prefix).Address.Value + size;
            if (next <= candidate.Address.Value)
            {
                // Past the end of the address family.
                return null;
            }

            candidate = new IpNet(IpAddr.FromValue(network.Address.Family, next), prefix);
        }

        return null;
    }
}
