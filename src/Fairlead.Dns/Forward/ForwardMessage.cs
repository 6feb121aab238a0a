using System.Buffers.Binary;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Forward;

/// <summary>What a packet is to a question that was sent.</summary>
internal enum ReplyMatch
{
    /// <summary>Somebody's guess.</summary>
    None,

    /// <summary>Its reply, but for the case of the name.</summary>
    OtherCase,

    /// <summary>Its reply.</summary>
    Exact,

    /// <summary>A header that refuses a query with EDNS and repeats no question, as servers older than EDNS answer what they cannot read.</summary>
    Bare,
}

/// <summary>Queries to upstreams and what may pass for a reply to one.</summary>
internal static class ForwardMessage
{
    private const int OptLength = 11;
    private const ushort ClassIn = 1;

    /// <summary>Writes a query with an OPT record of our size, or without one.</summary>
    public static byte[] Query(ForwardQuestion question, ushort id, bool edns = true)
    {
        var packet = new byte[DnsHeader.Length + question.Name.Length + 4 + (edns ? OptLength : 0)];
        SetId(packet, id);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), question.Flags);
        packet[5] = 1;
        var at = DnsHeader.Length;
        question.Name.CopyTo(packet, at);
        at += question.Name.Length;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(at), (ushort)question.Type);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(at + 2), ClassIn);
        if (!edns)
        {
            return packet;
        }

        packet[11] = 1;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(at + 5), (ushort)RecordType.OPT);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(at + 7), DnsQuery.MaxUdp);
        packet[at + 11] = (byte)(question.DnssecOk ? 0x80 : 0);
        return packet;
    }

    /// <summary>The reply of nobody: SERVFAIL.</summary>
    public static byte[] Failure(ForwardQuestion question)
    {
        var packet = Query(question, 0, edns: false);
        packet[2] |= DnsHeader.ResponseFlag >> 8;
        packet[3] = (byte)((packet[3] & DnsHeader.CheckingDisabledFlag) | DnsHeader.RecursionAvailableFlag | (int)ResponseCode.ServFail);
        return packet;
    }

    /// <summary>Makes it the query with another id.</summary>
    public static void SetId(Span<byte> query, ushort id) => BinaryPrimitives.WriteUInt16BigEndian(query, id);

    /// <summary>Gives each letter of the query's name the case that a random bit says (draft-vixie-dnsext-dns0x20), which a forger has to guess too.</summary>
    /// <param name="query">As <see cref="Query"/> writes it.</param>
    /// <param name="random">A bit for each byte of the name: 32 bytes.</param>
    public static void MixCase(Span<byte> query, ReadOnlySpan<byte> random)
    {
        var name = query.Slice(DnsHeader.Length, QuestionOf(query).Length - 4);
        for (var i = 0; i < name.Length; i++)
        {
            // Length bytes are no letters: they are below 64.
            if ((byte)(name[i] | 0x20) is >= (byte)'a' and <= (byte)'z')
            {
                name[i] = (byte)((random[i >> 3] >> (i & 7) & 1) != 0 ? name[i] | 0x20 : name[i] & ~0x20);
            }
        }
    }

    /// <summary>
    /// What a packet is to a query: id, QR, opcode and question must be those sent (RFC 5452 §9.1), and every record must read. A truncated one
    /// (TC) may end anywhere.
    /// </summary>
    public static ReplyMatch Match(ReadOnlySpan<byte> query, ReadOnlySpan<byte> reply)
    {
        var question = QuestionOf(query);
        if (!DnsHeader.TryRead(reply, out var header) || !header.IsResponse || !header.IsQuery || header.Id != BinaryPrimitives.ReadUInt16BigEndian(query))
        {
            return ReplyMatch.None;
        }

        if (HasOpt(query) && header is { Questions: 0, Records: 0, Code: ResponseCode.FormErr or ResponseCode.NotImp })
        {
            return ReplyMatch.Bare;
        }

        if (header.Questions != 1 || reply.Length < DnsHeader.Length + question.Length)
        {
            return ReplyMatch.None;
        }

        // The name alone may differ in case: type and class are numbers, among them such as are letters.
        var asked = reply.Slice(DnsHeader.Length, question.Length);
        if (!DnsName.EqualsIgnoreCase(asked[..^4], question[..^4]) || !asked[^4..].SequenceEqual(question[^4..])
            || (!header.IsTruncated && !TryBody(reply, header, question.Length, out _, out _)))
        {
            return ReplyMatch.None;
        }

        return asked.SequenceEqual(question) ? ReplyMatch.Exact : ReplyMatch.OtherCase;
    }

    /// <summary>
    /// Whether a reply to a query with EDNS says that the server has none: it does not understand the query, and has no OPT record itself (RFC 6891 §7).
    /// </summary>
    public static bool RefusesEdns(ReadOnlySpan<byte> reply)
    {
        if (!DnsHeader.TryRead(reply, out var header) || header.Code is not (ResponseCode.FormErr or ResponseCode.NotImp))
        {
            return false;
        }

        var reader = new DnsReader(reply);
        var reads = header.Questions == 0 || (reader.TrySkipName() && reader.TryReadTypeAndClass(out _, out _));
        for (var i = 0; reads && i < header.Records && reader.TryReadRecord(out var record); i++)
        {
            if (record.Type == RecordType.OPT)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The reply cut before its OPT record, which is between us and the upstream.</summary>
    public static byte[] WithoutOpt(ReadOnlySpan<byte> reply, int questionLength)
    {
        DnsHeader.TryRead(reply, out var header);
        TryBody(reply, header, questionLength, out var end, out var additionals);
        var packet = reply[..end].ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), additionals);
        return packet;
    }

    private static bool HasOpt(ReadOnlySpan<byte> query) => query[11] != 0;

    private static ReadOnlySpan<byte> QuestionOf(ReadOnlySpan<byte> query) => query[DnsHeader.Length..^(HasOpt(query) ? OptLength : 0)];

    private static bool TryBody(ReadOnlySpan<byte> reply, DnsHeader header, int questionLength, out int end, out ushort additionals)
    {
        (end, additionals) = (DnsHeader.Length + questionLength, 0);
        var reader = new DnsReader(reply, end);
        var cut = false;
        for (var i = 0; i < header.Records; i++)
        {
            var additional = i >= header.Answers + header.Authorities;
            if (!reader.TryReadRecord(out var record) || (record.Type == RecordType.OPT && !additional))
            {
                return false;
            }

            // What follows OPT could only be a signature of the message, which does not hold for ours.
            cut |= record.Type == RecordType.OPT;
            if (!cut)
            {
                end = record.End;
                additionals += (ushort)(additional ? 1 : 0);
            }
        }

        return true;
    }
}
