using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Fairlead.Nftables.Text;

/// <summary>Values as nft prints them.</summary>
internal static class FieldText
{
    private static readonly Dictionary<FieldType, Dictionary<uint, string>> Names = new()
    {
        [FieldType.InetProtocol] = new()
        {
            [1] = "icmp",
            [2] = "igmp",
            [6] = "tcp",
            [17] = "udp",
            [33] = "dccp",
            [50] = "esp",
            [51] = "ah",
            [58] = "ipv6-icmp",
            [132] = "sctp",
            [136] = "udplite",
        },
        [FieldType.NfProto] = new() { [2] = "ipv4", [10] = "ipv6" },
        [FieldType.CtDirection] = new() { [0] = "original", [1] = "reply" },
        [FieldType.FibAddress] = new() { [1] = "unicast", [2] = "local", [3] = "broadcast", [5] = "multicast" },
        [FieldType.Boolean] = new() { [0] = "missing", [1] = "exists" },
        [FieldType.ClassId] = new() { [0] = "none", [0xffffffff] = "root" },
        [FieldType.IcmpType] = new()
        {
            [0] = "echo-reply",
            [3] = "destination-unreachable",
            [5] = "redirect",
            [8] = "echo-request",
            [11] = "time-exceeded",
            [12] = "parameter-problem",
        },
        [FieldType.IcmpV6Type] = new()
        {
            [1] = "destination-unreachable",
            [2] = "packet-too-big",
            [3] = "time-exceeded",
            [4] = "parameter-problem",
            [128] = "echo-request",
            [129] = "echo-reply",
            [133] = "nd-router-solicit",
            [134] = "nd-router-advert",
            [135] = "nd-neighbor-solicit",
            [136] = "nd-neighbor-advert",
            [137] = "nd-redirect",
        },
    };

    private static readonly Dictionary<FieldType, Dictionary<uint, string>> BitNames = new()
    {
        [FieldType.CtState] = new() { [1] = "invalid", [2] = "established", [4] = "related", [8] = "new", [64] = "untracked" },
        [FieldType.CtStatus] = new() { [2] = "seen-reply", [16] = "snat", [32] = "dnat" },
        [FieldType.TcpFlag] = new() { [1] = "fin", [2] = "syn", [4] = "rst", [8] = "psh", [16] = "ack", [32] = "urg", [64] = "ecn", [128] = "cwr" },
    };

    /// <summary>One field.</summary>
    public static string Of(FieldType type, ReadOnlySpan<byte> bytes)
    {
        if (type == FieldType.IPv4Address || type == FieldType.IPv6Address)
        {
            return IpAddr.FromBytes(bytes).ToString();
        }

        return type == FieldType.InterfaceName ? $"\"{Name(bytes)}\"" : Of(type, Number(type, bytes));
    }

    /// <summary>One number of a type.</summary>
    public static string Of(FieldType type, uint number)
    {
        if (BitNames.ContainsKey(type))
        {
            return Bits(type, number);
        }

        if (Names.TryGetValue(type, out var names) && names.TryGetValue(number, out var name))
        {
            return name;
        }

        return type switch
        {
            _ when type == FieldType.Mark => $"0x{number:x8}",
            _ when type == FieldType.ClassId => $"{number >> 16:x}:{number & 0xffff:x}",
            _ => number.ToString(CultureInfo.InvariantCulture),
        };
    }

    /// <summary>Bits by name, lowest first.</summary>
    public static string Bits(FieldType type, uint bits)
    {
        var text = new StringBuilder();
        for (var rest = bits; rest != 0; rest &= rest - 1)
        {
            var bit = 1u << BitOperations.TrailingZeroCount(rest);
            text.Append(text.Length == 0 ? "" : ",").Append(BitNames[type].GetValueOrDefault(bit, $"0x{bit:x}"));
        }

        return bits == 0 ? "0x0" : text.ToString();
    }

    /// <summary>Fields of a key or value.</summary>
    public static string Of(Seq<FieldType> types, Datum value) => Fields(types, value, default);

    /// <summary>Fields of a range, each as value, prefix or range.</summary>
    public static string Fields(Seq<FieldType> types, Datum first, Datum last)
    {
        var text = new StringBuilder();
        var at = 0;
        foreach (var type in types)
        {
            text.Append(at == 0 ? "" : " . ");
            var from = first.Bytes.Slice(at, type.Bytes);
            var to = last.IsEmpty ? from : last.Bytes.Slice(at, type.Bytes);
            text.Append(from.SequenceEqual(to) ? Of(type, from) : Range(type, from, to));
            at += (type.Bytes + 3) & ~3;
        }

        return text.ToString();
    }

    /// <summary>A duration: <c>1h30m</c>.</summary>
    public static string Duration(TimeSpan time)
    {
        var text = new StringBuilder();
        Append(text, time.Days, "d");
        Append(text, time.Hours, "h");
        Append(text, time.Minutes, "m");
        Append(text, time.Seconds, "s");
        Append(text, time.Milliseconds, "ms");
        return text.Length == 0 ? "0s" : text.ToString();

        static void Append(StringBuilder text, int number, string unit) => _ = number == 0 ? text : text.Append(CultureInfo.InvariantCulture, $"{number}{unit}");
    }

    /// <summary>A number as it lies in a register.</summary>
    public static uint Number(FieldType type, ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        1 => bytes[0],
        2 => BinaryPrimitives.ReadUInt16BigEndian(bytes),
        _ when type.IsHostOrder => BitConverter.ToUInt32(bytes),
        _ => BinaryPrimitives.ReadUInt32BigEndian(bytes),
    };

    private static string Name(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? bytes : bytes[..end]);
    }

    private static string Range(FieldType type, ReadOnlySpan<byte> first, ReadOnlySpan<byte> last)
    {
        if (type == FieldType.IPv4Address || type == FieldType.IPv6Address)
        {
            var (from, to) = (IpAddr.FromBytes(first), IpAddr.FromBytes(last));
            var spread = from.Value ^ to.Value;
            var hostBits = 128 - (int)UInt128.LeadingZeroCount(spread);
            if ((spread & (spread + 1)) == 0 && (from.Value & spread) == 0)
            {
                return $"{from}/{from.Family.Bits - hostBits}";
            }
        }

        // nft prints numbers, not names, where a range is meant.
        return type == FieldType.IPv4Address || type == FieldType.IPv6Address
            ? $"{Of(type, first)}-{Of(type, last)}"
            : $"{Number(type, first)}-{Number(type, last)}";
    }
}
