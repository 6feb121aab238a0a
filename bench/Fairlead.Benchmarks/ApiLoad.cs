using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.Benchmarks;

/// <summary>Writes to the API and what a watch sees of them, beside bare writes to the same disk.</summary>
internal static class ApiLoad
{
    private const int Clients = 16;
    private const int PerClient = 250;

    public static async Task MeasureAsync(KubeClient api)
    {
        Figures.Heading($"{Clients * PerClient} ConfigMaps created by {Clients} clients");
        var sent = new ConcurrentDictionary<string, long>();
        var latencies = new List<TimeSpan>();
        using var watching = new CancellationTokenSource();
        var start = await api.ListAsync(ResourceTypes.ConfigMaps, "default", ListOptions.All, CancellationToken.None);
        var watcher = Task.Run(async () =>
        {
            var from = ListOptions.All with { ResourceVersion = (string)start["metadata"]!["resourceVersion"]! };
            await foreach (var change in api.WatchAsync(ResourceTypes.ConfigMaps, "default", from, watching.Token))
            {
                if (change.Type == "ADDED" && sent.TryGetValue((string)change.Object["metadata"]!["name"]!, out var at))
                {
                    latencies.Add(Stopwatch.GetElapsedTime(at));
                    if (latencies.Count == Clients * PerClient)
                    {
                        return;
                    }
                }
            }
        });
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() => WriteAsync(api, client, sent))));
        var took = clock.Elapsed;
        await watcher.WaitAsync(TimeSpan.FromSeconds(30));
        Figures.Print("durable writes per second", Figures.Text(Clients * PerClient / took.TotalSeconds, "0", "/s"), $"{Figures.Text(BareWrites(), "0", "/s")}: one bare write and fsync at a time");
        Figures.Print("from the request to the watch event, median", Figures.Time(Figures.Quantile(latencies, 0.5)), $"p99 {Figures.Time(Figures.Quantile(latencies, 0.99))}");
    }

    private static async Task WriteAsync(KubeClient api, int client, ConcurrentDictionary<string, long> sent)
    {
        for (var i = 0; i < PerClient; i++)
        {
            var name = $"c{client}-{i}";
            sent[name] = Stopwatch.GetTimestamp();
            await api.CreateAsync(
                ResourceTypes.ConfigMaps, "default",
                new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = name }, ["data"] = new JsonObject { ["key"] = "value" } },
                CancellationToken.None);
        }
    }

    private static double BareWrites()
    {
        const int Count = 500;
        var directory = Directory.CreateDirectory("/var/lib/fairlead/bench-bare").FullName;
        using (var file = new FileStream(Path.Combine(directory, "log"), FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.None))
        {
            var bytes = new byte[400];
            var clock = Stopwatch.StartNew();
            for (var i = 0; i < Count; i++)
            {
                file.Write(bytes);
                file.Flush(flushToDisk: true);
            }

            var rate = Count / clock.Elapsed.TotalSeconds;
            Directory.Delete(directory, recursive: true);
            return rate;
        }
    }
}
