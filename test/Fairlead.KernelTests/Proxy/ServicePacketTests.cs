using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Fairlead.Cluster.Model;
using Fairlead.Cni.Datapath;
using Fairlead.Cni.Ipam;
using Fairlead.Linux.Addresses;
using Fairlead.Proxy.Inspection;
using Fairlead.Testing;
using Fairlead.Testing.Nftables;

namespace Fairlead.KernelTests.Proxy;

/// <summary>What packets of every kind meet on their way through a Service: large ones, late ones, those of other protocols, those to addresses of several owners.</summary>
public sealed partial class ServicePacketTests : IAsyncLifetime
{
    private const int EthernetHeader = 14;

    private static readonly IpAddr NodeAddress6 = IpAddr.Parse("fd00:30::11");

    private readonly ServiceLab _lab = new();

    public async ValueTask InitializeAsync() => await _lab.StartAsync();

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    [Fact]
    public async Task Large_payloads_pass_whole_by_TCP_and_as_fragments_by_UDP()
    {
        _lab.Echo(_lab.P2);
        await _lab.EndpointsAsync("10.244.0.6", "fd00:244::6");
        await _lab.ServeAsync(service => service with { Type = ServiceType.NodePort });
        foreach (var (from, address, tcp, udp) in new[]
        {
            (_lab.P1, ServiceLab.Vip, 80, 53), (_lab.P1, ServiceLab.Vip6, 80, 53), (_lab.Outside, ServiceLab.NodeAddress, 30080, 30053),
            (_lab.Outside, NodeAddress6, 30080, 30053),
        })
        {
            using var stream = await ServiceLab.ConnectAsync(from, address, tcp);
            var data = RandomNumberGenerator.GetBytes(4_000_000);
            Assert.Equal(data, await ServiceLab.ExchangeAsync(stream, data));
            using var datagrams = ServiceLab.Datagrams(from, address, udp);
            foreach (var size in new[] { 1_473, 9_000, 60_000 })
            {
                Assert.Equal(size, await EchoedAsync(datagrams, size));
            }
        }
    }

    /// <summary>The router's word that a packet was too big names the endpoint; the client must understand it as said of the Service.</summary>
    [Fact]
    public async Task A_narrower_link_behind_the_service_is_told_to_the_client()
    {
        _lab.Echo(_lab.Far);
        Tool.RunIn(_lab.Node, "ip", "link", "set", "eth1", "mtu", "1300");
        Tool.RunIn(_lab.Far, "ip", "link", "set", "eth0", "mtu", "1300");
        await _lab.EndpointsAsync("10.244.1.7", "fd00:244:0:1::7");
        await _lab.ServeAsync();
        foreach (var vip in new[] { ServiceLab.Vip, ServiceLab.Vip6 })
        {
            using var datagrams = ServiceLab.Datagrams(_lab.P1, vip, 53);
            Assert.Equal(1_400, await EchoedAsync(datagrams, 1_400));
            using var stream = await ServiceLab.ConnectAsync(_lab.P1, vip, 80);
            var data = RandomNumberGenerator.GetBytes(300_000);
            Assert.Equal(data, await ServiceLab.ExchangeAsync(stream, data));
        }
    }

