using Fairlead.Cluster.Model;
using Fairlead.Cni.Ipam;
using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Route;

namespace Fairlead.Cni.Datapath;

/// <summary>A route that the kernel refused, and why.</summary>
internal sealed record RouteProblem(IpRoute Route, string Reason);

/// <summary>
/// Routes to the pods of other nodes, by way of their InternalIP, which is on the same link; and an end for addresses of the node's own range that
/// no pod has, which would else leave by the default route and come back.
/// </summary>
internal static class NodeRoutes
{
    // Above anything that people use: a pod's own route, or one that somebody adds, comes first.
    private const uint LastResort = 0xFFFF_0000;

    /// <summary>What routes node <paramref name="self"/> needs. Pure.</summary>
    internal static List<IpRoute> Compile(IEnumerable<NodeRow> nodes, string self)
    {
        var routes = new Dictionary<IpNet, IpRoute>();
        foreach (var node in nodes.OrderBy(node => node.Name, StringComparer.Ordinal))
        {
            foreach (var range in node.PodCIDRs)
            {
                var family = range.Address.Family;
                if (node.Name == self)
                {
                    routes[range] = new IpRoute { Destination = range, Kind = RouteKind.Unreachable, Metric = LastResort, Protocol = PodLink.RouteProtocol };
                }
                else if (node.InternalIPs.FirstOrDefault(ip => ip.Family == family) is { IsNone: false } gateway)
                {
                    routes.TryAdd(range, new IpRoute { Destination = range, Gateway = gateway, Protocol = PodLink.RouteProtocol });
                }
            }
        }

        return [.. routes.Values];
    }

    /// <summary>
    /// Whether a change on the node may have taken routes of ours: a route of ours or an address went, a link went down (which takes routes without
    /// saying so) or one that is not a pod's changed.
    /// </summary>
    internal static bool MayBeAffectedBy(RouteEvent change) =>
        change.Lost
        || (change.Removed && (change.Route?.Protocol == PodLink.RouteProtocol || change.Address is not null))
        || (change.Link is { } link && (!link.IsUp || !Attachment.IsHostInterface(link.Name)));

    /// <summary>
    /// Makes the node's routes those of <paramref name="wanted"/>, touching only routes of ours, and of those only what differs. A refused route does
    /// not hold up the others.
    /// </summary>
    internal static List<RouteProblem> Apply(RouteSocket node, IReadOnlyCollection<IpRoute> wanted)
    {
        var problems = new List<RouteProblem>();
        foreach (var family in IpFamily.All)
        {
            // Routes of ours without a next hop are those of the node's own pods, which come and go with their links.
            var present = node.Routes(family, PodLink.RouteProtocol).FindAll(route => route.Kind == RouteKind.Unreachable || !route.Gateway.IsNone);
            var missing = wanted.Where(route => route.Destination.Address.Family == family).ToList();
            foreach (var route in present)
            {
                // The kernel finds the link by the gateway.
                if (!missing.Remove(route with { Link = 0, OnLink = false }) && wanted.All(one => one.Destination != route.Destination))
                {
                    node.DeleteRoute(route);
                }
            }

            foreach (var route in missing)
            {
                Replace(node, route, present, problems);
            }
        }

        return problems;
    }

    private static void Replace(RouteSocket node, IpRoute route, List<IpRoute> present, List<RouteProblem> problems)
    {
        try
        {
            node.ReplaceRoute(route);
            foreach (var old in present.Where(one => one.Destination == route.Destination && one.Metric != route.Metric))
            {
                node.DeleteRoute(old);
            }
        }
        catch (LinuxException e)
        {
            problems.Add(new RouteProblem(route, e.Message));
        }
    }
}
