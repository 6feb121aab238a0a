using System.Diagnostics;
using Fairlead.Cluster;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Kernel;
using Fairlead.Proxy;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Benchmarks;

/// <summary>Services into the kernel by the proxy room alone: from nothing, changed one at a time, and found there by a room that starts anew.</summary>
internal static class ServiceRules
{
    /// <summary>Measures one size of cluster in a network namespace of its own.</summary>
    /// <param name="services">How many Services.</param>
    /// <param name="endpoints">Endpoints of each.</param>
    /// <param name="changes">How many changes of each kind.</param>
    /// <param name="beside">What the same, or a stated part of it, takes another way.</param>
    public static async Task MeasureAsync(int services, int endpoints, int changes, string beside)
    {
        Figures.Heading($"{services} Services x {endpoints} endpoints, in a namespace of its own");
        using var node = new TestNetns();
        var tables = ServiceLoad.Tables(services, endpoints);
        using (var nft = node.Run(KernelNft.Open))
        using (var room = Room(tables, nft))
        {
            var (watch, cpu) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
            await using var running = await Running.StartAsync(room);
            Figures.Print("from nothing into the kernel", Figures.Time(watch.Elapsed), $"{beside}; {Figures.Time(Environment.CpuUsage.TotalTime - cpu)} of CPU");
            await MeasureChangesAsync("one endpoint less, then one more", room, changes, i => tables.EndpointSlices.Upsert(
                ServiceLoad.Key(i / 2), ServiceLoad.Slice(i / 2, endpoints - ((i + 1) % 2))));
            await MeasureChangesAsync("one Service more with its endpoints", room, changes, i =>
            {
                tables.EndpointSlices.Upsert(ServiceLoad.Key(services + i), ServiceLoad.Slice(services + i, endpoints));
                tables.Services.Upsert(ServiceLoad.Key(services + i), ServiceLoad.Service(services + i));
            });
            await MeasureChangesAsync("that Service less", room, changes, i =>
            {
                tables.Services.Delete(ServiceLoad.Key(services + i));
                tables.EndpointSlices.Delete(ServiceLoad.Key(services + i));
            });
        }

        using var again = node.Run(KernelNft.Open);
        using var next = Room(tables, again);
        var (adoption, used) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        await using var adopting = await Running.StartAsync(next);
        Figures.Print("a new room finds all of it there, until it is in step", Figures.Time(adoption.Elapsed),
            $"no target; packets go on meanwhile; {Figures.Time(Environment.CpuUsage.TotalTime - used)} of CPU");
    }

    private static async Task MeasureChangesAsync(string what, ProxyRoom room, int times, Action<int> change)
    {
        var changes = new List<TimeSpan>();
        for (var i = 0; i < times; i++)
        {
            var start = Stopwatch.GetTimestamp();
            change(i);
            await room.WaitUntilCommittedAsync(CancellationToken.None);
            changes.Add(Stopwatch.GetElapsedTime(start));
        }

        Figures.Print($"{what}, median of {times}", Figures.Time(Figures.Quantile(changes, 0.5)),
            $"p99 {Figures.Time(Figures.Quantile(changes, 0.99))}, target 5 ms");
    }

    private static ProxyRoom Room(ClusterTables tables, KernelNft nft) => new(
        new ProxyOptions { NodeName = ServiceLoad.Node, ServiceRanges = [IpNet.Parse("10.96.0.0/12")] }, tables, nft, flows: null, TimeProvider.System, NullLogger.Instance);

    /// <summary>A room in step with its tables; ends with this object.</summary>
    private sealed class Running(CancellationTokenSource stop, Task room) : IAsyncDisposable
    {
        public static async Task<Running> StartAsync(ProxyRoom room)
        {
            var stop = new CancellationTokenSource();
            var running = new Running(stop, room.RunAsync(stop.Token));
            await room.WaitUntilCommittedAsync(CancellationToken.None);
            return running;
        }

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await room.ContinueWith(_ => { }, TaskScheduler.Default);
            stop.Dispose();
        }
    }
}
