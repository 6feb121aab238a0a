using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Processes;
using Fairlead.Pods.Containers;
using Fairlead.Pods.Files;
using Fairlead.Pods.Sandbox;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Lifecycle;

/// <summary>Leads one pod from its sandbox to its end.</summary>
internal sealed class PodWorker : IDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);

    /// <summary>No grace period is longer: a timer could not count it.</summary>
    private static readonly TimeSpan LongestGrace = TimeSpan.FromDays(7);

    private readonly PodStatusWriter _writer;
    private volatile JsonObject _observed;
    private readonly CancellationTokenSource _stop = new();
    private readonly DateTimeOffset _started;
    private readonly Lock _gate = new();
    private bool _gone;
    private bool _disposed;

    internal PodWorker(PodsContext context, PodsNode node, PodSpec spec)
    {
        Context = context;
        Node = node;
        Spec = spec;
        _observed = spec.Document;
        _writer = new PodStatusWriter(this);
        Paths = new PodPaths(context.Options, spec);
        Events = new PodEvents(context, spec);
        Inits = [.. spec.InitContainers.Select(container => new ContainerRecord(container, true))];
        Containers =
        [
            .. spec.Containers.Select(container => Inits.Count == 0 ? new ContainerRecord(container, false)
                : new ContainerRecord(container, false) { WaitingReason = "PodInitializing" }),
        ];
        Holders = new Holders(this);
        Plan = new ContainerPlan(context, spec, Paths, [], "");
        _started = context.Time.GetUtcNow();
        Stopping = _stop.Token;
    }

    internal PodsContext Context { get; }

    internal PodsNode Node { get; }

    internal PodSpec Spec { get; }

    internal PodPaths Paths { get; }

    internal PodEvents Events { get; }

    internal IReadOnlyList<ContainerRecord> Inits { get; }

    internal IReadOnlyList<ContainerRecord> Containers { get; }

    internal IReadOnlyList<string> Addresses { get; private set; } = [];

    internal ContainerPlan Plan { get; private set; }

    internal Holders Holders { get; }

    /// <summary>How long its containers have once it is to end: the shortest time that was said.</summary>
    internal TimeSpan Grace { get; private set; } = LongestGrace;

    /// <summary>Cancelled once the pod is to end.</summary>
    internal CancellationToken Stopping { get; }

    private IEnumerable<ContainerRecord> All => Inits.Concat(Containers);

    private IReadOnlyList<string> HostAddresses => [.. Node.Addresses.Select(address => address.ToString())];

    /// <summary>The pod is to end within <paramref name="grace"/>; <paramref name="gone"/> when its object is no more.</summary>
    internal void Stop(TimeSpan grace, bool gone)
    {
        Grace = grace < Grace ? grace : Grace;
        _gone |= gone;
        lock (_gate)
        {
            if (!_disposed)
            {
                _ = _stop.CancelAsync();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _stop.Dispose();
        }
    }

    /// <summary>The status has to be written anew.</summary>
    internal void Changed() => _writer.Changed();

    /// <summary>The pod's object as it is now: conditions that others set are kept, and gate its readiness.</summary>
    internal void Observe(JsonObject item)
    {
        _observed = item;
        if (Spec.ReadinessGates.Count > 0)
        {
            Changed();
        }
    }

    /// <summary>The pod's status now.</summary>
    internal JsonObject Status() =>
        PodStatus.Build(Spec, _observed, Inits, Containers, Addresses, HostAddresses, _started, Context.Time.GetUtcNow());

    internal void Remember()
    {
        lock (_gate)
        {
            PodMemory.Save(Paths.Memory, Addresses, All);
        }
    }

    internal ContainerLog LogOf(string container, int restart)
    {
        var logs = Paths.Logs(container);
        Directory.CreateDirectory(logs);
        File.Delete(string.Create(CultureInfo.InvariantCulture, $"{logs}/{restart - 2}.log"));
        File.Delete(string.Create(CultureInfo.InvariantCulture, $"{logs}/{restart - 2}.log.1"));
        return new ContainerLog(string.Create(CultureInfo.InvariantCulture, $"{logs}/{restart}.log"), Context.Time);
    }

    /// <summary>Runs until the pod is gone; cancelled, it leaves everything running.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var writer = _writer.RunAsync(writing.Token);
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token))
        {
            try
            {
                await LiveAsync(either.Token);
            }
            catch (OperationCanceledException) when (either.IsCancellationRequested)
            {
                Context.Log.PodSays(Spec.Key, _stop.IsCancellationRequested ? "ends" : "is left running");
            }
        }

        if (!cancellationToken.IsCancellationRequested)
        {
            await EndAsync(cancellationToken);
        }

        await writing.CancelAsync();
        await writer;
    }

    private async Task LiveAsync(CancellationToken cancellationToken)
    {
        if (Spec.Document["status"].Text("phase") is not ("Succeeded" or "Failed"))
        {
            await PlugAsync(cancellationToken);
            Plan = new ContainerPlan(Context, Spec, Paths, Addresses, HostAddresses[0]);
            foreach (var problem in Plan.WriteFiles())
            {
                Events.Warning(problem.Reason, problem.Message);
            }

            if (Inits.Count > 0)
            {
                // Without any, the containers are about to be started and say so: one write for both.
                Changed();
            }

            await new ContainerOrder(this).RunAsync(cancellationToken);
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, Context.Time, cancellationToken);
    }

    private async Task PlugAsync(CancellationToken cancellationToken)
    {
        if (PodMemory.Load(Paths.Memory) is { } memory && PodSandbox.Exists(Paths))
        {
            Addresses = memory.Texts("addresses");
            Adopt(memory);
            return;
        }

        if (Spec.Document["status"].Text("podIP").Length > 0)
        {
            // It ran before the machine, or the cluster, went down: what it says of itself is no longer so.
            Changed();
        }

        while (true)
        {
            try
            {
                Addresses = await Context.Starts(Node).RunAsync(() => MakeSandboxAsync(cancellationToken), cancellationToken);
                Remember();
                return;
            }
            catch (Exception e) when (e is CniFailure or IOException or System.Text.Json.JsonException
                || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                Context.Log.PodFailed(Spec.Key, e.Message);
                Events.Warning("FailedCreatePodSandBox", $"Failed to create pod sandbox: {e.Message}");
                await Task.Delay(Retry, Context.Time, cancellationToken);
            }
        }
    }

    private async Task<IReadOnlyList<string>> MakeSandboxAsync(CancellationToken cancellationToken)
    {
        var spec = Spec.Document.Object("spec");
        PodSandbox.Create(Paths, PodHostname.Kernel(Spec, Context.Options.ClusterDomain), Spec.HostNetwork ? Node.NetworkNamespace : "", PodSecurity.Sysctls(spec));
        if (PodSecurity.Unheeded(spec).Select(unheeded => $"{unheeded.Path}: {unheeded.Reason}").ToList() is { Count: > 0 } unheeded)
        {
            Events.Warning("NotEnforced", string.Join("; ", unheeded));
        }

        return Spec.HostNetwork ? HostAddresses : await Context.Cni.AddAsync(Node, Spec, Paths.Net, cancellationToken);
    }

    private void Adopt(JsonObject memory)
    {
        foreach (var container in Containers.Concat(Inits))
        {
            if (memory.Object("processes").Object(container.Spec.Name) is not { } process)
            {
                continue;
            }

            if (process.Flag("holder"))
            {
                container.Holder = PodMemory.Runs(process) ? Holder.Adopt(ChildProcess.Open(process.Number(0, "pid")), Context.Reactor) : null;
                continue;
            }

            container.RestartCount = process.Number(0, "restarts");
            container.Id = process.Text("id");
            if (PodMemory.Runs(process))
            {
                container.Log = LogOf(container.Spec.Name, container.RestartCount);
                container.AdoptedStart = process.Text("start");
                container.Launch = LaunchMemory.Load(Paths, container.Spec);
                container.Running = PodMemory.Time(process.Text("started"));
                container.Process = ContainerProcess.Adopt(
                    ChildProcess.Open(process.Number(0, "pid")), Paths.Container(container.Spec.Name), container.Log, Context.Reactor, Context.Log);
                continue;
            }

            container.Ended = PodMemory.Ended(process, Paths.Container(container.Spec.Name), Context.Time.GetUtcNow());
        }
    }

    private async Task EndAsync(CancellationToken cancellationToken)
    {
        await new ContainerOrder(this).EndAsync(Grace, cancellationToken);

        // Those of stand-ins that did not come to stand in again before the pod was to end.
        await Task.WhenAll(All.Select(Holders.EndAsync));
        ContainerEnd.Forget(this);
        await UnplugAsync(cancellationToken);
        PodSandbox.Delete(Paths.Run, Paths.State);
        if (!_gone)
        {
            await _writer.DeleteAsync(cancellationToken);
        }
    }

    private async Task UnplugAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 0; !Spec.HostNetwork && attempt < 10; attempt++)
        {
            try
            {
                await Context.Starts(Node).RunAsync(() => Context.Cni.DeleteAsync(Node, Spec, Paths.Net, cancellationToken), cancellationToken);
                return;
            }
            catch (Exception e) when (e is CniFailure or IOException)
            {
                Context.Log.PodFailed(Spec.Key, e.Message);
                await Task.Delay(Retry, Context.Time, cancellationToken);
            }
        }
    }
}
