using Fairlead.Cluster;
using Fairlead.Linux.Conntrack;
using Fairlead.Nftables;
using Fairlead.Proxy.Compile;
using Fairlead.Proxy.Conntrack;
using Fairlead.Proxy.Frontends;
using Fairlead.Proxy.Health;
using Fairlead.Proxy.Inspection;
using Fairlead.Proxy.Nftables;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Fairlead.Proxy;

/// <summary>
/// Makes Services work on one node: from the cluster's rows to the kernel's <c>fairlead-proxy</c> table. Programs nothing before Services, slices, nodes and
/// ServiceCIDRs have been listed once and the own node is among them. Its end leaves the kernel as it is; <see cref="CleanUpAsync"/> removes the table.
/// </summary>
public sealed class ProxyRoom : IDisposable
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    private readonly ProxyOptions _options;
    private readonly ClusterTables _tables;
    private readonly Table<IpAddr, NodeAddressRow> _addresses;
    private readonly INft _nft;
    private readonly StaleFlows? _flows;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ProxyCompiler _compiler;
    private readonly NftProxyCommitter _committer;
    private readonly CommitProgress _progress = new();
    private readonly CommitPasses _passes = new();
    private readonly ProxyInspector _inspector;
    private readonly ProxyMetrics _metrics;
    private readonly Wake _wake = new();
    private readonly Dictionary<FrontendKey, Frontend?> _unsettled = [];
    private readonly Dictionary<ObjectKey, HealthCheckRow?> _unsettledChecks = [];
    private NodeRow? _node;
    private bool _started;

    /// <summary>Makes the room; nothing happens before <see cref="RunAsync"/>.</summary>
    /// <param name="options">What it is told once.</param>
    /// <param name="tables">The cluster's rows.</param>
    /// <param name="nft">The node's packet filter.</param>
    /// <param name="flows">The node's tracked flows; null leaves stale UDP flows to time out.</param>
    /// <param name="time">For back-off and resync.</param>
    /// <param name="logger">Where it logs.</param>
    /// <param name="addresses">The addresses of the node's links; only asked where <see cref="ProxyOptions.NodePortRanges"/> choose among them.</param>
    public ProxyRoom(
        ProxyOptions options, ClusterTables tables, INft nft, ConntrackSocket? flows, TimeProvider time, ILogger logger, NodeAddresses? addresses = null)
        : this(options, tables, nft, flows is null ? null : flows.DeleteWhere, time, logger, addresses?.Table)
    {
    }

    internal ProxyRoom(
        ProxyOptions options, ClusterTables tables, INft nft, Func<IpFamily, Func<ConntrackFlow, bool>, int>? deleteFlows, TimeProvider time, ILogger logger,
        Table<IpAddr, NodeAddressRow>? addresses = null)
    {
        _addresses = addresses ?? new Table<IpAddr, NodeAddressRow>("node addresses");
        (_options, _tables, _nft, _time, _logger) = (options, tables, nft, time, logger);
        _compiler = new ProxyCompiler(options);
        _committer = new NftProxyCommitter(nft, options);
        _metrics = new ProxyMetrics(time, WithoutLocalEndpoints, OutOfStep, () => Warnings.Snapshot().Count);
        _flows = deleteFlows is null ? null : new StaleFlows(deleteFlows, time, _metrics, logger);
        _inspector = new ProxyInspector(options, tables, Frontends, Now, _progress, _passes, time);
        Health = new ProxyHealth(time, options.ResyncInterval * 2);
    }

    /// <summary>Every frontend with its endpoints and whether the kernel has it. Initialized after the first commit. Written by this room only.</summary>
    public Table<FrontendKey, FrontendRow> Frontends { get; } = new("frontends");

    /// <summary>What to answer on health check node ports, by Service. Initialized after the first commit. Written by this room only.</summary>
    public Table<ObjectKey, HealthCheckRow> HealthChecks { get; } = new("health checks");

    /// <summary>What of a Service is not served, and why, in words; only Services with something to say. Initialized after the first commit. Written by this room only.</summary>
    public Table<ObjectKey, ServiceWarningsRow> Warnings { get; } = new("service warnings");

    /// <summary>Whether the kernel keeps up.</summary>
    public ProxyHealth Health { get; }

    /// <summary>The room's metrics, for an exporter.</summary>
    public Meter Meter => _metrics.Meter;

    /// <inheritdoc/>
    public void Dispose() => _metrics.Dispose();

    /// <summary>Waits until the kernel holds what the cluster's tables hold now.</summary>
    public Task WaitUntilCommittedAsync(CancellationToken cancellationToken) => _progress.WaitAsync(Now(), cancellationToken);

    /// <summary>
    /// What the kernel holds of each Service, whether that is what the objects ask for, and why not. Only reads, and holds nothing up; any thread may ask.
    /// </summary>
    /// <param name="nft">A connection of its own to the node's packet filter, so that no commit waits for the reading.</param>
    /// <param name="query">Which Services, and how much of them.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="NftException">The kernel does not answer, or something is committed without a pause.</exception>
    public Task<NodeInspection> InspectAsync(INft nft, InspectionQuery query, CancellationToken cancellationToken) =>
        _inspector.InspectAsync(nft, () => _compiler.Node, query, cancellationToken);

    /// <summary>Removes the room's table from the kernel; nothing happens when there is none.</summary>
    /// <exception cref="NftException">The kernel refused.</exception>
    public static Task CleanUpAsync(INft nft, CancellationToken cancellationToken) => NftProxyCommitter.RemoveAsync(nft, cancellationToken);

    /// <summary>Runs until cancelled. Failures to commit are logged, shown in <see cref="Frontends"/> and tried again, for ever.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var services = _tables.Services.Subscribe();
        using var slices = _tables.EndpointSlices.Subscribe();
        using var nodes = _tables.Nodes.Subscribe();
        services.Signalled += _wake.Ring;
        slices.Signalled += _wake.Ring;
        nodes.Signalled += _wake.Ring;
        using var ranges = _tables.ServiceCidrs.Subscribe();
        using var addresses = _addresses.Subscribe();
        ranges.Signalled += _wake.Ring;
        addresses.Signalled += _wake.Ring;
        using var drift = new DriftWatch(_nft, _time, _wake.Ring, _options.ResyncInterval);
        _wake.Ring();
        var delay = FirstDelay;
        while (true)
        {
            await _wake.WaitAsync(cancellationToken);
            if (!IsReady())
            {
                continue;
            }

            _started = true;
            var (taken, slicesTaken) = (services.Take(), slices.Take());
            var (node, rangesTaken, addressesTaken) = (nodes.Take(), ranges.Take(), addresses.Take());
            _metrics.Taken(taken.Changes, slicesTaken.Changes);
            Health.Queued();
            _node = node.Rows.GetValueOrDefault(_options.NodeName) ?? _node;
            var view = _node is null ? null : NodeView.Of(_node, _options, addressesTaken.Rows.Keys, rangesTaken.Rows.Values);
            var change = _compiler.Update(taken.Changes, slicesTaken.Changes, view);
            Tell(change.Warnings);
            if (await TryCommitAsync(change, drift, delay, cancellationToken))
            {
                Health.Updated();
                delay = FirstDelay;
                _progress.Reach(new Revisions(taken.Revision, slicesTaken.Revision, node.Revision, rangesTaken.Revision, addressesTaken.Revision));
                continue;
            }

            await Task.Delay(delay, _time, cancellationToken);
            delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
            _wake.Ring();
        }
    }

    private bool IsReady() => _started
        || (_tables.Services.Initialized && _tables.EndpointSlices.Initialized && _tables.Nodes.Initialized && _tables.Nodes.Get(_options.NodeName) is not null
            && _tables.ServiceCidrs.Initialized && (_options.NodePortRanges.Count == 0 || _addresses.Initialized));

    private Revisions Now() => new(
        _tables.Services.Revision, _tables.EndpointSlices.Revision, _tables.Nodes.Revision, _tables.ServiceCidrs.Revision, _addresses.Revision);

    /// <summary>These need no kernel: they are told at once, and logged when they are new.</summary>
    private void Tell(IReadOnlyDictionary<ObjectKey, ValueArray<string>> warnings)
    {
        foreach (var (service, texts) in warnings)
        {
            foreach (var text in texts.Except(Warnings.Get(service)?.Texts ?? default))
            {
                _logger.NotServed(service, text);
            }

            if (texts.Count == 0)
            {
                Warnings.Delete(service);
            }
            else
            {
                Warnings.Upsert(service, new ServiceWarningsRow(texts));
            }
        }
    }

    private async Task<bool> TryCommitAsync(PlanChange change, DriftWatch drift, TimeSpan delay, CancellationToken cancellationToken)
    {
        foreach (var (key, frontend) in change.Frontends)
        {
            _unsettled[key] = frontend;
        }

        foreach (var (service, check) in change.HealthChecks)
        {
            _unsettledChecks[service] = check;
        }

        var started = _time.GetTimestamp();
        try
        {
            if (_committer.IsSynced)
            {
                await CommitAsync(change, drift, started, cancellationToken);
            }
            else
            {
                await StartAsync(started, cancellationToken);
            }

            return true;
        }
        catch (NftException e)
        {
            _metrics.Failed();
            _logger.CommitFailed(e.Message, delay);
            ShowFailure(e.Message);
            return false;
        }
        finally
        {
            _passes.End();
        }
    }

    /// <summary>On what could not be committed, what could not be removed, and what differs and could not be put right.</summary>
    private void ShowFailure(string reason)
    {
        foreach (var key in _unsettled.Keys.Concat(_committer.Drift?.Frontends.Keys ?? Enumerable.Empty<FrontendKey>()))
        {
            var row = Frontends.Get(key);
            if ((_unsettled.GetValueOrDefault(key) ?? row?.Frontend) is { } frontend)
            {
                Frontends.Upsert(key, new FrontendRow(frontend, FrontendStatus.Error, reason) { Held = row?.Held });
            }
        }
    }

    private async Task StartAsync(long started, CancellationToken cancellationToken)
    {
        _passes.Begin();
        await _committer.ReconcileAsync(_compiler.Plan, _compiler.Node, cancellationToken);
        foreach (var (key, frontend) in _compiler.Plan)
        {
            _unsettled[key] = frontend;
        }

        foreach (var key in _committer.TakeUnplanned())
        {
            _unsettled.TryAdd(key, null);
        }

        Settle();
        Frontends.MarkInitialized();
        HealthChecks.MarkInitialized();
        Warnings.MarkInitialized();
        _logger.Started(_compiler.Plan.Count, (long)_time.GetElapsedTime(started).TotalMilliseconds);
    }

    private async Task CommitAsync(PlanChange change, DriftWatch drift, long started, CancellationToken cancellationToken)
    {
        if (!change.IsEmpty)
        {
            _passes.Begin();
            await _committer.CommitAsync(change, _compiler.Node, cancellationToken);
            _metrics.Programmed(_time.GetElapsedTime(started));
            _logger.Committed(change.Frontends.Count, (long)_time.GetElapsedTime(started).TotalMilliseconds);
        }

        Settle();
        await drift.CheckAsync(RepairAsync, cancellationToken);
    }

    private async Task<bool> RepairAsync(CancellationToken cancellationToken)
    {
        _passes.Begin();
        try
        {
            if (!await _committer.ReconcileAsync(_compiler.Plan, _compiler.Node, cancellationToken))
            {
                return false;
            }

            // Putting it right may have moved endpoints to other slots.
            foreach (var (key, frontend) in _compiler.Plan)
            {
                _unsettled[key] = frontend;
            }

            Settle();
            return true;
        }
        finally
        {
            if (_committer.Drift is { } drift)
            {
                _metrics.Drifted(drift);
                _logger.Drifted(drift.Objects(frontend => _compiler.Plan.TryGetValue(frontend, out var planned) ? planned.Service.ToString() : $"{frontend}"));
            }
        }
    }

    private void Settle()
    {
        _flows?.Delete(_unsettled);
        foreach (var (key, frontend) in _unsettled)
        {
            if (frontend is null)
            {
                Frontends.Delete(key);
            }
            else
            {
                Frontends.Upsert(key, new FrontendRow(frontend, FrontendStatus.Done, "") { Held = _committer.Of(key) });
            }
        }

        foreach (var (service, check) in _unsettledChecks)
        {
            if (check is null)
            {
                HealthChecks.Delete(service);
            }
            else
            {
                HealthChecks.Upsert(service, check);
            }
        }

        _unsettled.Clear();
        _unsettledChecks.Clear();
        _metrics.Settled();
    }

    private int OutOfStep() => Frontends.Snapshot().Values.Where(row => row.Status != FrontendStatus.Done).Select(row => row.Frontend.Service).Distinct().Count();

    private (int Internal, int External) WithoutLocalEndpoints()
    {
        var unserved = Frontends.Snapshot().Values.Select(row => row.Frontend).Where(frontend => frontend.HasEndpoints).ToList();
        return (
            Services(unserved.Where(frontend => frontend.Kind == FrontendKind.ClusterIP && frontend.Endpoints.Count == 0)),
            Services(unserved.Where(frontend => frontend.Outside == OutsidePolicy.Local && frontend.LocalEndpoints.Count == 0)));

        static int Services(IEnumerable<Frontend> frontends) => frontends.Select(frontend => frontend.Service).Distinct().Count();
    }
}
