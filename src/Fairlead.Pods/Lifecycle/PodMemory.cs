using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Processes;
using Fairlead.Pods.Sandbox;

namespace Fairlead.Pods.Lifecycle;

/// <summary>What a later run of this program needs to adopt a pod: its addresses, and its processes by number and start time.</summary>
internal static class PodMemory
{
    // A killed process is gone once the kernel has taken down its namespaces.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    internal static void Save(string path, IReadOnlyList<string> addresses, IEnumerable<ContainerRecord> containers)
    {
        var document = new JsonObject { ["addresses"] = new JsonArray([.. addresses.Select(address => (JsonNode)address)]) };
        var processes = new JsonObject();
        foreach (var container in containers.Where(container => container.Process is not null && container.Running is not null))
        {
            processes[container.Spec.Name] = new JsonObject
            {
                ["pid"] = container.Process!.Process.Id,
                ["start"] = StartOf(container.Process.Process.Id),
                ["started"] = container.Running!.Value.ToApiTime(),
                ["restarts"] = container.RestartCount,
                ["id"] = container.Id,
            };
        }

        foreach (var container in containers.Where(container => container.Holder is { Ended: false }))
        {
            var pid = container.Holder!.Process.Id;
            processes[container.Spec.Name] = new JsonObject { ["pid"] = pid, ["start"] = StartOf(pid), ["holder"] = true };
        }

        foreach (var container in containers.Where(container => container.Process is null && container.Ended is not null))
        {
            var ended = container.Ended!;
            processes[container.Spec.Name] = new JsonObject
            {
                ["restarts"] = container.RestartCount,
                ["id"] = container.Id,
                ["started"] = ended.Started.ToApiTime(),
                ["finished"] = ended.Finished.ToApiTime(),
                ["exitCode"] = ended.ExitCode,
                ["reason"] = ended.Reason,
                ["message"] = ended.Message,
            };
        }

        document["processes"] = processes;
        File.WriteAllText(path + ".new", document.ToJsonString());
        File.Move(path + ".new", path, overwrite: true);
    }

    internal static JsonObject? Load(string path)
    {
        try
        {
            return File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path)) as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>How a container that is not running any more ended: as remembered, or unknown when nobody saw it.</summary>
    internal static Termination Ended(JsonObject process, string container, DateTimeOffset now)
    {
        var started = Time(process.Text("started"));
        return process.Text("finished") is { Length: > 0 } finished
            ? new Termination(process.Number(0, "exitCode"), 0, process.Text("reason"), process.Text("message"), started, Time(finished))
            : Termination.From(ExitMemory.Load(container, process.Number(0, "pid"), process.Text("start")), started, now);
    }

    internal static DateTimeOffset Time(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : default;

    /// <summary>Kills every process remembered, and with it all others of its container, and waits until they are gone.</summary>
    internal static void KillAll(string path)
    {
        foreach (var (_, node) in Load(path).Object("processes") ?? [])
        {
            if (node is JsonObject process && Runs(process))
            {
                using var child = ChildProcess.Open(process.Number(0, "pid"));
                child.Signal(Signals.Kill);
                child.WaitUntilEnded(Patience);
            }
        }
    }

    /// <summary>Whether the process remembered still runs: the number alone may mean another by now.</summary>
    internal static bool Runs(JsonObject process) =>
        process.Number(0, "pid") is > 0 and var pid && process.Text("start") is { Length: > 0 } start && StartOf(pid) == start;

    /// <summary>Start time in clock ticks since boot (<c>proc_pid_stat(5)</c>, field 22); empty when the process is gone.</summary>
    internal static string StartOf(int pid) => StatOf(pid) is { Length: > 19 } stat ? stat[19] : "";

    /// <summary><c>proc_pid_stat(5)</c> from field 3, the state, on; empty when the process is gone.</summary>
    internal static string[] StatOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
    }
}
