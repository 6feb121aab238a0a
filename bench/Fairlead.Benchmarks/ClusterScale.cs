using System.Diagnostics;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.Benchmarks;

/// <summary>A cluster with very many Services: the API server that lists them, the agent that programs them, both as the release binary's own processes.</summary>
internal static class ClusterScale
{
    private const string Namespace = "default";
    private const int Writers = 16;
    private const int Changes = 300;
    private const int Rate = 1_000;
    private const int RateSeconds = 5;

    public static async Task MeasureAsync(Cluster cluster, int services, int endpoints)
    {
        Figures.Heading($"{services} Services x {endpoints} endpoints in a cluster of one node, the release binary");
        using var node = cluster.OpenNode();
        using var kernel = new KernelServices(node);
        var before = kernel.Count();
        await PrintMemoryAsync(cluster, "with none of them", "");
        var watch = Stopwatch.StartNew();
        await WriteAsync(cluster.Api, services, endpoints);
        var written = watch.Elapsed;
        await kernel.WaitForCountAsync(before + (uint)services);
        Figures.Print($"written by {Writers} clients", Figures.Time(written), $"{Figures.Text(2 * services / written.TotalSeconds, "0", "/s")}; in the kernel {Figures.Time(watch.Elapsed - written)} after");
        await PrintMemoryAsync(cluster, "written while it ran", "target 150 MB; ");
        await MeasureListAsync(cluster, ResourceTypes.Services);
        await MeasureListAsync(cluster, ResourceTypes.EndpointSlices);
        await MeasureChangesAsync(cluster.Api, kernel, endpoints);
        await MeasureRateAsync(cluster, kernel, services, endpoints);
        await MeasureRestartAsync(cluster, kernel, services, endpoints);
        await PrintMemoryAsync(cluster, $"with {services + (RateSeconds * Rate)}, started anew", "");
    }

    /// <summary>Writes the first so many Services and their slices.</summary>
    public static async Task WriteAsync(KubeClient api, int services, int endpoints)
    {
        await WriteAsync(api, ResourceTypes.EndpointSlices, services, i => Slice(i, endpoints));
        await WriteAsync(api, ResourceTypes.Services, services, i => Service(i));
    }

