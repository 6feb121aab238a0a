using System.Diagnostics;
using Fairlead.Cluster;
using Fairlead.Cluster.Reflectors;
using Fairlead.Composition;
using Fairlead.Dns;
using Fairlead.Dns.Server;
using Fairlead.Linux.Processes;
using Fairlead.Pods;
using Fairlead.State;
using Fairlead.Terminal;

namespace Fairlead.OneMachine;

/// <summary>A running one-machine cluster: fabric, control plane and supervised roles, in this process's care.</summary>
internal sealed class OneMachineCluster : IAsyncDisposable
{
    /// <summary>Where the relay listens on the fabric, an address of ours alone.</summary>
    private const int RelayPort = 10053;

    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(60);

    private readonly ClusterPaths _paths;
    private readonly Fabric _fabric;
    private readonly HostKeeper _host;
    private readonly FileLoggerFactory _loggers;
    private readonly Reactor _reactor = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ClusterTables _tables = new();
    private readonly DnsSocketKeeper _dns;
    private readonly ISteps _steps;
    private readonly List<Task> _work = [];
    private readonly Lock _gate = new();
    private RuntimeRecord _runtime;
    private ClusterPlane? _plane;

    private OneMachineCluster(ClusterSpec spec, RuntimeRecord? left, ISteps steps)
    {
        Spec = spec;
        _paths = new ClusterPaths(spec.Name);
        _fabric = new Fabric(spec);
        _dns = new DnsSocketKeeper(spec);
        _steps = steps;
        _loggers = new FileLoggerFactory(_paths.Log("up"));
        _host = new HostKeeper(spec, TimeProvider.System, _loggers.CreateLogger("host"));
        var self = Environment.ProcessId;
        _runtime = new RuntimeRecord
        {
            Supervisor = new ProcessRecord("up", self, ProcessTable.StartTicks(self), 0, ""),
            HostLink = _fabric.HostLink,

            // Still to be taken back, whoever put it there.
            KubeconfigFile = left?.KubeconfigFile ?? "",
            ReplacedContext = left?.ReplacedContext ?? "",
        };
    }

    /// <summary>What the cluster is.</summary>
    public ClusterSpec Spec { get; }

    /// <summary>Starts, or resumes, the cluster and returns when its nodes are ready.</summary>
    /// <exception cref="UserError">What stands in the way, and what to do.</exception>
    public static async Task<OneMachineCluster> StartAsync(UpRequest request, ISteps steps, CancellationToken cancellationToken)
    {
        Preflight.Check();
        var paths = new ClusterPaths(request.Name);
        OneMachineCluster? cluster = null;
        var isNew = false;
        try
        {
            using (await HostLock.TakeAsync(TimeProvider.System))
            {
                var left = await RecoverAsync(paths);
                isNew = !File.Exists(paths.Spec);
                paths.Create();
                cluster = new OneMachineCluster(Specify(request), left, steps);
                cluster.Save(cluster._runtime);
            }

            await cluster.StartAsync(request, cancellationToken);
            return cluster;
        }
        catch (Exception e)
        {
            if (cluster is not null)
            {
                await cluster.DisposeAsync();
            }

            var explained = StartFailure.Explain(e, paths);
            if (isNew)
            {
                // A cluster that never was leaves nothing but what explains why.
                await Teardown.DiscardAsync(paths, keepLogs: explained?.SeeLog != false && e is not OperationCanceledException);
            }

            if (explained is { Error: var error } && error != e)
            {
                throw error;
            }

            throw;
        }
    }

