using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Processes;
using Fairlead.Pods.Containers;
using Fairlead.Pods.Spec;
using Fairlead.Pods.StandIns;

namespace Fairlead.Pods.Lifecycle;

/// <summary>How a container ended.</summary>
internal sealed record Termination(int ExitCode, int Signal, string Reason, string Message, DateTimeOffset Started, DateTimeOffset Finished)
{
    internal static Termination From(ExitStatus status, DateTimeOffset started, DateTimeOffset finished) =>
        status == ExitStatus.Unknown
            ? new Termination(255, 0, "Unknown", "the process ended while nobody watched it", started, finished)
            : new Termination(status.ShellCode, 0, status.ShellCode == 0 ? "Completed" : "Error", "", started, finished);
}

/// <summary>What is known of one container now.</summary>
internal sealed class ContainerRecord(ContainerSpec spec, bool isInit)
{
    private int _probeNotRun;
    private readonly TaskCompletionSource _firstStart = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal ContainerSpec Spec { get; } = spec;

    internal bool IsInit { get; } = isInit;

    /// <summary>Whether it is an init container that stays beside the others (KEP-753).</summary>
    internal bool IsSidecar { get; } = isInit && spec.RestartsAlways;

    internal string Id { get; set; } = "";

    internal int RestartCount { get; set; }

    internal string WaitingReason { get; set; } = isInit ? "PodInitializing" : "ContainerCreating";

    internal string WaitingMessage { get; set; } = "";

    internal DateTimeOffset? Running { get; set; }

    internal Termination? Ended { get; set; }

    internal Termination? Last { get; set; }

    internal bool Ready { get; set; }

    internal bool Started { get; private set; }

    /// <summary>Completed once it has been started for the first time, by its startup probe too.</summary>
    internal Task FirstStart => _firstStart.Task;

    internal ContainerProcess? Process { get; set; }

    /// <summary>Whether the process was started by an earlier run of this program.</summary>
    internal bool Adopted => AdoptedStart.Length > 0;

    /// <summary>Start time of such a process, which its number alone does not identify; empty for one of our own.</summary>
    internal string AdoptedStart { get; set; } = "";

    internal ContainerLaunch? Launch { get; set; }

    internal StandIn? StandIn { get; set; }

    /// <summary>A stand-in's root and namespaces, once something was executed in it.</summary>
    internal Holder? Holder { get; set; }

    internal ContainerLog? Log { get; set; }

    /// <summary>True the first time alone: a probe that cannot be executed is to be told of.</summary>
    internal bool TakeProbeNotRun() => Interlocked.Exchange(ref _probeNotRun, 1) == 0;

    internal void SetStarted(bool started)
    {
        Started = started;
        if (started)
        {
            _firstStart.TrySetResult();
        }
    }

    /// <summary>The containerStatuses element.</summary>
    internal JsonObject Status()
    {
        var status = new JsonObject
        {
            ["name"] = Spec.Name,
            ["image"] = Spec.Image,
            ["imageID"] = "",
            ["restartCount"] = RestartCount,
            ["ready"] = IsInit && !IsSidecar ? Ended is { ExitCode: 0 } : Ready,
            ["started"] = Started,
            ["state"] = State(),
            ["lastState"] = Last is null ? new JsonObject() : new JsonObject { ["terminated"] = Terminated(Last) },
        };
        if (Id.Length > 0)
        {
            status["containerID"] = Id;
        }

        return status;
    }

    private JsonObject State() =>
        Running is { } running ? new JsonObject { ["running"] = new JsonObject { ["startedAt"] = running.ToApiTime() } }
        : Ended is { } ended ? new JsonObject { ["terminated"] = Terminated(ended) }
        : new JsonObject
        {
            ["waiting"] = WaitingMessage.Length > 0
            ? new JsonObject { ["reason"] = WaitingReason, ["message"] = WaitingMessage } : new JsonObject { ["reason"] = WaitingReason }
        };

    private JsonObject Terminated(Termination ended)
    {
        var document = new JsonObject
        {
            ["exitCode"] = ended.ExitCode,
            ["reason"] = ended.Reason,
            ["startedAt"] = ended.Started.ToApiTime(),
            ["finishedAt"] = ended.Finished.ToApiTime(),
            ["containerID"] = Id,
        };
        if (ended.Message.Length > 0)
        {
            document["message"] = ended.Message;
        }

        return document;
    }
}
