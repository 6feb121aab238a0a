using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Route;
using Fairlead.State;

namespace Fairlead.Cni.Server;

/// <summary>What the room knows of its own node.</summary>
/// <param name="Ranges">Pod ranges, the primary family first; empty while the cluster has given none.</param>
/// <param name="Mtu">Largest packet of the node's uplink, in bytes.</param>
internal sealed record NodeState(ValueArray<IpNet> Ranges, int Mtu)
{
    private const int DefaultMtu = 1500;

    internal static readonly NodeState Unknown = new(default, DefaultMtu);

    /// <summary>Reads the node's row, and the MTU of the link that has its InternalIP or, before it has one, of the default route's.</summary>
    internal static NodeState Read(NodeRow row, RouteSocket node)
    {
        var addresses = node.Addresses();
        var link = addresses.Find(one => row.InternalIPs.Contains(one.Address))?.Link
            ?? IpFamily.All.SelectMany(family => node.Routes(family)).FirstOrDefault(route => route.Destination.Prefix == 0)?.Link;
        var mtu = link is { } index ? node.FindLink(index)?.Mtu : null;
        return new NodeState(row.PodCIDRs, mtu is > 0 ? mtu.Value : DefaultMtu);
    }
}
