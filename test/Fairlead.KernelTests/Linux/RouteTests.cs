using System.Net;
using System.Net.Sockets;
using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Netlink;
using Fairlead.Linux.Route;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Linux;

public sealed class RouteTests : IDisposable
{
    private const byte OwnProtocol = 76;
    private readonly TestNetns _left = new();
    private readonly TestNetns _right = new();
    private readonly RouteSocket _route;
    private readonly RouteSocket _other;

    public RouteTests()
    {
        _route = RouteSocket.Open(_left.Namespace);
        _other = RouteSocket.Open(_right.Namespace);
    }

    public void Dispose()
    {
        _route.Dispose();
        _other.Dispose();
        _left.Dispose();
        _right.Dispose();
    }

    [Fact]
    public void A_veth_pair_spans_two_namespaces()
    {
        var mac = MacAddress.Local(77);
        _route.CreateVeth(
            new VethEnd { Name = "a0", Mtu = 1400 },
            new VethEnd { Name = "b0", Namespace = _right.Namespace, Address = mac, Mtu = 1400 });
        var a = _route.GetLink("a0");
        var b = _other.GetLink("b0");
        Assert.Equal(("veth", 1400, b.Index), (a.Kind, a.Mtu, a.Peer));
        Assert.Equal((mac, a.Index), (b.Address, b.Peer));
        Assert.Null(_route.FindLink("b0"));
        Assert.True(_route.DeleteLink("a0"));
        Assert.False(_route.DeleteLink("a0"));
        Assert.Null(_other.FindLink("b0"));
    }

    [Fact]
    public void A_taken_name_is_refused_and_leaves_nothing()
    {
        _other.CreateLink("b0", "bridge");
        var error = Assert.Throws<NetlinkException>(
            () => _route.CreateVeth(new VethEnd { Name = "a0" }, new VethEnd { Name = "b0", Namespace = _right.Namespace }));
        Assert.Equal(Errno.EEXIST, error.Errno);
        Assert.Null(_route.FindLink("a0"));
    }

    [Fact]
    public void A_link_is_renamed_enslaved_and_moved()
    {
        _route.CreateLink("br0", "bridge");
        _route.CreateVeth(new VethEnd { Name = "d0" }, new VethEnd { Name = "e0" });
        var bridge = _route.GetLink("br0").Index;
        var link = _route.GetLink("d0");
        _route.ChangeLink(link.Index, new LinkChange { Name = "d1", Mtu = 1300, Master = bridge, Up = true, Alias = "of pod default/a" });
        var changed = _route.FindLink(link.Index);
        Assert.Equal(("d1", 1300, bridge, true, "of pod default/a"), (changed!.Name, changed.Mtu, changed.Master, changed.IsUp, changed.Alias));
        _route.ChangeLink(link.Index, new LinkChange { Master = 0, Up = false });
        Assert.Equal((0, false), (_route.FindLink(link.Index)!.Master, _route.FindLink(link.Index)!.IsUp));
        _route.MoveLink(link.Index, _right.Namespace);
        Assert.Null(_route.FindLink("d1"));
        Assert.NotNull(_other.FindLink("d1"));
        Assert.Equal(["br0", "e0", "lo"], _route.Links().Select(one => one.Name).Order());
    }

    [Theory]
    [InlineData("")]
    [InlineData("sixteen-letters-")]
    [InlineData("a/b")]
    [InlineData("a b")]
    public void A_name_that_cannot_be_is_refused_before_the_kernel_sees_it(string name) =>
        Assert.Throws<ArgumentException>(() => _route.CreateLink(name, "dummy"));

