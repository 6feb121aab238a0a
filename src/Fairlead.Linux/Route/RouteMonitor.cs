using System.Runtime.CompilerServices;
using Fairlead.Linux.Netlink;

namespace Fairlead.Linux.Route;

/// <summary>
/// A change in a network namespace: one of the rows is set, as it is now or was before its removal. None is set when events were lost: list anew.
/// </summary>
/// <param name="Removed">The row is gone.</param>
/// <param name="Link">A link.</param>
/// <param name="Address">An address of a link.</param>
/// <param name="Route">A route.</param>
/// <param name="Neighbour">A neighbour.</param>
public sealed record RouteEvent(bool Removed, Link? Link, LinkAddress? Address, IpRoute? Route, Neighbour? Neighbour)
{
    /// <summary>True when events were lost.</summary>
    public bool Lost => Link is null && Address is null && Route is null && Neighbour is null;
}

/// <summary>Tells of changes to links, addresses, routes and neighbours of one network namespace, from the moment it is opened.</summary>
public sealed class RouteMonitor : IDisposable
{
    private readonly NetlinkSubscription _subscription;

    private RouteMonitor(NetlinkSubscription subscription) => _subscription = subscription;

    /// <summary>Opens a monitor in the network namespace of the calling thread.</summary>
    /// <exception cref="LinuxException">No descriptor left.</exception>
    public static RouteMonitor Open() => new(NetlinkSubscription.Open(
        NetlinkProtocol.Route,
        Rt.RTNLGRP_LINK,
        Rt.RTNLGRP_NEIGH,
        Rt.RTNLGRP_IPV4_IFADDR,
        Rt.RTNLGRP_IPV6_IFADDR,
        Rt.RTNLGRP_IPV4_ROUTE,
        Rt.RTNLGRP_IPV6_ROUTE));

    /// <summary>The changes since <see cref="Open"/>, as they happen. One reader.</summary>
    public async IAsyncEnumerable<RouteEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var events = new List<RouteEvent>();
        while (true)
        {
            Parse(await _subscription.ReceiveAsync(cancellationToken), events);
            foreach (var change in events)
            {
                yield return change;
            }

            events.Clear();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _subscription.Dispose();

    private static void Parse(ReadOnlyMemory<byte> datagram, List<RouteEvent> events)
    {
        if (datagram.IsEmpty)
        {
            events.Add(new RouteEvent(false, null, null, null, null));
        }

        foreach (var message in new NetlinkReader(datagram.Span))
        {
            var removed = message.Type is Rt.RTM_DELLINK or Rt.RTM_DELADDR or Rt.RTM_DELROUTE or Rt.RTM_DELNEIGH;
            var change = new RouteEvent(
                removed,
                RouteSocket.ParseLink(message),
                RouteSocket.ParseAddress(message),
                RouteSocket.ParseRoute(message),
                RouteSocket.ParseNeighbour(message));
            if (!change.Lost)
            {
                events.Add(change);
            }
        }
    }
}