    [Fact]
    public async Task A_segment_out_of_the_window_does_not_reach_the_client_untranslated()
    {
        _lab.Echo(_lab.P2);
        await _lab.EndpointsAsync("10.244.0.6");
        await _lab.ServeAsync();
        using var seen = Frames(_lab.P2);
        using var stream = await ServiceLab.ConnectAsync(_lab.P1, ServiceLab.Vip, 80);
        Assert.Equal("one"u8.ToArray(), await ServiceLab.ExchangeAsync(stream, "one"u8.ToArray()));
        var frame = new byte[2_000];
        do
        {
            await seen.ReceiveAsync(frame, Deadline.Token());
        }
        while (!Segments.IsData(frame.AsSpan(EthernetHeader)));
        using var raw = _lab.P2.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Tcp));
        raw.SendTo(Segments.FarAheadInAnswerTo(frame.AsSpan(EthernetHeader)), new IPEndPoint(IPAddress.Parse("10.244.0.5"), 0));
        await UntilAsync(() => Dropped().IsMatch(NftTool.Run(_lab.Node, "list chain inet fairlead-proxy forward")));
        Assert.Equal("two"u8.ToArray(), await ServiceLab.ExchangeAsync(stream, "two"u8.ToArray()));
    }

    /// <summary>This kernel may have no SCTP sockets; conntrack and NAT know the protocol all the same, its checksum among it.</summary>
    [Fact]
    public async Task SCTP_is_led_to_an_endpoint_and_refused_without_one()
    {
        await _lab.ServeAsync(service => service with { Ports = [new ServicePort("sctp", IpProtocol.Sctp, 9999, 0, "", "")] });
        using var client = _lab.P1.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Raw));
        using var server = Frames(_lab.P2);
        using var errors = _lab.P1.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Icmp));
        var vip = new IPEndPoint(ServiceLab.Vip.ToIPAddress(), 0);
        var (pod, init) = (IpAddr.Parse("10.244.0.5"), Segments.SctpInit(4000, 9999));
        client.SendTo(Segments.Ip(pod, ServiceLab.Vip, IpProtocol.Sctp, init), vip);
        var packet = new byte[256];
        await errors.ReceiveAsync(packet, Deadline.Token());
        Assert.Equal((3, 3), (packet[20], packet[21]));

        _lab.Tables.EndpointSlices.Upsert(ServiceLab.Web, new EndpointSliceRow
        {
            Key = ServiceLab.Web,
            Service = ServiceLab.Web,
            Ports = [new EndpointPort("sctp", IpProtocol.Sctp, 7777)],
            Endpoints = [new SliceEndpoint { Address = IpAddr.Parse("10.244.0.6"), NodeName = "n1" }],
        });
        await _lab.Room.WaitUntilCommittedAsync(Deadline.Token());
        Assert.Matches(@"10\.96\.0\.20 \. sctp \. 9999 \. \S+ : 10\.244\.0\.6 \. 7777", NftTool.Run(_lab.Node, "list map inet fairlead-proxy endpoints4"));
        client.SendTo(Segments.Ip(pod, ServiceLab.Vip, IpProtocol.Sctp, init), vip);
        var length = await server.ReceiveAsync(packet, Deadline.Token());
        var received = packet[EthernetHeader..length];
        Assert.Equal(Segments.SctpInit(4000, 7777), received[20..]);
        Assert.Equal("10.244.0.5 to 10.244.0.6", $"{new IPAddress(received[12..16])} to {new IPAddress(received[16..20])}");
    }

    [Fact]
    public async Task An_endpoint_in_the_hosts_network_is_reached_from_everywhere()
    {
        _lab.Listen(_lab.Node, "host");
        await _lab.EndpointsAsync("172.30.0.11", "fd00:30::11");
        await _lab.ServeAsync(service => service with { Type = ServiceType.NodePort });
        foreach (var (vip, pod, node) in new[] { (ServiceLab.Vip, "10.244.0.5", ServiceLab.NodeAddress), (ServiceLab.Vip6, "fd00:244::5", NodeAddress6) })
        {
            Assert.Equal($"host sees {pod}", await ServiceLab.AskAsync(_lab.P1, vip, 80));
            Assert.Equal($"host sees {node}", await ServiceLab.AskAsync(_lab.Node, vip, 80));
            Assert.StartsWith("host sees", await ServiceLab.AskAsync(_lab.Outside, node, 30080), StringComparison.Ordinal);
        }

        await _lab.ServeAsync(service => service with { Type = ServiceType.NodePort, ExternalLocal = true, InternalLocal = true });
        Assert.Equal("host sees 172.30.0.1", await ServiceLab.AskAsync(_lab.Outside, ServiceLab.NodeAddress, 30080));
        Assert.Equal("host sees 10.244.0.5", await ServiceLab.AskAsync(_lab.P1, ServiceLab.Vip, 80));
    }

    [Fact]
    public async Task Local_policy_inside_uses_this_nodes_endpoints_and_drops_without_one()
    {
        _lab.Listen(_lab.P2, "p2");
        _lab.Listen(_lab.Far, "far");
        await _lab.EndpointsAsync("10.244.0.6", "10.244.1.7");
        await _lab.ServeAsync(service => service with { InternalLocal = true });
        Assert.Equal(["p2 sees 10.244.0.5"], await ServiceLab.AskManyAsync(_lab.P1, ServiceLab.Vip, 80, 20));
        Assert.Single(await ServiceLab.AskManyAsync(_lab.Node, ServiceLab.Vip, 80, 20));
        await _lab.EndpointsAsync("10.244.1.7");
        var unanswered = ServiceLab.AskAsync(_lab.P1, ServiceLab.Vip, 80);
        await UntilAsync(() => DroppedUnserved().IsMatch(NftTool.Run(_lab.Node, "list chain inet fairlead-proxy inside")));
        Assert.False(unanswered.IsCompleted);
    }

    /// <summary>Nobody outside has the address: who answers, answers for the node that was asked.</summary>
    [Fact]
    public async Task A_balancer_address_is_answered_on_the_node_whatever_the_policy()
    {
        _lab.Listen(_lab.P2, "p2");
        _lab.Listen(_lab.Far, "far");
        await _lab.EndpointsAsync("10.244.1.7");
        await _lab.ServeAsync(service => service with
        {
            Type = ServiceType.LoadBalancer,
            LoadBalancerIPs = [ServiceLab.BalancerAddress],
            ExternalLocal = true,
            SourceRanges = [IpNet.Parse("10.244.0.5/32"), IpNet.Parse("172.30.0.11/32")],
        });
        var inspection = await _lab.Room.InspectAsync(_lab.Nft, new InspectionQuery(), Deadline.Token());
        Assert.Equal(InspectedState.InStep, Assert.Single(inspection.Services).State);
        Assert.Equal("far sees 10.244.0.5", await ServiceLab.AskAsync(_lab.P1, ServiceLab.BalancerAddress, 80));
        Assert.StartsWith("far sees", await ServiceLab.AskAsync(_lab.Node, ServiceLab.BalancerAddress, 80), StringComparison.Ordinal);
        Assert.Equal("ConnectionRefused", await ServiceLab.AskAsync(_lab.P1, ServiceLab.BalancerAddress, 81));

        // Where the node holds the address too, that is the source of what it sends there.
        Tool.RunIn(_lab.Node, "ip", "addr", "add", "172.30.255.1/32", "dev", "lo");
        Tool.RunIn(_lab.Far, "ip", "route", "add", "172.30.255.1", "via", "169.254.1.1");
        Assert.Equal("far sees 172.30.255.1", await ServiceLab.AskAsync(_lab.Node, ServiceLab.BalancerAddress, 80));
    }

    [Fact]
    public async Task A_source_range_of_everybody_lets_everybody_in_and_one_of_nobody_here_nobody()
    {
        _lab.Listen(_lab.P2, "p2");
        await _lab.EndpointsAsync("10.244.0.6", "fd00:244::6");
        Tool.RunIn(_lab.Outside, "ip", "route", "add", "172.30.255.1", "via", "172.30.0.11");
        Tool.RunIn(_lab.Outside, "ip", "route", "add", "fd00:31::1", "via", "fd00:30::11");
        IpAddr[] balancer = [ServiceLab.BalancerAddress, IpAddr.Parse("fd00:31::1")];
        await ServeToAsync("0.0.0.0/0", "192.0.2.0/24", "::/0");
        foreach (var address in balancer)
        {
            Assert.StartsWith("p2", await ServiceLab.AskAsync(_lab.Outside, address, 80), StringComparison.Ordinal);
            Assert.StartsWith("p2", await ServiceLab.AskAsync(_lab.P1, address, 80), StringComparison.Ordinal);
        }

        await ServeToAsync("192.0.2.0/24", "2001:db8::/32");
        foreach (var (address, family) in balancer.Zip(["4", "6"]))
        {
            var unanswered = ServiceLab.AskAsync(_lab.Outside, address, 80);
            await UntilAsync(() => NftTool.Run(_lab.Node, "list chain inet fairlead-proxy firewall").Split('\n').Any(line =>
                line.Contains($"@restricted{family}", StringComparison.Ordinal) && Dropped().IsMatch(line)));
            Assert.False(unanswered.IsCompleted);
        }

        Task ServeToAsync(params string[] ranges) => _lab.ServeAsync(service => service with
        {
            Type = ServiceType.LoadBalancer,
            LoadBalancerIPs = [.. balancer],
            SourceRanges = [.. ranges.Select(IpNet.Parse)],
        });
    }

    [Fact]
    public async Task A_node_port_is_served_at_the_nodes_addresses_and_not_at_its_loopback()
    {
        _lab.Listen(_lab.P2, "p2");
        await _lab.EndpointsAsync("10.244.0.6", "fd00:244::6");
        await _lab.ServeAsync(service => service with { Type = ServiceType.NodePort });
        Assert.StartsWith("p2", await ServiceLab.AskAsync(_lab.Node, ServiceLab.NodeAddress, 30080), StringComparison.Ordinal);
        Assert.StartsWith("p2", await ServiceLab.AskAsync(_lab.Node, NodeAddress6, 30080), StringComparison.Ordinal);
        Assert.Equal("ConnectionRefused", await ServiceLab.AskAsync(_lab.Node, IpAddr.Parse("127.0.0.1"), 30080));
        Assert.Equal("ConnectionRefused", await ServiceLab.AskAsync(_lab.Node, IpAddr.Parse("::1"), 30080));
    }

    [Fact]
    public async Task A_pods_host_port_takes_no_traffic_of_a_node_port_not_even_without_endpoints()
    {
        _lab.Listen(_lab.P1, "service");
        _lab.Listen(_lab.P2, "host port");
        var pod = new Attachment(
            new AttachmentRow
            {
                ContainerId = "c",
                IfName = "eth0",
                Pod = new ObjectKey("shop", "p2"),
                NetnsPath = _lab.P2.Path,
                HostInterface = "fl2",
                IPs = [IpAddr.Parse("10.244.0.6"), IpAddr.Parse("fd00:244::6")],
            },
            [new PortMapping(default, IpProtocol.Tcp, 30080, 8080), new PortMapping(default, IpProtocol.Tcp, 9000, 8080)]);
        await _lab.Nft.CommitAsync(PodTable.Replace([pod], MasqueradePlan.None), default);
        await _lab.ServeAsync(service => service with { Type = ServiceType.NodePort });
        foreach (var address in new[] { ServiceLab.NodeAddress, NodeAddress6 })
        {
            foreach (var from in new[] { _lab.Outside, _lab.Node, _lab.Far })
            {
                Assert.StartsWith("host port", await ServiceLab.AskAsync(from, address, 9000), StringComparison.Ordinal);
                Assert.Equal("ConnectionRefused", await ServiceLab.AskAsync(from, address, 30080));
            }
        }

        await _lab.EndpointsAsync("10.244.0.5", "fd00:244::5");
        Assert.StartsWith("service", await ServiceLab.AskAsync(_lab.Outside, ServiceLab.NodeAddress, 30080), StringComparison.Ordinal);
        Assert.StartsWith("service", await ServiceLab.AskAsync(_lab.Node, NodeAddress6, 30080), StringComparison.Ordinal);

        // With the Service gone the port is free, and the pod's.
        _lab.Tables.Services.Delete(ServiceLab.Web);
        await _lab.Room.WaitUntilCommittedAsync(Deadline.Token());
        Assert.StartsWith("host port", await ServiceLab.AskAsync(_lab.Outside, ServiceLab.NodeAddress, 30080), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_external_address_is_served_only_where_the_node_is_told_so()
    {
        _lab.Listen(_lab.P2, "p2");
        _lab.Listen(_lab.Outside, "its owner");
        Tool.RunIn(_lab.Outside, "ip", "addr", "add", "192.0.2.1/32", "dev", "lo");
        await _lab.EndpointsAsync("10.244.0.6");
        await _lab.ServeAsync(service => service with { Ports = [service.Ports[0] with { Port = 8080 }], ExternalIPs = [IpAddr.Parse("192.0.2.1")] });
        Assert.StartsWith("its owner", await ServiceLab.AskAsync(_lab.P1, IpAddr.Parse("192.0.2.1"), 8080), StringComparison.Ordinal);
        _lab.Options = _lab.Options with { ExternalIPRanges = [IpNet.Parse("192.0.2.0/24")] };
        await _lab.StartAsync();
        Assert.Equal("p2 sees 10.244.0.5", await ServiceLab.AskAsync(_lab.P1, IpAddr.Parse("192.0.2.1"), 8080));
        Tool.RunIn(_lab.Outside, "ip", "addr", "del", "192.0.2.1/32", "dev", "lo");
        Tool.RunIn(_lab.Outside, "ip", "route", "add", "192.0.2.1", "via", "172.30.0.11");
        Assert.StartsWith("p2", await ServiceLab.AskAsync(_lab.Outside, IpAddr.Parse("192.0.2.1"), 8080), StringComparison.Ordinal);
        await _lab.EndpointsAsync();
        Assert.Equal("ConnectionRefused", await ServiceLab.AskAsync(_lab.Outside, IpAddr.Parse("192.0.2.1"), 8080));
    }

    [Fact]
    public async Task A_cluster_address_answers_from_outside_where_the_node_is_told_so()
    {
        _lab.Listen(_lab.P2, "p2");
        _lab.Options = _lab.Options with { ClusterIpFromOutside = true };
        await _lab.StartAsync();
        await _lab.EndpointsAsync("10.244.0.6");
        await _lab.ServeAsync();
        var answer = await ServiceLab.AskAsync(_lab.Outside, ServiceLab.Vip, 80);
        Assert.StartsWith("p2 sees", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("172.30.0.1", answer.Split(' '));
        Assert.Equal("p2 sees 10.244.0.5", await ServiceLab.AskAsync(_lab.P1, ServiceLab.Vip, 80));
        await _lab.EndpointsAsync();
        Assert.Equal("ConnectionRefused", await ServiceLab.AskAsync(_lab.Outside, ServiceLab.Vip, 80));
    }

    [Fact]
    public async Task A_client_is_forgotten_when_its_time_is_over()
    {
        _lab.Listen(_lab.P1, "p1");
        _lab.Listen(_lab.P2, "p2");
        _lab.Listen(_lab.Far, "far");
        await _lab.EndpointsAsync("10.244.0.5", "10.244.0.6", "10.244.1.7");
        await _lab.ServeAsync(service => service with { AffinitySeconds = 1 });
        var first = await ServiceLab.AskAsync(_lab.Node, ServiceLab.Vip, 80);
        var deadline = Deadline.Token();
        string next;
        do
        {
            deadline.ThrowIfCancellationRequested();
            await UntilAsync(() => !NftTool.Run(_lab.Node, "list map inet fairlead-proxy sticky-clients4").Contains("elements", StringComparison.Ordinal));
            next = await ServiceLab.AskAsync(_lab.Node, ServiceLab.Vip, 80);
        }
        while (next == first);
    }

    /// <summary>Every IPv4 packet that comes to a namespace, with its Ethernet header.</summary>
    private static Socket Frames(TestNetns netns) =>
        netns.Run(() => new Socket(AddressFamily.Packet, SocketType.Raw, (ProtocolType)IPAddress.HostToNetworkOrder((short)0x0800)));

    private static async Task<int> EchoedAsync(Socket datagrams, int size)
    {
        var (data, back) = (RandomNumberGenerator.GetBytes(size), new byte[65_536]);
        var deadline = Deadline.Token();
        while (true)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(deadline);
            patience.CancelAfter(TimeSpan.FromSeconds(1));
            try
            {
                await datagrams.SendAsync(data, deadline);
                var length = await datagrams.ReceiveAsync(back, patience.Token);
                if (back.AsSpan(0, length).SequenceEqual(data))
                {
                    return length;
                }
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.MessageSize)
            {
                // The kernel now knows how narrow the way is; the next is cut to fit.
            }
            catch (OperationCanceledException) when (!deadline.IsCancellationRequested)
            {
                // Datagrams may be lost; ask again.
            }
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        var deadline = Deadline.Token();
        while (!condition())
        {
            deadline.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [GeneratedRegex(@"counter packets [1-9]\d* bytes \d+ drop")]
    private static partial Regex Dropped();

    [GeneratedRegex(@"@unserved4 counter packets [1-9]\d* bytes \d+ drop")]
    private static partial Regex DroppedUnserved();
}
