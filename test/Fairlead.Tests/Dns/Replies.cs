using System.Buffers.Binary;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Wire;

namespace Fairlead.Tests.Dns;

/// <summary>An upstream's replies, written record by record.</summary>
internal static class Replies
{
    /// <summary>One record by text: <c>name ttl type</c>, then an address, a name, a text, or for SOA its minimum.</summary>
    public static byte[] Record(string text)
    {
        var words = text.Split(' ');
        var type = Enum.Parse<RecordType>(words[2]);
        byte[] data = type switch
        {
            RecordType.A or RecordType.AAAA => System.Net.IPAddress.Parse(words[3]).GetAddressBytes(),
            RecordType.MX => [0, 10, .. DnsName.Encode(words[3])],
            RecordType.TXT => [(byte)words[3].Length, .. System.Text.Encoding.ASCII.GetBytes(words[3])],
            RecordType.SOA => [0, 0, .. new byte[16], .. U32(uint.Parse(words[3], null))],
            _ => DnsName.Encode(words[3]),
        };
        return [.. DnsName.Encode(words[0]), .. U16((ushort)type), 0, 1, .. U32(uint.Parse(words[1], null)), .. U16((ushort)data.Length), .. data];
    }

    /// <summary>A whole reply; a record with + before it stands in the authority section, with ++ in the additional.</summary>
    public static byte[] Reply(ForwardQuestion question, ResponseCode code, params string[] records)
    {
        var sections = records.GroupBy(record => record.Count(c => c == '+')).ToDictionary(group => group.Key, group => group.Count());
        return
        [
            .. U16(4711), 0x81, (byte)(0x80 | (int)code), 0, 1,
            .. Enumerable.Range(0, 3).SelectMany(section => U16((ushort)sections.GetValueOrDefault(section))),
            .. question.Name, .. U16((ushort)question.Type), 0, 1,
            .. records.SelectMany(record => Record(record.TrimStart('+'))),
        ];
    }

    public static ForwardQuestion Question(string name, RecordType type = RecordType.A) => new(DnsName.Encode(name), type, DnsHeader.RecursionDesiredFlag, false);

    public static byte[] U16(ushort value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] U32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}