    [Fact]
    public void Addresses_are_added_listed_and_deleted()
    {
        var link = Dummy();
        foreach (var text in new[] { "10.1.2.3", "fd00::3" })
        {
            var address = IpAddr.Parse(text);
            var wanted = new LinkAddress { Link = link, Address = address, Prefix = address.Family.Bits, NoDuplicateDetection = !address.IsV4 };
            Assert.True(_route.AddAddress(wanted));
            Assert.False(_route.AddAddress(wanted));
            Assert.Contains(wanted, _route.Addresses(link));
            Assert.True(_route.DeleteAddress(wanted));
            Assert.False(_route.DeleteAddress(wanted));
            Assert.DoesNotContain(wanted, _route.Addresses());
        }
    }

    [Theory]
    [InlineData("10.96.0.10", "172.30.0.11", "10.97.0.1")]
    [InlineData("fd00:96::a", "fd00:172::11", "fd00:97::1")]
    public void An_address_of_lo_that_is_never_a_source_is_not_the_source_towards_a_link_without_one(string never, string own, string target)
    {
        _route.SetUp("lo");
        var (lo, pods, uplink) = (_route.GetLink("lo").Index, Dummy(), Dummy("d1"));
        var wanted = Single(never, lo) with { NeverSource = true };
        Assert.True(_route.AddAddress(wanted));
        Assert.Contains(_route.Addresses(lo), address => address.Address == wanted.Address && address.NeverSource);
        Assert.True(_route.AddAddress(Single(own, uplink)));
        var to = IpAddr.Parse(target);
        Assert.True(_route.AddRoute(new IpRoute { Destination = new IpNet(to, to.Family.Bits), Link = pods, Protocol = OwnProtocol }));

        Assert.Equal(own, SourceTowards(to));
    }

    [Theory]
    [InlineData("10.9.0.0/16", "169.254.1.1")]
    [InlineData("fd00:9::/64", "fe80::1")]
    [InlineData("10.9.0.7/32", "")]
    [InlineData("fd00:9::7/128", "")]
    [InlineData("0.0.0.0/0", "169.254.1.1")]
    [InlineData("::/0", "fe80::1")]
    public void A_route_is_listed_as_it_was_added(string destination, string gateway)
    {
        var link = Dummy();
        Assert.True(IpNet.TryParse(destination, out var net));
        var route = new IpRoute
        {
            Destination = net,
            Gateway = gateway.Length == 0 ? default : IpAddr.Parse(gateway),
            Link = link,
            OnLink = gateway.Length > 0,
            Protocol = OwnProtocol,
            Mtu = 1380,
        };
        var family = net.Address.Family;
        Assert.True(_route.AddRoute(route));
        Assert.False(_route.AddRoute(route));
        Assert.Equal([route], _route.Routes(family, OwnProtocol));
        Assert.Empty(_route.Routes(family, OwnProtocol + 1));
        _route.ReplaceRoute(route with { Mtu = 1300 });
        Assert.Equal([route with { Mtu = 1300 }], _route.Routes(family, OwnProtocol));
        Assert.True(_route.DeleteRoute(route with { Mtu = 1300 }));
        Assert.False(_route.DeleteRoute(route with { Mtu = 1300 }));
        Assert.Empty(_route.Routes(family, OwnProtocol));
    }

    [Theory]
    [InlineData("10.9.0.0/16", RouteKind.Unreachable)]
    [InlineData("fd00:9::/64", RouteKind.Unreachable)]
    [InlineData("10.9.0.0/16", RouteKind.Blackhole)]
    [InlineData("fd00:9::/64", RouteKind.Blackhole)]
    public void Routes_that_drop_need_no_link_and_tables_of_ones_own_work(string destination, RouteKind kind)
    {
        Assert.True(IpNet.TryParse(destination, out var net));
        var route = new IpRoute { Destination = net, Kind = kind, Table = 1234, Metric = 9, Protocol = OwnProtocol };
        Assert.Empty(_route.Routes(net.Address.Family, table: 1234));
        Assert.True(_route.AddRoute(route));
        Assert.Equal([route], _route.Routes(net.Address.Family, table: 1234));
        Assert.Empty(_route.Routes(net.Address.Family, OwnProtocol));
        Assert.True(_route.DeleteRoute(route));
    }

