using System.Text;
using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Route;
using Fairlead.Nftables.Kernel;

namespace Fairlead.OneMachine;

/// <summary>
/// The links between host and nodes: a bridge in a namespace of its own, one veth to the host, one to each node. Building it twice is building it
/// once; taking it down leaves nothing.
/// </summary>
internal sealed class Fabric(ClusterSpec spec)
{
    /// <summary>Marks the host's routes that are ours (RTPROT_*; none of those assigned).</summary>
    internal const byte RouteProtocol = 77;

    /// <summary>Unreachable routes must lose against every route to a part of their range.</summary>
    private const uint LastMetric = 4_000_000;

    private const string Bridge = "fabric";
    private const string NodeLink = "eth0";

    /// <summary>The host's link: <c>fl-</c> and a hash of the cluster's name, at most 15 characters (IFNAMSIZ).</summary>
    public string HostLink { get; } = $"fl-{Hash(spec.Name):x8}";

    /// <summary>Makes what is missing.</summary>
    /// <returns>The nodes, by number, whose namespace was made: nothing that an earlier one held is there any more.</returns>
    /// <exception cref="LinuxException">The kernel refused; the message says what.</exception>
    public IReadOnlyList<int> Build()
    {
        using var fabric = OpenOrCreate(spec.FabricNamespace);
        using var host = RouteSocket.Open();
        using var inside = RouteSocket.Open(fabric);
        if (inside.FindLink(Bridge) is null)
        {
            inside.CreateLink(Bridge, "bridge");
        }

        inside.SetUp(Bridge);
        BuildHost(host, inside, fabric);
        var made = Enumerable.Range(1, spec.Nodes).Where(number => !NetNamespace.ExistsNamed(spec.NodeNamespace(number))).ToList();
        for (var number = 1; number <= spec.Nodes; number++)
        {
            BuildNode(number, fabric, inside);
        }

        return made;
    }

    /// <summary>What is missing on the host of what <see cref="Build"/> and <see cref="RoutePods"/> make there.</summary>
    /// <param name="host">The host's network.</param>
    /// <param name="pods">The nodes' pod ranges.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public IReadOnlyList<string> MissingOnHost(RouteSocket host, IEnumerable<IpNet> pods)
    {
        if (host.FindLink(HostLink) is not { IsUp: true } link)
        {
            return [$"link {HostLink}"];
        }

        var addresses = host.Addresses(link.Index).Select(one => one.Address).ToHashSet();
        var routes = IpFamily.All.SelectMany(family => host.Routes(family, RouteProtocol)).Select(one => one.Destination).ToHashSet();
        var ranges = spec.Ranges.SelectMany(one => new[] { one.Pods, one.Services }).Concat(pods);
        return [.. spec.Ranges.Select(one => one.Host).Where(one => !addresses.Contains(one)).Select(one => $"address {one}"),
            .. ranges.Where(one => !routes.Contains(one)).Select(one => $"route {one}")];
    }

    /// <summary>Makes what is missing on the host; the nodes are left as they are.</summary>
    /// <param name="host">The host's network.</param>
    /// <exception cref="LinuxException">The kernel refused, or the fabric's namespace is gone.</exception>
    public void RepairHost(RouteSocket host)
    {
        using var fabric = NetNamespace.OpenNamed(spec.FabricNamespace);
        using var inside = RouteSocket.Open(fabric);
        BuildHost(host, inside, fabric);
    }

    /// <summary>The way from the host to each node's pods, as the nodes' ranges say.</summary>
    public static void RoutePods(RouteSocket host, IEnumerable<(IpNet Pods, IpAddr Node)> wanted)
    {
        foreach (var (pods, node) in wanted)
        {
            host.ReplaceRoute(new IpRoute { Destination = pods, Gateway = node, Protocol = RouteProtocol });
        }
    }

    /// <summary>Removes the packet filter, links, routes and namespaces, those of a half-built fabric included.</summary>
    public async Task RemoveAsync()
    {
        using (var nft = KernelNft.Open())
        {
            await nft.CommitAsync(HostTable.Remove(spec), CancellationToken.None);
        }

        using (var host = RouteSocket.Open())
        {
            foreach (var route in IpFamily.All.SelectMany(family => host.Routes(family, RouteProtocol)).Where(IsOurs))
            {
                host.DeleteRoute(route);
            }

            host.DeleteLink(HostLink);
        }

        foreach (var name in Enumerable.Range(1, spec.Nodes).Select(spec.NodeNamespace).Append(spec.FabricNamespace).Where(NetNamespace.ExistsNamed))
        {
            NetNamespace.DeleteNamed(name);
        }
    }

