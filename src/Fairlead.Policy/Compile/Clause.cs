using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Policy.Compile;

/// <summary>Ports of one protocol from the first to the last, both included; 0 to 65535 is the protocol itself.</summary>
internal readonly record struct PortRange(IpProtocol Protocol, ushort First, ushort Last)
{
    public bool Contains(IpProtocol protocol, ushort port) => protocol == Protocol && First <= port && port <= Last;

    public override string ToString() => $"{(byte)Protocol}:{First}-{Last}";
}

/// <summary>
/// One way to be decided: the other side is in <see cref="Group"/>, or in <see cref="Blocks"/>, or (neither given) anyone; and the destination port is
/// in <see cref="Ports"/>, or (none given) anything of any protocol. The members of a group with a named port carry their own port instead.
/// </summary>
internal sealed record Clause(GroupKey? Group, ValueArray<AddressRange> Blocks, ValueArray<PortRange> Ports, PolicyAction Action = PolicyAction.Accept)
{
    /// <summary>What it fits. The same text for equal clauses, here and after a restart.</summary>
    public string Match => $"{Group?.Id}|{string.Join(',', Blocks)}|{string.Join(',', Ports)}";

    /// <summary>What it fits and what it does then.</summary>
    public string Text => $"{Action}|{Match}";
}

/// <summary>
/// What decides one direction of a pod: the first clause that fits. One tier of policies, and what is left of the tiers after it; shared by all pods for
/// which the same is left.
/// </summary>
/// <param name="Ingress">What may be opened to the pod; otherwise what it may open.</param>
/// <param name="Clauses">In order, where the order means something.</param>
/// <param name="Isolates">What no clause fits is refused: the tier of NetworkPolicies, after which nothing is asked.</param>
/// <param name="Next">Where a Pass leads, and what no clause fits; null: it is allowed.</param>
internal sealed record PolicyProgram(bool Ingress, ValueArray<Clause> Clauses, bool Isolates = true, PolicyProgram? Next = null)
{
    /// <summary>Name by content, so that a chain once made never changes.</summary>
    public string Id { get; } = Digest.Of($"{Isolates}|{Next?.Id}\n{string.Join('\n', Clauses.Select(clause => clause.Text))}");

    /// <summary>There are connections that it refuses.</summary>
    public bool CanRefuse { get; } = Isolates || Clauses.Any(clause => clause.Action == PolicyAction.Deny) || Next?.CanRefuse == true;

    public bool Equals(PolicyProgram? other) => other is not null && Ingress == other.Ingress && Id == other.Id;

    public override int GetHashCode() => HashCode.Combine(Ingress, Id);
}

/// <summary>The verdicts of one pod of this node. A null program: everything is allowed in that direction.</summary>
internal sealed record PodVerdicts(ObjectKey Pod, ValueArray<IpAddr> IPs, PolicyProgram? Ingress, PolicyProgram? Egress)
{
    /// <summary>
    /// A connection of the pod may have been cut, and is not to come back in the middle. Where nothing is ever refused, none has been, or what cut it is
    /// gone and it may go on.
    /// </summary>
    public bool CanRefuse => Ingress?.CanRefuse == true || Egress?.CanRefuse == true;
}
