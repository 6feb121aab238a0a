using System.Net;
using Fairlead.Cni;
using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Route;
using Fairlead.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.KernelTests.Cni;

/// <summary>Real packets through what the room makes.</summary>
public sealed class CniNetworkTests : IAsyncDisposable
{
    private readonly CniFabric _fabric = new();

    public ValueTask DisposeAsync() => _fabric.DisposeAsync();

    [Fact]
    public async Task Pods_reach_each_other_on_one_node_and_across_nodes_by_their_own_addresses_in_both_families()
    {
        var (one, two) = (await _fabric.StartNodeAsync(1), await _fabric.StartNodeAsync(2));
        using var a = await one.PlugAsync("a");
        using var b = await one.PlugAsync("b");
        using var c = await two.PlugAsync("c");
        foreach (var (client, server) in new[] { (a, b), (a, c), (c, a) })
        {
            for (var i = 0; i < 2; i++)
            {
                Assert.Equal(client.IPs[i], Traffic.Connect(client.Netns, server.Netns, server.IPs[i]));
                Assert.True(Traffic.Ping(client.Netns, server.IPs[i]), $"{client.Name} cannot ping {server.IPs[i]}");
                using var from = Traffic.Datagrams(client.Netns, server.IPs[i].Family);
                using var to = Traffic.Datagrams(server.Netns, server.IPs[i].Family, 5353);
                from.SendTo([1], new IPEndPoint(server.IPs[i].ToIPAddress(), 5353));
                EndPoint sender = new IPEndPoint(to.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
                to.ReceiveFrom(new byte[10], ref sender);
                Assert.Equal(client.IPs[i], IpAddr.From(((IPEndPoint)sender).Address));
            }
        }
    }

    [Fact]
    public async Task Nodes_reach_pods_and_pods_reach_nodes_without_translation()
    {
        var (one, two) = (await _fabric.StartNodeAsync(1), await _fabric.StartNodeAsync(2));
        using var pod = await one.PlugAsync("a");
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(CniFabric.Row(2).InternalIPs[i], Traffic.Connect(two.Netns, pod.Netns, pod.IPs[i]));
            Assert.Equal(CniFabric.Row(1).InternalIPs[i], Traffic.Connect(one.Netns, pod.Netns, pod.IPs[i]));
            Assert.Equal(pod.IPs[i], Traffic.Connect(pod.Netns, one.Netns, CniFabric.Row(1).InternalIPs[i]));
            Assert.Equal(pod.IPs[i], Traffic.Connect(pod.Netns, two.Netns, CniFabric.Row(2).InternalIPs[i]));
        }
    }

    [Fact]
    public async Task A_packet_with_an_address_that_is_not_the_pods_is_dropped()
    {
        var node = await _fabric.StartNodeAsync(1);
        using var liar = await node.PlugAsync("liar");
        using var victim = await node.PlugAsync("victim");
        using var server = await node.PlugAsync("server");
        for (var i = 0; i < 2; i++)
        {
            var target = new IPEndPoint(server.IPs[i].ToIPAddress(), 5353);
            using var to = Traffic.Datagrams(server.Netns, server.IPs[i].Family, 5353);
            using (var inside = RouteSocket.Open(liar.Netns.Namespace))
            {
                var family = victim.IPs[i].Family;
                inside.AddAddress(new LinkAddress
                {
                    Link = inside.GetLink("eth0").Index,
                    Address = victim.IPs[i],
                    Prefix = family.Bits,
                    NoDuplicateDetection = true,
                });
            }

            using var lie = liar.Netns.Run(() => Bound(victim.IPs[i]));
            using var truth = liar.Netns.Run(() => Bound(liar.IPs[i]));
            var buffer = new byte[10];

            // The gateway is asked for in the name of the first packet's sender: were that the lie, the truth behind it would be lost with it.
            truth.SendTo("first"u8, target);
            Assert.Equal("first", System.Text.Encoding.UTF8.GetString(buffer, 0, to.Receive(buffer)));
            lie.SendTo("lie"u8, target);
            truth.SendTo("truth"u8, target);
            Assert.Equal("truth", System.Text.Encoding.UTF8.GetString(buffer, 0, to.Receive(buffer)));
        }

        static System.Net.Sockets.Socket Bound(IpAddr address)
        {
            var endpoint = new IPEndPoint(address.ToIPAddress(), 0);
            var socket = new System.Net.Sockets.Socket(endpoint.AddressFamily, System.Net.Sockets.SocketType.Dgram, System.Net.Sockets.ProtocolType.Udp);
            socket.Bind(endpoint);
            return socket;
        }
    }

