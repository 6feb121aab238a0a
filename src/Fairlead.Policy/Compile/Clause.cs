using System.Security.Cryptography;
using System.Text;
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
/// One way to be allowed: the other side is in <see cref="Group"/>, or in <see cref="Blocks"/>, or (neither given) anyone; and the destination port is
/// in <see cref="Ports"/>, or (none given) anything of any protocol. The members of a group with a named port carry their own port instead.
/// </summary>
internal sealed record Clause(GroupKey? Group, ValueArray<AddressRange> Blocks, ValueArray<PortRange> Ports)
{
    /// <summary>The same text for equal clauses, here and after a restart.</summary>
    public string Text => $"{Group?.Id}|{string.Join(',', Blocks)}|{string.Join(',', Ports)}";
}

/// <summary>What an isolated pod allows in one direction; shared by all pods that allow the same.</summary>
internal sealed record PolicyProgram(bool Ingress, ValueArray<Clause> Clauses)
{
    /// <summary>Name by content, so that a chain once made never changes.</summary>
    public string Id { get; } = Digest.Of(string.Join('\n', Clauses.Select(clause => clause.Text)));

    public bool Equals(PolicyProgram? other) => other is not null && Ingress == other.Ingress && Id == other.Id;

    public override int GetHashCode() => HashCode.Combine(Ingress, Id);
}

/// <summary>The verdicts of one pod of this node. A null program: not isolated in that direction.</summary>
internal sealed record PodVerdicts(ObjectKey Pod, ValueArray<IpAddr> IPs, PolicyProgram? Ingress, PolicyProgram? Egress);

/// <summary>Short names by content.</summary>
internal static class Digest
{
    public static string Of(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
}
