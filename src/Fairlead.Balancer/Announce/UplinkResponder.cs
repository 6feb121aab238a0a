using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Packets;
using Fairlead.Linux.Route;
using Fairlead.State;

namespace Fairlead.Balancer.Announce;

/// <summary>
/// Makes the kernel answer ARP and neighbour discovery for addresses on the node's uplink: a proxy entry per address, and a route into a link that
/// leads nowhere. The kernel answers for a proxied address only when its own route leaves by another link, and what no Service rule has taken out
/// of the traffic to such an address must not come back out of the uplink.
/// </summary>
internal sealed class UplinkResponder : IDisposable
{
    /// <summary>The link that leads nowhere: a bridge without ports (dummy links are a module that not every kernel has).</summary>
    public const string SinkName = "fl-vip";

    private readonly NetNamespace _namespace;
    private readonly RouteSocket _route;
    private readonly PacketSocket _packets;
    private readonly HashSet<IpAddr> _answered;
    private readonly HashSet<string> _prepared = [];
    private readonly int _sink;

    private UplinkResponder(NetNamespace netns)
    {
        _namespace = netns;
        _route = RouteSocket.Open(netns);
        _packets = netns.Run(PacketSocket.Open);
        if (_route.FindLink(SinkName) is null)
        {
            _route.CreateLink(SinkName, "bridge");
        }

        _route.SetUp(SinkName);
        _sink = _route.GetLink(SinkName).Index;
        _answered = [.. IpFamily.All.SelectMany(family => Sunk(_route, family, _sink))];
    }

    /// <summary>The addresses answered for now; at first those an earlier run has left.</summary>
    public IReadOnlyCollection<IpAddr> Answered => _answered;

    /// <summary>Opens sockets in <paramref name="netns"/> and adopts what is there. Takes the namespace over.</summary>
    /// <exception cref="LinuxException">Not permitted.</exception>
    public static UplinkResponder Open(NetNamespace netns) => new(netns);

    /// <summary>Removes everything that some run has left in the namespace of the calling thread.</summary>
    public static void CleanUp()
    {
        using var route = RouteSocket.Open();
        if (route.FindLink(SinkName) is not { } sink)
        {
            return;
        }

        var addresses = IpFamily.All.SelectMany(family => Sunk(route, family, sink.Index)).ToHashSet();
        foreach (var proxy in route.Neighbours(proxies: true).Where(proxy => addresses.Contains(proxy.Address)))
        {
            route.DeleteNeighbour(proxy);
        }

        route.DeleteLink(SinkName);
    }

    /// <summary>Answers for exactly <paramref name="wanted"/>, on the links that have this node's addresses.</summary>
    /// <param name="wanted">The addresses.</param>
    /// <param name="nodeAddresses">Addresses of the node itself.</param>
    /// <param name="verify">Look whether the kernel still has what was given to it: it drops proxy entries when a link goes down.</param>
    /// <returns>What is answered for anew.</returns>
    public IReadOnlyList<IpAddr> Apply(IReadOnlySet<IpAddr> wanted, ValueArray<IpAddr> nodeAddresses, bool verify)
    {
        foreach (var address in _answered.Except(wanted).ToList())
        {
            Withdraw(address);
        }

        var missing = wanted.Except(_answered).ToList();
        if (missing.Count == 0 && !verify)
        {
            return [];
        }

        var uplinks = Uplinks(nodeAddresses);
        if (verify)
        {
            var proxies = _route.Neighbours(proxies: true).Select(proxy => (proxy.Address, proxy.Link)).ToHashSet();
            missing.AddRange(_answered.Where(address => uplinks.TryGetValue(address.Family, out var uplink) && !proxies.Contains((address, uplink.Index))));
        }

        missing.RemoveAll(address => !uplinks.ContainsKey(address.Family));
        foreach (var address in missing)
        {
            Answer(address, uplinks[address.Family]);
        }

        return missing;
    }

    /// <summary>Tells everybody on the uplink that an address is here.</summary>
    public void Tell(IpAddr address, ValueArray<IpAddr> nodeAddresses)
    {
        if (Uplinks(nodeAddresses).TryGetValue(address.Family, out var uplink))
        {
            _packets.Send(uplink.Index, NeighbourFrames.Announce(address, uplink.Address));
        }
    }

    /// <summary>Watches the namespace's links.</summary>
    public RouteMonitor Monitor() => _namespace.Run(RouteMonitor.Open);

    /// <inheritdoc/>
    public void Dispose()
    {
        _packets.Dispose();
        _route.Dispose();
        _namespace.Dispose();
    }

    private static IEnumerable<IpAddr> Sunk(RouteSocket route, IpFamily family, int sink) => route.Routes(family)
        .Where(item => item.Link == sink && item.Destination.Prefix == family.Bits && !item.Destination.Address.IsSpecial)
        .Select(item => item.Destination.Address);

    private Dictionary<IpFamily, Link> Uplinks(ValueArray<IpAddr> nodeAddresses)
    {
        var uplinks = new Dictionary<IpFamily, Link>();
        foreach (var item in _route.Addresses().Where(item => nodeAddresses.Contains(item.Address)))
        {
            if (_route.FindLink(item.Link) is { } link)
            {
                uplinks.TryAdd(item.Address.Family, link);
            }
        }

        return uplinks;
    }

    private void Answer(IpAddr address, Link uplink)
    {
        Prepare(uplink.Name, address.Family);
        _route.ReplaceNeighbour(new Neighbour { Link = uplink.Index, Address = address, Proxy = true });
        _route.ReplaceRoute(new IpRoute { Destination = IpNet.Single(address), Link = _sink });
        _answered.Add(address);
    }

    private void Withdraw(IpAddr address)
    {
        foreach (var proxy in _route.Neighbours(proxies: true).Where(proxy => proxy.Address == address))
        {
            _route.DeleteNeighbour(proxy);
        }

        _route.DeleteRoute(new IpRoute { Destination = IpNet.Single(address), Link = _sink });
        _answered.Remove(address);
    }

    /// <summary>The kernel waits up to 0.8 s before it answers for a proxied address, and for IPv6 not at all, unless told otherwise.</summary>
    private void Prepare(string uplink, IpFamily family)
    {
        if (!_prepared.Add($"{uplink} {family}"))
        {
            return;
        }

        var tree = family == IpFamily.V4 ? "ipv4" : "ipv6";
        _namespace.Run(() =>
        {
            Sysctl.Write($"net/{tree}/neigh/{uplink}/proxy_delay", "0");
            if (family == IpFamily.V6)
            {
                Sysctl.Write($"net/ipv6/conf/{uplink}/proxy_ndp", "1");
            }
        });
    }
}