    [Fact]
    public async Task An_address_of_the_nodes_range_that_no_pod_has_is_unreachable_at_once()
    {
        var (one, two) = (await _fabric.StartNodeAsync(1), await _fabric.StartNodeAsync(2));
        using var bridge = RouteSocket.Open(_fabric.Bridge.Namespace);
        using var route = two.Route();

        // The way out leads to somebody who answers for every address: without an end in the node the connection would be his.
        var outside = IpAddr.Parse("172.30.0.1");
        bridge.SetUp("lo");
        bridge.AddAddress(new LinkAddress { Link = bridge.GetLink("br0").Index, Address = outside, Prefix = 24 });
        bridge.AddRoute(new IpRoute { Destination = IpNet.Parse("10.244.2.0/24"), Kind = RouteKind.Local, Link = bridge.GetLink("lo").Index });
        bridge.AddRoute(new IpRoute { Destination = IpNet.Parse("10.244.1.0/24"), Gateway = CniFabric.Row(1).InternalIPs[0] });
        route.AddRoute(new IpRoute { Destination = IpNet.Parse("0.0.0.0/0"), Gateway = outside });
        using var listener = _fabric.Bridge.Run(() => new System.Net.Sockets.TcpListener(IPAddress.Any, 80));
        _fabric.Bridge.Run(listener.Start);
        using var pod = await one.PlugAsync("a");
        using var socket = pod.Netns.Run(() => new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp));
        var error = await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(
            async () => await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse("10.244.2.200"), 80), Deadline.Token()));
        Assert.Equal(System.Net.Sockets.SocketError.HostUnreachable, error.SocketErrorCode);
    }

    [Fact]
    public async Task Host_ports_lead_to_the_pod_from_outside_from_the_node_and_from_the_pod_itself()
    {
        var (one, two) = (await _fabric.StartNodeAsync(1), await _fabric.StartNodeAsync(2));
        using var pod = await one.PlugAsync("web", CniPluginTests.Ports(80, 8080));
        using var client = await two.PlugAsync("client");
        for (var i = 0; i < 2; i++)
        {
            var target = CniFabric.Row(1).InternalIPs[i];
            Assert.Equal(CniFabric.Row(2).InternalIPs[i], Traffic.Connect(two.Netns, pod.Netns, target, 80, 8080));
            Assert.Equal(client.IPs[i], Traffic.Connect(client.Netns, pod.Netns, target, 80, 8080));
            Traffic.Connect(one.Netns, pod.Netns, target, 80, 8080);
            Traffic.Connect(pod.Netns, pod.Netns, target, 80, 8080);
        }

        Traffic.Connect(one.Netns, pod.Netns, IpAddr.Parse("127.0.0.1"), 80, 8080);
        using var other = new CniPod("other");
        var (exit, output) = await one.CallAsync("ADD", "other", other.Netns.Path, CniPluginTests.Ports(80, 80));
        Assert.Equal(1, exit);
        Assert.Contains("taken by pod default/web", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_cannot_reach_the_nodes_loopback()
    {
        var node = await _fabric.StartNodeAsync(1);
        using var pod = await node.PlugAsync("web", CniPluginTests.Ports(80, 8080));
        using var loopback = Traffic.Datagrams(node.Netns, IpFamily.V4, 5353);
        using (var inside = RouteSocket.Open(pod.Netns.Namespace))
        {
            Tool.RunIn(pod.Netns, "ip", "route", "del", "local", "127.0.0.0/8", "table", "local");
            Tool.RunIn(pod.Netns, "ip", "route", "del", "local", "127.0.0.1", "table", "local");
            pod.Netns.Run(() => Sysctl.Write("net/ipv4/conf/all/route_localnet", "1"));
            inside.AddRoute(new IpRoute
            {
                Destination = IpNet.Parse("127.0.0.0/8"),
                Gateway = IpAddr.Parse("169.254.1.1"),
                Link = inside.GetLink("eth0").Index,
                OnLink = true,
                PreferredSource = pod.IPs[0],
            });
        }

        using var from = Traffic.Datagrams(pod.Netns, IpFamily.V4);
        from.SendTo("attack"u8, new IPEndPoint(IPAddress.Loopback, 5353));
        from.SendTo("plain"u8, new IPEndPoint(CniFabric.Row(1).InternalIPs[0].ToIPAddress(), 5353));
        var buffer = new byte[10];
        Assert.Equal("plain", System.Text.Encoding.UTF8.GetString(buffer, 0, loopback.Receive(buffer)));
    }

    [Fact]
    public async Task Pods_leave_the_cluster_with_the_nodes_address_only_where_the_node_is_told_so()
    {
        var (masquerades, plain) = (await _fabric.StartNodeAsync(1, masquerade: true), await _fabric.StartNodeAsync(2));
        using var a = await masquerades.PlugAsync("a");
        using var b = await plain.PlugAsync("b");
        var outside = IpAddr.Parse("172.30.0.1");
        using (var bridge = RouteSocket.Open(_fabric.Bridge.Namespace))
        {
            var link = bridge.GetLink("br0").Index;
            bridge.AddAddress(new LinkAddress { Link = link, Address = outside, Prefix = 24 });
            bridge.ReplaceRoute(new IpRoute { Destination = CniFabric.Row(2).PodCIDRs[0], Gateway = CniFabric.Row(2).InternalIPs[0] });
        }

        Assert.Equal(CniFabric.Row(1).InternalIPs[0], Traffic.Connect(a.Netns, _fabric.Bridge, outside));
        Assert.Equal(b.IPs[0], Traffic.Connect(b.Netns, _fabric.Bridge, outside));
        Assert.Equal(a.IPs[0], Traffic.Connect(a.Netns, b.Netns, b.IPs[0]));
        Assert.Equal(a.IPs[0], Traffic.Connect(a.Netns, plain.Netns, CniFabric.Row(2).InternalIPs[0]));
    }

    [Fact]
    public async Task A_restart_keeps_connections_and_table_and_repairs_what_is_broken()
    {
        var node = await _fabric.StartNodeAsync(1);
        using var a = await node.PlugAsync("a");
        using var b = await node.PlugAsync("b", CniPluginTests.Ports(80, 8080));
        var handles = Tool.RunIn(node.Netns, "nft", "-a", "list", "table", "inet", "fairlead-pods");
        await node.StopAsync();
        Assert.Equal(a.IPs[0], Traffic.Connect(a.Netns, b.Netns, b.IPs[0]));
        using (var route = node.Route())
        {
            route.DeleteLink(a.HostInterface);
            route.DeleteRoute(route.Routes(IpFamily.V4).Find(one => one.Destination == IpNet.Single(b.IPs[0]))!);
        }

        await node.StartAgainAsync();
        Assert.Equal(handles, Tool.RunIn(node.Netns, "nft", "-a", "list", "table", "inet", "fairlead-pods"));
        Assert.Equal(["a/eth0", "b/eth0"], node.Tables.Attachments.Snapshot().Keys.Order());
        Assert.Equal(a.IPs[0], Traffic.Connect(a.Netns, b.Netns, b.IPs[0]));
        Assert.Equal(b.IPs[1], Traffic.Connect(b.Netns, a.Netns, a.IPs[1]));
        using var c = await node.PlugAsync("c");
        Assert.DoesNotContain(c.IPs[0], new[] { a.IPs[0], b.IPs[0] });
    }

    [Fact]
    public async Task A_torn_book_of_addresses_stops_the_node_only_while_pods_are_plugged_and_cleaning_up_is_the_way_out()
    {
        var node = await _fabric.StartNodeAsync(1);
        var book = Path.Combine(node.Options.StateDirectory, "attachments.json");
        using var a = await node.PlugAsync("a");
        await node.StopAsync();
        await File.WriteAllTextAsync(book, "");
        Assert.Contains(book, (await Assert.ThrowsAsync<InvalidDataException>(node.StartAgainAsync)).Message, StringComparison.Ordinal);
        await CniRoom.CleanUpAsync(node.Options, node.Nft, default);
        await node.StartAgainAsync();
        using var b = await node.PlugAsync("b");
        await node.StopAsync();

        // As after a loss of power: the file is torn, and no link is there.
        await File.WriteAllTextAsync(book, "{");
        using (var route = node.Route())
        {
            route.DeleteLink(b.HostInterface);
        }

        await node.StartAgainAsync();
        Assert.Empty(node.Tables.Attachments.Snapshot());
        using var c = await node.PlugAsync("c");
        using var d = await node.PlugAsync("d");
        Assert.Equal(c.IPs[0], Traffic.Connect(c.Netns, d.Netns, d.IPs[0]));
    }

    [Fact]
    public async Task Routes_follow_the_nodes_and_those_of_others_are_left_alone()
    {
        var node = await _fabric.StartNodeAsync(1);
        using var route = node.Route();
        var foreign = new IpRoute { Destination = IpNet.Parse("10.250.0.0/16"), Gateway = IpAddr.Parse("172.30.0.99"), Link = route.GetLink("eth0").Index };
        route.AddRoute(foreign);
        using var monitor = node.Netns.Run(RouteMonitor.Open);
        var changes = monitor.ReadAsync(Deadline.Token()).GetAsyncEnumerator();
        var row = CniFabric.Row(7);
        _fabric.Cluster.Nodes.Upsert("n7", row);
        await Until(change => !change.Removed && change.Route?.Destination == row.PodCIDRs[1]);
        Assert.Contains(route.Routes(IpFamily.V4, 76), one => one.Destination == row.PodCIDRs[0] && one.Gateway == row.InternalIPs[0]);
        _fabric.Cluster.Nodes.Upsert("n7", row with { InternalIPs = [IpAddr.Parse("172.30.0.77"), row.InternalIPs[1]] });
        await Until(change => !change.Removed && change.Route?.Gateway == IpAddr.Parse("172.30.0.77"));
        Assert.Single(route.Routes(IpFamily.V4, 76), one => one.Destination == row.PodCIDRs[0]);
        _fabric.Cluster.Nodes.Delete("n7");
        await Until(change => change.Removed && change.Route?.Destination == row.PodCIDRs[1]);
        Assert.DoesNotContain(route.Routes(IpFamily.V4), one => one.Destination == row.PodCIDRs[0]);
        Assert.Contains(foreign, route.Routes(IpFamily.V4));
        await changes.DisposeAsync();

        async Task Until(Func<RouteEvent, bool> condition)
        {
            while (await changes.MoveNextAsync())
            {
                if (condition(changes.Current))
                {
                    return;
                }
            }
        }
    }

    [Fact]
    public async Task What_others_take_of_the_pods_table_and_routes_comes_back_at_once()
    {
        var time = new FakeTimeProvider();
        var (node, other) = (await _fabric.StartNodeAsync(1, masquerade: true, time: time), await _fabric.StartNodeAsync(2));
        using var a = await node.PlugAsync("a");
        using var b = await other.PlugAsync("b");
        var before = Tool.RunIn(node.Netns, "nft", "list", "ruleset");
        Tool.RunIn(node.Netns, "nft", "flush", "ruleset");
        await UntilAsync(time, () => Tool.RunIn(node.Netns, "nft", "list", "ruleset") == before);
        Tool.RunIn(node.Netns, "nft", "add", "element", "inet", "fairlead-pods", "addresses-4", $"{{ \"{a.HostInterface}\" . 1.2.3.4 }}");
        await UntilAsync(time, () => Tool.RunIn(node.Netns, "nft", "list", "ruleset") == before);
        var routes = Tool.RunIn(node.Netns, "ip", "route");
        foreach (var route in new[] { $"{a.IPs[0]}", "10.244.2.0/24", "unreachable 10.244.1.0/24" })
        {
            Tool.RunIn(node.Netns, "ip", ["route", "del", .. route.Split(' ')]);
            await UntilAsync(time, () => Tool.RunIn(node.Netns, "ip", "route") == routes);
        }

        Tool.RunIn(node.Netns, "ip", "link", "set", a.HostInterface, "down");
        await UntilAsync(time, () => Tool.RunIn(node.Netns, "ip", "route") == routes);
        Assert.Equal(a.IPs[0], Traffic.Connect(a.Netns, b.Netns, b.IPs[0]));
    }

    /// <summary>Waits in the time that is played, and so little of it that nobody looks without a reason: that is after half a minute.</summary>
    private static async Task UntilAsync(FakeTimeProvider time, Func<bool> condition)
    {
        for (var looks = 0; !condition(); looks++)
        {
            Assert.InRange(looks, 0, 1000);
            time.Advance(TimeSpan.FromMilliseconds(20));
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }
}
