using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Pods.Sandbox;
using Fairlead.Pods.StandIns;

namespace Fairlead.Pods.Lifecycle;

/// <summary>Ends a container as kubelet does: its preStop hook, SIGTERM, and SIGKILL when the grace period, which the hook is part of, is over.</summary>
internal static class ContainerStopper
{
    /// <summary>Asks the process to end, and makes it. Whoever waits for the process learns its exit status.</summary>
    internal static async Task StopAsync(PodWorker pod, ContainerRecord container, TimeSpan grace, CancellationToken cancellationToken)
    {
        using var process = container.Process!.Process.Duplicate();
        if (grace <= TimeSpan.Zero)
        {
            process.Signal(Signals.Kill);
            return;
        }

        using var patience = new CancellationTokenSource(grace, pod.Context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await PreStopAsync(pod, container, either.Token);
            process.Signal(Signals.Terminate);
            using var watch = pod.Context.Reactor.Watch(process.Handle);
            while (!process.WaitUntilEnded(TimeSpan.Zero))
            {
                await watch.ReadableAsync(either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            process.Signal(Signals.Kill);
        }
    }

    /// <summary>A stand-in has no process to be asked: it answers until its preStop hook, or the grace period, is over.</summary>
    internal static async Task StopAsync(PodWorker pod, ContainerRecord container, StandIn standIn, TimeSpan grace, CancellationToken cancellationToken)
    {
        await using (standIn)
        {
            using var patience = new CancellationTokenSource(grace > TimeSpan.Zero ? grace : TimeSpan.Zero, pod.Context.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
            try
            {
                await PreStopAsync(pod, container, either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The grace period is over.
            }

            await pod.Holders.EndAsync(container);
        }
    }

    private static async Task PreStopAsync(PodWorker pod, ContainerRecord container, CancellationToken cancellationToken)
    {
        if (container.Spec.Document.Object("lifecycle").Object("preStop") is { } hook
            && await HookAsync(pod, container, hook, cancellationToken) is { Length: > 0 } failure)
        {
            pod.Events.Warning("FailedPreStopHook", $"PreStopHook failed: {failure}", container.Spec.Name);
        }
    }

    /// <summary>Carries out a hook; empty when it succeeded.</summary>
    internal static async Task<string> HookAsync(PodWorker pod, ContainerRecord container, JsonObject hook, CancellationToken cancellationToken)
    {
        if (hook.Object("sleep") is { } sleep)
        {
            await Task.Delay(TimeSpan.FromSeconds(sleep.Number(0, "seconds")), pod.Context.Time, cancellationToken);
            return "";
        }

        return await new Prober(pod, container).RunAsync(hook, cancellationToken);
    }
}
