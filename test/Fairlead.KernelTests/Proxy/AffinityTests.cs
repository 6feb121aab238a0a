using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;
using Fairlead.Proxy.Nftables;
using Fairlead.Testing;
using Fairlead.Testing.Nftables;

namespace Fairlead.KernelTests.Proxy;

/// <summary>A client stays with its endpoint by Service port, whichever of the port's frontends it asks (features.md §1.2, row 50).</summary>
public sealed class AffinityTests : IAsyncLifetime
{
    private static readonly string[] All = ["10.244.0.5", "10.244.0.6", "10.244.1.7", "fd00:244::5", "fd00:244::6", "fd00:244:0:1::7"];
    private static readonly IpAddr Balancer6 = IpAddr.Parse("fd00:31::1");
    private static readonly IpAddr Node6 = IpAddr.Parse("fd00:30::11");
    private readonly ServiceLab _lab = new();

    public async ValueTask InitializeAsync()
    {
        await _lab.StartAsync();
        _lab.Listen(_lab.P1, "p1");
        _lab.Listen(_lab.P2, "p2");
        _lab.Listen(_lab.Far, "far");
        Tool.RunIn(_lab.Outside, "ip", "route", "add", "172.30.255.1", "via", "172.30.0.11");
        Tool.RunIn(_lab.Outside, "ip", "route", "add", "fd00:31::1", "via", "fd00:30::11");
        await _lab.EndpointsAsync(All);
    }

    public async ValueTask DisposeAsync() => await _lab.DisposeAsync();

