using System.Text.RegularExpressions;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Proxy;
using Fairlead.Proxy.Inspection;
using Fairlead.State;
using Fairlead.Testing;
using Fairlead.Testing.Nftables;

namespace Fairlead.KernelTests.Proxy;

/// <summary>
/// The agent of today finds in the kernel what the agent of a former release wrote there, with connections under way: it makes its own of it in one commit,
/// of which neither connections nor remembered clients notice anything.
/// </summary>
public sealed partial class UpgradeTests : IAsyncLifetime
{
    private static readonly ObjectKey Sticky = new("shop", "sticky");
    private static readonly IpAddr StickyVip = IpAddr.Parse("10.96.0.21");
    private static readonly IpAddr StickyVip6 = IpAddr.Parse("fd00:96::21");
    private static readonly IpAddr NodeAddress6 = IpAddr.Parse("fd00:30::11");

    private readonly ServiceLab _lab = new();
    private readonly ConnectionLoad _connections = new();

    private (TestNetns From, IpAddr Address, int Port)[] Clients =>
    [
        (_lab.P1, StickyVip, 53), (_lab.P1, StickyVip6, 53), (_lab.Outside, ServiceLab.NodeAddress, 30054), (_lab.Outside, NodeAddress6, 30054),
        (_lab.Far, ServiceLab.NodeAddress, 30054), (_lab.Far, NodeAddress6, 30054), (_lab.P2, StickyVip, 53), (_lab.P2, StickyVip6, 53),
    ];

    public async ValueTask InitializeAsync()
    {
        _lab.EchoAndTell(_lab.P1, "p1");
        _lab.EchoAndTell(_lab.P2, "p2");
        _lab.EchoAndTell(_lab.Far, "far");
        await _lab.StartAsync();
        await _lab.EndpointsAsync("10.244.0.6", "10.244.1.7", "fd00:244::6", "fd00:244:0:1::7");
        await _lab.ServeAsync(service => service with { Type = ServiceType.LoadBalancer, LoadBalancerIPs = [ServiceLab.BalancerAddress] });
        await ServeStickyAsync();
        await _lab.StopRoomAsync();
        await ProxyRoom.CleanUpAsync(_lab.Nft, Deadline.Token());
    }

    public async ValueTask DisposeAsync() => await _lab.DisposeAsync();

    [Theory]
    [InlineData("82ae807", true)]
    [InlineData("9003026", true)]
    [InlineData("2a0febf", false)]
    public async Task What_a_former_agent_left_is_adopted_in_one_commit_and_nobody_notices(string former, bool byFrontend)
    {
        FormerAgent.Replay(_lab.Node, former);
        Watch();
        Assert.Equal(byFrontend, Table().Contains("map affinity4", StringComparison.Ordinal));
        using var stop = new CancellationTokenSource();
        List<Task> load = [];
        foreach (var (from, address, port) in new[]
        {
            (_lab.P1, ServiceLab.Vip, 80), (_lab.P1, ServiceLab.Vip6, 80), (_lab.Outside, ServiceLab.NodeAddress, 30080), (_lab.Outside, NodeAddress6, 30080),
        })
        {
            load.Add(_connections.TalkAsync(from, address, port, stop.Token));
            load.Add(_connections.TalkAsync(from, address, port, stop.Token));
            load.Add(_connections.ConnectAgainAsync(from, address, port, stop.Token));
        }

        var names = await NamesAsync();
        await _connections.RoundsAsync(200);
        var (hooks, generation) = (Hooks(), await _lab.Nft.GenerationAsync(default));
        await _lab.StartAsync();
        Assert.Equal(generation + 1, await _lab.Nft.GenerationAsync(default));
        Assert.Superset(hooks, Hooks());
        await _connections.RoundsAsync(200);
        for (var again = 0; again < 5; again++)
        {
            Assert.Equal(names, await NamesAsync());
        }

        await stop.CancelAsync();
        await Task.WhenAll(load);
        Assert.Empty(_connections.Failures);
        AssertNoneLost();
        await AssertInStepAsync();
    }

    /// <summary>
    /// A table of the test's own, before and behind everything of the room's: how many packets of established connections come, and how many leave; and what
    /// leaves, or stays here, without having been translated.
    /// </summary>
    private void Watch() => NftTool.Run(_lab.Node, "-f -", """
        table inet watch {
          chain before {
            type filter hook prerouting priority -150
            ct state established counter comment "came"
          }
          chain behind {
            type filter hook postrouting priority 300
            ct state established counter comment "left"
            ip daddr 10.96.0.0/12 counter comment "astray"
            ip6 daddr fd00:96::/112 counter comment "astray"
          }
          chain here {
            type filter hook input priority 300
            th dport { 30080, 30081, 30053, 30054 } counter comment "astray"
            ip daddr 10.96.0.0/12 counter comment "astray"
          }
        }

        """);

