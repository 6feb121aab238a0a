namespace Fairlead.Nftables.Expressions;

/// <summary>How source ports are chosen (<c>NF_NAT_RANGE_*</c>).</summary>
public enum PortChoice
{
    /// <summary>Kept if free.</summary>
    Keep,

    /// <summary><c>fully-random</c>: avoids that two CPUs choose the same one and one of the packets is lost.</summary>
    FullyRandom,
}

/// <summary>Translates the destination (dnat) or the source (snat) of the connection. Only in nat chains; ends the rule.</summary>
/// <param name="Destination">Destination (dnat) or source (snat).</param>
/// <param name="Family">Family of the address it is translated to.</param>
/// <param name="To">The address, or address . port, to translate to.</param>
/// <param name="WithPort">The value has a port after the address.</param>
public sealed record Nat(bool Destination, IpFamily Family, Source To, bool WithPort) : Statement
{
    /// <summary><c>dnat to</c> what a map says: address . port.</summary>
    public static Nat Dnat(IpFamily family, Selector key, string map) => new(true, family, new FromMap(key, map), true);

    /// <summary><c>dnat to</c> an address, keeping the port.</summary>
    public static Nat Dnat(IpAddr address) => new(true, address.Family, new Constant(Datum.Of(address)), false);

    /// <summary><c>snat to</c> an address.</summary>
    public static Nat Snat(IpAddr address) => new(false, address.Family, new Constant(Datum.Of(address)), false);

    internal override string? Problem() => To switch
    {
        FromMap => null,
        Constant constant when constant.Value.Length == Family.Bytes && !WithPort => null,
        _ => "nat takes an address, or an address and a port from a map",
    };
}

/// <summary>Translates the source to the address of the interface the packet leaves by. Only in nat postrouting.</summary>
public sealed record Masquerade(PortChoice Ports = PortChoice.FullyRandom) : Statement;

/// <summary>Translates the destination to this machine; port 0 keeps the port.</summary>
public sealed record Redirect(ushort Port) : Statement;

/// <summary>How a packet is refused (<c>enum nft_reject_types</c>).</summary>
public enum RejectKind
{
    /// <summary>A TCP reset; only after a match of TCP.</summary>
    TcpReset,

    /// <summary>ICMP or ICMPv6: port unreachable.</summary>
    PortUnreachable,

    /// <summary>ICMP or ICMPv6: administratively prohibited.</summary>
    AdminProhibited,
}

/// <summary>Drops the packet and tells its sender. Not in nat chains.</summary>
public sealed record Reject(RejectKind Kind) : Statement;

/// <summary>Counts packets and bytes. The numbers are the kernel's and no part of the rule.</summary>
public sealed record Counter : Statement;

/// <summary>Takes the packet out of connection tracking; only before it (priority raw).</summary>
public sealed record Notrack : Statement;

/// <summary>Holds for so many packets a second and no more: a bucket of <paramref name="Burst"/> that is filled again at <paramref name="Rate"/>.</summary>
/// <param name="Rate">Packets a second, at least 1.</param>
/// <param name="Burst">Packets that may come at once, at least 1.</param>
public sealed record Limit(uint Rate, uint Burst) : Statement
{
    internal override string? Problem() => Rate == 0 || Burst == 0 ? "a limit has a rate and a burst of at least 1" : null;
}

/// <summary>Tells a listener of the netlink log group about the packet.</summary>
/// <param name="Prefix">At most 64 characters, sent along.</param>
/// <param name="Group">The group, 0 to 65535.</param>
public sealed record Log(string Prefix, ushort Group) : Statement
{
    internal override string? Problem() => Prefix.Length > 64 || Prefix.Contains('"', StringComparison.Ordinal)
        ? "a log prefix has at most 64 characters and no quote"
        : null;
}

/// <summary>Writes a property of the packet's buffer: mark or priority.</summary>
public sealed record SetMeta(MetaKey Key, Source Value) : Statement
{
    /// <summary>Sets bits of the packet mark, keeping the others.</summary>
    public static SetMeta MarkBits(uint mask, uint value) => new(MetaKey.Mark, new Changed(Meta.Mark, ~mask, value));

    internal override string? Problem() =>
        Key is MetaKey.Mark or MetaKey.Priority ? null : "only mark and priority can be set";
}

/// <summary>
/// Writes an address of the packet's header and puts its checksums right: <c>ip daddr set</c>. The connection knows nothing of it (<c>ct original</c> is as it
/// was), so in a nat chain it lasts until the packet is translated.
/// </summary>
public sealed record SetAddress(PayloadSelector Address, Source Value) : Statement
{
    internal override string? Problem() => Address.Field.Type == FieldType.IPv4Address || Address.Field.Type == FieldType.IPv6Address
        ? Value is Changed ? "an address is written whole" : null
        : "only addresses can be set in the header";
}

/// <summary>Writes the connection's mark.</summary>
public sealed record SetCtMark(Source Value) : Statement
{
    /// <summary>Sets bits of the connection mark, keeping the others.</summary>
    public static SetCtMark Bits(uint mask, uint value) => new(new Changed(Ct.Mark, ~mask, value));
}

/// <summary>How a rule changes a dynamic set (<c>enum nft_dynset_ops</c>).</summary>
public enum UpdateOp
{
    /// <summary>Adds if absent; an element that is there keeps its value and its time.</summary>
    Add,

    /// <summary>Adds if absent; an element that is there keeps its value and its time starts anew.</summary>
    Update,

    /// <summary>Deletes.</summary>
    Delete,
}

/// <summary>Changes a dynamic set or map from the packet's path. When the set is full, the rule ends and the next one is tried.</summary>
/// <param name="Op">What to do.</param>
/// <param name="Container">Name of the set or map.</param>
/// <param name="Key">The key.</param>
/// <param name="Timeout">How long the element lives; null: as long as its set says.</param>
/// <param name="Value">The value, in a map.</param>
public sealed record UpdateSet(UpdateOp Op, string Container, Selector Key, TimeSpan? Timeout = null, Selector? Value = null) : Statement;
