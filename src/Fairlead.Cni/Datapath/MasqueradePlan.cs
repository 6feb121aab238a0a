using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cni.Datapath;

/// <summary>Addresses that are within the cluster, for masquerading: traffic between them keeps its source.</summary>
/// <param name="OwnPods">The node's pod ranges; empty when the node does not masquerade.</param>
/// <param name="Inside">Every node's pod ranges and addresses.</param>
internal sealed record MasqueradePlan(ValueArray<IpNet> OwnPods, ValueArray<IpNet> Inside)
{
    internal static readonly MasqueradePlan None = new(default, default);

    /// <summary>What a node with these pod ranges masquerades, if it does at all.</summary>
    internal static MasqueradePlan Compile(bool enabled, ValueArray<IpNet> own, IEnumerable<NodeRow> nodes)
    {
        if (!enabled || own.Count == 0)
        {
            return None;
        }

        var all = nodes.SelectMany(node => node.PodCIDRs.Concat(node.InternalIPs.Select(IpNet.Single))).Concat(own).Distinct().ToList();

        // Ranges within others are left out: the kernel refuses overlaps.
        var inside = all.FindAll(net => !all.Exists(other => other != net && other.Contains(net)));
        inside.Sort();
        return new MasqueradePlan(own, inside.ToValueArray());
    }
}
