namespace Fairlead.Nftables.Tracing;

/// <summary>A packet to be traced, as it arrives (with <see cref="InInterface"/>) or as a local process sends it (without).</summary>
public sealed record Packet
{
    /// <summary>Source address.</summary>
    public required IpAddr Source { get; init; }

    /// <summary>Destination address, of the same family.</summary>
    public required IpAddr Destination { get; init; }

    /// <summary>Transport protocol.</summary>
    public IpProtocol Protocol { get; init; } = IpProtocol.Tcp;

    /// <summary>Source port.</summary>
    public ushort SourcePort { get; init; }

    /// <summary>Destination port.</summary>
    public ushort DestinationPort { get; init; }

    /// <summary>Interface it came in by; empty when a local process sends it.</summary>
    public string InInterface { get; init; } = "";

    /// <summary>Connection state. Only packets that are new pass nat chains.</summary>
    public CtState State { get; init; } = CtState.New;

    /// <summary>A packet against the direction of its connection.</summary>
    public bool IsReply { get; init; }

    /// <summary>Packet mark.</summary>
    public uint Mark { get; init; }

    /// <summary>Connection mark.</summary>
    public uint CtMark { get; init; }

    /// <summary>Connection status; a translation on the way adds its bit.</summary>
    public CtStatus Status { get; init; }

    /// <summary>TCP flags; SYN by default.</summary>
    public byte TcpFlags { get; init; } = 2;

    /// <summary>ICMP or ICMPv6 message type.</summary>
    public byte IcmpType { get; init; }
}

/// <summary>What the tracer must know of the machine: which addresses are its own, and which interface leads to an address.</summary>
/// <param name="IsLocal">The address is one of this machine's.</param>
/// <param name="RouteTo">Name of the interface a packet to the address leaves by.</param>
public sealed record TraceHost(Func<IpAddr, bool> IsLocal, Func<IpAddr, string> RouteTo);
