namespace Fairlead.Nftables.Expressions;

/// <summary>Properties of a packet's connection.</summary>
public enum CtKey
{
    /// <summary>State: <see cref="CtState"/>.</summary>
    State,

    /// <summary>Direction of this packet within the connection.</summary>
    Direction,

    /// <summary>Status: <see cref="CtStatus"/>.</summary>
    Status,

    /// <summary>Connection mark.</summary>
    Mark,

    /// <summary>Source address of the connection's first packet as it was sent, IPv4.</summary>
    OriginalIpSaddr,

    /// <summary>Destination address of the connection's first packet as it was sent, IPv4.</summary>
    OriginalIpDaddr,

    /// <summary>Source address of the connection's first packet as it was sent, IPv6.</summary>
    OriginalIp6Saddr,

    /// <summary>Destination address of the connection's first packet as it was sent, IPv6.</summary>
    OriginalIp6Daddr,

    /// <summary>Destination port of the connection's first packet as it was sent.</summary>
    OriginalProtoDst,
}

/// <summary>Selectors of connection properties.</summary>
public static class Ct
{
    /// <summary><c>ct state</c>.</summary>
    public static readonly CtSelector State = new(CtKey.State);

    /// <summary><c>ct direction</c>.</summary>
    public static readonly CtSelector Direction = new(CtKey.Direction);

    /// <summary><c>ct status</c>.</summary>
    public static readonly CtSelector Status = new(CtKey.Status);

    /// <summary><c>ct mark</c>.</summary>
    public static readonly CtSelector Mark = new(CtKey.Mark);

    /// <summary><c>ct original proto-dst</c>.</summary>
    public static readonly CtSelector OriginalProtoDst = new(CtKey.OriginalProtoDst);

    /// <summary>The original destination address of <paramref name="family"/>.</summary>
    public static CtSelector OriginalDaddr(IpFamily family) => new(family == IpFamily.V4 ? CtKey.OriginalIpDaddr : CtKey.OriginalIp6Daddr);

    /// <summary>The original source address of <paramref name="family"/>.</summary>
    public static CtSelector OriginalSaddr(IpFamily family) => new(family == IpFamily.V4 ? CtKey.OriginalIpSaddr : CtKey.OriginalIp6Saddr);

    internal static FieldType TypeOf(CtKey key) => key switch
    {
        CtKey.State => FieldType.CtState,
        CtKey.Direction => FieldType.CtDirection,
        CtKey.Status => FieldType.CtStatus,
        CtKey.Mark => FieldType.Mark,
        CtKey.OriginalIpSaddr or CtKey.OriginalIpDaddr => FieldType.IPv4Address,
        CtKey.OriginalIp6Saddr or CtKey.OriginalIp6Daddr => FieldType.IPv6Address,
        CtKey.OriginalProtoDst => FieldType.InetService,
        _ => throw new ArgumentOutOfRangeException(nameof(key), key, "no such ct key"),
    };
}

/// <summary>Questions to the routing table.</summary>
public enum FibQuestion
{
    /// <summary><c>fib saddr type</c>: what kind of address the source is.</summary>
    SourceType,

    /// <summary><c>fib daddr type</c>: what kind of address the destination is.</summary>
    DestinationType,

    /// <summary><c>fib saddr . iif oif</c>: would a reply leave by the interface this packet came in by?</summary>
    ReversePathExists,
}

/// <summary>Selectors that ask the routing table.</summary>
public static class Fib
{
    /// <summary><c>fib saddr type</c>.</summary>
    public static readonly FibSelector SaddrType = new(FibQuestion.SourceType);

    /// <summary><c>fib daddr type</c>.</summary>
    public static readonly FibSelector DaddrType = new(FibQuestion.DestinationType);

    /// <summary><c>fib saddr . iif oif</c>.</summary>
    public static readonly FibSelector ReversePath = new(FibQuestion.ReversePathExists);
}