    /// <summary>Networks that the host uses, by its addresses and routes; the default route is none.</summary>
    public static IReadOnlyCollection<IpNet> UsedNetworks() => Networks(_ => true, _ => true);

    /// <summary>As <see cref="UsedNetworks"/>, without what is there for this cluster, left by an `up` that was killed.</summary>
    public IReadOnlyCollection<IpNet> NetworksOfOthers()
    {
        using var host = RouteSocket.Open();
        var link = host.FindLink(HostLink)?.Index ?? -1;
        return Networks(route => route.Link != link && !(route.Protocol == RouteProtocol && IsOurs(route)), address => address.Link != link);
    }

    private static List<IpNet> Networks(Predicate<IpRoute> route, Predicate<LinkAddress> address)
    {
        using var host = RouteSocket.Open();
        var routes = IpFamily.All.SelectMany(family => host.Routes(family)).Where(found => route(found)).Select(found => found.Destination);
        var addresses = host.Addresses().Where(found => address(found)).Select(found => new IpNet(found.Address, found.Prefix));
        return [.. routes.Concat(addresses).Where(net => net.Prefix > 0).Distinct()];
    }

    private bool IsOurs(IpRoute route) =>
        spec.Ranges.Any(ranges => ranges.Pods.Contains(route.Destination) || ranges.Services.Contains(route.Destination));

    private void BuildHost(RouteSocket host, RouteSocket inside, NetNamespace fabric)
    {
        Join(host, null, HostLink, inside, fabric, "host");
        foreach (var ranges in spec.Ranges)
        {
            Assign(host, HostLink, ranges.Host, ranges.Fabric.Prefix);
            host.ReplaceRoute(Unreachable(ranges.Pods));
            host.ReplaceRoute(Unreachable(ranges.Services));
        }
    }

    private void BuildNode(int number, NetNamespace fabric, RouteSocket inside)
    {
        using var node = OpenOrCreate(spec.NodeNamespace(number));
        using var route = RouteSocket.Open(node);
        route.SetUp("lo");
        Join(route, node, NodeLink, inside, fabric, $"node{number}");
        foreach (var ranges in spec.Ranges)
        {
            Assign(route, NodeLink, ranges.Node(number), ranges.Fabric.Prefix);
            route.ReplaceRoute(new IpRoute { Destination = new IpNet(IpAddr.FromValue(ranges.Host.Family, 0), 0), Gateway = ranges.Host });
        }
    }

    /// <summary>Makes a veth whose one end is <paramref name="name"/> here and whose other is a port of the bridge.</summary>
    private void Join(RouteSocket here, NetNamespace? hereNamespace, string name, RouteSocket inside, NetNamespace fabric, string port)
    {
        if (here.FindLink(name) is null)
        {
            inside.DeleteLink(port);

            // Addresses of our own choice: one that the kernel chooses, udev changes after a while (MACAddressPolicy=persistent), and neighbours keep the old.
            here.CreateVeth(
                new VethEnd { Name = name, Namespace = hereNamespace, Address = Mac(port, "node") },
                new VethEnd { Name = port, Namespace = fabric, Address = Mac(port, "fabric") });
        }

        inside.ChangeLink(inside.GetLink(port).Index, new LinkChange { Master = inside.GetLink(Bridge).Index, Up = true });
        here.SetUp(name);
    }

    private static void Assign(RouteSocket route, string link, IpAddr address, int prefix) =>
        route.AddAddress(new LinkAddress { Link = route.GetLink(link).Index, Address = address, Prefix = prefix, NoDuplicateDetection = true });

    private static IpRoute Unreachable(IpNet net) => new() { Destination = net, Kind = RouteKind.Unreachable, Metric = LastMetric, Protocol = RouteProtocol };

    private static NetNamespace OpenOrCreate(string name) => NetNamespace.ExistsNamed(name) ? NetNamespace.OpenNamed(name) : NetNamespace.CreateNamed(name);

    private MacAddress Mac(string port, string end) => MacAddress.Local(((ulong)Hash($"{spec.Name}/{port}") << 16) | (Hash(end) & 0xFFFF));

    /// <summary>FNV-1a, 32 bits: the same name has the same link on every start.</summary>
    private static uint Hash(string name) => Encoding.ASCII.GetBytes(name).Aggregate(2166136261u, (hash, value) => unchecked((hash ^ value) * 16777619u));
}
