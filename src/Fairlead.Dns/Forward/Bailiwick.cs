using System.Buffers.Binary;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Forward;

/// <summary>
/// What of a reply belongs to its question. An upstream, or a forger in its place, may put records of any name into a reply; only those that the name asked
/// for leads to are passed on and kept (RFC 5452 §6, RFC 2181 §5.4.1).
/// </summary>
internal ref struct Bailiwick
{
    private const int MaxChain = 16;
    private const ushort ClassIn = 1;
    private const int Buffer = DnsReader.MaxName;
    private readonly ReadOnlySpan<byte> _packet;
    private readonly DnsHeader _header;
    private readonly RecordType _type;
    private readonly List<byte[]> _chain;
    private readonly List<byte[]> _named = [];

    private Bailiwick(ReadOnlySpan<byte> packet, DnsHeader header, ForwardQuestion question)
    {
        _packet = packet;
        (_header, _type, _chain) = (header, question.Type, [question.Name]);
        FollowAliases();
    }

    /// <summary>
    /// A reply with the question in the asker's case and without what does not belong to it: the same packet if all does, else one written anew. Null: it
    /// cannot be read, answers another question, or grew beyond what a message may be.
    /// </summary>
    /// <param name="packet">A reply without OPT, changed in place.</param>
    /// <param name="question">What was asked.</param>
    public static byte[]? Cleaned(byte[] packet, ForwardQuestion question)
    {
        DnsHeader.TryRead(packet, out var header);
        question.Name.CopyTo(packet.AsSpan(DnsHeader.Length));
        if (header.Records == 0)
        {
            return packet;
        }

        var kept = new bool[header.Records];
        if (new Bailiwick(packet, header, question).Choose(kept, question.Name, packet) is not { } all)
        {
            return null;
        }

        // Answers of which none is to the question are no denial either.
        var isNoAnswer = header.Answers > 0 && !kept.AsSpan(0, header.Answers).Contains(true);
        return all ? packet : isNoAnswer ? null : Rewrite(packet, header, question.Name, kept);
    }

    // Null: unreadable; true: every record belongs.
    private readonly bool? Choose(bool[] kept, byte[] question, Span<byte> writable)
    {
        Span<byte> owner = stackalloc byte[Buffer];
        var reader = AfterQuestion(_packet);
        var all = true;
        for (var i = 0; i < kept.Length; i++)
        {
            if (!reader.TryReadRecord(out var record) || !DnsReader.TryReadNameAt(_packet, record.Start, owner, out var length, out var next))
            {
                return null;
            }

            var name = owner[..length];
            var section = i < _header.Answers ? Section.Answer : i < _header.Answers + _header.Authorities ? Section.Authority : Section.Additional;
            kept[i] = record.Class == ClassIn && Belongs(section, record.Type, name);
            all &= kept[i];
            if (kept[i] && !NoteNames(record))
            {
                return null;
            }

            // Written out in our random case, it would reach the asker so.
            if (next - record.Start == question.Length && DnsName.EqualsIgnoreCase(name, question))
            {
                question.CopyTo(writable[record.Start..]);
            }
        }

        return all;
    }

    private readonly bool Belongs(Section section, RecordType type, ReadOnlySpan<byte> owner) => section switch
    {
        Section.Answer => (type == _type || _type == RecordType.ANY || type is RecordType.CNAME or RecordType.DNAME or RecordType.RRSIG) && IsOfChain(owner, type),

        // Proofs of absence have neighbours' names and nothing that is used without being verified.
        Section.Authority => type is RecordType.NSEC or RecordType.NSEC3 or RecordType.RRSIG
            || (type is RecordType.NS or RecordType.SOA or RecordType.DS && IsAboveChain(owner)),
        _ => type is RecordType.A or RecordType.AAAA && Contains(_named, owner),
    };

    // A DNAME stands above the name it renames, and so does its signature.
    private readonly bool IsOfChain(ReadOnlySpan<byte> owner, RecordType type) =>
        Contains(_chain, owner) || (type is RecordType.DNAME or RecordType.RRSIG && IsAboveChain(owner));

    private readonly bool IsAboveChain(ReadOnlySpan<byte> owner)
    {
        foreach (var name in _chain)
        {
            if (DnsName.IsIn(name, owner))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Contains(List<byte[]> names, ReadOnlySpan<byte> name)
    {
        foreach (var one in names)
        {
            if (DnsName.EqualsIgnoreCase(one, name))
            {
                return true;
            }
        }

        return false;
    }

    // Aliases may stand in any order: as long as one leads on, there is another round.
    private readonly void FollowAliases()
    {
        Span<byte> name = stackalloc byte[Buffer];
        bool grew;
        do
        {
            grew = false;
            var reader = AfterQuestion(_packet);
            for (var i = 0; i < _header.Answers && _chain.Count < MaxChain && reader.TryReadRecord(out var record); i++)
            {
                if (record.Type == RecordType.CNAME && DnsReader.TryReadNameAt(_packet, record.Start, name, out var length, out _) && Contains(_chain, name[..length])
                    && DnsReader.TryReadNameAt(_packet, record.Data, name, out length, out _) && !Contains(_chain, name[..length]))
                {
                    _chain.Add(name[..length].ToArray());
                    grew = true;
                }
            }
        }
        while (grew);
    }

    // Whose addresses may stand in the additional section.
    private readonly bool NoteNames(DnsRecord record)
    {
        if (record.Type is not (RecordType.NS or RecordType.MX or RecordType.SRV or RecordType.SVCB or RecordType.HTTPS))
        {
            return true;
        }

        Span<byte> name = stackalloc byte[Buffer];
        var at = record.Data + RecordNames.Of(record.Type).Before;
        if (at >= record.End || !DnsReader.TryReadNameAt(_packet, at, name, out var length, out _))
        {
            return false;
        }

        _named.Add(name[..length].ToArray());
        return true;
    }

    private static DnsReader AfterQuestion(ReadOnlySpan<byte> packet)
    {
        var reader = new DnsReader(packet);
        reader.TrySkipName();
        reader.TryReadTypeAndClass(out _, out _);
        return reader;
    }

    // Names may be compressed against records that go, so those that stay are written out.
    private static byte[]? Rewrite(ReadOnlySpan<byte> packet, DnsHeader header, byte[] question, bool[] kept)
    {
        var reader = AfterQuestion(packet);
        var written = new byte[ushort.MaxValue];
        var length = reader.Position;
        packet[..length].CopyTo(written);
        Span<int> counts = stackalloc int[3];
        for (var i = 0; i < kept.Length && reader.TryReadRecord(out var record); i++)
        {
            if (kept[i] && !RecordNames.TryCopy(packet, record, question, written, ref length))
            {
                return null;
            }

            counts[i < header.Answers ? 0 : i < header.Answers + header.Authorities ? 1 : 2] += kept[i] ? 1 : 0;
        }

        for (var section = 0; section < counts.Length; section++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(written.AsSpan(6 + (2 * section)), (ushort)counts[section]);
        }

        return written[..length];
    }
}
