namespace Fairlead.Nftables.Values;

/// <summary>
/// The type of one field of a key or value: nft's name for it, its number in set descriptions, its length.
/// The numbers are what user space programs agree on; the kernel only stores them (<c>NFTA_SET_KEY_TYPE</c>).
/// </summary>
public sealed class FieldType
{
    /// <summary>An IPv4 address.</summary>
    public static readonly FieldType IPv4Address = new("ipv4_addr", 7, 4);

    /// <summary>An IPv6 address.</summary>
    public static readonly FieldType IPv6Address = new("ipv6_addr", 8, 16);

    /// <summary>A transport protocol.</summary>
    public static readonly FieldType InetProtocol = new("inet_proto", 12, 1);

    /// <summary>A port.</summary>
    public static readonly FieldType InetService = new("inet_service", 13, 2);

    /// <summary>A packet or connection mark.</summary>
    public static readonly FieldType Mark = new("mark", 19, 4, hostOrder: true);

    /// <summary>A packet priority, written <c>major:minor</c> in hexadecimal.</summary>
    public static readonly FieldType ClassId = new("classid", 23, 4, hostOrder: true);

    /// <summary>An interface's name, padded with zeros to 16 bytes.</summary>
    public static readonly FieldType InterfaceName = new("ifname", 41, 16);

    /// <summary>A plain number.</summary>
    public static readonly FieldType Integer = new("integer", 4, 4, hostOrder: true);

    /// <summary>Network layer protocol: <c>ipv4</c> (2) or <c>ipv6</c> (10).</summary>
    public static readonly FieldType NfProto = new("nf_proto", 2, 1);

    /// <summary>Connection tracking state, a set of bits: <see cref="CtState"/>.</summary>
    public static readonly FieldType CtState = new("ct_state", 26, 4, hostOrder: true);

    /// <summary>Connection tracking status, a set of bits: <see cref="CtStatus"/>.</summary>
    public static readonly FieldType CtStatus = new("ct_status", 28, 4, hostOrder: true);

    /// <summary>Direction of a packet within its connection: 0 original, 1 reply.</summary>
    public static readonly FieldType CtDirection = new("ct_dir", 27, 1);

    /// <summary>ICMP message type.</summary>
    public static readonly FieldType IcmpType = new("icmp_type", 14, 1);

    /// <summary>ICMPv6 message type.</summary>
    public static readonly FieldType IcmpV6Type = new("icmpv6_type", 29, 1);

    /// <summary>TCP header flags, a set of bits.</summary>
    public static readonly FieldType TcpFlag = new("tcp_flag", 15, 1);

    /// <summary>What the routing table says of an address: <see cref="FibAddressType"/>.</summary>
    public static readonly FieldType FibAddress = new("fib_addrtype", 38, 4, hostOrder: true);

    /// <summary>True or false: <c>exists</c> or <c>missing</c>; as long as the interface index that the kernel stores it in place of.</summary>
    public static readonly FieldType Boolean = new("boolean", 39, 4, hostOrder: true);

    private static readonly FieldType[] All =
    [
        IPv4Address, IPv6Address, InetProtocol, InetService, Mark, ClassId, InterfaceName, Integer, NfProto, CtState, CtStatus, CtDirection,
        IcmpType, IcmpV6Type, TcpFlag, FibAddress, Boolean,
    ];

    private FieldType(string name, uint id, int bytes, bool hostOrder = false)
    {
        Name = name;
        Id = id;
        Bytes = bytes;
        IsHostOrder = hostOrder;
    }

    /// <summary>nft's name.</summary>
    public string Name { get; }

    /// <summary>nft's number, below 64.</summary>
    public uint Id { get; }

    /// <summary>Length in bytes, 1 to 16.</summary>
    public int Bytes { get; }

    /// <summary>The number lies in registers in the machine's byte order, not the network's.</summary>
    public bool IsHostOrder { get; }

    /// <summary>The address type of <paramref name="family"/>.</summary>
    public static FieldType Address(IpFamily family) => family == IpFamily.V4 ? IPv4Address : IPv6Address;

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The type of that number, or null when it is none of ours.</summary>
    internal static FieldType? Find(uint id) => Array.Find(All, type => type.Id == id);

    /// <summary>Bytes a list of fields takes in registers: one field its length, several each padded to four.</summary>
    internal static int LengthOf(Seq<FieldType> types)
    {
        if (types.Count == 1)
        {
            return types[0].Bytes;
        }

        var length = 0;
        foreach (var type in types)
        {
            length += (type.Bytes + 3) & ~3;
        }

        return length;
    }
}
