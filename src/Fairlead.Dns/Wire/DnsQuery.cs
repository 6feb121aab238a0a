using System.Buffers.Binary;

namespace Fairlead.Dns.Wire;

/// <summary>
/// A query taken apart. <see cref="Error"/> says why it cannot be answered; the fields that could be read are set all the same, so that
/// the refusal can repeat the question.
/// </summary>
internal readonly ref struct DnsQuery
{
    /// <summary>What our UDP answers stay below, whatever the client offers: no fragment on any link of 1280 bytes (DNS flag day 2020).</summary>
    public const int MaxUdp = 1232;

    /// <summary>What every client takes by UDP (RFC 1035 §4.2.1).</summary>
    public const int MinUdp = 512;

    private const ushort ClassIn = 1;
    private const uint DnssecOkFlag = 0x8000;

    public required DnsHeader Header { get; init; }

    /// <summary>Name, type and class as they stand in the query; empty when there is no readable question.</summary>
    public ReadOnlySpan<byte> Question { get; init; }

    /// <summary>The name asked for, in wire form and in the case it was asked in.</summary>
    public ReadOnlySpan<byte> Name => Question.IsEmpty ? default : Question[..^4];

    public RecordType Type { get; init; }

    /// <summary>The client sent an OPT record (RFC 6891).</summary>
    public bool HasEdns { get; init; }

    /// <summary>The client's DO bit, which is mirrored (RFC 3225).</summary>
    public bool DnssecOk { get; init; }

    /// <summary>The largest UDP answer the client takes, within our own bounds.</summary>
    public int UdpSize { get; init; }

    /// <summary>Why it cannot be answered. A request for a whole zone is refused, unless somebody knows better (<see cref="IsTransfer"/>).</summary>
    public ResponseCode Error { get; init; }

    /// <summary>It is a whole request for a whole zone: AXFR (RFC 5936) or IXFR (RFC 1995).</summary>
    public bool IsTransfer =>
        Error == ResponseCode.Refused && Type is RecordType.AXFR or RecordType.IXFR && BinaryPrimitives.ReadUInt16BigEndian(Question[^2..]) == ClassIn;

    /// <summary>Takes a packet apart. False: no reply may be sent, because it is no query or too short to have an id.</summary>
    public static bool TryRead(ReadOnlySpan<byte> packet, out DnsQuery query)
    {
        query = default;
        if (!DnsHeader.TryRead(packet, out var header) || header.IsResponse)
        {
            return false;
        }

        query = new DnsQuery { Header = header, UdpSize = MinUdp, Error = CheckHeader(header) };
        if (query.Error != ResponseCode.NoError)
        {
            return true;
        }

        var reader = new DnsReader(packet);
        Span<byte> name = stackalloc byte[DnsReader.MaxName];
        if (!reader.TryReadName(name, out var length) || reader.Position != DnsHeader.Length + length
            || !reader.TryReadTypeAndClass(out var type, out var @class))
        {
            query = new DnsQuery { Header = header, UdpSize = MinUdp, Error = ResponseCode.FormErr };
            return true;
        }

        query = new DnsQuery
        {
            Header = header,
            Question = packet[DnsHeader.Length..reader.Position],
            Type = type,
            UdpSize = MinUdp,
            Error = @class != ClassIn || type is RecordType.AXFR or RecordType.IXFR ? ResponseCode.Refused : ResponseCode.NoError,
        };
        query = ReadEdns(query, reader);
        return true;
    }

    /// <summary>The same query for another name.</summary>
    /// <param name="name">Wire form.</param>
    /// <param name="question">Room for its question: 4 bytes more than the name.</param>
    public DnsQuery For(ReadOnlySpan<byte> name, Span<byte> question)
    {
        name.CopyTo(question);
        Question[^4..].CopyTo(question[name.Length..]);
        return new DnsQuery { Header = Header, Question = question[..(name.Length + 4)], Type = Type, HasEdns = HasEdns, DnssecOk = DnssecOk, UdpSize = UdpSize };
    }

    /// <summary>A query of ours: id 0, no EDNS.</summary>
    /// <param name="name">Wire form.</param>
    /// <param name="type">What is asked.</param>
    /// <param name="flags">RD and CD.</param>
    public static byte[] Write(ReadOnlySpan<byte> name, RecordType type, ushort flags)
    {
        var packet = new byte[DnsHeader.Length + name.Length + 4];
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), flags);
        packet[5] = 1;
        name.CopyTo(packet.AsSpan(DnsHeader.Length));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(packet.Length - 4), (ushort)type);
        packet[^1] = (byte)ClassIn;
        return packet;
    }

    // RFC 9619: one question. None at all is what CoreDNS answers with SERVFAIL.
    private static ResponseCode CheckHeader(DnsHeader header) => header switch
    {
        { IsQuery: false } => ResponseCode.NotImp,
        { Questions: 0 } => ResponseCode.ServFail,
        { Questions: > 1 } => ResponseCode.FormErr,
        _ => ResponseCode.NoError,
    };

    private static DnsQuery ReadEdns(DnsQuery query, DnsReader reader)
    {
        var result = query;
        var additional = query.Header.Answers + query.Header.Authorities;
        for (var i = 0; i < query.Header.Records; i++)
        {
            if (!reader.TryReadRecord(out var record) || (record.Type == RecordType.OPT && (i < additional || result.HasEdns)))
            {
                return With(result, result, ResponseCode.FormErr);
            }

            if (record.Type == RecordType.OPT)
            {
                var edns = new DnsQuery
                {
                    Header = query.Header,
                    HasEdns = true,
                    DnssecOk = (record.Ttl & DnssecOkFlag) != 0,
                    UdpSize = Math.Clamp((int)record.Class, MinUdp, MaxUdp),
                };
                var version = (record.Ttl >> 16) & 0xFF;
                result = With(query, edns, version == 0 ? query.Error : ResponseCode.BadVers);
            }
        }

        return result;
    }

    private static DnsQuery With(DnsQuery question, DnsQuery edns, ResponseCode error) => new()
    {
        Header = question.Header,
        Question = question.Question,
        Type = question.Type,
        HasEdns = edns.HasEdns,
        DnssecOk = edns.DnssecOk,
        UdpSize = edns.UdpSize,
        Error = error,
    };
}
