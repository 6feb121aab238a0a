namespace Fairlead.Nftables.Expressions;

/// <summary>Properties of a packet's buffer (<c>enum nft_meta_keys</c>, whose numbers these are).</summary>
public enum MetaKey : uint
{
    /// <summary>Priority of the buffer; we pass values between the rules of a nat chain in it.</summary>
    Priority = 2,

    /// <summary>Packet mark.</summary>
    Mark = 3,

    /// <summary>Name of the interface it came in by.</summary>
    IifName = 6,

    /// <summary>Name of the interface it goes out by.</summary>
    OifName = 7,

    /// <summary>Network layer protocol.</summary>
    NfProto = 15,

    /// <summary>Transport protocol.</summary>
    L4Proto = 16,
}

/// <summary>Selectors of packet properties.</summary>
public static class Meta
{
    /// <summary><c>meta priority</c>.</summary>
    public static readonly MetaSelector Priority = new(MetaKey.Priority);

    /// <summary><c>meta mark</c>.</summary>
    public static readonly MetaSelector Mark = new(MetaKey.Mark);

    /// <summary><c>iifname</c>.</summary>
    public static readonly MetaSelector IifName = new(MetaKey.IifName);

    /// <summary><c>oifname</c>.</summary>
    public static readonly MetaSelector OifName = new(MetaKey.OifName);

    /// <summary><c>meta nfproto</c>.</summary>
    public static readonly MetaSelector NfProto = new(MetaKey.NfProto);

    /// <summary><c>meta l4proto</c>.</summary>
    public static readonly MetaSelector L4Proto = new(MetaKey.L4Proto);

    internal static FieldType TypeOf(MetaKey key) => key switch
    {
        MetaKey.Priority => FieldType.ClassId,
        MetaKey.Mark => FieldType.Mark,
        MetaKey.IifName or MetaKey.OifName => FieldType.InterfaceName,
        MetaKey.NfProto => FieldType.NfProto,
        MetaKey.L4Proto => FieldType.InetProtocol,
        _ => throw new ArgumentOutOfRangeException(nameof(key), key, "no such meta key"),
    };
}