    /// <summary>
    /// The specification on disk, or a new one. What does not make another cluster of it follows the request and the machine of today: egress, and a free
    /// port for the API server. The host's lock is held: two clusters do not choose the same.
    /// </summary>
    private static ClusterSpec Specify(UpRequest request)
    {
        var spec = Specs.Load(request.Name);
        if (spec is null)
        {
            spec = Specs.Create(request, Fabric.UsedNetworks(), ApiPorts.Choose(0));
        }
        else
        {
            Specs.RefuseDifference(spec, request);
            Specs.RefuseCollision(spec, new Fabric(spec).NetworksOfOthers());
            spec = spec with
            {
                Egress = request.Egress ?? spec.Egress,
                WithoutIngress = request.Ingress is { } ingress ? !ingress : spec.WithoutIngress,
                ExternalIPRanges = request.ExternalIPRanges ?? spec.ExternalIPRanges,
                DenyExternalIPs = request.DenyExternalIPs ?? spec.DenyExternalIPs,
                ApiPort = ApiPorts.Choose(spec.ApiPort),
            };
        }

        Specs.Save(spec);
        return spec;
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        var stopped = Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, both.Token);
        var ended = await Task.WhenAny([stopped, _plane!.Completion, .. _work]);
        if (ended != stopped)
        {
            await ended;
        }
    }

    /// <summary>Stops the roles, the control plane and the fabric; the objects stay on disk.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_plane is not null)
        {
            await _plane.DisposeAsync();
        }

        _dns.Dispose();
        _host.Dispose();
        await Teardown.ClearAsync(Spec, _runtime);
        _reactor.Dispose();
        _loggers.Dispose();
        _stop.Dispose();
    }

    /// <summary>What a killed `up` left running is ended; its namespaces and links are taken over as they are.</summary>
    /// <returns>What it had written down; null for a clean start.</returns>
    /// <exception cref="UserError">Another process runs the cluster.</exception>
    private static async Task<RuntimeRecord?> RecoverAsync(ClusterPaths paths)
    {
        var left = Runtimes.Load(paths);
        if (left is not null)
        {
            if (ProcessTable.IsAlive(left.Supervisor))
            {
                throw new UserError($"process {left.Supervisor.Pid} is starting this cluster already", "wait for it, or `fairlead down`");
            }

            using var reactor = new Reactor();
            await Supervisor.EndLeftoversAsync(left.Children, reactor, TimeProvider.System);
        }

        return left;
    }

    private async Task StartAsync(UpRequest request, CancellationToken cancellationToken)
    {
        IReadOnlyList<int> made = [];
        await StepAsync("network", async () =>
        {
            await HostSysctls.ApplyAsync(Spec);
            made = _fabric.Build();
            await _host.GuardAsync(cancellationToken);
        });
        await StepAsync("control plane", async () => _plane = await ClusterPlane.StartAsync(Spec, _paths, _loggers, cancellationToken));
        await new FirewallCheck(Spec, await _host.FirewallAsync(cancellationToken)).RunAsync(_steps, cancellationToken);
        await NodeLives.ForgetAsync(Spec, _paths, made, _plane!.Api, cancellationToken);
        var ingress = new IngressAddon(Spec, _plane.Api, MountedProgram.OfThisProcess());
        var hasIngress = await ingress.TryApplyAsync(_steps, cancellationToken) && !Spec.WithoutIngress;
        var supervisor = new Supervisor(_paths, _reactor, TimeProvider.System, _loggers.CreateLogger("supervisor"), children => Save(_runtime with { Children = children }));
        _work.Add(RelayDnsAsync(_stop.Token));
        PodOrphans.Expect();
        foreach (var role in ClusterRoles.Of(Spec, _paths, $"{Spec.V4.Host}:{RelayPort}", _dns, new PodOrphans(_paths.Run, _reactor, _loggers.CreateLogger("supervisor")).Take))
        {
            _work.Add(supervisor.KeepAsync(role, _stop.Token));
        }

        _work.Add(KeepHostAsync(_stop.Token));
        await StepAsync($"nodes {string.Join(", ", Enumerable.Range(1, Spec.Nodes).Select(Spec.NodeName))}", () => NodesReadyAsync(cancellationToken));
        if (hasIngress)
        {
            await ingress.TellAsync(_steps, cancellationToken);
        }

        var (file, replaced) = await UserKubeconfig.MergeAsync(_plane.Admin, request.Switch);
        Save(_runtime with { Ready = true, KubeconfigFile = file, ReplacedContext = replaced.Length > 0 ? replaced : _runtime.ReplacedContext });
        _work.Add(HeapTrim.OfProcess(TimeProvider.System).RunAsync(Task.Delay(HeapTrim.Interval, TimeProvider.System, _stop.Token), _stop.Token));
    }

    private async Task StepAsync(string step, Func<Task> work)
    {
        var watch = Stopwatch.StartNew();
        await work();
        _steps.Done(step, watch.Elapsed);
    }

    /// <summary>Waits until every node is Ready; a node that is not names itself.</summary>
    private async Task NodesReadyAsync(CancellationToken cancellationToken)
    {
        var expected = Enumerable.Range(1, Spec.Nodes).Select(Spec.NodeName).ToHashSet();
        using var limit = new CancellationTokenSource(ReadyLimit, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var wake = new Wake();
        using var feed = _tables.Nodes.Subscribe();
        feed.Signalled += wake.Ring;
        try
        {
            while (!expected.All(name => _tables.Nodes.Get(name) is { Ready: true, PodCIDRs.Count: > 0 }))
            {
                await wake.WaitAsync(both.Token);
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            var missing = expected.Where(name => _tables.Nodes.Get(name) is not { Ready: true });
            throw new TimeoutException($"not ready after {ReadyLimit.TotalSeconds:0} s: {string.Join(", ", missing)}");
        }
    }

    /// <summary>
    /// Carries the agents' questions about outside names to the host's resolvers, from the host's namespace. Without egress there is nobody to ask: a
    /// name would carry whatever it says to the outside.
    /// </summary>
    private async Task RelayDnsAsync(CancellationToken cancellationToken)
    {
        var sockets = DnsSockets.Bind(Spec.V4.Host, RelayPort);
        try
        {
            await new DnsRelay(Spec.Egress ? null : [], TimeProvider.System) { Log = _loggers.CreateLogger("dns-relay") }.RunAsync(sockets, cancellationToken);
        }
        finally
        {
            foreach (var socket in sockets)
            {
                socket.Dispose();
            }
        }
    }

    /// <summary>Keeps the host's side of the network, and its routes as the Node objects say.</summary>
    private async Task KeepHostAsync(CancellationToken cancellationToken)
    {
        var reading = new ClusterReflectors(_plane!.Api, _tables, TimeProvider.System, _loggers.CreateLogger("host")).RunNodesAsync(cancellationToken);
        await _host.RunAsync(_tables.Nodes, cancellationToken);
        await reading;
    }

    private void Save(RuntimeRecord record)
    {
        lock (_gate)
        {
            _runtime = record;
            Runtimes.Save(_paths, record);
        }
    }
}
