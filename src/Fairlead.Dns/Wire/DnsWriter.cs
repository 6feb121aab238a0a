using System.Buffers.Binary;
using Fairlead.Dns.Metrics;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Wire;

/// <summary>
/// Writes one reply into a caller's buffer: no growth, no allocation, no exception. A record that does not fit is taken back and reported; in the
/// answer or authority section that sets TC (RFC 2181 §9). Names are compressed against those already written, case-exactly, so that the
/// answer's names read as they were asked.
/// </summary>
internal ref struct DnsWriter
{
    /// <summary>How many <see cref="ushort"/> of scratch the writer wants for its table of names.</summary>
    public const int NameTable = 32;

    private const int OptLength = 11;

    // Type, class, time to live and length of the data.
    private const int FixedLength = 10;
    private const ushort ClassIn = 1;
    private readonly Span<byte> _buffer;
    private readonly Span<ushort> _names;
    private readonly DnsHeader _query;
    private readonly bool _edns;
    private readonly bool _dnssecOk;
    private readonly int _limit;
    private readonly int _questionEnd;
    private readonly int _questionNames;
    private readonly int _questionName;
    private int _length;
    private int _nameCount;
    private int _recordStart;
    private int _dataStart;
    private int _namesBefore;
    private bool _overflow;
    private Section _section;
    private ushort _answers;
    private ushort _authorities;
    private ushort _additionals;

    /// <summary>Starts the reply to <paramref name="query"/> by repeating its question.</summary>
    /// <param name="query">What is answered.</param>
    /// <param name="buffer">Where to; at least 512 bytes.</param>
    /// <param name="limit">The most the client takes.</param>
    /// <param name="names">Scratch of <see cref="NameTable"/> elements.</param>
    public DnsWriter(scoped DnsQuery query, Span<byte> buffer, int limit, Span<ushort> names)
    {
        _buffer = buffer;
        _names = names;
        _query = query.Header;
        _edns = query.HasEdns;
        _dnssecOk = query.DnssecOk;
        _limit = Math.Min(limit, buffer.Length) - (query.HasEdns ? OptLength : 0);
        _length = DnsHeader.Length;
        if (!query.Question.IsEmpty)
        {
            // As it is: no name is the end of itself, so that there is nothing to compress.
            query.Question.CopyTo(buffer[_length..]);
            _questionName = query.Name.Length;
            for (var at = _length; buffer[at] != 0 && _nameCount < names.Length; at += 1 + buffer[at])
            {
                names[_nameCount++] = (ushort)at;
            }

            _length += query.Question.Length;
        }

        HasQuestion = !query.Question.IsEmpty;
        (_questionEnd, _questionNames) = (_length, _nameCount);
    }

    /// <summary>The response code.</summary>
    public ResponseCode Code { get; set; }

    /// <summary>AA.</summary>
    public bool Authoritative { get; set; }

    /// <summary>RA.</summary>
    public bool RecursionAvailable { get; set; }

    /// <summary>For the zone: it has given, or tried to give, records of the type asked for, so that the reply is no NODATA.</summary>
    public bool HasAnswered { get; set; }

    /// <summary>TC: a record of the answer or authority section found no room. Who sends it in a message that follows takes this back.</summary>
    public bool IsTruncated { get; set; }

    /// <summary>Who writes it.</summary>
    public DnsPlugin Plugin { get; set; }

    private bool HasQuestion { get; }

    /// <summary>Takes every record back, and what was said of them; the question stays.</summary>
    public void Clear()
    {
        (_length, _nameCount) = (_questionEnd, _questionNames);
        (_answers, _authorities, _additionals) = (0, 0, 0);
        (_section, IsTruncated, HasAnswered) = (Section.Answer, false, false);
    }

    /// <summary>Later records belong to <paramref name="section"/>; sections are written in their order.</summary>
    public void Enter(Section section) => _section = section;

    /// <summary>An A or AAAA record, as the address says.</summary>
    public bool Address(scoped ReadOnlySpan<byte> owner, uint ttl, IpAddr address)
    {
        Begin(owner, address.IsV4 ? RecordType.A : RecordType.AAAA, ttl);
        if (Room(address.IsV4 ? 4 : 16) is { IsEmpty: false } room)
        {
            address.WriteBytes(room);
        }

        return End();
    }

    /// <summary>A record whose data has no names in it.</summary>
    public bool Raw(scoped ReadOnlySpan<byte> owner, RecordType type, uint ttl, scoped ReadOnlySpan<byte> data)
    {
        Begin(owner, type, ttl);
        Put(data);
        return End();
    }

    /// <summary>A record whose data is one name: CNAME, NS, PTR.</summary>
    public bool Name(scoped ReadOnlySpan<byte> owner, RecordType type, uint ttl, scoped ReadOnlySpan<byte> target)
    {
        Begin(owner, type, ttl);
        WriteName(target);
        return End();
    }

    /// <summary>An SRV record with priority 0 (RFC 2782: its target is not compressed, but may be pointed to).</summary>
    public bool Srv(scoped ReadOnlySpan<byte> owner, uint ttl, ushort weight, ushort port, scoped ReadOnlySpan<byte> target)
    {
        Begin(owner, RecordType.SRV, ttl);
        PutU16(0);
        PutU16(weight);
        PutU16(port);
        Remember(target, _length);
        Put(target);
        return End();
    }

    /// <summary>An SOA record with the timers CoreDNS uses: refresh 7200, retry 1800, expire 86400.</summary>
    public bool Soa(scoped ReadOnlySpan<byte> owner, uint ttl, scoped ReadOnlySpan<byte> server, scoped ReadOnlySpan<byte> mailbox, uint serial, uint minimum)
    {
        Begin(owner, RecordType.SOA, ttl);
        WriteName(server);
        WriteName(mailbox);
        PutU32(serial);
        PutU32(7200);
        PutU32(1800);
        PutU32(86400);
        PutU32(minimum);
        return End();
    }

    /// <summary>A record of character strings: one for TXT, two for HINFO.</summary>
    public bool Text(scoped ReadOnlySpan<byte> owner, RecordType type, uint ttl, scoped ReadOnlySpan<byte> first, scoped ReadOnlySpan<byte> second)
    {
        Begin(owner, type, ttl);
        PutU8((byte)first.Length);
        Put(first);
        if (type == RecordType.HINFO)
        {
            PutU8((byte)second.Length);
            Put(second);
        }

        return End();
    }

    /// <summary>Writes header and OPT; returns the length of the whole.</summary>
    public int Finish()
    {
        if (_edns)
        {
            PutOpt();
        }

        var kept = _query.Flags & (DnsHeader.OpcodeMask | DnsHeader.RecursionDesiredFlag | DnsHeader.CheckingDisabledFlag);
        var flags = DnsHeader.ResponseFlag | kept | ((int)Code & DnsHeader.CodeMask)
            | (Authoritative ? DnsHeader.AuthoritativeFlag : 0)
            | (IsTruncated ? DnsHeader.TruncatedFlag : 0)
            | (RecursionAvailable ? DnsHeader.RecursionAvailableFlag : 0);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer, _query.Id);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[2..], (ushort)flags);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[4..], (ushort)(HasQuestion ? 1 : 0));
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[6..], _answers);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[8..], _authorities);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[10..], _additionals);
        return _length;
    }

    private void PutOpt()
    {
        // The room was kept free from the start.
        var opt = _buffer.Slice(_length, OptLength);
        opt.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(opt[1..], (ushort)RecordType.OPT);
        BinaryPrimitives.WriteUInt16BigEndian(opt[3..], DnsQuery.MaxUdp);
        opt[5] = (byte)((int)Code >> 4);
        opt[7] = (byte)(_dnssecOk ? 0x80 : 0);
        _length += OptLength;
        _additionals++;
    }

    private void Begin(scoped ReadOnlySpan<byte> owner, RecordType type, uint ttl)
    {
        (_recordStart, _namesBefore, _overflow) = (_length, _nameCount, false);
        WriteName(owner);
        if (Room(FixedLength) is { IsEmpty: false } part)
        {
            BinaryPrimitives.WriteUInt16BigEndian(part, (ushort)type);
            BinaryPrimitives.WriteUInt16BigEndian(part[2..], ClassIn);
            BinaryPrimitives.WriteUInt32BigEndian(part[4..], ttl);
        }

        _dataStart = _length;
    }

    private bool End()
    {
        if (_overflow)
        {
            (_length, _nameCount) = (_recordStart, _namesBefore);
            IsTruncated |= _section != Section.Additional;
            return false;
        }

        BinaryPrimitives.WriteUInt16BigEndian(_buffer[(_dataStart - 2)..], (ushort)(_length - _dataStart));
        switch (_section)
        {
            case Section.Answer:
                _answers++;
                break;
            case Section.Authority:
                _authorities++;
                break;
            default:
                _additionals++;
                break;
        }

        return true;
    }

    private void WriteName(scoped ReadOnlySpan<byte> name)
    {
        // Mostly it is the name that was asked.
        if (name.Length == _questionName && name.SequenceEqual(_buffer.Slice(DnsHeader.Length, _questionName)) && _nameCount > 0)
        {
            PutU16(0xC000 | DnsHeader.Length);
            return;
        }

        var rest = name;
        while (rest[0] != 0)
        {
            if (TryFind(rest, out var offset))
            {
                PutU16((ushort)(0xC000 | offset));
                return;
            }

            if (_nameCount < _names.Length && _length < 0x4000)
            {
                _names[_nameCount++] = (ushort)_length;
            }

            Put(rest[..(1 + rest[0])]);
            rest = rest[(1 + rest[0])..];
        }

        PutU8(0);
    }

    private void Remember(scoped ReadOnlySpan<byte> name, int at)
    {
        for (var rest = name; rest[0] != 0 && _nameCount < _names.Length && at < 0x4000; rest = rest[(1 + rest[0])..])
        {
            if (TryFind(rest, out _))
            {
                return;
            }

            _names[_nameCount++] = (ushort)at;
            at += 1 + rest[0];
        }
    }

    private readonly bool TryFind(scoped ReadOnlySpan<byte> name, out int offset)
    {
        foreach (var candidate in _names[.._nameCount])
        {
            // Length and first letter of the label rule out most.
            if (_buffer[candidate] == name[0] && _buffer[candidate + 1] == name[1] && Matches(candidate, name))
            {
                offset = candidate;
                return true;
            }
        }

        offset = 0;
        return false;
    }

    private readonly bool Matches(int at, scoped ReadOnlySpan<byte> name)
    {
        while (true)
        {
            if (at >= _length)
            {
                return false;
            }

            int label = _buffer[at];
            if (label >= 0xC0)
            {
                at = ((label & 0x3F) << 8) | _buffer[at + 1];
                continue;
            }

            if (label != name[0] || at + 1 + label > _length || !_buffer.Slice(at, 1 + label).SequenceEqual(name[..(1 + label)]))
            {
                return false;
            }

            if (label == 0)
            {
                return true;
            }

            at += 1 + label;
            name = name[(1 + label)..];
        }
    }

    // The next bytes to be written; empty when they do not fit, and from then on to the end of the record.
    private Span<byte> Room(int length)
    {
        if (_overflow || _length + length > _limit)
        {
            _overflow = true;
            return default;
        }

        var room = _buffer.Slice(_length, length);
        _length += length;
        return room;
    }

    private void Put(scoped ReadOnlySpan<byte> bytes)
    {
        var room = Room(bytes.Length);
        if (!room.IsEmpty)
        {
            bytes.CopyTo(room);
        }
    }

    private void PutU8(byte value) => Put([value]);

    private void PutU16(ushort value)
    {
        if (Room(sizeof(ushort)) is { IsEmpty: false } room)
        {
            BinaryPrimitives.WriteUInt16BigEndian(room, value);
        }
    }

    private void PutU32(uint value)
    {
        if (Room(sizeof(uint)) is { IsEmpty: false } room)
        {
            BinaryPrimitives.WriteUInt32BigEndian(room, value);
        }
    }
}