    [Fact]
    public void Neighbours_and_proxy_entries_are_kept_apart()
    {
        var link = Dummy();
        foreach (var text in new[] { "169.254.1.1", "fe80::1" })
        {
            var neighbour = new Neighbour { Link = link, Address = IpAddr.Parse(text), Hardware = MacAddress.Local(5), Permanent = true };
            var proxy = new Neighbour { Link = link, Address = neighbour.Address, Proxy = true };
            _route.ReplaceNeighbour(neighbour);
            _route.ReplaceNeighbour(neighbour);
            _route.ReplaceNeighbour(proxy);
            Assert.Contains(neighbour, _route.Neighbours());
            Assert.DoesNotContain(proxy, _route.Neighbours());
            Assert.Contains(proxy, _route.Neighbours(proxies: true));
            Assert.True(_route.DeleteNeighbour(neighbour));
            Assert.False(_route.DeleteNeighbour(neighbour));
            Assert.True(_route.DeleteNeighbour(proxy));
        }
    }

    [Fact]
    public async Task Changes_are_told_as_they_happen()
    {
        using var monitor = _left.Run(RouteMonitor.Open);
        var link = Dummy();
        _route.DeleteLink("d0");
        var seen = new List<string>();
        await foreach (var change in monitor.ReadAsync(Deadline.Token()))
        {
            if (change.Link?.Index == link)
            {
                seen.Add(change.Removed ? "gone" : change.Link.IsUp ? "up" : "there");
            }

            if (change is { Removed: true, Link: not null })
            {
                break;
            }
        }

        Assert.Equal("there", seen[0]);
        Assert.Contains("up", seen);
        Assert.Equal("gone", seen[^1]);
    }

    [Fact]
    public void What_we_make_is_what_ip_shows()
    {
        var link = Dummy();
        _route.AddRoute(new IpRoute { Destination = IpNet.Single(IpAddr.Parse("10.9.0.7")), Link = link, Protocol = OwnProtocol });
        Assert.Equal("10.9.0.7 dev d0 proto 76 scope link", Tool.RunIn(_left, "ip", "route", "show", "10.9.0.7").Trim());
    }

    [Fact]
    public void A_sysctl_is_of_the_namespace_it_is_written_in()
    {
        var before = Sysctl.Read("net/ipv4/ip_forward");
        var inside = _left.Run(() =>
        {
            Sysctl.Write("net/ipv4/ip_forward", "0");
            return (Sysctl.Write("net/ipv4/ip_forward", "1"), Sysctl.Write("net/ipv4/ip_forward", "1"), Sysctl.Read("net/ipv4/ip_forward"));
        });
        Assert.Equal((true, false, "1"), inside);
        Assert.Equal(before, Sysctl.Read("net/ipv4/ip_forward"));
        Assert.Equal("0", _right.Run(() =>
        {
            Sysctl.Write("net/ipv4/ip_forward", "0");
            return Sysctl.Read("net/ipv4/ip_forward");
        }));
        Assert.ThrowsAny<IOException>(() => Sysctl.Write("net/ipv4/no_such", "1"));
    }

    private static LinkAddress Single(string address, int link)
    {
        var parsed = IpAddr.Parse(address);
        return new LinkAddress { Link = link, Address = parsed, Prefix = parsed.Family.Bits, NoDuplicateDetection = !parsed.IsV4 };
    }

    private string SourceTowards(IpAddr target) => _left.Run(() =>
    {
        using var socket = new Socket(target.ToIPAddress().AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(target.ToIPAddress(), 9);
        return $"{((IPEndPoint)socket.LocalEndPoint!).Address}";
    });

    private int Dummy(string name = "d0")
    {
        _route.CreateVeth(new VethEnd { Name = name }, new VethEnd { Name = $"{name}-peer" });
        _route.SetUp("lo");
        _route.SetUp($"{name}-peer");
        _route.SetUp(name);
        return _route.GetLink(name).Index;
    }
}