    [Fact]
    public async Task A_client_has_one_endpoint_at_every_frontend_of_a_Service_port()
    {
        await ServeAsync(100);
        foreach (var (vip, balancer, node) in new[] { (ServiceLab.Vip, ServiceLab.BalancerAddress, ServiceLab.NodeAddress), (ServiceLab.Vip6, Balancer6, Node6) })
        {
            // Three of each, lest one of three endpoints be hit by chance.
            for (var round = 0; round < 5; round++)
            {
                Forget();
                Assert.Single(await NamesAsync(_lab.Node, (vip, 80), (node, 30080), (balancer, 80), (vip, 80)));
                Assert.Single(await NamesAsync(_lab.P1, (node, 30080), (vip, 80), (balancer, 80)));
                Assert.Single(await NamesAsync(_lab.Outside, (balancer, 80), (node, 30080), (balancer, 80)));
                Assert.Single(await DatagramNamesAsync(_lab.Node, (vip, 53), (node, 30053), (balancer, 53)));
            }
        }

        // What the table says nft can say, all of it but what nft 1.0.6 cannot read back in any form: an update of an IPv6 map.
        Assert.Contains("ip6 daddr set ip6 daddr . meta l4proto . th dport map @sticky-groups6", NftTool.Run(_lab.Node, "list ruleset"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_ports_of_a_Service_are_two_choices()
    {
        await ServeAsync(100);
        var groups = NftTool.Run(_lab.Node, "list map inet fairlead-proxy sticky-groups4").Split('\n')
            .Where(line => line.Contains(" : 24", StringComparison.Ordinal)).Select(line => line.Split(" : ")[1].TrimEnd(',', ' ', '}')).ToList();
        Assert.Equal((6, 2), (groups.Count, groups.Distinct().Count()));
    }

    [Fact]
    public async Task An_endpoint_that_goes_is_left_at_every_frontend_at_once()
    {
        await ServeAsync(100);
        foreach (var (vip, node) in new[] { (ServiceLab.Vip, ServiceLab.NodeAddress), (ServiceLab.Vip6, Node6) })
        {
            await _lab.EndpointsAsync(All);
            var first = Assert.Single(await NamesAsync(_lab.Node, (vip, 80), (node, 30080)));
            await _lab.EndpointsAsync([.. All.Where(address => !IsOf(address, first))]);
            var next = Assert.Single(await NamesAsync(_lab.Node, (node, 30080), (vip, 80)));
            Assert.NotEqual(first, next);
            await _lab.EndpointsAsync(All);
            Assert.Equal([next], await NamesAsync(_lab.Node, (vip, 80), (node, 30080)));
        }
    }

    /// <summary>From outside only this node's endpoints are taken: who has another one moves, and stays where it moved to.</summary>
    [Fact]
    public async Task Local_policy_takes_the_client_to_an_endpoint_of_the_node_for_good()
    {
        await ServeAsync(100, service => service with { ExternalLocal = true, InternalLocal = true });
        for (var round = 0; round < 5; round++)
        {
            Forget();
            _ = await NamesAsync(_lab.P1, (ServiceLab.NodeAddress, 30080));
            var local = Assert.Single(await NamesAsync(_lab.P1, (ServiceLab.Vip, 80)));
            Assert.NotEqual("far", local);
            Assert.Equal([local], await NamesAsync(_lab.P1, (ServiceLab.NodeAddress, 30080), (ServiceLab.Vip, 80)));
        }
    }

    [Fact]
    public async Task First_packets_at_two_frontends_at_one_instant_choose_one_endpoint()
    {
        await ServeAsync(100);
        for (var round = 0; round < 30; round++)
        {
            Forget();
            var answers = await Task.WhenAll(
                ServiceLab.AskAsync(_lab.Node, ServiceLab.Vip, 80), ServiceLab.AskAsync(_lab.Node, ServiceLab.NodeAddress, 30080));
            Assert.Single(answers.Select(answer => answer.Split(' ')[0]).Distinct());
        }
    }

    [Fact]
    public async Task A_restarted_agent_changes_nothing_of_it()
    {
        await ServeAsync(100);
        var first = Assert.Single(await NamesAsync(_lab.Node, (ServiceLab.Vip, 80)));
        var generation = await _lab.Nft.GenerationAsync(default);
        await _lab.StartAsync();
        Assert.Equal(generation, await _lab.Nft.GenerationAsync(default));
        Assert.Equal([first], await NamesAsync(_lab.Node, (ServiceLab.NodeAddress, 30080)));
    }

    /// <summary>The maps that earlier agents remembered clients in: by frontend, with ids from 0 on.</summary>
    [Fact]
    public async Task Clients_that_an_earlier_agent_remembered_stay_where_they_are()
    {
        await ServeAsync(100);
        foreach (var pod in new[] { "10.244.0.5", "10.244.0.6", "10.244.1.7" })
        {
            await _lab.StopRoomAsync();
            Forget();
            await AsFormerlyAsync(IpAddr.Parse(pod));
            await _lab.StartAsync();
            var name = Assert.Single(await NamesAsync(_lab.Node, (ServiceLab.Vip, 80), (ServiceLab.NodeAddress, 30080)));
            Assert.True(IsOf(pod, name), $"{name} is not {pod}");
            Assert.DoesNotContain("affinity4", NftTool.Run(_lab.Node, "list table inet fairlead-proxy"), StringComparison.Ordinal);
        }
    }

    private async Task AsFormerlyAsync(IpAddr pod)
    {
        var table = new Table("fairlead-proxy");
        var address = FieldType.IPv4Address;
        var former = new Map("affinity4", [address, address, FieldType.InetProtocol, FieldType.InetService], [FieldType.ClassId])
        {
            Flags = ContainerFlags.Dynamic | ContainerFlags.Timeout,
            Size = 100,
        };
        var schema = new ProxySchema(_lab.Options);
        var scope = schema.V4.Inside;
        var actual = (await _lab.Nft.ReadAsync("fairlead-proxy", Deadline.Token()))!;
        var tx = new Transaction(table).Add(former).Flush(scope.StickySlots).Flush(scope.StickyEndpoints);
        foreach (var frontend in new[] { (Vip: ServiceLab.Vip, Port: (ushort)80), (Vip: ServiceLab.NodeAddress, Port: (ushort)30080) })
        {
            var ends = new[] { "10.244.0.5", "10.244.0.6", "10.244.1.7" }.Select(IpAddr.Parse).ToList();
            for (var i = 0u; i < ends.Count; i++)
            {
                tx.Add(new Elements(scope.StickySlots, Element.Of(Datum.Of(frontend.Vip, IpProtocol.Tcp, frontend.Port, i), Datum.Of(i))));
                tx.Add(new Elements(scope.StickyEndpoints, Element.Of(Datum.Of(frontend.Vip, IpProtocol.Tcp, frontend.Port, i), Datum.Of(ends[(int)i], (ushort)8080))));
            }

            tx.Add(new Elements(former, Element.Of(
                Datum.Of(frontend.Vip == ServiceLab.Vip ? ServiceLab.NodeAddress : IpAddr.Parse("192.0.2.1"), frontend.Vip, IpProtocol.Tcp, frontend.Port),
                Datum.Of((uint)ends.IndexOf(pod))) with
            { Timeout = TimeSpan.FromSeconds(100) }));
        }

        Assert.NotEmpty(actual.Containers[scope.StickySlots.Name].Elements);
        await _lab.Nft.CommitAsync(tx, Deadline.Token());
    }

    private Task ServeAsync(int seconds, Func<ServiceRow, ServiceRow>? change = null) => _lab.ServeAsync(service =>
    {
        var row = service with { Type = ServiceType.LoadBalancer, AffinitySeconds = seconds, LoadBalancerIPs = [ServiceLab.BalancerAddress, Balancer6] };
        return change?.Invoke(row) ?? row;
    });

    private void Forget() => Tool.RunIn(_lab.Node, "nft", "flush map inet fairlead-proxy sticky-clients4; flush map inet fairlead-proxy sticky-clients6");

    private static bool IsOf(string address, string name) =>
        address.EndsWith(name switch { "p1" => "5", "p2" => "6", _ => "7" }, StringComparison.Ordinal);

    /// <summary>Who answered, each once, of three connections to each frontend in turn.</summary>
    private static async Task<string[]> NamesAsync(TestNetns from, params (IpAddr Address, int Port)[] frontends)
    {
        var names = new List<string>();
        foreach (var (address, port) in frontends)
        {
            for (var i = 0; i < 3; i++)
            {
                names.Add((await ServiceLab.AskAsync(from, address, port)).Split(' ')[0]);
            }
        }

        return [.. names.Distinct()];
    }

    private static async Task<string[]> DatagramNamesAsync(TestNetns from, params (IpAddr Address, int Port)[] frontends)
    {
        var names = new List<string>();
        foreach (var (address, port) in frontends)
        {
            for (var i = 0; i < 3; i++)
            {
                using var socket = ServiceLab.Datagrams(from, address, port);
                names.Add((await ServiceLab.AskAsync(socket)).Split(' ')[0]);
            }
        }

        return [.. names.Distinct()];
    }
}
