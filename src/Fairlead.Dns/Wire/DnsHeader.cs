using System.Buffers.Binary;

namespace Fairlead.Dns.Wire;

/// <summary>The first twelve bytes of a message (RFC 1035 §4.1.1).</summary>
internal readonly struct DnsHeader
{
    public const int Length = 12;
    public const ushort ResponseFlag = 0x8000;
    public const ushort OpcodeMask = 0x7800;
    public const ushort AuthoritativeFlag = 0x0400;
    public const ushort TruncatedFlag = 0x0200;
    public const ushort RecursionDesiredFlag = 0x0100;
    public const ushort RecursionAvailableFlag = 0x0080;
    public const ushort CheckingDisabledFlag = 0x0010;
    public const ushort CodeMask = 0x000F;

    public required ushort Id { get; init; }

    public required ushort Flags { get; init; }

    public required ushort Questions { get; init; }

    public required ushort Answers { get; init; }

    public required ushort Authorities { get; init; }

    public required ushort Additionals { get; init; }

    public bool IsResponse => (Flags & ResponseFlag) != 0;

    public bool IsTruncated => (Flags & TruncatedFlag) != 0;

    public bool IsQuery => (Flags & OpcodeMask) == 0;

    /// <summary>The low four bits of the response code.</summary>
    public ResponseCode Code => (ResponseCode)(Flags & CodeMask);

    /// <summary>Records after the question.</summary>
    public int Records => Answers + Authorities + Additionals;

    public static bool TryRead(ReadOnlySpan<byte> packet, out DnsHeader header)
    {
        if (packet.Length < Length)
        {
            header = default;
            return false;
        }

        header = new DnsHeader
        {
            Id = BinaryPrimitives.ReadUInt16BigEndian(packet),
            Flags = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]),
            Questions = BinaryPrimitives.ReadUInt16BigEndian(packet[4..]),
            Answers = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]),
            Authorities = BinaryPrimitives.ReadUInt16BigEndian(packet[8..]),
            Additionals = BinaryPrimitives.ReadUInt16BigEndian(packet[10..]),
        };
        return true;
    }
}
