using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Policy.Compile;

/// <summary>What is to be in force on this node.</summary>
/// <param name="LocalRanges">The node's pod ranges: an address there that no pod of <paramref name="Local"/> has is dropped.</param>
/// <param name="NodeIPs">The node's own addresses.</param>
/// <param name="Local">The node's pods with known verdicts.</param>
/// <param name="Groups">The groups the programs refer to.</param>
internal sealed record PolicyPlan(
    ValueArray<IpNet> LocalRanges, ValueArray<IpAddr> NodeIPs, LocalVerdicts Local, ImmutableDictionary<GroupKey, PeerGroup> Groups)
{
    /// <summary>Pods of this node with known verdicts.</summary>
    public ImmutableSortedDictionary<ObjectKey, PodVerdicts> Pods => Local.Pods;

    /// <summary>The same by address.</summary>
    public Dictionary<IpAddr, PodVerdicts> ByAddress => Local.ByAddress;

    /// <summary>Before anything is known: every pod address of the node is dropped.</summary>
    public static PolicyPlan Closed(NodeRow? node) => new(
        node?.PodCIDRs ?? default, node?.InternalIPs ?? default, LocalVerdicts.None, ImmutableDictionary<GroupKey, PeerGroup>.Empty);

    /// <summary>True when this node would refuse to open the connection: what its own tables say, whatever other nodes say.</summary>
    public bool Refuses(IpAddr from, IpAddr to, IpProtocol protocol, ushort port)
    {
        if (from == to || NodeIPs.Contains(from))
        {
            return false;
        }

        return !Allows(ByAddress.GetValueOrDefault(from)?.Egress, to, to, protocol, port)
            || !Allows(ByAddress.GetValueOrDefault(to)?.Ingress, from, to, protocol, port);
    }

    private bool Allows(PolicyProgram? program, IpAddr peer, IpAddr to, IpProtocol protocol, ushort port)
    {
        for (; program is not null; program = program.Next)
        {
            var decides = program.Clauses.FirstOrDefault(clause => Fits(clause, peer, to, protocol, port));
            if (decides is null ? program.Isolates : decides.Action != PolicyAction.Pass)
            {
                return decides?.Action == PolicyAction.Accept;
            }
        }

        return true;
    }

    private bool Fits(Clause clause, IpAddr peer, IpAddr to, IpProtocol protocol, ushort port)
    {
        var ports = clause.Ports.Count == 0 || clause.Ports.Any(range => range.Contains(protocol, port));
        return clause switch
        {
            { Group: { HasPorts: true } key } => Groups[key].Members.ContainsKey(new GroupMember(to, protocol, port)),
            { Group: { } key } => ports && Groups[key].Members.ContainsKey(new GroupMember(peer, IpProtocol.Any, 0)),
            { Blocks.Count: > 0 } => ports && clause.Blocks.Any(range => range.Contains(peer)),
            _ => ports,
        };
    }
}
