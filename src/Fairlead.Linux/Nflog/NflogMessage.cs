using Fairlead.Linux.Conntrack;

namespace Fairlead.Linux.Nflog;

/// <summary>
/// One packet that a rule logged (NFULNL_MSG_PACKET, <c>linux/netfilter/nfnetlink_log.h</c>), within the buffer it was received in: valid until the next
/// receive. Reading one allocates nothing.
/// </summary>
public readonly ref struct NflogMessage
{
    /// <summary>Place among all packets logged to the group since it was bound: a gap tells how many were lost.</summary>
    public uint Sequence { get; init; }

    /// <summary>What the rule says, in its own bytes, without the zero at the end.</summary>
    public ReadOnlySpan<byte> Prefix { get; init; }

    /// <summary>The packet from its network header on, as far as it was copied.</summary>
    public ReadOnlySpan<byte> Packet { get; init; }

    /// <summary><see cref="Original"/> says something.</summary>
    public bool HasConnection { get; init; }

    /// <summary>Packets of the side that opened the connection, before translation.</summary>
    public ConntrackTuple Original { get; init; }
}

/// <summary>Numbers of <c>linux/netfilter/nfnetlink_log.h</c>; a test holds them to the header.</summary>
internal static class Nflog
{
    internal const ushort MessagePacket = 4 << 8;
    internal const ushort MessageConfigure = (4 << 8) | 1;

    internal const ushort Payload = 9;
    internal const ushort Prefix = 10;
    internal const ushort Sequence = 12;
    internal const ushort Connection = 18;

    internal const ushort ConfigCommand = 1;
    internal const ushort ConfigMode = 2;
    internal const ushort ConfigQueueThreshold = 5;
    internal const ushort ConfigFlags = 6;
    internal const byte CommandBind = 1;
    internal const byte CopyPacket = 2;
    internal const ushort FlagSequence = 1;
    internal const ushort FlagConntrack = 4;
}
