using Fairlead.Linux.Processes;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Lifecycle;

/// <summary>What a container may use, and how it ended.</summary>
internal static class ContainerEnd
{
    /// <summary>128 + SIGKILL, which is what the kernel sends a process for its memory; a shell passes it on as its own code.</summary>
    private const int Killed = 137;

    /// <summary>The control group for the next run of a container; empty when it has no limit, or, with an Event, when this machine knows none.</summary>
    internal static string Limit(PodWorker pod, ContainerSpec container)
    {
        if (container.MemoryLimit == 0)
        {
            return "";
        }

        var reason = "this machine has no memory controller";
        try
        {
            if (pod.Context.Memory is { } memory)
            {
                return memory.Create(pod.Spec.Uid, container.Name, container.MemoryLimit);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            reason = e.Message;
        }

        pod.Context.Log.MemoryLimitFailed(container.Name, pod.Spec.Key, reason);
        pod.Events.Warning("MemoryLimitNotEnforced", $"The memory limit of container {container.Name} is not enforced: {reason}", container.Name);
        return "";
    }

    /// <summary>How a container has ended, from its process's status or, for an adopted one, from what its parent has written down.</summary>
    internal static async Task<Termination> TellAsync(PodWorker pod, ContainerRecord container, ExitStatus status, CancellationToken cancellationToken)
    {
        var time = pod.Context.Time;
        if (status == ExitStatus.Unknown && container is { Adopted: true, Process: { } process })
        {
            status = await ExitMemory.WaitAsync(pod.Paths.Container(container.Spec.Name), process.Process.Id, container.AdoptedStart, time, cancellationToken);
        }

        var ended = Termination.From(status, container.Running ?? time.GetUtcNow(), time.GetUtcNow());
        var log = container.Log?.Path ?? "";
        if (await TerminationMessage.ReadAsync(pod.Paths, container.Spec, ended.ExitCode, log, cancellationToken) is { Length: > 0 } message)
        {
            ended = ended with { Message = message };
        }

        return ended.ExitCode == Killed && pod.Context.Memory?.HasKilled(pod.Spec.Uid, container.Spec.Name) == true ? ended with { Reason = "OOMKilled" } : ended;
    }

    /// <summary>Gives back what the pod's containers were limited by.</summary>
    internal static void Forget(PodWorker pod)
    {
        foreach (var container in pod.Inits.Concat(pod.Containers).Where(container => container.Spec.MemoryLimit > 0))
        {
            try
            {
                pod.Context.Memory?.Remove(pod.Spec.Uid, container.Spec.Name);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                pod.Context.Log.MemoryLimitFailed(container.Spec.Name, pod.Spec.Key, e.Message);
            }
        }
    }
}
