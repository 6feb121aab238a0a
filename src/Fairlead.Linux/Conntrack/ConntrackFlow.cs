using System.Collections.Immutable;
using Fairlead.Linux.Addresses;

namespace Fairlead.Linux.Conntrack;

/// <summary>One direction of a flow: what its packets look like.</summary>
/// <param name="Source">Source address.</param>
/// <param name="Destination">Destination address.</param>
/// <param name="SourcePort">Source port; for ICMP the identifier.</param>
/// <param name="DestinationPort">Destination port; for ICMP type and code, 8 bits each.</param>
public readonly record struct ConntrackTuple(IpAddr Source, IpAddr Destination, ushort SourcePort, ushort DestinationPort);

/// <summary>A flow the kernel tracks.</summary>
public sealed record ConntrackFlow
{
    /// <summary>IPS_ASSURED (<c>linux/netfilter/nf_conntrack_common.h</c>): traffic was seen in both directions.</summary>
    public const uint StatusAssured = 1 << 2;

    /// <summary>IPS_SRC_NAT: the source was translated.</summary>
    public const uint StatusSourceNat = 1 << 4;

    /// <summary>IPS_DST_NAT: the destination was translated.</summary>
    public const uint StatusDestinationNat = 1 << 5;

    /// <summary>IPv4 or IPv6.</summary>
    public required IpFamily Family { get; init; }

    /// <summary>Transport protocol.</summary>
    public IpProtocol Protocol { get; init; }

    /// <summary>Packets of the side that opened the flow, before translation.</summary>
    public ConntrackTuple Original { get; init; }

    /// <summary>Packets that answer: source and destination are what the answering side has, after translation.</summary>
    public ConntrackTuple Reply { get; init; }

    /// <summary>IPS_* bits.</summary>
    public uint Status { get; init; }

    /// <summary>Connection mark.</summary>
    public uint Mark { get; init; }

    /// <summary>Zone; 0: the default one.</summary>
    public ushort Zone { get; init; }

    /// <summary>The kernel's id of the entry, so that a later flow with the same addresses is not taken for it.</summary>
    public uint Id { get; init; }

    /// <summary>The kernel's form of <see cref="Original"/>, given back to it to name the flow.</summary>
    internal ImmutableArray<byte> RawOriginal { get; init; } = [];
}
