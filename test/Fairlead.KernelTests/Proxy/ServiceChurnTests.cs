using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Proxy.Inspection;
using Fairlead.State;
using Fairlead.Testing;
using Fairlead.Testing.Nftables;

namespace Fairlead.KernelTests.Proxy;

/// <summary>Services while everything changes: connections under way, faults, strangers.</summary>
public sealed class ServiceChurnTests : IAsyncLifetime
{
    private const int ManyServices = 500;
    private const int ManyChanges = 10_000;

    private readonly ServiceLab _lab = new();

    public async ValueTask InitializeAsync() => await _lab.StartAsync();

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    /// <summary>Every endpoint that was ever chosen goes on serving, as one that terminates does.</summary>
    [Fact]
    public async Task Connections_outlast_changes_of_endpoints_restarts_and_the_table_of_another_version()
    {
        _lab.Echo(_lab.P2);
        _lab.Echo(_lab.Far);
        string[][] endpoints = [["10.244.0.6", "fd00:244::6"], ["10.244.1.7", "fd00:244:0:1::7"], ["10.244.0.6", "10.244.1.7", "fd00:244::6", "fd00:244:0:1::7"]];
        await _lab.EndpointsAsync(endpoints[2]);
        await _lab.ServeAsync(service => service with { Type = ServiceType.NodePort });
        using var stop = new CancellationTokenSource();
        var connections = new ConnectionLoad();
        List<Task> load = [];
        foreach (var (from, address, port) in new[]
        {
            (_lab.P1, ServiceLab.Vip, 80), (_lab.P1, ServiceLab.Vip6, 80), (_lab.Outside, ServiceLab.NodeAddress, 30080), (_lab.Outside, IpAddr.Parse("fd00:30::11"), 30080),
        })
        {
            load.Add(connections.TalkAsync(from, address, port, stop.Token));
            load.Add(connections.ConnectAgainAsync(from, address, port, stop.Token));
        }

        for (var change = 0; change < 60; change++)
        {
            await _lab.EndpointsAsync(endpoints[change % 3]);
            if (change % 10 == 5)
            {
                await _lab.ServeAsync(service => service with { Type = ServiceType.NodePort, AffinitySeconds = change % 20 == 5 ? 100 : 0 });
            }

            if (change % 20 == 10)
            {
                await _lab.StopRoomAsync();

                // As another version's table may be: something more, something less, something else.
                NftTool.Run(_lab.Node, "-f -", """
                    add chain inet fairlead-proxy of-old
                    add map inet fairlead-proxy old-map { type ipv4_addr : verdict; }
                    add rule inet fairlead-proxy of-old ip daddr vmap @old-map
                    flush chain inet fairlead-proxy forward
                    add rule inet fairlead-proxy forward counter
                    delete chain inet fairlead-proxy firewall-output
                    """);
                await connections.RoundsAsync(8);
                await _lab.StartAsync();
            }

            await connections.RoundsAsync(4);
        }

        await stop.CancelAsync();
        await Task.WhenAll(load);
        Assert.Empty(connections.Failures);
        Assert.DoesNotContain("old", NftTool.Run(_lab.Node, "list table inet fairlead-proxy"), StringComparison.Ordinal);
    }

    /// <summary>Commits fail, some before and some after they took place, while changes come as fast as they can.</summary>
    [Fact]
    public async Task Ten_thousand_changes_at_once_lead_to_what_the_objects_say_though_commits_fail()
    {
        _lab.Through = nft => new FaultyNft(nft, number => number % 3 != 2);
        await _lab.StartAsync();
        var random = new Random(7);
        for (var change = 0; change < ManyChanges; change++)
        {
            var key = new ObjectKey("shop", $"s{change % ManyServices}");
            if (random.Next(20) == 0)
            {
                _lab.Tables.Services.Delete(key);
                continue;
            }

            _lab.Tables.EndpointSlices.Upsert(key, Slice(key, random.Next(5)));
            _lab.Tables.Services.Upsert(key, Service(key, change % ManyServices, random.Next(2) * 100));
        }

        var last = new ObjectKey("shop", "s7");
        _lab.Listen(_lab.P2, "p2");
        _lab.Tables.EndpointSlices.Upsert(last, Slice(last, 1));
        _lab.Tables.Services.Upsert(last, Service(last, 7, 0));
        await _lab.Room.WaitUntilCommittedAsync(Deadline.Token());
        Assert.Equal("p2 sees 10.244.0.5", await ServiceLab.AskAsync(_lab.P1, IpAddr.Parse("10.97.0.7"), 80));
        var inspection = await _lab.Room.InspectAsync(_lab.Nft, new InspectionQuery(), Deadline.Token());
        Assert.Empty(inspection.Problems);
        var services = inspection.Services.ToList();
        Assert.Equal(_lab.Tables.Services.Snapshot().Count, services.Count);
        Assert.All(services, service => Assert.Equal((InspectedState.InStep, ""), (service.State, string.Join(';', service.Reasons))));
    }

    [Fact]
    public async Task A_table_that_somebody_flushed_under_the_running_agent_is_there_again()
    {
        _lab.Listen(_lab.P2, "p2");
        await _lab.EndpointsAsync("10.244.0.6");
        await _lab.ServeAsync();
        NftTool.Run(_lab.Node, "-f -", "table inet theirs { }\n");
        var before = NftTool.Run(_lab.Node, "-s list table inet fairlead-proxy");
        foreach (var harm in new[] { "flush ruleset", "delete table inet fairlead-proxy", "flush table inet fairlead-proxy", "flush map inet fairlead-proxy services4" })
        {
            NftTool.Run(_lab.Node, harm);
            var deadline = Deadline.Token();
            while (!NftTool.Run(_lab.Node, "-s list ruleset").Contains(before, StringComparison.Ordinal))
            {
                deadline.ThrowIfCancellationRequested();
                await Task.Yield();
            }

            Assert.Equal("p2 sees 10.244.0.5", await ServiceLab.AskAsync(_lab.P1, ServiceLab.Vip, 80));
        }
    }

    private static ServiceRow Service(ObjectKey key, int number, int affinity) => new()
    {
        Key = key,
        ClusterIPs = [IpAddr.Parse($"10.97.{number / 250}.{number % 250}")],
        AffinitySeconds = affinity,
        Ports = [new ServicePort("http", IpProtocol.Tcp, 80, 0, "", "")],
    };

    private static EndpointSliceRow Slice(ObjectKey key, int endpoints) => new()
    {
        Key = key,
        Service = key,
        Ports = [new EndpointPort("http", IpProtocol.Tcp, 8080)],
        Endpoints = Enumerable.Range(6, endpoints).Select(i => new SliceEndpoint { Address = IpAddr.Parse($"10.244.0.{i}"), NodeName = "n1" }).ToValueArray(),
    };
}
