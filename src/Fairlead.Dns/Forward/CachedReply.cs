using System.Buffers.Binary;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Forward;

/// <summary>How long a reply may be kept, and what its times to live are after a while.</summary>
internal static class CachedReply
{
    /// <summary>
    /// The seconds a reply says it holds, and whether it is an answer or a denial; null: it says nothing of the kind. A denial holds as its SOA says
    /// (RFC 2308 §5) and is none without it; an answer as long as its shortest record.
    /// </summary>
    public static (bool Positive, uint Seconds)? SecondsOf(ReadOnlySpan<byte> packet, DnsHeader header)
    {
        var reader = new DnsReader(packet);
        if (header.Code is not (ResponseCode.NoError or ResponseCode.NxDomain) || !reader.TrySkipName() || !reader.TryReadTypeAndClass(out var asked, out _))
        {
            return null;
        }

        (uint Lowest, uint? Denial, bool Answers) found = (uint.MaxValue, null, false);
        for (var i = 0; i < header.Records && reader.TryReadRecord(out var record); i++)
        {
            var ttl = SecondsOf(record.Ttl);
            var isAnswer = i < header.Answers;
            if (record.Type == RecordType.SOA && !isAnswer && i < header.Answers + header.Authorities && record.End - record.Data >= 4)
            {
                found.Denial = Math.Min(ttl, SecondsOf(BinaryPrimitives.ReadUInt32BigEndian(packet[(record.End - 4)..])));
            }

            // An alias alone is no answer, unless it was asked for.
            found.Answers |= isAnswer && (record.Type == asked || asked == RecordType.ANY);
            found.Lowest = Math.Min(found.Lowest, ttl);
        }

        return found.Answers && header.Code == ResponseCode.NoError ? (true, found.Lowest)
            : found.Denial is { } denial ? (false, Math.Min(denial, found.Lowest))
            : null;
    }

    /// <summary>A copy of the reply as it is so many seconds later; no time to live becomes less than zero.</summary>
    public static byte[] Aged(ReadOnlySpan<byte> packet, uint seconds)
    {
        var copy = packet.ToArray();
        Change(copy, seconds, uint.MaxValue);
        return copy;
    }

    /// <summary>Lowers times to live above <paramref name="most"/> seconds.</summary>
    public static void Cap(Span<byte> packet, uint most) => Change(packet, 0, most);

    // RFC 2181 §8: one with its highest bit set is none.
    private static uint SecondsOf(uint ttl) => ttl > int.MaxValue ? 0 : ttl;

    private static void Change(Span<byte> packet, uint less, uint most)
    {
        DnsHeader.TryRead(packet, out var header);
        var reader = new DnsReader(packet);
        if (!reader.TrySkipName() || !reader.TryReadTypeAndClass(out _, out _))
        {
            return;
        }

        for (var i = 0; i < header.Records && reader.TryReadRecord(out var record); i++)
        {
            var ttl = SecondsOf(record.Ttl);
            BinaryPrimitives.WriteUInt32BigEndian(packet[record.TtlOffset..], Math.Min(ttl > less ? ttl - less : 0, most));
        }
    }
}
