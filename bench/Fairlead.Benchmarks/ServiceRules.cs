using System.Diagnostics;
using System.Text;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Kernel;
using Fairlead.Proxy;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Benchmarks;

/// <summary>Services into the kernel, beside the same translation as one chain per Service and endpoint, loaded by <c>nft</c> in the same run.</summary>
internal static class ServiceRules
{
    public static async Task MeasureAsync(int services, int endpoints)
    {
        Figures.Heading($"{services} Services x {endpoints} endpoints, in a namespace of its own");
        var chains = MeasureChains(services, endpoints);
        using var node = new TestNetns();
        using var nft = node.Run(KernelNft.Open);
        using var stop = new CancellationTokenSource();
        var tables = new ClusterTables();
        var room = new ProxyRoom(new ProxyOptions { NodeName = "n1", ServiceRanges = [IpNet.Parse("10.96.0.0/12")] }, tables, nft, flows: null, TimeProvider.System, NullLogger.Instance);
        tables.Nodes.Replace([new("n1", new NodeRow { Name = "n1", InternalIPs = [IpAddr.Parse("172.30.0.11")] })]);
        tables.Services.Replace([.. Enumerable.Range(0, services).Select(i => new KeyValuePair<ObjectKey, ServiceRow>(Key(i), Service(i)))]);
        tables.EndpointSlices.Replace([.. Enumerable.Range(0, services).Select(i => new KeyValuePair<ObjectKey, EndpointSliceRow>(Key(i), Slice(i, endpoints)))]);

        var watch = Stopwatch.StartNew();
        var running = room.RunAsync(stop.Token);
        await room.WaitUntilCommittedAsync(CancellationToken.None);
        Figures.Print("from nothing into the kernel", Figures.Time(watch.Elapsed), $"{Figures.Time(chains)} as chains, loaded by nft");

        var changes = new List<TimeSpan>();
        for (var i = 0; i < 200; i++)
        {
            watch.Restart();
            tables.EndpointSlices.Upsert(Key(i), Slice(i, endpoints - 1));
            await room.WaitUntilCommittedAsync(CancellationToken.None);
            changes.Add(watch.Elapsed);
        }

        Figures.Print("one endpoint less, median of 200", Figures.Time(Figures.Quantile(changes, 0.5)), $"p99 {Figures.Time(Figures.Quantile(changes, 0.99))}");
        await stop.CancelAsync();
        await running.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    private static TimeSpan MeasureChains(int services, int endpoints)
    {
        var text = new StringBuilder("table ip chains {\n");
        for (var i = 0; i < services; i++)
        {
            for (var e = 0; e < endpoints; e++)
            {
                text.Append($"chain e{i}x{e} {{\nmeta l4proto tcp dnat to {Endpoint(i, e)}:8080\n}}\n");
            }

            text.Append($"chain s{i} {{\nnumgen random mod {endpoints} vmap {{ {string.Join(", ", Enumerable.Range(0, endpoints).Select(e => $"{e} : goto e{i}x{e}"))} }}\n}}\n");
        }

        text.Append("map services {\ntype ipv4_addr . inet_proto . inet_service : verdict\nelements = { ");
        text.AppendJoin(", ", Enumerable.Range(0, services).Select(i => $"{ClusterIP(i)} . tcp . 80 : goto s{i}"));
        text.Append(" }\n}\nchain prerouting {\ntype nat hook prerouting priority -100\nip daddr . meta l4proto . th dport vmap @services\n}\n}\n");
        using var node = new TestNetns();
        var watch = Stopwatch.StartNew();
        var (code, _, error) = Tool.TryRun("nsenter", text.ToString(), $"--net={node.Path}", "nft", "-f", "-");
        return code == 0 ? watch.Elapsed : throw new InvalidOperationException($"nft refused the baseline: {error}");
    }

    private static ObjectKey Key(int i) => new("load", $"s{i}");

    private static IpAddr ClusterIP(int i) => IpAddr.Parse($"10.96.{i >> 8}.{i & 255}");

    private static IpAddr Endpoint(int i, int e) => IpAddr.Parse($"10.244.{(i * 10 + e) >> 8 & 255}.{(i * 10 + e) & 255}");

    private static ServiceRow Service(int i) => new()
    {
        Key = Key(i),
        ClusterIPs = [ClusterIP(i)],
        Ports = [new ServicePort("", IpProtocol.Tcp, 80, 0, "8080", "")],
    };

    private static EndpointSliceRow Slice(int i, int endpoints) => new()
    {
        Key = Key(i),
        Service = Key(i),
        Ports = [new EndpointPort("", IpProtocol.Tcp, 8080)],
        Endpoints = [.. Enumerable.Range(0, endpoints).Select(e => new SliceEndpoint { Address = Endpoint(i, e), NodeName = "n2" })],
    };
}
