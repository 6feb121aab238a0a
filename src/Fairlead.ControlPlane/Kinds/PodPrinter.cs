using System.Globalization;
using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The row of a pod, computed as kubectl's users know it.</summary>
internal static class PodPrinter
{
    public static IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName,
        new("Ready", Description: "Containers that are ready, of all."),
        new("Status", Description: "What the pod does, or why it does not."),
        new("Restarts", Description: "How often containers were restarted, and when last."),
        TableColumn.Age,
        TableColumn.Wide("IP", "Address of the pod."),
        TableColumn.Wide("Node", "Node of the pod."),
        TableColumn.Wide("Nominated Node", "Node on which room is being made for the pod."),
        TableColumn.Wide("Readiness Gates", "Readiness gates that hold, of all."),
    ];

    public static IReadOnlyList<JsonNode?> Row(JsonObject pod, DateTimeOffset now)
    {
        var summary = Summarize(pod);
        var restarts = summary.Restarts.ToString(CultureInfo.InvariantCulture);
        if (summary.Restarts != 0 && summary.LastRestart is { } last)
        {
            restarts += $" ({Print.Duration(now - last)} ago)";
        }

        return
        [
            Print.Name(pod),
            string.Create(CultureInfo.InvariantCulture, $"{summary.Ready}/{summary.Total}"),
            summary.Status,
            restarts,
            Print.Age(pod, now),
            OrNone(pod.Text("status", "podIP") ?? pod.List("status", "podIPs").Items().FirstOrDefault().Item.Text("ip")),
            OrNone(pod.Text("spec", "nodeName")),
            OrNone(pod.Text("status", "nominatedNodeName")),
            ReadinessGates(pod),
        ];
    }

    private static string OrNone(string? text) => string.IsNullOrEmpty(text) ? Print.None : text;

    private static Summary Summarize(JsonObject pod)
    {
        var summary = new Summary
        {
            Status = pod.Text("status", "reason") is { Length: > 0 } reason ? reason : pod.Text("status", "phase") ?? "",
            Total = pod.List("spec", "containers")?.Count ?? 0,
        };
        if (Condition(pod, "PodScheduled").Text("reason") == "SchedulingGated")
        {
            summary.Status = "SchedulingGated";
        }

        var (initializing, sidecars) = AddInitContainers(pod, summary);
        if (!initializing || Condition(pod, "Initialized").Text("status") == "True")
        {
            (summary.Restarts, summary.LastRestart) = sidecars;
            AddContainers(pod, summary);
        }

        if (pod.Text("metadata", "deletionTimestamp") is not null)
        {
            summary.Status = pod.Text("status", "reason") == "NodeLost" ? "Unknown"
                : pod.Text("status", "phase") is "Succeeded" or "Failed" ? summary.Status
                : "Terminating";
        }

        return summary;
    }

    private static (bool Initializing, (long Restarts, DateTimeOffset? Last) Sidecars) AddInitContainers(JsonObject pod, Summary summary)
    {
        var sidecars = pod.List("spec", "initContainers").Items().Select(item => item.Item)
            .Where(container => container.Text("restartPolicy") == "Always").Select(container => container.Text("name") ?? "").ToHashSet();
        summary.Total += sidecars.Count;
        var own = new Summary { Status = "" };
        var count = pod.List("spec", "initContainers")?.Count ?? 0;
        foreach (var (index, container) in pod.List("status", "initContainerStatuses").Items())
        {
            var isSidecar = sidecars.Contains(container.Text("name") ?? "");
            summary.AddRestarts(container);
            if (isSidecar)
            {
                own.AddRestarts(container);
            }

            var terminated = container.Object("state", "terminated");
            if (terminated is not null && (terminated.Number("exitCode") ?? 0) == 0)
            {
                continue;
            }

            if (isSidecar && container.Flag("started") == true)
            {
                summary.Ready += container.Flag("ready") == true ? 1 : 0;
                continue;
            }

            var waiting = container.Text("state", "waiting", "reason");
            summary.Status = terminated is not null ? "Init:" + Ended(terminated)
                : waiting is { Length: > 0 } and not "PodInitializing" ? "Init:" + waiting
                : string.Create(CultureInfo.InvariantCulture, $"Init:{index}/{count}");
            return (true, (own.Restarts, own.LastRestart));
        }

        return (false, (own.Restarts, own.LastRestart));
    }

    private static void AddContainers(JsonObject pod, Summary summary)
    {
        var running = false;
        foreach (var (_, container) in pod.List("status", "containerStatuses").Items().Reverse())
        {
            summary.AddRestarts(container);
            var terminated = container.Object("state", "terminated");
            if (container.Text("state", "waiting", "reason") is { Length: > 0 } waiting)
            {
                summary.Status = waiting;
            }
            else if (terminated is not null)
            {
                summary.Status = Ended(terminated);
            }
            else if (container.Flag("ready") == true && container.Object("state", "running") is not null)
            {
                running = true;
                summary.Ready++;
            }
        }

        if (summary.Status == "Completed" && running)
        {
            summary.Status = Condition(pod, "Ready").Text("status") == "True" ? "Running" : "NotReady";
        }
    }

    private static string Ended(JsonObject terminated) => terminated.Text("reason") is { Length: > 0 } reason ? reason
        : terminated.Number("signal") is { } signal and not 0 ? string.Create(CultureInfo.InvariantCulture, $"Signal:{signal}")
        : string.Create(CultureInfo.InvariantCulture, $"ExitCode:{terminated.Number("exitCode") ?? 0}");

    private static JsonObject? Condition(JsonObject pod, string type) =>
        pod.List("status", "conditions").Items().Select(item => item.Item).FirstOrDefault(item => item.Text("type") == type);

    private static string ReadinessGates(JsonObject pod)
    {
        var gates = pod.List("spec", "readinessGates").Items().Select(item => item.Item.Text("conditionType") ?? "").ToArray();
        var held = gates.Count(gate => Condition(pod, gate).Text("status") == "True");
        return gates.Length == 0 ? Print.None : string.Create(CultureInfo.InvariantCulture, $"{held}/{gates.Length}");
    }

    private sealed class Summary
    {
        public required string Status { get; set; }

        public int Ready { get; set; }

        public int Total { get; set; }

        public long Restarts { get; set; }

        public DateTimeOffset? LastRestart { get; set; }

        public void AddRestarts(JsonObject container)
        {
            Restarts += container.Number("restartCount") ?? 0;
            if (Print.ParseTime(container.Text("lastState", "terminated", "finishedAt")) is { } ended && (LastRestart is null || ended > LastRestart))
            {
                LastRestart = ended;
            }
        }
    }
}
