using System.Diagnostics;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.Benchmarks;

/// <summary>A cluster with very many Services: the API server that lists them, the agent that programs them, both as the release binary's own processes.</summary>
internal static class ClusterScale
{
    private const string Namespace = "default";
    private const int Writers = 16;

    public static async Task MeasureAsync(Cluster cluster, RunSize size, int endpoints)
    {
        var services = size.Services;
        Figures.Heading($"{services} Services x {endpoints} endpoints in a cluster of one node, the release binary");
        using var node = cluster.OpenNode();
        using var kernel = new KernelServices(node);
        var before = kernel.Count();
        await PrintMemoryAsync(cluster, size, "with none of them", "");
        var watch = Stopwatch.StartNew();
        await WriteAsync(cluster.Api, services, endpoints);
        var written = watch.Elapsed;
        await kernel.WaitForCountAsync(before + (uint)services);
        Figures.Print($"written by {Writers} clients", Figures.Time(written), $"{Figures.Text(2 * services / written.TotalSeconds, "0", "/s")}; in the kernel {Figures.Time(watch.Elapsed - written)} after");
        await PrintMemoryAsync(cluster, size, "written while it ran", "target 150 MB; ");
        await MeasureListAsync(cluster, ResourceTypes.Services);
        await MeasureListAsync(cluster, ResourceTypes.EndpointSlices);
        await MeasureChangesAsync(cluster.Api, kernel, size.Requests, endpoints);
        await MeasureRateAsync(cluster, kernel, size, endpoints);
        await MeasureRestartAsync(cluster, kernel, services, endpoints);
        await PrintMemoryAsync(cluster, size, $"with {services + (size.RateSeconds * size.Rate)}, started anew", "");
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

    private static async Task PrintMemoryAsync(Cluster cluster, RunSize size, string when, string target)
    {
        await Task.Delay(size.Settling, TimeProvider.System);
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

    private static async Task MeasureChangesAsync(KubeClient api, KernelServices kernel, int requests, int endpoints)
    {
        var (answers, commits) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var i = 0; i < requests; i++)
        {
            commits.Add(await kernel.ChangeAsync(ServiceLoad.ClusterIP(i), async () =>
            {
                var start = Stopwatch.GetTimestamp();
                await api.UpdateAsync(ResourceTypes.EndpointSlices, Namespace, ServiceLoad.Key(i).Name, "", Slice(i, endpoints - 1), CancellationToken.None);
                answers.Add(Stopwatch.GetElapsedTime(start));
            }));
        }

        var after = commits.Zip(answers, (commit, answer) => commit - answer).ToList();
        Figures.Print($"one endpoint less, request to kernel, median of {requests}", Figures.Time(Figures.Quantile(commits, 0.5)),
            $"p99 {Figures.Time(Figures.Quantile(commits, 0.99))}; the API server's answer {Figures.Time(Figures.Quantile(answers, 0.5))}, p99 {Figures.Time(Figures.Quantile(answers, 0.99))}");
        Figures.Print("  of which: from the answer to the kernel", Figures.Time(Figures.Quantile(after, 0.5)), $"p99 {Figures.Time(Figures.Quantile(after, 0.99))}, target 5 ms");
    }

    private static async Task MeasureRateAsync(Cluster cluster, KernelServices kernel, RunSize size, int endpoints)
    {
        var api = cluster.Api;
        using var agent = cluster.Agent();
        var (services, count) = (size.Services, size.Rate * size.RateSeconds);
        await WriteAsync(api, ResourceTypes.EndpointSlices, count, i => Slice(services + i, endpoints));
        agent.Refresh();
        var (before, cpu) = (kernel.Count(), agent.TotalProcessorTime);
        var watch = Stopwatch.StartNew();
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var i && i < count)
            {
                var due = TimeSpan.FromSeconds((double)i / size.Rate) - watch.Elapsed;
                if (due > TimeSpan.Zero)
                {
                    await Task.Delay(due, TimeProvider.System);
                }

                await api.CreateAsync(ResourceTypes.Services, Namespace, Service(services + i), CancellationToken.None);
            }
        })));
        var written = watch.Elapsed;
        await kernel.WaitForCountAsync(before + (uint)count);
        Figures.Print($"{count} Services more, {size.Rate} asked for each second", Figures.Text(count / written.TotalSeconds, "0", "/s"),
            $"target {size.Rate}/s; the last one in the kernel {Figures.Time(watch.Elapsed - written)} after its answer");
        agent.Refresh();
        Figures.Print("  CPU of the agent for each, kernel included", Figures.Time((agent.TotalProcessorTime - cpu) / count), "no target");
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
