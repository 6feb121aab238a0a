using Fairlead.Linux.Addresses;
using Fairlead.Linux.Netlink;

namespace Fairlead.Linux.Route;

public sealed partial class RouteSocket
{
    private const uint DefaultMetricV6 = 1024;

    /// <summary>Routes of one family.</summary>
    /// <param name="family">IPv4 or IPv6.</param>
    /// <param name="protocol">Only those added by this protocol; 0: all.</param>
    /// <param name="table">Only those of this table; 0: all.</param>
    public List<IpRoute> Routes(IpFamily family, byte protocol = 0, uint table = IpRoute.MainTable)
    {
        using var request = new NetlinkWriter();
        request.Begin(Rt.RTM_GETROUTE, NetlinkFlags.Dump);
        request.Header(new RtMsg { Family = family.AddressFamily, Protocol = protocol });
        if (table != 0)
        {
            request.U32(Rt.RTA_TABLE, table);
        }

        try
        {
            return _socket.Dump(request, $"list {family} routes", message => ParseRoute(message, family));
        }
        catch (NetlinkException e) when (e.Errno == Errno.ENOENT)
        {
            // The kernel makes a table with its first route.
            return [];
        }
    }

    /// <summary>Adds a route.</summary>
    /// <returns>False when a route to that destination with that metric is there already, whatever its next hop.</returns>
    public bool AddRoute(IpRoute route)
    {
        using var request = new NetlinkWriter();
        WriteRoute(request, Rt.RTM_NEWROUTE, NetlinkFlags.Create | NetlinkFlags.Exclusive, route);
        return Try(request, $"add route {route}", Errno.EEXIST);
    }

    /// <summary>Adds a route or replaces the one with the same destination, table and metric, without a gap.</summary>
    public void ReplaceRoute(IpRoute route)
    {
        using var request = new NetlinkWriter();
        WriteRoute(request, Rt.RTM_NEWROUTE, NetlinkFlags.Create | NetlinkFlags.Replace, route);
        Try(request, $"replace route {route}");
    }

    /// <summary>Deletes the route that agrees in everything <paramref name="route"/> says.</summary>
    /// <returns>False when there is none.</returns>
    public bool DeleteRoute(IpRoute route)
    {
        using var request = new NetlinkWriter();
        WriteRoute(request, Rt.RTM_DELROUTE, NetlinkFlags.None, route);
        return Try(request, $"delete route {route}", Errno.ESRCH, Errno.ENODEV);
    }

    /// <summary>As <see cref="ParseRoute(NetlinkMessage)"/>; null for other families, which a kernel without IPv6 lists when asked for IPv6.</summary>
    internal static IpRoute? ParseRoute(NetlinkMessage message, IpFamily family) =>
        ParseRoute(message) is { } route && route.Destination.Address.Family == family ? route : null;

    internal static IpRoute? ParseRoute(NetlinkMessage message)
    {
        if (message.Type is not (Rt.RTM_NEWROUTE or Rt.RTM_DELROUTE))
        {
            return null;
        }

        var header = message.Header<RtMsg>();
        var family = header.Family == IpFamily.V4.AddressFamily ? IpFamily.V4 : header.Family == IpFamily.V6.AddressFamily ? IpFamily.V6 : null;
        if (family is null || (header.Flags & Rt.RTM_F_CLONED) != 0 || header.DestinationLength > family.Bits)
        {
            return null;
        }

        var route = new IpRoute
        {
            Destination = new IpNet(IpAddr.FromValue(family, 0), header.DestinationLength),
            Kind = (RouteKind)header.Type,
            Table = header.Table,
            Protocol = header.Protocol,
            OnLink = (header.Flags & Rt.RTNH_F_ONLINK) != 0,
        };
        foreach (var attribute in message.Attributes<RtMsg>())
        {
            route = Apply(route, attribute);
        }

        // IPv6 names the loopback link for kinds that send nothing on.
        return route with
        {
            Link = route.Kind is RouteKind.Unreachable or RouteKind.Blackhole or RouteKind.Prohibit or RouteKind.Throw ? 0 : route.Link,
            Metric = family == IpFamily.V6 && route.Metric == DefaultMetricV6 ? 0 : route.Metric,
        };
    }

    private static IpRoute Apply(IpRoute route, NetlinkAttribute attribute) => attribute.Type switch
    {
        Rt.RTA_DST when attribute.Address.Family == route.Destination.Address.Family =>
            route with { Destination = new IpNet(attribute.Address, route.Destination.Prefix) },
        Rt.RTA_DST => throw new InvalidDataException("netlink: a route's destination is of another family than the route"),
        Rt.RTA_GATEWAY => route with { Gateway = attribute.Address },
        Rt.RTA_OIF => route with { Link = (int)attribute.U32 },
        Rt.RTA_PRIORITY => route with { Metric = attribute.U32 },
        Rt.RTA_PREFSRC => route with { PreferredSource = attribute.Address },
        Rt.RTA_TABLE => route with { Table = attribute.U32 },
        Rt.RTA_METRICS => route with { Mtu = MtuOf(attribute) },
        _ => route,
    };

    private static int MtuOf(NetlinkAttribute metrics)
    {
        foreach (var metric in metrics.Nested)
        {
            if (metric.Type == Rt.RTAX_MTU)
            {
                return (int)metric.U32;
            }
        }

        return 0;
    }

    private static void WriteRoute(NetlinkWriter request, ushort type, NetlinkFlags flags, IpRoute route)
    {
        var family = route.Destination.Address.Family;
        request.Begin(type, flags | NetlinkFlags.Ack);
        request.Header(new RtMsg
        {
            Family = family.AddressFamily,
            DestinationLength = (byte)route.Destination.Prefix,
            Table = Rt.RT_TABLE_UNSPEC,
            Protocol = route.Protocol,
            Scope = Scope(route, family),
            Type = (byte)route.Kind,
            Flags = route.OnLink ? Rt.RTNH_F_ONLINK : 0,
        });
        request.U32(Rt.RTA_TABLE, route.Table);
        request.Address(Rt.RTA_DST, route.Destination.Address);
        if (!route.Gateway.IsNone)
        {
            request.Address(Rt.RTA_GATEWAY, route.Gateway);
        }

        if (route.Link != 0)
        {
            request.U32(Rt.RTA_OIF, (uint)route.Link);
        }

        if (route.Metric != 0)
        {
            request.U32(Rt.RTA_PRIORITY, route.Metric);
        }

        if (!route.PreferredSource.IsNone)
        {
            request.Address(Rt.RTA_PREFSRC, route.PreferredSource);
        }

        if (route.Mtu != 0)
        {
            var metrics = request.BeginNested(Rt.RTA_METRICS);
            request.U32(Rt.RTAX_MTU, (uint)route.Mtu);
            request.EndNested(metrics);
        }
    }

    // IPv6 routes have no scope. IPv4 refuses a gateway in a scope as narrow as the route's own.
    private static byte Scope(IpRoute route, IpFamily family) =>
        family == IpFamily.V6 ? Rt.RT_SCOPE_UNIVERSE
        : route.Kind == RouteKind.Local ? Rt.RT_SCOPE_HOST
        : route.Kind == RouteKind.Unicast && route.Gateway.IsNone ? Rt.RT_SCOPE_LINK
        : Rt.RT_SCOPE_UNIVERSE;
}
