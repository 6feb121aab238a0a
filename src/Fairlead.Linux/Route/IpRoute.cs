using Fairlead.Linux.Addresses;

namespace Fairlead.Linux.Route;

/// <summary>What a route does with a packet (<c>RTN_*</c>, <c>linux/rtnetlink.h</c>).</summary>
public enum RouteKind : byte
{
    /// <summary>Sends it on.</summary>
    Unicast = 1,

    /// <summary>Accepts it as the machine's own.</summary>
    Local = 2,

    /// <summary>Broadcasts it.</summary>
    Broadcast = 3,

    /// <summary>Anycast.</summary>
    Anycast = 4,

    /// <summary>Multicast.</summary>
    Multicast = 5,

    /// <summary>Drops it silently.</summary>
    Blackhole = 6,

    /// <summary>Drops it and answers that the host is unreachable.</summary>
    Unreachable = 7,

    /// <summary>Drops it and answers that it is forbidden.</summary>
    Prohibit = 8,

    /// <summary>Looks in the next table.</summary>
    Throw = 9,
}

/// <summary>
/// A route, as wanted and as read: what was added compares equal to what is listed. Routes over several next hops are listed without a next hop.
/// </summary>
public sealed record IpRoute
{
    /// <summary>Number of the main table.</summary>
    public const uint MainTable = 254;

    /// <summary>RTPROT_STATIC: added by an administrator.</summary>
    public const byte StaticProtocol = 4;

    /// <summary>Where to; 0.0.0.0/0 or ::/0 for the default route.</summary>
    public required IpNet Destination { get; init; }

    /// <summary>The next hop, of the same family; none when the destination is on the link.</summary>
    public IpAddr Gateway { get; init; }

    /// <summary>Index of the link; 0 for kinds other than unicast, or to let the kernel choose by the gateway.</summary>
    public int Link { get; init; }

    /// <summary>What happens with the packet.</summary>
    public RouteKind Kind { get; init; } = RouteKind.Unicast;

    /// <summary>The table.</summary>
    public uint Table { get; init; } = MainTable;

    /// <summary>Who added it (<c>RTPROT_*</c>): a number of one's own tells one's own routes from others'.</summary>
    public byte Protocol { get; init; } = StaticProtocol;

    /// <summary>Preference, lower first. 0: the family's default, which is 0 for IPv4 and 1024 for IPv6.</summary>
    public uint Metric { get; init; }

    /// <summary>The gateway is on the link although no address says so (RTNH_F_ONLINK).</summary>
    public bool OnLink { get; init; }

    /// <summary>Source address of packets the machine itself sends; none: the kernel chooses.</summary>
    public IpAddr PreferredSource { get; init; }

    /// <summary>Largest packet on this route in bytes; 0: the link's.</summary>
    public int Mtu { get; init; }

    /// <summary>As <c>ip route</c> would say it, in short.</summary>
    public override string ToString() => string.Concat(
        Kind == RouteKind.Unicast ? "" : $"{Kind} ",
        Destination.ToString(),
        Gateway.IsNone ? "" : $" via {Gateway}",
        Link == 0 ? "" : $" dev {Link}",
        Table == MainTable ? "" : $" table {Table}");
}
