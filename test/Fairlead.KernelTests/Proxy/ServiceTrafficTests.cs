using System.Net.Sockets;
using System.Text.RegularExpressions;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Text;
using Fairlead.Proxy;
using Fairlead.Testing;
using Fairlead.Testing.Nftables;

namespace Fairlead.KernelTests.Proxy;

public sealed partial class ServiceTrafficTests : IAsyncLifetime
{
    private readonly ServiceLab _lab = new();

    public async ValueTask InitializeAsync()
    {
        _lab.Listen(_lab.P1, "p1");
        _lab.Listen(_lab.P2, "p2");
        _lab.Listen(_lab.Far, "far");
        await _lab.StartAsync();
    }

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    [Fact]
    public async Task A_cluster_address_leads_to_every_endpoint_and_keeps_the_clients_address()
    {
        await _lab.ServeAsync();
        await _lab.EndpointsAsync("10.244.0.6", "10.244.1.7", "fd00:244::6", "fd00:244:0:1::7");
        Assert.Equal(["far sees 10.244.0.5", "p2 sees 10.244.0.5"], await ServiceLab.AskManyAsync(_lab.P1, ServiceLab.Vip, 80, 40));
        Assert.Equal(["far sees fd00:244::5", "p2 sees fd00:244::5"], await ServiceLab.AskManyAsync(_lab.P1, ServiceLab.Vip6, 80, 40));
        using var v4 = ServiceLab.Datagrams(_lab.P1, ServiceLab.Vip, 53);
        using var v6 = ServiceLab.Datagrams(_lab.P1, ServiceLab.Vip6, 53);
        Assert.EndsWith(" sees 10.244.0.5", await ServiceLab.AskAsync(v4), StringComparison.Ordinal);
        Assert.EndsWith(" sees fd00:244::5", await ServiceLab.AskAsync(v6), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_node_reaches_services_too()
    {
        await _lab.ServeAsync(service => service with { Type = ServiceType.NodePort });
        await _lab.EndpointsAsync("10.244.0.6", "10.244.1.7");
        var answers = await ServiceLab.AskManyAsync(_lab.Node, ServiceLab.Vip, 80, 40);
        Assert.Equal(["far", "p2"], answers.Select(answer => answer.Split(' ')[0]).Distinct());
        answers = await ServiceLab.AskManyAsync(_lab.Node, ServiceLab.NodeAddress, 30080, 40);
        Assert.Equal(["far", "p2"], answers.Select(answer => answer.Split(' ')[0]).Distinct());
    }

    [Fact]
    public async Task A_pod_reaches_itself_through_its_service()
    {
        await _lab.ServeAsync();
        await _lab.EndpointsAsync("10.244.0.5", "fd00:244::5");
        var answer = await ServiceLab.AskAsync(_lab.P1, ServiceLab.Vip, 80);
        Assert.StartsWith("p1 sees ", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("10.244.0.5", answer, StringComparison.Ordinal);
        Assert.StartsWith("p1 sees ", await ServiceLab.AskAsync(_lab.P1, ServiceLab.Vip6, 80), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_endpoints_connections_are_refused_at_once()
    {
        await _lab.ServeAsync(service => service with { Type = ServiceType.LoadBalancer, LoadBalancerIPs = [ServiceLab.BalancerAddress] });
        Assert.Equal("ConnectionRefused", await ServiceLab.AskAsync(_lab.P1, ServiceLab.Vip, 80));
        Assert.Equal("ConnectionRefused", await ServiceLab.AskAsync(_lab.P1, ServiceLab.Vip6, 80));
        Assert.Equal("ConnectionRefused", await ServiceLab.AskAsync(_lab.Node, ServiceLab.Vip, 80));
        Assert.Equal("ConnectionRefused", await ServiceLab.AskAsync(_lab.Outside, ServiceLab.NodeAddress, 30080));
        Tool.RunIn(_lab.Outside, "ip", "route", "add", "172.30.255.1", "via", "172.30.0.11");
        Assert.Equal("ConnectionRefused", await ServiceLab.AskAsync(_lab.Outside, ServiceLab.BalancerAddress, 80));
        using var datagrams = ServiceLab.Datagrams(_lab.P1, ServiceLab.Vip, 53);
        Assert.Equal("ConnectionRefused", await ServiceLab.AskAsync(datagrams));
        using var datagrams6 = ServiceLab.Datagrams(_lab.Node, ServiceLab.Vip6, 53);
        Assert.Equal("ConnectionRefused", await ServiceLab.AskAsync(datagrams6));

        // And a port the Service does not have.
        await _lab.EndpointsAsync("10.244.0.6");
        Assert.Equal("ConnectionRefused", await ServiceLab.AskAsync(_lab.P1, ServiceLab.Vip, 81));
        Assert.Equal("p2 sees 10.244.0.5", await ServiceLab.AskAsync(_lab.P1, ServiceLab.Vip, 80));
    }

    [Fact]
    public async Task A_node_port_and_a_balancer_address_answer_from_outside()
    {
        await _lab.ServeAsync(service => service with { Type = ServiceType.LoadBalancer, LoadBalancerIPs = [ServiceLab.BalancerAddress] });
        await _lab.EndpointsAsync("10.244.0.6", "10.244.1.7", "fd00:244::6");
        Tool.RunIn(_lab.Outside, "ip", "route", "add", "172.30.255.1", "via", "172.30.0.11");
        foreach (var (address, port) in new[] { (ServiceLab.NodeAddress, 30080), (ServiceLab.BalancerAddress, 80) })
        {
            var answers = await ServiceLab.AskManyAsync(_lab.Outside, address, port, 40);
            Assert.Equal(["far", "p2"], answers.Select(answer => answer.Split(' ')[0]).Distinct());
            Assert.DoesNotContain(answers, answer => answer.EndsWith(" 172.30.0.1", StringComparison.Ordinal));
        }

        Assert.StartsWith("p2 sees ", await ServiceLab.AskAsync(_lab.Outside, IpAddr.Parse("fd00:30::11"), 30080), StringComparison.Ordinal);
        using var datagrams = ServiceLab.Datagrams(_lab.Outside, ServiceLab.NodeAddress, 30053);
        Assert.Contains(" sees ", await ServiceLab.AskAsync(datagrams), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Local_policy_keeps_the_outside_clients_address()
    {
        await _lab.ServeAsync(service => service with { Type = ServiceType.NodePort, ExternalLocal = true });
        await _lab.EndpointsAsync("10.244.0.6", "10.244.1.7");
        Assert.Equal(["p2 sees 172.30.0.1"], await ServiceLab.AskManyAsync(_lab.Outside, ServiceLab.NodeAddress, 30080, 20));
    }

    [Fact]
    public async Task A_cluster_address_does_not_answer_from_outside()
    {
        await _lab.ServeAsync();
        await _lab.EndpointsAsync("10.244.0.6");
        using var unanswered = new CancellationTokenSource();
        var ask = ServiceLab.AskAsync(_lab.Outside, ServiceLab.Vip, 80);
        var deadline = Deadline.Token();
        while (!DroppedOutside().IsMatch(NftTool.Run(_lab.Node, "list chain inet fairlead-proxy outside")))
        {
            deadline.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.False(ask.IsCompleted);
    }

    [Fact]
    public async Task A_client_stays_with_its_endpoint_until_that_is_gone()
    {
        await _lab.ServeAsync(service => service with { AffinitySeconds = 100 });
        await _lab.EndpointsAsync("10.244.0.5", "10.244.0.6", "10.244.1.7", "fd00:244::5", "fd00:244::6", "fd00:244:0:1::7");
        foreach (var vip in new[] { ServiceLab.Vip, ServiceLab.Vip6 })
        {
            var chosen = Assert.Single(await ServiceLab.AskManyAsync(_lab.Node, vip, 80, 30));
            var others = new[] { "p1", "p2", "far" }.Where(name => !chosen.StartsWith(name, StringComparison.Ordinal)).ToArray();

            // One of the others goes: slots move, the client does not.
            await _lab.EndpointsAsync(Without(others[0]));
            Assert.Equal([chosen], await ServiceLab.AskManyAsync(_lab.Node, vip, 80, 30));

            // The chosen one goes: the client moves, once.
            await _lab.EndpointsAsync(Without(chosen.Split(' ')[0]));
            var next = Assert.Single(await ServiceLab.AskManyAsync(_lab.Node, vip, 80, 30));
            Assert.NotEqual(chosen, next);
            await _lab.EndpointsAsync("10.244.0.5", "10.244.0.6", "10.244.1.7", "fd00:244::5", "fd00:244::6", "fd00:244:0:1::7");
            Assert.Equal([next], await ServiceLab.AskManyAsync(_lab.Node, vip, 80, 30));
        }

        await _lab.ServeAsync();
        Assert.Equal(3, (await ServiceLab.AskManyAsync(_lab.Node, ServiceLab.Vip, 80, 60)).Select(answer => answer.Split(' ')[0]).Distinct().Count());
    }

    [Fact]
    public async Task First_packets_of_a_client_at_one_instant_choose_one_endpoint()
    {
        await _lab.ServeAsync(service => service with { AffinitySeconds = 100 });
        await _lab.EndpointsAsync("10.244.0.5", "10.244.0.6", "10.244.1.7", "fd00:244::5", "fd00:244::6", "fd00:244:0:1::7");
        for (var round = 0; round < 60; round++)
        {
            Tool.RunIn(_lab.Node, "nft", "flush map inet fairlead-proxy sticky-clients4; flush map inet fairlead-proxy sticky-clients6");
            foreach (var vip in new[] { ServiceLab.Vip, ServiceLab.Vip6 })
            {
                Assert.Single((await ServiceLab.AskAtOnceAsync(_lab.Node, vip, 53, [20000 + (2 * round), 20001 + (2 * round)])).Distinct());
            }
        }
    }

    [Fact]
    public async Task A_udp_client_that_never_stops_is_led_to_the_new_endpoint()
    {
        await _lab.ServeAsync(service => service with { Type = ServiceType.LoadBalancer, LoadBalancerIPs = [ServiceLab.BalancerAddress], InternalLocal = true });
        Tool.RunIn(_lab.Outside, "ip", "route", "add", "172.30.255.1", "via", "172.30.0.11");
        await _lab.EndpointsAsync("10.244.0.6", "10.244.1.7");
        using var pod = ServiceLab.Datagrams(_lab.P1, ServiceLab.Vip, 53);
        using var node = ServiceLab.Datagrams(_lab.Node, ServiceLab.Vip, 53);
        Assert.StartsWith("p2", await ServiceLab.AskAsync(pod), StringComparison.Ordinal);
        Assert.StartsWith("p2", await ServiceLab.AskAsync(node), StringComparison.Ordinal);

        // The one on this node goes, with internalTrafficPolicy Local; then the policy.
        await _lab.EndpointsAsync("10.244.0.5", "10.244.1.7");
        Assert.StartsWith("p1", await ServiceLab.AskAsync(node), StringComparison.Ordinal);
        await _lab.EndpointsAsync("10.244.0.6");
        await _lab.ServeAsync(service => service with { Type = ServiceType.LoadBalancer, LoadBalancerIPs = [ServiceLab.BalancerAddress] });
        using var nodePort = ServiceLab.Datagrams(_lab.Outside, ServiceLab.NodeAddress, 30053);
        using var balancer = ServiceLab.Datagrams(_lab.Outside, ServiceLab.BalancerAddress, 53);
        Socket[] all = [pod, node, nodePort, balancer];
        await AnsweredAsync("p2", all);
        await _lab.EndpointsAsync("10.244.1.7");
        await AnsweredAsync("far", all);

        // None at all: the flow must not go on to the endpoint that is gone, and the next one is found.
        await _lab.EndpointsAsync();
        await AnsweredAsync("ConnectionRefused", all);
        await _lab.EndpointsAsync("10.244.0.6");
        await AnsweredAsync("p2", all);
    }

    [Fact]
    public async Task A_restarted_agent_adopts_what_the_kernel_holds()
    {
        await _lab.ServeAsync(service => service with { Type = ServiceType.NodePort });
        await _lab.EndpointsAsync("10.244.0.5", "10.244.0.6", "10.244.1.7");
        await _lab.EndpointsAsync("10.244.0.6", "10.244.1.7");

        // The chain for three endpoints goes with the next commit.
        await _lab.ServeAsync();
        var before = NftTool.Run(_lab.Node, "-s list ruleset");
        var generation = await _lab.Nft.GenerationAsync(default);
        await _lab.StopRoomAsync();
        Assert.Equal(["far sees 10.244.0.5", "p2 sees 10.244.0.5"], await ServiceLab.AskManyAsync(_lab.P1, ServiceLab.Vip, 80, 40));
        await _lab.StartAsync();
        Assert.Equal(before, NftTool.Run(_lab.Node, "-s list ruleset"));
        Assert.Equal(generation, await _lab.Nft.GenerationAsync(default));
        await _lab.EndpointsAsync("10.244.1.7");
        Assert.Equal(["far sees 10.244.0.5"], await ServiceLab.AskManyAsync(_lab.P1, ServiceLab.Vip, 80, 20));
    }

    [Fact]
    public async Task What_somebody_deleted_is_put_back_by_the_next_agent_and_strangers_stay()
    {
        await _lab.ServeAsync();
        await _lab.EndpointsAsync("10.244.0.6");
        NftTool.Run(_lab.Node, "-f -", "table inet theirs { }\n");
        NftTool.Run(_lab.Node, "flush chain inet fairlead-proxy inside");
        NftTool.Run(_lab.Node, "flush map inet fairlead-proxy endpoints4");
        NftTool.Run(_lab.Node, "add rule inet fairlead-proxy inside limit rate 1/second drop");
        await _lab.StartAsync();
        Assert.Equal("p2 sees 10.244.0.5", await ServiceLab.AskAsync(_lab.P1, ServiceLab.Vip, 80));
        await ProxyRoom.CleanUpAsync(_lab.Nft, default);
        await ProxyRoom.CleanUpAsync(_lab.Nft, default);
        Assert.Equal("table inet theirs {\n}\n", NftTool.Run(_lab.Node, "list ruleset"));
    }

    [Fact]
    public async Task What_nft_lists_is_what_the_room_committed()
    {
        await _lab.ServeAsync(service => service with
        {
            Type = ServiceType.LoadBalancer,
            LoadBalancerIPs = [ServiceLab.BalancerAddress],
            SourceRanges = [IpNet.Parse("172.30.0.0/24")],
            ExternalLocal = true,
        });
        await _lab.EndpointsAsync("10.244.0.6", "10.244.1.7", "fd00:244::6");
        var read = await _lab.Nft.ReadAsync("fairlead-proxy", default);
        Assert.Equal(RulesetNormal.Of(RulesetText.Render(read!)), RulesetNormal.Of(NftTool.Run(_lab.Node, "list table inet fairlead-proxy")));
    }

    private static async Task AnsweredAsync(string start, Socket[] clients)
    {
        foreach (var client in clients)
        {
            Assert.StartsWith(start, await ServiceLab.AskAsync(client), StringComparison.Ordinal);
        }
    }

    private static string[] Without(string name)
    {
        Dictionary<string, string[]> all = new()
        {
            ["p1"] = ["10.244.0.5", "fd00:244::5"],
            ["p2"] = ["10.244.0.6", "fd00:244::6"],
            ["far"] = ["10.244.1.7", "fd00:244:0:1::7"],
        };
        return [.. all.Where(pair => pair.Key != name).SelectMany(pair => pair.Value)];
    }

    [GeneratedRegex(@"@cluster-ips4 counter packets [1-9]\d* bytes \d+ drop")]
    private static partial Regex DroppedOutside();
}
