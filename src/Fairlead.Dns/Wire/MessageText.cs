using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Wire;

/// <summary>Messages in the words of master files (RFC 1035 §5.1) and of <c>dig</c>, for people and logs.</summary>
internal static class MessageText
{
    // RFC 3597 §5: what has no name of its own is written by its number.
    private const string UnknownType = "TYPE";

    /// <summary>A response code as <c>dig</c> writes it: <c>NXDOMAIN</c>.</summary>
    public static string Code(ResponseCode code) => code.ToString().ToUpperInvariant();

    /// <summary>A type's name, or <c>TYPE257</c>.</summary>
    public static string Type(RecordType type) => Enum.IsDefined(type) ? type.ToString() : string.Create(CultureInfo.InvariantCulture, $"{UnknownType}{(ushort)type}");

    /// <summary>Reads a type by name or as <c>TYPE257</c>, in any case.</summary>
    public static bool TryParseType(string text, out RecordType type)
    {
        type = 0;
        if (text.StartsWith(UnknownType, StringComparison.OrdinalIgnoreCase)
            && ushort.TryParse(text.AsSpan(UnknownType.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            type = (RecordType)number;
            return true;
        }

        return text.Length > 0 && char.IsAsciiLetter(text[0]) && Enum.TryParse(text, ignoreCase: true, out type);
    }

    /// <summary>The records of a section, a line each; those that cannot be read end it.</summary>
    public static List<string> Records(ReadOnlySpan<byte> message, Section section)
    {
        var lines = new List<string>();
        if (!DnsHeader.TryRead(message, out var header))
        {
            return lines;
        }

        var reader = new DnsReader(message);
        for (var i = 0; i < header.Questions; i++)
        {
            if (!reader.TrySkipName() || !reader.TryReadTypeAndClass(out _, out _))
            {
                return lines;
            }
        }

        for (var i = 0; i < header.Records && reader.TryReadRecord(out var record); i++)
        {
            var own = i < header.Answers ? Section.Answer : i < header.Answers + header.Authorities ? Section.Authority : Section.Additional;
            if (own == section)
            {
                lines.Add(Record(message, record));
            }
        }

        return lines;
    }

    /// <summary>One record: owner, time to live, type and data.</summary>
    public static string Record(ReadOnlySpan<byte> message, DnsRecord record)
    {
        var data = message[record.Data..record.End];
        var owner = Name(message, record.Start);
        return record.Type switch
        {
            RecordType.A or RecordType.AAAA when data.Length is 4 or 16 => $"{owner} {record.Ttl} {record.Type} {IpAddr.FromBytes(data)}",
            RecordType.CNAME or RecordType.PTR or RecordType.NS => $"{owner} {record.Ttl} {record.Type} {Name(message, record.Data)}",
            RecordType.MX when data.Length > 2 => $"{owner} {record.Ttl} MX {U16(data)} {Name(message, record.Data + 2)}",
            RecordType.SRV when data.Length > 6 => $"{owner} {record.Ttl} SRV {U16(data)} {U16(data[2..])} {U16(data[4..])} {Name(message, record.Data + 6)}",
            RecordType.SOA => $"{owner} {record.Ttl} SOA {Soa(message, record)}",
            RecordType.TXT or RecordType.HINFO when data.Length > 0 && data[0] < data.Length => $"{owner} {record.Ttl} {record.Type} {Quoted(data.Slice(1, data[0]))}",
            RecordType.OPT => $"OPT size {record.Class} flags {record.Ttl:x8}",
            _ => $"{owner} {record.Ttl} {Type(record.Type)} {Convert.ToHexString(data)}",
        };
    }

    private static string Soa(ReadOnlySpan<byte> message, DnsRecord record)
    {
        Span<byte> name = stackalloc byte[DnsReader.MaxName];
        if (!DnsReader.TryReadNameAt(message, record.Data, name, out _, out var mailbox) || record.End - record.Data < 20)
        {
            return "?";
        }

        var text = new StringBuilder($"{Name(message, record.Data)} {Name(message, mailbox)}");
        for (var at = record.End - 20; at < record.End; at += 4)
        {
            text.Append(CultureInfo.InvariantCulture, $" {BinaryPrimitives.ReadUInt32BigEndian(message[at..])}");
        }

        return text.ToString();
    }

    private static string Quoted(ReadOnlySpan<byte> text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            _ = c is >= 32 and < 127 and not (byte)'"' and not (byte)'\\' ? quoted.Append((char)c) : quoted.Append(CultureInfo.InvariantCulture, $"\\{c:D3}");
        }

        return quoted.Append('"').ToString();
    }

    private static ushort U16(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadUInt16BigEndian(data);

    private static string Name(ReadOnlySpan<byte> message, int at)
    {
        Span<byte> name = stackalloc byte[DnsReader.MaxName];
        return DnsReader.TryReadNameAt(message, at, name, out var length, out _) ? DnsName.Decode(name[..length]) : "?";
    }
}
