using System.Buffers.Binary;

namespace Fairlead.Dns.Wire;

/// <summary>One record as it stands in a packet: offsets instead of copies.</summary>
internal readonly struct DnsRecord
{
    /// <summary>Where the record starts.</summary>
    public required int Start { get; init; }

    /// <summary>Where the next one starts.</summary>
    public required int End { get; init; }

    public required RecordType Type { get; init; }

    /// <summary>The class; of OPT the sender's UDP size.</summary>
    public required ushort Class { get; init; }

    /// <summary>Seconds; of OPT the extended code, version and flags.</summary>
    public required uint Ttl { get; init; }

    /// <summary>Where the data starts; it reaches to <see cref="End"/>.</summary>
    public required int Data { get; init; }

    /// <summary>Where the four bytes of the TTL are.</summary>
    public int TtlOffset => Data - 6;
}

/// <summary>
/// Reads a message front to back. Nothing throws and nothing is allocated: what does not fit the packet or the rules is <c>false</c>,
/// and the reader stays where it was. Names are bounded to 255 bytes, and a pointer may only lead backwards (RFC 1035 §4.1.4).
/// </summary>
internal ref struct DnsReader(ReadOnlySpan<byte> packet, int position = DnsHeader.Length)
{
    /// <summary>The longest name in wire form, the root label included (RFC 1035 §2.3.4).</summary>
    public const int MaxName = 255;

    private const int PointerBits = 0xC0;
    private readonly ReadOnlySpan<byte> _packet = packet;

    /// <summary>Offset of the next byte to be read.</summary>
    public int Position { get; private set; } = position;

    /// <summary>Reads a name at the current position into <paramref name="name"/>, uncompressed, in the case it is written in.</summary>
    public bool TryReadName(scoped Span<byte> name, out int length)
    {
        if (!TryReadNameAt(_packet, Position, name, out length, out var next))
        {
            return false;
        }

        Position = next;
        return true;
    }

    /// <summary>Steps over a name without following its pointers.</summary>
    public bool TrySkipName()
    {
        var position = Position;
        while (position < _packet.Length && position - Position < MaxName)
        {
            var label = _packet[position];
            if (label >= PointerBits)
            {
                Position = position + 2;
                return Position <= _packet.Length;
            }

            if ((label & PointerBits) != 0)
            {
                return false;
            }

            position += 1 + label;
            if (label == 0)
            {
                Position = position;
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads type and class, which follow the name of a question.</summary>
    public bool TryReadTypeAndClass(out RecordType type, out ushort @class)
    {
        (type, @class) = (0, 0);
        if (Position + 4 > _packet.Length)
        {
            return false;
        }

        type = (RecordType)BinaryPrimitives.ReadUInt16BigEndian(_packet[Position..]);
        @class = BinaryPrimitives.ReadUInt16BigEndian(_packet[(Position + 2)..]);
        Position += 4;
        return true;
    }

    /// <summary>Reads the next record.</summary>
    public bool TryReadRecord(out DnsRecord record)
    {
        record = default;
        var start = Position;
        if (!TrySkipName() || Position + 10 > _packet.Length)
        {
            Position = start;
            return false;
        }

        var fixedPart = _packet[Position..];
        var data = Position + 10;
        var end = data + BinaryPrimitives.ReadUInt16BigEndian(fixedPart[8..]);
        if (end > _packet.Length)
        {
            Position = start;
            return false;
        }

        record = new DnsRecord
        {
            Start = start,
            End = end,
            Type = (RecordType)BinaryPrimitives.ReadUInt16BigEndian(fixedPart),
            Class = BinaryPrimitives.ReadUInt16BigEndian(fixedPart[2..]),
            Ttl = BinaryPrimitives.ReadUInt32BigEndian(fixedPart[4..]),
            Data = data,
        };
        Position = end;
        return true;
    }

    /// <summary>Reads the name at <paramref name="position"/>, following pointers; <paramref name="next"/> is the byte after it.</summary>
    public static bool TryReadNameAt(ReadOnlySpan<byte> packet, int position, Span<byte> name, out int length, out int next)
    {
        (length, next) = (0, -1);
        var lowest = position;
        while (position < packet.Length)
        {
            int label = packet[position];
            if (label >= PointerBits)
            {
                // Each jump must lead below every earlier one, so that a chain of them ends.
                if (position + 1 >= packet.Length || TargetOf(packet, position) is var target && target >= lowest)
                {
                    return false;
                }

                next = next < 0 ? position + 2 : next;
                position = lowest = target;
                continue;
            }

            if ((label & PointerBits) != 0 || length + 1 + label > Math.Min(MaxName, name.Length) || position + 1 + label > packet.Length)
            {
                return false;
            }

            packet.Slice(position, 1 + label).CopyTo(name[length..]);
            length += 1 + label;
            position += 1 + label;
            if (label == 0)
            {
                next = next < 0 ? position : next;
                return true;
            }
        }

        return false;
    }

    private static int TargetOf(ReadOnlySpan<byte> packet, int position) => ((packet[position] & ~PointerBits) << 8) | packet[position + 1];
}
