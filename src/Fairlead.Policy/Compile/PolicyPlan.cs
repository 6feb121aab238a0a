using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Policy.Compile;

/// <summary>What is to be in force on this node.</summary>
/// <param name="LocalRanges">The node's pod ranges: an address there that no pod of <paramref name="Pods"/> has is dropped.</param>
/// <param name="NodeIPs">The node's own addresses.</param>
/// <param name="Pods">Pods of this node with known verdicts.</param>
/// <param name="Groups">The groups the programs refer to.</param>
internal sealed record PolicyPlan(
    ValueArray<IpNet> LocalRanges,
    ValueArray<IpAddr> NodeIPs,
    ImmutableSortedDictionary<ObjectKey, PodVerdicts> Pods,
    ImmutableDictionary<GroupKey, PeerGroup> Groups)
{
    private Dictionary<IpAddr, PodVerdicts>? _byAddress;

    /// <summary>Before anything is known: every pod address of the node is dropped.</summary>
    public static PolicyPlan Closed(NodeRow? node) => new(
        node?.PodCIDRs ?? default, node?.InternalIPs ?? default, ImmutableSortedDictionary<ObjectKey, PodVerdicts>.Empty,
        ImmutableDictionary<GroupKey, PeerGroup>.Empty);

    public Dictionary<IpAddr, PodVerdicts> ByAddress
    {
        get
        {
            if (_byAddress is null)
            {
                _byAddress = [];
                foreach (var pod in Pods.Values)
                {
                    foreach (var address in pod.IPs)
                    {
                        _byAddress.TryAdd(address, pod);
                    }
                }
            }

            return _byAddress;
        }
    }

    /// <summary>True when this node would refuse to open the connection: what its own tables say, whatever other nodes say.</summary>
    public bool Refuses(IpAddr from, IpAddr to, IpProtocol protocol, ushort port)
    {
        if (from == to || NodeIPs.Contains(from))
        {
            return false;
        }

        var egress = ByAddress.GetValueOrDefault(from)?.Egress;
        var ingress = ByAddress.GetValueOrDefault(to)?.Ingress;
        return (egress is not null && !Allows(egress, to, to, protocol, port)) || (ingress is not null && !Allows(ingress, from, to, protocol, port));
    }

    private bool Allows(PolicyProgram program, IpAddr peer, IpAddr to, IpProtocol protocol, ushort port) => program.Clauses.Any(clause =>
    {
        var ports = clause.Ports.Count == 0 || clause.Ports.Any(range => range.Contains(protocol, port));
        return clause switch
        {
            { Group: { HasPorts: true } key } => Groups[key].Members.Contains(new GroupMember(to, protocol, port)),
            { Group: { } key } => ports && Groups[key].Members.Contains(new GroupMember(peer, IpProtocol.Any, 0)),
            { Blocks.Count: > 0 } => ports && clause.Blocks.Any(range => range.Contains(peer)),
            _ => ports,
        };
    });
}
