using System.Globalization;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Pods.Containers;
using Fairlead.Pods.Sandbox;
using Fairlead.Pods.Spec;
using Fairlead.Pods.StandIns;

namespace Fairlead.Pods.Lifecycle;

/// <summary>Runs one container, again and again as its restart policy says, until cancelled; cancelled, it leaves the process running.</summary>
internal sealed class ContainerRunner(PodWorker pod, ContainerRecord container, string restartPolicy)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LastDelay = TimeSpan.FromMinutes(5);

    /// <summary>How long an end stays to be seen before the first restart, as long as kubelet's look at its containers takes: <c>kubectl run -it</c> of a short
    /// command comes too late to attach and reads the log instead, which must not be the next life's, still empty.</summary>
    private static readonly TimeSpan SeenFor = TimeSpan.FromSeconds(1);

    private TimeSpan _delay = FirstDelay;

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        if (PodWarnings.StandInReason(container.Spec) is { Length: > 0 } reason)
        {
            await (container.IsInit && !container.IsSidecar ? PassOver(reason) : StandInAsync(reason, cancellationToken));
            return;
        }

        while (true)
        {
            var started = pod.Context.Time.GetUtcNow();
            var adoptedEnded = container.Process is null && container.Ended is not null;
            if (!adoptedEnded && (container.Process is not null || await StartAsync(cancellationToken)))
            {
                container.Ended = await WatchAsync(cancellationToken);
            }

            pod.Remember();
            pod.Changed();
            if (container.Ended is { } ended && (restartPolicy == "Never" || (restartPolicy == "OnFailure" && ended.ExitCode == 0)))
            {
                return;
            }

            _delay = pod.Context.Time.GetUtcNow() - started > LastDelay * 2 ? FirstDelay : _delay;
            await BackOffAsync(cancellationToken);
        }
    }

    private async Task BackOffAsync(CancellationToken cancellationToken)
    {
        // A container that merely waits for a ConfigMap is asked about sooner than one that crashes.
        var crashed = container.Ended is not null;
        if (crashed)
        {
            if (container.RestartCount == 0)
            {
                await Task.Delay(SeenFor, pod.Context.Time, cancellationToken);
            }

            container.Last = container.Ended;
            container.Ended = null;
            container.RestartCount++;
            if (container.RestartCount > 1)
            {
                container.WaitingReason = "CrashLoopBackOff";
                container.WaitingMessage = string.Create(CultureInfo.InvariantCulture,
                    $"back-off {_delay.TotalSeconds}s restarting failed container={container.Spec.Name} pod={pod.Spec.Name}");
                pod.Events.Warning("BackOff", $"Back-off restarting failed container {container.Spec.Name} in pod {pod.Spec.Name}", container.Spec.Name);
                pod.Changed();
                await Task.Delay(_delay, pod.Context.Time, cancellationToken);
                _delay = _delay * 2 < LastDelay ? _delay * 2 : LastDelay;
            }

            return;
        }

        await Task.Delay(TimeSpan.FromSeconds(2), pod.Context.Time, cancellationToken);
    }

    private async Task<bool> StartAsync(CancellationToken cancellationToken)
    {
        var now = pod.Context.Time.GetUtcNow();
        try
        {
            PodSecurity.Refuse(pod.Spec, container.Spec);
            var launch = await pod.Plan.LaunchAsync(container.Spec, CommandLine.Of(container.Spec) is { Count: > 0 } argv ? argv : ["sh"], cancellationToken);
            container.Process = await pod.Context.Starts(pod.Node).RunAsync(() => Task.FromResult(Start(launch)), cancellationToken);
            container.Running = pod.Context.Time.GetUtcNow();
            pod.Remember();
            pod.Events.Normal("Created", $"Created container: {container.Spec.Name}", container.Spec.Name);
            pod.Events.Normal("Started", $"Started container {container.Spec.Name}", container.Spec.Name);
            return true;
        }
        catch (ContainerConfigFailure e)
        {
            container.WaitingReason = "CreateContainerConfigError";
            container.WaitingMessage = e.Message;
            pod.Events.Warning("Failed", $"Error: {e.Message}", container.Spec.Name);
            return false;
        }
        catch (Exception e) when (e is ContainerFailure or IOException or UnauthorizedAccessException)
        {
            // Where the pod's files are on the host is no business of whoever reads Events.
            var message = e.Message.Replace(pod.Paths.Run, "", StringComparison.Ordinal).Replace(pod.Paths.State, "", StringComparison.Ordinal);
            container.Log?.End();
            container.Ended = new Termination(128, 0, "StartError", $"failed to create containerd task: {message}", now, pod.Context.Time.GetUtcNow());
            pod.Events.Warning("Failed", $"Error: {message}", container.Spec.Name);
            return false;
        }
    }

    private ContainerProcess Start(ContainerLaunch launch)
    {
        launch = launch with { Cgroup = ContainerEnd.Limit(pod, container.Spec) };
        container.Log = pod.LogOf(container.Spec.Name, container.RestartCount);
        container.Launch = launch;
        LaunchMemory.Save(pod.Paths, container.Spec, launch);
        container.Id = "fairlead://" + Guid.NewGuid().ToString("N");
        container.AdoptedStart = "";
        return ContainerProcess.Start(launch, pod.Paths.Container(container.Spec.Name), container.Log, pod.Context.Reactor, pod.Context.Log);
    }

    private async Task<Termination> WatchAsync(CancellationToken cancellationToken)
    {
        var process = container.Process!;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var probes = ProbeLoops(over.Token);
        pod.Changed();
        try
        {
            var status = await process.WaitAsync(cancellationToken);
            var ended = await ContainerEnd.TellAsync(pod, container, status, cancellationToken);
            await process.DisposeAsync();
            container.Process = null;
            container.Running = null;
            return ended;
        }
        finally
        {
            container.Ready = false;
            container.SetStarted(false);
            await over.CancelAsync();
            await probes;
        }
    }

    private Task PassOver(string reason)
    {
        if (container.Ended is null)
        {
            var now = pod.Context.Time.GetUtcNow();
            pod.Events.Normal("StandIn", $"image \"{container.Spec.Image}\" is not run: {reason}. The init container counts as completed", container.Spec.Name);
            container.Ended = new Termination(0, 0, "Completed", "", now, now);
        }

        return Task.CompletedTask;
    }

    private async Task StandInAsync(string reason, CancellationToken cancellationToken)
    {
        List<(int, bool)> ports = [.. container.Spec.Ports.Where(port => port.Protocol is "TCP" or "UDP").Select(port => (port.Port, port.Protocol == "UDP"))];
        var derived = ports.Count == 0;
        if (derived)
        {
            ports.AddRange(pod.Context.Services.TargetPorts(pod.Spec));
        }

        pod.Events.Normal("StandIn", derived
            ? $"image \"{container.Spec.Image}\" is not run: {reason}. A stand-in answers on {ports.Count} targetPort(s) of the Services that select this pod"
            : $"image \"{container.Spec.Image}\" is not run: {reason}. A stand-in answers on its containerPorts", container.Spec.Name);
        var identity = new Identity(pod.Spec.Name, pod.Spec.Namespace, pod.Spec.NodeName);
        while (container.StandIn is null)
        {
            try
            {
                container.StandIn = StandIn.Start(pod.Paths.Net, ports, identity, pod.Context.Time, pod.Context.Log);
            }
            catch (SocketException e)
            {
                container.WaitingReason = "StandInError";
                container.WaitingMessage = $"cannot listen in the pod: {e.Message}";
                pod.Events.Warning("Failed", container.WaitingMessage, container.Spec.Name);
                pod.Changed();
                await Task.Delay(FirstDelay, pod.Context.Time, cancellationToken);
            }
        }

        container.Id = $"fairlead://stand-in-{pod.Spec.Uid}-{container.Spec.Name}";
        container.Running ??= pod.Context.Time.GetUtcNow();
        var probes = ProbeLoops(cancellationToken);
        pod.Changed();
        try
        {
            await Task.WhenAll(probes, Task.Delay(Timeout.InfiniteTimeSpan, pod.Context.Time, cancellationToken));
        }
        finally
        {
            // That of a pod that is to end goes on answering until its preStop hook is over.
            if (!pod.Stopping.IsCancellationRequested)
            {
                await container.StandIn.DisposeAsync();
            }
        }
    }

    private async Task ProbeLoops(CancellationToken cancellationToken)
    {
        try
        {
            await PostStartAsync(cancellationToken);
            if (container.Spec.Document.Object("startupProbe") is { } startup)
            {
                await ProbeAsync(startup, "Startup", cancellationToken, untilSuccess: true);
            }

            container.SetStarted(true);
            var readiness = container.Spec.Document.Object("readinessProbe");
            container.Ready = readiness is null;
            pod.Changed();
            await Task.WhenAll(
                readiness is null ? Task.CompletedTask : ProbeAsync(readiness, "Readiness", cancellationToken),
                container.Spec.Document.Object("livenessProbe") is { } liveness ? ProbeAsync(liveness, "Liveness", cancellationToken) : Task.CompletedTask);
        }
        catch (OperationCanceledException)
        {
            container.Ready = false;
        }
    }

    private async Task PostStartAsync(CancellationToken cancellationToken)
    {
        if (container.Spec.Document.Object("lifecycle").Object("postStart") is { } hook && IsNew(hook)
            && await ContainerStopper.HookAsync(pod, container, hook, cancellationToken) is { Length: > 0 } failure)
        {
            pod.Events.Warning("FailedPostStartHook", $"PostStartHook failed: {failure}", container.Spec.Name);
            container.Process?.Process.Signal(Signals.Kill);
        }
    }

    /// <summary>Whether the hook is still to be carried out. In a stand-in only a command leaves a trace, the root, that outlives this program; no other is.</summary>
    private bool IsNew(JsonObject hook) => container.StandIn is null ? !container.Adopted : hook["exec"] is not null && container.Holder is null;

    private async Task ProbeAsync(JsonObject probe, string kind, CancellationToken cancellationToken, bool untilSuccess = false)
    {
        var prober = new Prober(pod, container);
        var rhythm = new ProbeRhythm(TimeSpan.FromSeconds(Math.Max(1, probe.Number(10, "periodSeconds"))), kind == "Readiness");
        var (failures, successes) = (0, 0);
        await Task.Delay(TimeSpan.FromSeconds(probe.Number(0, "initialDelaySeconds")), pod.Context.Time, cancellationToken);
        while (true)
        {
            var failure = await prober.ProbeAsync(probe, kind, cancellationToken);
            var next = rhythm.Next(failure.Length == 0, out var counts);
            if (!counts)
            {
                await Task.Delay(next, pod.Context.Time, cancellationToken);
                continue;
            }

            (failures, successes) = failure.Length == 0 ? (0, successes + 1) : (failures + 1, 0);
            if (failure.Length > 0)
            {
                pod.Events.Warning("Unhealthy", $"{kind} probe failed: {failure}", container.Spec.Name);
            }

            if (successes >= Math.Max(1, probe.Number(1, "successThreshold")))
            {
                if (untilSuccess)
                {
                    return;
                }

                SetReady(kind, ready: true);
            }
            else if (failures >= Math.Max(1, probe.Number(3, "failureThreshold")))
            {
                await FailAsync(kind, probe, cancellationToken);
            }

            await Task.Delay(next, pod.Context.Time, cancellationToken);
        }
    }

    private void SetReady(string kind, bool ready)
    {
        if (kind == "Readiness" && container.Ready != ready)
        {
            container.Ready = ready;
            pod.Changed();
        }
    }

    private async Task FailAsync(string kind, JsonObject probe, CancellationToken cancellationToken)
    {
        SetReady(kind, ready: false);
        if (kind != "Readiness" && container.Process is not null)
        {
            pod.Events.Normal("Killing", $"Container {container.Spec.Name} failed {kind.ToLowerInvariant()} probe, will be restarted", container.Spec.Name);
            var grace = probe.Number(pod.Spec.Document["spec"].Number(30, "terminationGracePeriodSeconds"), "terminationGracePeriodSeconds");
            await ContainerStopper.StopAsync(pod, container, TimeSpan.FromSeconds(grace), cancellationToken);
        }
    }
}
