using System.Buffers.Binary;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Forward;

/// <summary>Where names stand in the data of records, and copying a record to another message with its names written out.</summary>
internal static class RecordNames
{
    // RFC 1035 §3.3, RFC 1183: types that may be compressed and that the server has no other use for.
    private const RecordType MD = (RecordType)3;
    private const RecordType MF = (RecordType)4;
    private const RecordType MB = (RecordType)7;
    private const RecordType MG = (RecordType)8;
    private const RecordType MR = (RecordType)9;
    private const RecordType Minfo = (RecordType)14;
    private const RecordType RP = (RecordType)17;
    private const RecordType Afsdb = (RecordType)18;
    private const RecordType RT = (RecordType)21;
    private const RecordType PX = (RecordType)26;
    private const RecordType KX = (RecordType)36;

    /// <summary>How many bytes of a type's data come before its names, and how many names follow each other there.</summary>
    public static (int Before, int Names) Of(RecordType type) => type switch
    {
        RecordType.NS or RecordType.CNAME or RecordType.PTR or RecordType.DNAME or MD or MF or MB or MG or MR => (0, 1),
        RecordType.SOA or Minfo or RP => (0, 2),
        RecordType.MX or Afsdb or RT or KX or RecordType.SVCB or RecordType.HTTPS => (2, 1),
        PX => (2, 2),
        RecordType.SRV => (6, 1),
        _ => (0, 0),
    };

    /// <summary>Appends a record; false: its names cannot be read, or it does not fit.</summary>
    /// <param name="packet">Where it stands.</param>
    /// <param name="record">The record.</param>
    /// <param name="question">The name that stands behind the header of both messages: as an owner it is pointed to.</param>
    /// <param name="written">The other message.</param>
    /// <param name="length">Its length, moved on.</param>
    public static bool TryCopy(ReadOnlySpan<byte> packet, DnsRecord record, ReadOnlySpan<byte> question, Span<byte> written, ref int length)
    {
        Span<byte> name = stackalloc byte[DnsReader.MaxName];
        if (!DnsReader.TryReadNameAt(packet, record.Start, name, out var size, out _))
        {
            return false;
        }

        var ok = DnsName.EqualsIgnoreCase(name[..size], question)
            ? TryPut([0xC0, DnsHeader.Length], written, ref length)
            : TryPut(name[..size], written, ref length);
        ok &= TryPut(packet[(record.Data - 10)..record.Data], written, ref length);
        var data = length;
        if (!ok || !TryCopyData(packet, record, written, ref length))
        {
            return false;
        }

        BinaryPrimitives.WriteUInt16BigEndian(written[(data - 2)..], (ushort)(length - data));
        return true;
    }

    /// <summary>Appends a record's data; false: its names cannot be read, or it does not fit.</summary>
    /// <param name="packet">Where the record stands.</param>
    /// <param name="record">The record.</param>
    /// <param name="written">Where its data goes, with its names written out.</param>
    /// <param name="length">Bytes written there, moved on.</param>
    public static bool TryCopyData(ReadOnlySpan<byte> packet, DnsRecord record, Span<byte> written, ref int length)
    {
        Span<byte> name = stackalloc byte[DnsReader.MaxName];
        var (before, names) = Of(record.Type);
        var at = record.Data + before;
        var ok = at <= record.End && TryPut(packet[record.Data..Math.Min(at, record.End)], written, ref length);
        for (var i = 0; i < names && ok; i++)
        {
            ok = DnsReader.TryReadNameAt(packet, at, name, out var size, out at) && at <= record.End && TryPut(name[..size], written, ref length);
        }

        return ok && TryPut(packet[at..record.End], written, ref length);
    }

    private static bool TryPut(scoped ReadOnlySpan<byte> bytes, Span<byte> written, ref int length)
    {
        if (length + bytes.Length > written.Length)
        {
            return false;
        }

        bytes.CopyTo(written[length..]);
        length += bytes.Length;
        return true;
    }
}
