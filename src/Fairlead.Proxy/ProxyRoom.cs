using Fairlead.Cluster;
using Fairlead.Linux;
using Fairlead.Linux.Conntrack;
using Fairlead.Nftables;
using Fairlead.Proxy.Compile;
using Fairlead.Proxy.Conntrack;
using Fairlead.Proxy.Frontends;
using Fairlead.Proxy.Nftables;
using Microsoft.Extensions.Logging;

namespace Fairlead.Proxy;

/// <summary>
/// Makes Services work on one node: from the cluster's rows to the kernel's <c>fairlead-proxy</c> table. Programs nothing before Services, slices and nodes
/// have been listed once and the own node is among them. Its end leaves the kernel as it is; <see cref="CleanUpAsync"/> removes the table.
/// </summary>
public sealed class ProxyRoom
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    private readonly ProxyOptions _options;
    private readonly ClusterTables _tables;
    private readonly INft _nft;
    private readonly Func<IpFamily, Func<ConntrackFlow, bool>, int>? _deleteFlows;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ProxyCompiler _compiler;
    private readonly NftProxyCommitter _committer;
    private readonly CommitProgress _progress = new();
    private readonly Wake _wake = new();
    private readonly Dictionary<FrontendKey, Frontend?> _unsettled = [];
    private uint? _checkedGeneration;
    private volatile bool _resyncDue;
    private bool _started;

    /// <summary>Makes the room; nothing happens before <see cref="RunAsync"/>.</summary>
    /// <param name="options">What it is told once.</param>
    /// <param name="tables">The cluster's rows.</param>
    /// <param name="nft">The node's packet filter.</param>
    /// <param name="flows">The node's tracked flows; null leaves stale UDP flows to time out.</param>
    /// <param name="time">For back-off and resync.</param>
    /// <param name="logger">Where it logs.</param>
    public ProxyRoom(ProxyOptions options, ClusterTables tables, INft nft, ConntrackSocket? flows, TimeProvider time, ILogger logger)
        : this(options, tables, nft, flows is null ? null : flows.DeleteWhere, time, logger)
    {
    }

    internal ProxyRoom(
        ProxyOptions options, ClusterTables tables, INft nft, Func<IpFamily, Func<ConntrackFlow, bool>, int>? deleteFlows, TimeProvider time, ILogger logger)
    {
        (_options, _tables, _nft, _deleteFlows, _time, _logger) = (options, tables, nft, deleteFlows, time, logger);
        _compiler = new ProxyCompiler(options);
        _committer = new NftProxyCommitter(nft, options);
    }

    /// <summary>Every frontend with its endpoints and whether the kernel has it. Initialized after the first commit. Written by this room only.</summary>
    public Table<FrontendKey, FrontendRow> Frontends { get; } = new("frontends");

    /// <summary>Waits until the kernel holds what the cluster's tables hold now.</summary>
    public Task WaitUntilCommittedAsync(CancellationToken cancellationToken) => _progress.WaitAsync(
        new Revisions(_tables.Services.Revision, _tables.EndpointSlices.Revision, _tables.Nodes.Revision), cancellationToken);

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
        using var timer = _time.CreateTimer(_ => Resync(), null, _options.ResyncInterval, _options.ResyncInterval);
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
            var (taken, node) = (services.Take(), nodes.Take());
            var slicesTaken = slices.Take();
            var change = _compiler.Update(
                taken.Changes, slicesTaken.Changes, node.Rows.TryGetValue(_options.NodeName, out var row) ? NodeView.Of(row) : null);
            if (await TryCommitAsync(change, delay, cancellationToken))
            {
                delay = FirstDelay;
                _progress.Reach(new Revisions(taken.Revision, slicesTaken.Revision, node.Revision));
                continue;
            }

            await Task.Delay(delay, _time, cancellationToken);
            delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
            _wake.Ring();
        }
    }

    private bool IsReady() => _started
        || (_tables.Services.Initialized && _tables.EndpointSlices.Initialized && _tables.Nodes.Initialized && _tables.Nodes.Get(_options.NodeName) is not null);

    private void Resync()
    {
        _resyncDue = true;
        _wake.Ring();
    }

    private async Task<bool> TryCommitAsync(PlanChange change, TimeSpan delay, CancellationToken cancellationToken)
    {
        foreach (var (key, frontend) in change.Frontends)
        {
            _unsettled[key] = frontend;
        }

        var started = _time.GetTimestamp();
        try
        {
            if (_committer.IsSynced)
            {
                await CommitAsync(change, started, cancellationToken);
            }
            else
            {
                await StartAsync(started, cancellationToken);
            }

            return true;
        }
        catch (NftException e)
        {
            _logger.CommitFailed(e.Message, delay);
            foreach (var (key, frontend) in _unsettled.Where(pair => pair.Value is not null))
            {
                Frontends.Upsert(key, new FrontendRow(frontend!, FrontendStatus.Error, e.Message));
            }

            return false;
        }
    }

    private async Task StartAsync(long started, CancellationToken cancellationToken)
    {
        _resyncDue = false;
        await _committer.ReconcileAsync(_compiler.Plan, _compiler.Node, cancellationToken);
        foreach (var (key, frontend) in _compiler.Plan)
        {
            _unsettled[key] = frontend;
        }

        Settle();
        Frontends.MarkInitialized();
        _logger.Started(_compiler.Plan.Count, (long)_time.GetElapsedTime(started).TotalMilliseconds);
    }

    private async Task CommitAsync(PlanChange change, long started, CancellationToken cancellationToken)
    {
        if (!change.IsEmpty)
        {
            await _committer.CommitAsync(change, _compiler.Node, cancellationToken);
            Settle();
            _logger.Committed(change.Frontends.Count, (long)_time.GetElapsedTime(started).TotalMilliseconds);
        }

        if (_resyncDue)
        {
            _resyncDue = false;
            await CheckDriftAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Reads the table back only when somebody has committed something since it was last found right. A number read before the table cannot hide a change
    /// made while it was read.
    /// </summary>
    private async Task CheckDriftAsync(CancellationToken cancellationToken)
    {
        var generation = await _nft.GenerationAsync(cancellationToken);
        if (generation == _checkedGeneration)
        {
            return;
        }

        if (await _committer.ReconcileAsync(_compiler.Plan, _compiler.Node, cancellationToken))
        {
            _logger.DriftRepaired();
            return;
        }

        _checkedGeneration = generation;
    }

    private void Settle()
    {
        DeleteStaleFlows();
        foreach (var (key, frontend) in _unsettled)
        {
            if (frontend is null)
            {
                Frontends.Delete(key);
            }
            else
            {
                Frontends.Upsert(key, new FrontendRow(frontend, FrontendStatus.Done, ""));
            }
        }

        _unsettled.Clear();
    }

    private void DeleteStaleFlows()
    {
        if (_deleteFlows is null)
        {
            return;
        }

        var stale = UdpFlows.Stale(_unsettled);
        foreach (var family in IpFamily.All.Where(family => _unsettled.Keys.Any(key => key.Protocol == IpProtocol.Udp && key.Address.Family == family)))
        {
            try
            {
                if (_deleteFlows(family, stale) is var count and > 0)
                {
                    _logger.FlowsDeleted(count);
                }
            }
            catch (LinuxException e)
            {
                _logger.FlowsNotDeleted(e.Message);
            }
        }
    }
}
