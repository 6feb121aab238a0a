using Fairlead.Cni.Ipam;
using Fairlead.Cni.Plugin;
using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Route;

namespace Fairlead.Cni.Datapath;

/// <summary>
/// The link of a pod: a veth pair, its addresses, routes and neighbours on both ends. Every step may be repeated, so that the same code makes, repairs
/// and adopts.
/// </summary>
internal sealed class PodLink(RouteSocket node, NetNamespace nodeNamespace)
{
    /// <summary>Protocol number (RTPROT_*) of every route we add: none of those assigned, so that others' routes are never taken for ours.</summary>
    internal const byte RouteProtocol = 76;

    /// <summary>Makes the link.</summary>
    /// <exception cref="CniException">3: no such namespace; 100: an interface of that name is there.</exception>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    internal void Plug(Attachment attachment, int mtu)
    {
        using var netns = OpenPod(attachment);
        using var pod = RouteSocket.Open(netns);
        if (pod.FindLink(attachment.Row.IfName) is not null)
        {
            throw new CniException(
                CniErrorCode.InterfaceExists, $"{attachment.Row.Pod} has an interface {attachment.Row.IfName} already, in {attachment.Row.NetnsPath}");
        }

        // The name is a hash of this very attachment: what bears it is its own link, left by a run that was killed half-way.
        node.DeleteLink(attachment.Row.HostInterface);
        node.CreateVeth(
            new VethEnd { Name = attachment.Row.HostInterface, Address = attachment.HostMac, Mtu = mtu },
            new VethEnd { Name = attachment.Row.IfName, Namespace = netns, Address = attachment.PodMac, Mtu = mtu });
        Configure(attachment, netns, pod);
    }

    /// <summary>Makes good what is missing of an attachment of an earlier run.</summary>
    /// <returns>False when the pod's namespace is gone: nothing can be done until the runtime deletes the pod.</returns>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    internal bool Repair(Attachment attachment, int mtu)
    {
        if (!File.Exists(attachment.Row.NetnsPath))
        {
            return false;
        }

        using var netns = OpenPod(attachment);
        using var pod = RouteSocket.Open(netns);
        if (node.FindLink(attachment.Row.HostInterface) is null || pod.FindLink(attachment.Row.IfName) is null)
        {
            Unplug(attachment.Row.HostInterface);
            pod.DeleteLink(attachment.Row.IfName);
            Plug(attachment, mtu);
        }
        else
        {
            Configure(attachment, netns, pod);
        }

        return true;
    }

    /// <summary>
    /// Sets up the node's ends that somebody set down and puts back the routes that somebody deleted. A link that is gone is left so: the pod may have
    /// deleted it itself.
    /// </summary>
    /// <returns>The pods concerned.</returns>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    internal List<Attachment> RepairRoutes(IEnumerable<Attachment> attachments)
    {
        var links = node.Links().ToDictionary(one => one.Name);
        var routes = IpFamily.All.SelectMany(family => node.Routes(family, RouteProtocol)).Select(one => (one.Destination, one.Link)).ToHashSet();
        var repaired = new List<Attachment>();
        foreach (var attachment in attachments)
        {
            if (!links.TryGetValue(attachment.Row.HostInterface, out var host)
                || (host.IsUp && attachment.Row.IPs.All(ip => routes.Contains((IpNet.Single(ip), host.Index)))))
            {
                continue;
            }

            node.ChangeLink(host.Index, new LinkChange { Up = true });
            foreach (var ip in attachment.Row.IPs)
            {
                ConfigureNode(host.Index, ip, attachment.PodMac);
            }

            repaired.Add(attachment);
        }

        return repaired;
    }

    /// <summary>Removes the link with everything that hangs on it; nothing happens if it is gone.</summary>
    internal void Unplug(string hostInterface) => node.DeleteLink(hostInterface);