    private void AssertNoneLost()
    {
        var (deadline, listed) = (Deadline.Token(), "");
        while (NftTool.Run(_lab.Node, "list table inet watch") is var now && now != listed)
        {
            // The last ones are still on their way.
            deadline.ThrowIfCancellationRequested();
            listed = now;
        }

        var counts = Counted().Matches(listed).ToLookup(match => match.Groups[2].Value, match => match.Groups[1].Value);
        var came = Assert.Single(counts["came"]);
        Assert.True(int.Parse(came, System.Globalization.CultureInfo.InvariantCulture) > 1000, came);
        Assert.Equal([came], counts["left"]);
        Assert.Equal(["0", "0", "0", "0"], counts["astray"]);
    }

    private async Task AssertInStepAsync()
    {
        Assert.DoesNotContain("affinity", Table(), StringComparison.Ordinal);
        var inspection = await _lab.Room.InspectAsync(_lab.Nft, new InspectionQuery(), Deadline.Token());
        Assert.Empty(inspection.Problems);
        Assert.All(inspection.Services, service => Assert.Equal((InspectedState.InStep, ""), (service.State, string.Join(';', service.Reasons))));

        // It is the table that the next agent would make too, and one that changes can be made to.
        var generation = await _lab.Nft.GenerationAsync(default);
        await _lab.StartAsync();
        Assert.Equal(generation, await _lab.Nft.GenerationAsync(default));
        await _lab.EndpointsAsync("10.244.1.7", "fd00:244:0:1::7");
        using var datagrams = ServiceLab.Datagrams(_lab.P1, ServiceLab.Vip, 53);
        Assert.StartsWith("far", await ServiceLab.AskAsync(datagrams), StringComparison.Ordinal);
    }

    /// <summary>Who answers each client; each time it is a flow of its own.</summary>
    private async Task<string[]> NamesAsync()
    {
        List<string> names = [];
        foreach (var (from, address, port) in Clients)
        {
            using var datagrams = ServiceLab.Datagrams(from, address, port);
            names.Add((await ServiceLab.AskAsync(datagrams)).Split(' ')[0]);
        }

        return [.. names];
    }

    private string Table() => NftTool.Run(_lab.Node, "list table inet fairlead-proxy");

    /// <summary>The chains that packets enter the table by, with the numbers that the kernel gave each when it was made.</summary>
    private HashSet<string> Hooks() => [.. MadeChain().Matches(NftTool.Run(_lab.Node, "-a list table inet fairlead-proxy")).Select(match => match.Value)];

    private async Task ServeStickyAsync()
    {
        string[][] addresses = [["10.244.0.5", "10.244.0.6", "10.244.1.7"], ["fd00:244::5", "fd00:244::6", "fd00:244:0:1::7"]];
        foreach (var (family, own) in IpFamily.All.Zip(addresses))
        {
            var key = new ObjectKey("shop", "sticky-" + family.Name);
            _lab.Tables.EndpointSlices.Upsert(key, new EndpointSliceRow
            {
                Key = key,
                Service = Sticky,
                Family = family,
                Ports = [new EndpointPort("http", IpProtocol.Tcp, 8080), new EndpointPort("dns", IpProtocol.Udp, 5353)],
                Endpoints = own.Select((address, i) => new SliceEndpoint { Address = IpAddr.Parse(address), NodeName = i == 2 ? "n2" : "n1" }).ToValueArray(),
            });
        }

        _lab.Tables.Services.Upsert(Sticky, new ServiceRow
        {
            Key = Sticky,
            Type = ServiceType.NodePort,
            AffinitySeconds = 10_800,
            ClusterIPs = [StickyVip, StickyVip6],
            Ports = [new ServicePort("http", IpProtocol.Tcp, 80, 30081, "8080", ""), new ServicePort("dns", IpProtocol.Udp, 53, 30054, "5353", "")],
        });
        await _lab.Room.WaitUntilCommittedAsync(Deadline.Token());
    }

    [GeneratedRegex(@"counter packets (\d+) bytes \d+ comment ""(\w+)""")]
    private static partial Regex Counted();

    [GeneratedRegex(@"chain \S+ \{ # handle \d+\n\s+type \w+ hook .*")]
    private static partial Regex MadeChain();
}