    /// <summary>A Service.</summary>
    public static JsonObject Service(int i, int port = 80) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Service",
        ["metadata"] = new JsonObject { ["name"] = ServiceLoad.Key(i).Name },
        ["spec"] = new JsonObject
        {
            ["clusterIP"] = ServiceLoad.ClusterIP(i).ToString(),
            ["ports"] = new JsonArray(new JsonObject { ["port"] = port, ["targetPort"] = 8080 }),
        },
    };

    private static async Task PrintMemoryAsync(Cluster cluster, string when, string target)
    {
        // An agent looks every thirty seconds for what it can give back; as often it may read its table, just after.
        await Task.Delay(TimeSpan.FromSeconds(63), TimeProvider.System);
        using var agent = cluster.Agent();
        using var server = cluster.ControlPlane();
        Figures.Print($"agent, resident, {when}", Figures.Text(Cluster.Megabytes(agent, "VmRSS:"), "0", " MB"),
            $"{target}at most {Figures.Text(Cluster.Megabytes(agent, "VmHWM:"), "0", " MB")}");
        Figures.Print($"API server, resident, {when}", Figures.Text(Cluster.Megabytes(server, "VmRSS:"), "0", " MB"),
            $"at most {Figures.Text(Cluster.Megabytes(server, "VmHWM:"), "0", " MB")}");
    }

    private static Task WriteAsync(KubeClient api, ResourceType type, int count, Func<int, JsonObject> document) =>
        Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var i = writer; i < count; i += Writers)
            {
                await api.CreateAsync(type, Namespace, document(i), CancellationToken.None);
            }
        })));

    private static async Task MeasureListAsync(Cluster cluster, ResourceType type)
    {
        using var server = cluster.ControlPlane();
        var (cpu, watch) = (server.TotalProcessorTime, Stopwatch.StartNew());
        var list = await cluster.Api.ListAsync(type, "", ListOptions.All, CancellationToken.None);
        var took = watch.Elapsed;
        server.Refresh();
        var count = list["items"]!.AsArray().Count;
        Figures.Print($"list of {count} {type.Plural}, read and parsed", Figures.Time(took), $"no target; {Figures.Time(server.TotalProcessorTime - cpu)} of the server's CPU");
        (cpu, watch) = (server.TotalProcessorTime, Stopwatch.StartNew());
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var from = ListOptions.All with { ResourceVersion = "0" };
        await foreach (var change in cluster.Api.WatchAsync(type, "", from, limit.Token))
        {
            if (--count == 0)
            {
                break;
            }
        }

        took = watch.Elapsed;
        server.Refresh();
        Figures.Print("the same as the first events of a watch", Figures.Time(took), $"no target; {Figures.Time(server.TotalProcessorTime - cpu)} of the server's CPU");
    }

    private static async Task MeasureChangesAsync(KubeClient api, KernelServices kernel, int endpoints)
    {
        var (answers, commits) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var i = 0; i < Changes; i++)
        {
            commits.Add(await kernel.ChangeAsync(ServiceLoad.ClusterIP(i), async () =>
            {
                var start = Stopwatch.GetTimestamp();
                await api.UpdateAsync(ResourceTypes.EndpointSlices, Namespace, ServiceLoad.Key(i).Name, "", Slice(i, endpoints - 1), CancellationToken.None);
                answers.Add(Stopwatch.GetElapsedTime(start));
            }));
        }

        var after = commits.Zip(answers, (commit, answer) => commit - answer).ToList();
        Figures.Print($"one endpoint less, request to kernel, median of {Changes}", Figures.Time(Figures.Quantile(commits, 0.5)),
            $"p99 {Figures.Time(Figures.Quantile(commits, 0.99))}; the API server's answer {Figures.Time(Figures.Quantile(answers, 0.5))}, p99 {Figures.Time(Figures.Quantile(answers, 0.99))}");
        Figures.Print("  of which: from the answer to the kernel", Figures.Time(Figures.Quantile(after, 0.5)), $"p99 {Figures.Time(Figures.Quantile(after, 0.99))}, target 5 ms");
    }

    private static async Task MeasureRateAsync(Cluster cluster, KernelServices kernel, int services, int endpoints)
    {
        var api = cluster.Api;
        using var agent = cluster.Agent();
        const int Count = Rate * RateSeconds;
        await WriteAsync(api, ResourceTypes.EndpointSlices, Count, i => Slice(services + i, endpoints));
        agent.Refresh();
        var (before, cpu) = (kernel.Count(), agent.TotalProcessorTime);
        var watch = Stopwatch.StartNew();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var i and < Count)
            {
                var due = TimeSpan.FromSeconds((double)i / Rate) - watch.Elapsed;
                if (due > TimeSpan.Zero)
                {
                    await Task.Delay(due, TimeProvider.System);
                }

                await api.CreateAsync(ResourceTypes.Services, Namespace, Service(services + i), CancellationToken.None);
            }
        })));
        var written = watch.Elapsed;
        await kernel.WaitForCountAsync(before + Count);
        Figures.Print($"{Count} Services more, {Rate} asked for each second", Figures.Text(Count / written.TotalSeconds, "0", "/s"),
            $"target {Rate}/s; the last one in the kernel {Figures.Time(watch.Elapsed - written)} after its answer");
        agent.Refresh();
        Figures.Print("  CPU of the agent for each, kernel included", Figures.Time((agent.TotalProcessorTime - cpu) / Count), "no target");
    }

    private static async Task MeasureRestartAsync(Cluster cluster, KernelServices kernel, int services, int endpoints)
    {
        using (var agent = cluster.Agent())
        {
            agent.Kill();
        }

        var took = await kernel.ChangeAsync(ServiceLoad.ClusterIP(services), () => cluster.Api.UpdateAsync(
            ResourceTypes.EndpointSlices, Namespace, ServiceLoad.Key(services).Name, "", Slice(services, endpoints - 1), CancellationToken.None));
        Figures.Print("from an agent's SIGKILL to a change meanwhile in the kernel", Figures.Time(took), "no target; packets go on meanwhile");
    }

    private static JsonObject Slice(int i, int endpoints) => new()
    {
        ["apiVersion"] = "discovery.k8s.io/v1",
        ["kind"] = "EndpointSlice",
        ["metadata"] = new JsonObject
        {
            ["name"] = ServiceLoad.Key(i).Name,
            ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = ServiceLoad.Key(i).Name },
        },
        ["addressType"] = "IPv4",
        ["ports"] = new JsonArray(new JsonObject { ["name"] = "", ["protocol"] = "TCP", ["port"] = 8080 }),
        ["endpoints"] = new JsonArray([.. Enumerable.Range(0, endpoints).Select(e => (JsonNode)new JsonObject
        {
            ["addresses"] = new JsonArray(ServiceLoad.Endpoint(i, e).ToString()),
            ["nodeName"] = "elsewhere",
            ["zone"] = "elsewhere",
            ["conditions"] = new JsonObject { ["ready"] = true, ["serving"] = true, ["terminating"] = false },
            ["targetRef"] = new JsonObject { ["kind"] = "Pod", ["namespace"] = Namespace, ["name"] = $"{ServiceLoad.Key(i).Name}-{e}", ["uid"] = $"{Guid.CreateVersion7()}" },
        })]),
    };
}