    /// <summary>What differs between the link as made and as found; empty when nothing does.</summary>
    internal string Check(Attachment attachment)
    {
        var row = attachment.Row;
        if (node.FindLink(row.HostInterface) is not { } host)
        {
            return $"the node's interface {row.HostInterface} is gone";
        }

        using var netns = OpenPod(attachment);
        using var pod = RouteSocket.Open(netns);
        if (pod.FindLink(row.IfName) is not { } inner)
        {
            return $"the pod's interface {row.IfName} is gone";
        }

        return !host.IsUp ? $"the node's interface {row.HostInterface} is down"
            : !inner.IsUp ? $"the pod's interface {row.IfName} is down"
            : inner.Peer != host.Index ? $"the pod's interface {row.IfName} does not lead to {row.HostInterface}"
            : row.IPs.Select(ip => CheckAddress(ip, pod, inner, host)).FirstOrDefault(problem => problem.Length > 0) ?? "";
    }

    private string CheckAddress(IpAddr ip, RouteSocket pod, Link inner, Link host)
    {
        var family = ip.Family;
        return pod.Addresses(inner.Index).All(one => one.Address != ip) ? $"the pod's interface {inner.Name} has lost {ip}"
            : !pod.Routes(family).Exists(one => one.Destination == PodGateway.Default(family) && one.Gateway == PodGateway.Of(family))
                ? $"the pod has lost its default route via {PodGateway.Of(family)}"
            : !node.Routes(family).Exists(one => one.Destination == IpNet.Single(ip) && one.Link == host.Index) ? $"the node has lost its route to {ip}"
            : "";
    }

    private static NetNamespace OpenPod(Attachment attachment)
    {
        try
        {
            return NetNamespace.Open(attachment.Row.NetnsPath);
        }
        catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.EACCES)
        {
            throw new CniException(CniErrorCode.UnknownContainer, $"the network namespace {attachment.Row.NetnsPath} cannot be opened", e.Message);
        }
    }

    private void Configure(Attachment attachment, NetNamespace netns, RouteSocket pod)
    {
        var host = node.GetLink(attachment.Row.HostInterface);
        var inner = pod.GetLink(attachment.Row.IfName);
        nodeNamespace.Run(() =>
        {
            PrepareIpv6(host.Name, needed: false);
            Sysctl.Write($"net/ipv4/conf/{host.Name}/route_localnet", attachment.Ports.Count > 0 ? "1" : "0");
        });
        netns.Run(() => PrepareIpv6(inner.Name, attachment.Row.IPs.Any(ip => !ip.IsV4)));
        node.ChangeLink(host.Index, new LinkChange { Up = true, Alias = $"pod {attachment.Row.Pod}" });
        pod.SetUp("lo");
        pod.ChangeLink(inner.Index, new LinkChange { Up = true });
        foreach (var ip in attachment.Row.IPs)
        {
            ConfigurePod(pod, inner.Index, ip, attachment.HostMac);
            ConfigureNode(host.Index, ip, attachment.PodMac);
        }
    }

    private static void ConfigurePod(RouteSocket pod, int link, IpAddr ip, MacAddress gatewayMac)
    {
        var family = ip.Family;
        var gateway = PodGateway.Of(family);
        pod.AddAddress(new LinkAddress { Link = link, Address = ip, Prefix = family.Bits, NoDuplicateDetection = true });
        pod.ReplaceNeighbour(new Neighbour { Link = link, Address = gateway, Hardware = gatewayMac, Permanent = true });
        pod.ReplaceRoute(new IpRoute
        {
            Destination = PodGateway.Default(family),
            Gateway = gateway,
            Link = link,
            OnLink = true,
            Protocol = RouteProtocol,
        });
    }

    private void ConfigureNode(int link, IpAddr ip, MacAddress podMac)
    {
        node.ReplaceNeighbour(new Neighbour { Link = link, Address = ip, Hardware = podMac, Permanent = true });
        node.ReplaceRoute(new IpRoute { Destination = IpNet.Single(ip), Link = link, Protocol = RouteProtocol });
    }

    // A router advertisement from a pod must not change the node's routes, nor one from the node's network the pod's.
    private static void PrepareIpv6(string link, bool needed)
    {
        var root = $"net/ipv6/conf/{link}";
        if (Sysctl.Exists($"{root}/accept_ra"))
        {
            Sysctl.Write($"{root}/accept_ra", "0");
            if (needed)
            {
                Sysctl.Write($"{root}/disable_ipv6", "0");
            }
        }
    }
}
