using System.Buffers.Binary;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Forward;

/// <summary>An upstream's reply, made the client's.</summary>
internal static class ForwardedReply
{
    private const int OptLength = 11;

    // No type has more names in its data.
    private const int MostNames = 2;

    /// <summary>
    /// Writes the reply under the client's id, question and limit. A reply over the limit becomes an empty one with TC, so that the client asks by TCP.
    /// </summary>
    public static int Write(scoped DnsQuery query, ReadOnlySpan<byte> answer, Span<byte> reply, int limit)
    {
        var room = Math.Min(limit, reply.Length) - (query.HasEdns ? OptLength : 0);
        var truncated = answer.Length > room;
        var length = truncated ? DnsHeader.Length + query.Question.Length : answer.Length;
        answer[..length].CopyTo(reply);
        query.Question.CopyTo(reply[DnsHeader.Length..]);
        if (truncated)
        {
            reply.Slice(6, 6).Clear();
        }

        var upstream = BinaryPrimitives.ReadUInt16BigEndian(answer[2..]);
        var flags = (upstream & ~(DnsHeader.AuthoritativeFlag | DnsHeader.RecursionDesiredFlag | DnsHeader.CheckingDisabledFlag))
            | (query.Header.Flags & (DnsHeader.RecursionDesiredFlag | DnsHeader.CheckingDisabledFlag))
            | DnsHeader.RecursionAvailableFlag
            | (truncated ? DnsHeader.TruncatedFlag : 0);
        BinaryPrimitives.WriteUInt16BigEndian(reply, query.Header.Id);
        BinaryPrimitives.WriteUInt16BigEndian(reply[2..], (ushort)flags);
        return query.HasEdns ? AppendOpt(query, reply, length) : length;
    }

    /// <summary>
    /// Appends to an answer that begins with our own alias what an upstream says of what that stands for: the aliases and records of the type asked for, the SOA
    /// of a denial, the code, and that it is cut short.
    /// </summary>
    public static void AppendChain(ReadOnlySpan<byte> answer, RecordType type, ref DnsWriter writer)
    {
        DnsHeader.TryRead(answer, out var header);
        (writer.Code, writer.IsTruncated) = (header.Code, header.IsTruncated);
        Span<byte> owner = stackalloc byte[DnsReader.MaxName];
        var reader = new DnsReader(answer);
        if (!reader.TrySkipName() || !reader.TryReadTypeAndClass(out _, out _))
        {
            return;
        }

        for (var i = 0; i < header.Answers + header.Authorities; i++)
        {
            if (!reader.TryReadRecord(out var record) || !DnsReader.TryReadNameAt(answer, record.Start, owner, out var length, out _))
            {
                return;
            }

            var isAnswer = i < header.Answers;
            if (isAnswer ? record.Type == type || record.Type == RecordType.CNAME : record.Type == RecordType.SOA)
            {
                writer.Enter(isAnswer ? Section.Answer : Section.Authority);
                Append(answer, record, owner[..length], ref writer);
            }
        }
    }

    private static void Append(ReadOnlySpan<byte> answer, DnsRecord record, scoped ReadOnlySpan<byte> owner, ref DnsWriter writer)
    {
        var length = record.End - record.Data;
        if (record.Type == RecordType.CNAME)
        {
            Span<byte> target = stackalloc byte[DnsReader.MaxName];
            if (DnsReader.TryReadNameAt(answer, record.Data, target, out var size, out _))
            {
                writer.Name(owner, RecordType.CNAME, record.Ttl, target[..size]);
            }
        }
        else if (record.Type is RecordType.A or RecordType.AAAA)
        {
            if (length == (record.Type == RecordType.A ? 4 : 16))
            {
                writer.Raw(owner, record.Type, record.Ttl, answer[record.Data..record.End]);
            }
        }
        else
        {
            // Names in it may be compressed against records that stand elsewhere now.
            var (data, written) = (new byte[length + (MostNames * DnsReader.MaxName)], 0);
            if (RecordNames.TryCopyData(answer, record, data, ref written))
            {
                writer.Raw(owner, record.Type, record.Ttl, data.AsSpan(0, written));
            }
        }
    }

    private static int AppendOpt(scoped DnsQuery query, Span<byte> reply, int length)
    {
        var opt = reply.Slice(length, OptLength);
        opt.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(opt[1..], (ushort)RecordType.OPT);
        BinaryPrimitives.WriteUInt16BigEndian(opt[3..], DnsQuery.MaxUdp);
        opt[7] = (byte)(query.DnssecOk ? 0x80 : 0);
        var additionals = BinaryPrimitives.ReadUInt16BigEndian(reply[10..]);
        BinaryPrimitives.WriteUInt16BigEndian(reply[10..], (ushort)(additionals + 1));
        return length + OptLength;
    }
}
