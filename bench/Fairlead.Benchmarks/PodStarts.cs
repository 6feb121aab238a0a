using System.Diagnostics;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.Benchmarks;

/// <summary>Pods from their creation to Ready, one at a time and many at once.</summary>
internal static class PodStarts
{
    private const int Alone = 20;
    private const int Together = 200;

    public static async Task MeasureAsync(Cluster cluster)
    {
        Figures.Heading("pods, two nodes");
        var steps = new List<(TimeSpan Answered, TimeSpan Bound, TimeSpan Ready)>();
        for (var i = 0; i < Alone; i++)
        {
            steps.Add(await StartAsync(cluster.Api, $"alone-{i}", []));
            await cluster.Api.DeleteAsync(ResourceTypes.Pods, "default", $"alone-{i}", null, CancellationToken.None);
        }

        var slowest = Figures.Time(steps.Max(step => step.Ready));
        Figures.Print($"created to Ready, one at a time, median of {Alone}", Median(steps.Select(step => step.Ready)), $"target 100 ms; slowest {slowest}");
        Figures.Print("  of which: the API server's answer", Median(steps.Select(step => step.Answered)), "");
        Figures.Print("  of which: from there until its node is seen", Median(steps.Select(step => step.Bound - step.Answered)), "");
        Figures.Print("  of which: from there until it is seen to be Ready", Median(steps.Select(step => step.Ready - step.Bound)), "");
        var commands = new List<TimeSpan>();
        for (var i = 0; i < Alone; i++)
        {
            commands.Add((await StartAsync(cluster.Api, $"command-{i}", ["sleep", "1000"])).Ready);
            await cluster.Api.DeleteAsync(
                ResourceTypes.Pods, "default", $"command-{i}", new JsonObject { ["gracePeriodSeconds"] = 0 }, CancellationToken.None);
        }

        Figures.Print("the same with a command", Median(commands), $"no target; slowest {Figures.Time(commands.Max())}");
        var all = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Together).Select(i => CreateAsync(cluster.Api, $"together-{i}", "together", [])));
        await ReadyAsync(cluster.Api, "app=together", Together);
        Figures.Print($"{Together} at once, until all are Ready", Figures.Time(all.Elapsed), "target 20 s");
        cluster.PrintMemory($"resident memory with {Together + 1} pods", "no target");
    }

    private static string Median(IEnumerable<TimeSpan> times) => Figures.Time(Figures.Quantile(times, 0.5));

    /// <summary>Creates a pod and follows it until it is Ready; each time is from before the creation.</summary>
    public static async Task<(TimeSpan Answered, TimeSpan Bound, TimeSpan Ready)> StartAsync(KubeClient api, string name, string[] command)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var clock = Stopwatch.StartNew();
        var created = await CreateAsync(api, name, name, command);
        var answered = clock.Elapsed;
        var bound = TimeSpan.Zero;
        var options = ListOptions.All with { LabelSelector = $"app={name}", ResourceVersion = (string)created["metadata"]!["resourceVersion"]! };
        await foreach (var change in api.WatchAsync(ResourceTypes.Pods, "default", options, limit.Token))
        {
            bound = bound == TimeSpan.Zero && change.Object["spec"]?["nodeName"] is not null ? clock.Elapsed : bound;
            if (IsReady(change.Object))
            {
                return (answered, bound, clock.Elapsed);
            }
        }

        throw new InvalidOperationException($"pod {name} was not ready when the watch ended");
    }

    private static bool IsReady(JsonObject pod) =>
        pod["status"]?["conditions"]?.AsArray().Any(condition => (string?)condition!["type"] == "Ready" && (string?)condition["status"] == "True") == true;

    /// <summary>Creates a pod of one container.</summary>
    public static Task<JsonObject> CreateAsync(KubeClient api, string name, string app, string[] command) => api.CreateAsync(
        ResourceTypes.Pods, "default",
        new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["app"] = app } },
            ["spec"] = new JsonObject
            {
                ["containers"] = new JsonArray(new JsonObject
                {
                    ["name"] = "main",
                    ["image"] = "registry.example/web:1",
                    ["command"] = new JsonArray([.. command.Select(word => (JsonNode)word)]),
                    ["ports"] = new JsonArray(new JsonObject { ["containerPort"] = 8080 }),
                }),
            },
        },
        CancellationToken.None);

    /// <summary>Waits until so many pods are Ready.</summary>
    public static async Task ReadyAsync(KubeClient api, string selector, int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var ready = new HashSet<string>();
        var options = ListOptions.All with { LabelSelector = selector };
        var list = await api.ListAsync(ResourceTypes.Pods, "default", options, limit.Token);
        foreach (var pod in list["items"]!.AsArray())
        {
            Note(pod!.AsObject());
        }

        if (ready.Count >= count)
        {
            return;
        }

        await foreach (var change in api.WatchAsync(ResourceTypes.Pods, "default", options with { ResourceVersion = (string)list["metadata"]!["resourceVersion"]! }, limit.Token))
        {
            if (change.Type == "MODIFIED")
            {
                Note(change.Object);
            }

            if (ready.Count >= count)
            {
                return;
            }
        }

        throw new InvalidOperationException($"{ready.Count} of {count} pods were ready when the watch ended");

        void Note(JsonObject pod)
        {
            if (IsReady(pod))
            {
                ready.Add((string)pod["metadata"]!["name"]!);
            }
        }
    }
}
