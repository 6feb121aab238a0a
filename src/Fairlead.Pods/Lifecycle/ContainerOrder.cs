using Fairlead.Kube.Documents;

namespace Fairlead.Pods.Lifecycle;

/// <summary>
/// The order of a pod's containers (KEP-753). Init containers start one after the other; of those, the ones that always restart, the sidecars, stay, and
/// are waited for until they have started only. Then all others run together. Once these have ended, and when the pod does, the sidecars end, last first.
/// </summary>
internal sealed class ContainerOrder(PodWorker pod)
{
    // As kubelet: whoever's turn comes when the grace period is over still gets a moment.
    private static readonly TimeSpan LeastGrace = TimeSpan.FromSeconds(2);

    private IEnumerable<ContainerRecord> Sidecars => pod.Inits.Where(init => init.IsSidecar);

    /// <summary>Runs until all but the sidecars have ended for good, and then these have; cancelled, it leaves everything running.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        List<Task> beside = [];
        using (var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            try
            {
                if (await InitializeAsync(beside, over.Token))
                {
                    await Task.WhenAll(pod.Containers.Select(container => RunAsync(container, pod.Spec.RestartPolicy, cancellationToken)));
                }
            }
            finally
            {
                await over.CancelAsync();
                await Task.WhenAll(beside).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        await EndSidecarsAsync(TimeSpan.FromSeconds(pod.Spec.Document["spec"].Number(30, "terminationGracePeriodSeconds")), cancellationToken);
        pod.Remember();
        pod.Changed();
    }

    /// <summary>Ends everything within the grace period.</summary>
    internal async Task EndAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        var started = pod.Context.Time.GetTimestamp();
        await Task.WhenAll(pod.Inits.Where(init => !init.IsSidecar).Concat(pod.Containers).Select(container => EndAsync(container, grace, cancellationToken)));
        var left = grace - pod.Context.Time.GetElapsedTime(started);
        await EndSidecarsAsync(grace > TimeSpan.Zero && left < LeastGrace ? LeastGrace : left, cancellationToken);
    }

    private async Task<bool> InitializeAsync(List<Task> beside, CancellationToken cancellationToken)
    {
        foreach (var init in pod.Inits)
        {
            if (init.IsSidecar)
            {
                var run = RunAsync(init, "Always", cancellationToken);
                beside.Add(run);
                await await Task.WhenAny(init.FirstStart, run);
            }
            else if (init.Ended is not { ExitCode: 0 })
            {
                await RunAsync(init, pod.Spec.RestartPolicy == "Never" ? "Never" : "OnFailure", cancellationToken);
                if (init.Ended is not { ExitCode: 0 })
                {
                    return false;
                }
            }
        }

        return true;
    }

    private Task RunAsync(ContainerRecord container, string restartPolicy, CancellationToken cancellationToken) =>
        new ContainerRunner(pod, container, restartPolicy).RunAsync(cancellationToken);

    private async Task EndSidecarsAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        var started = pod.Context.Time.GetTimestamp();
        foreach (var sidecar in Sidecars.Reverse())
        {
            var left = grace - pod.Context.Time.GetElapsedTime(started);
            await EndAsync(sidecar, grace > TimeSpan.Zero && left < LeastGrace ? LeastGrace : left, cancellationToken);
        }
    }

    private async Task EndAsync(ContainerRecord container, TimeSpan grace, CancellationToken cancellationToken)
    {
        if (container.Process is { } process)
        {
            pod.Events.Normal("Killing", $"Stopping container {container.Spec.Name}", container.Spec.Name);
            await ContainerStopper.StopAsync(pod, container, grace, cancellationToken);
            container.Ended = await ContainerEnd.TellAsync(pod, container, await process.WaitAsync(cancellationToken), cancellationToken);
            container.Process = null;
            await process.DisposeAsync();
        }
        else if (container is { StandIn: { } standIn, Running: { } since })
        {
            await ContainerStopper.StopAsync(pod, container, standIn, grace, cancellationToken);
            container.Ended = new Termination(0, 0, "Completed", "", since, pod.Context.Time.GetUtcNow());
        }

        container.Running = null;
    }
}
