namespace Fairlead.Nftables.Expressions;

/// <summary>Where a field's header starts (<c>enum nft_payload_bases</c>).</summary>
internal enum PayloadBase : uint
{
    Network = 1,
    Transport = 2,
}

/// <summary>A header field: name, place, type, and what the packet must be for it to exist.</summary>
public sealed class PayloadField
{
    internal PayloadField(string name, PayloadBase payloadBase, uint offset, FieldType type, IpFamily? family = null, IpProtocol protocol = IpProtocol.Any)
    {
        Name = name;
        Base = payloadBase;
        Offset = offset;
        Type = type;
        Family = family;
        Protocol = protocol;
    }

    /// <summary>nft's words: <c>ip daddr</c>.</summary>
    public string Name { get; }

    /// <summary>The type of its value.</summary>
    public FieldType Type { get; }

    internal PayloadBase Base { get; }

    internal uint Offset { get; }

    /// <summary>The family whose packets have it; null: both.</summary>
    internal IpFamily? Family { get; }

    /// <summary>The protocol whose packets have it; Any: several have it at the same place.</summary>
    internal IpProtocol Protocol { get; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>Header fields. Those of one family or protocol match only its packets; <c>th</c> fields are those TCP, UDP and SCTP share.</summary>
public static class Payload
{
    /// <summary>IPv4 source address.</summary>
    public static readonly PayloadSelector IpSaddr = Make("ip saddr", PayloadBase.Network, 12, FieldType.IPv4Address, IpFamily.V4);

    /// <summary>IPv4 destination address.</summary>
    public static readonly PayloadSelector IpDaddr = Make("ip daddr", PayloadBase.Network, 16, FieldType.IPv4Address, IpFamily.V4);

    /// <summary>IPv6 source address.</summary>
    public static readonly PayloadSelector Ip6Saddr = Make("ip6 saddr", PayloadBase.Network, 8, FieldType.IPv6Address, IpFamily.V6);

    /// <summary>IPv6 destination address.</summary>
    public static readonly PayloadSelector Ip6Daddr = Make("ip6 daddr", PayloadBase.Network, 24, FieldType.IPv6Address, IpFamily.V6);

    /// <summary>Source port of any transport.</summary>
    public static readonly PayloadSelector ThSport = Make("th sport", PayloadBase.Transport, 0, FieldType.InetService);

    /// <summary>Destination port of any transport.</summary>
    public static readonly PayloadSelector ThDport = Make("th dport", PayloadBase.Transport, 2, FieldType.InetService);

    /// <summary>TCP source port.</summary>
    public static readonly PayloadSelector TcpSport = Make("tcp sport", PayloadBase.Transport, 0, FieldType.InetService, null, IpProtocol.Tcp);

    /// <summary>TCP destination port.</summary>
    public static readonly PayloadSelector TcpDport = Make("tcp dport", PayloadBase.Transport, 2, FieldType.InetService, null, IpProtocol.Tcp);

    /// <summary>TCP flags.</summary>
    public static readonly PayloadSelector TcpFlags = Make("tcp flags", PayloadBase.Transport, 13, FieldType.TcpFlag, null, IpProtocol.Tcp);

    /// <summary>UDP source port.</summary>
    public static readonly PayloadSelector UdpSport = Make("udp sport", PayloadBase.Transport, 0, FieldType.InetService, null, IpProtocol.Udp);

    /// <summary>UDP destination port.</summary>
    public static readonly PayloadSelector UdpDport = Make("udp dport", PayloadBase.Transport, 2, FieldType.InetService, null, IpProtocol.Udp);

    /// <summary>SCTP destination port.</summary>
    public static readonly PayloadSelector SctpDport = Make("sctp dport", PayloadBase.Transport, 2, FieldType.InetService, null, IpProtocol.Sctp);

    /// <summary>ICMP message type.</summary>
    public static readonly PayloadSelector IcmpType =
        Make("icmp type", PayloadBase.Transport, 0, FieldType.IcmpType, IpFamily.V4, IpProtocol.Icmp);

    /// <summary>ICMPv6 message type.</summary>
    public static readonly PayloadSelector IcmpV6Type =
        Make("icmpv6 type", PayloadBase.Transport, 0, FieldType.IcmpV6Type, IpFamily.V6, IpProtocol.IcmpV6);

    internal static readonly PayloadSelector[] All =
        [IpSaddr, IpDaddr, Ip6Saddr, Ip6Daddr, ThSport, ThDport, TcpSport, TcpDport, TcpFlags, UdpSport, UdpDport, SctpDport, IcmpType, IcmpV6Type];

    /// <summary>The source address of <paramref name="family"/>.</summary>
    public static PayloadSelector Saddr(IpFamily family) => family == IpFamily.V4 ? IpSaddr : Ip6Saddr;

    /// <summary>The destination address of <paramref name="family"/>.</summary>
    public static PayloadSelector Daddr(IpFamily family) => family == IpFamily.V4 ? IpDaddr : Ip6Daddr;

    private static PayloadSelector Make(
        string name, PayloadBase payloadBase, uint offset, FieldType type, IpFamily? family = null, IpProtocol protocol = IpProtocol.Any) =>
        new(new PayloadField(name, payloadBase, offset, type, family, protocol));
}
