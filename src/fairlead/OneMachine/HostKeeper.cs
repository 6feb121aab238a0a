using Fairlead.Cluster.Model;
using Fairlead.Linux;
using Fairlead.Linux.Route;
using Fairlead.Nftables;
using Fairlead.Nftables.Kernel;
using Fairlead.Nftables.Rulesets;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.OneMachine;

/// <summary>
/// Keeps the host's side of the cluster: its packet filter, its link to the fabric, its routes to the nodes' pods as the Node objects say. What others
/// change (`nft flush ruleset`, `ip route del`) is back as soon as the kernel tells, and after half a minute if it did not.
/// </summary>
internal sealed class HostKeeper : IDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    private readonly ClusterSpec _spec;
    private readonly Fabric _fabric;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly KernelNft _nft;
    private readonly RouteSocket _route;
    private readonly RouteMonitor _monitor;
    private readonly Wake _wake = new();
    private readonly ITimer _timer;
    private readonly Due _due = new();

    /// <summary>Works in the network namespace of the calling thread.</summary>
    /// <exception cref="NftException">The kernel has no nf_tables.</exception>
    /// <exception cref="LinuxException">No descriptor left.</exception>
    public HostKeeper(ClusterSpec spec, TimeProvider time, ILogger log)
    {
        (_spec, _fabric, _time, _log) = (spec, new Fabric(spec), time, log);
        (_nft, _route, _monitor) = (KernelNft.Open(), RouteSocket.Open(), RouteMonitor.Open());
        _timer = time.CreateTimer(_ => Look(), null, DriftWatch.DefaultInterval, DriftWatch.DefaultInterval);
    }

    /// <summary>The host's packet filter for the cluster, anew.</summary>
    /// <exception cref="NftException">The kernel refused.</exception>
    public Task GuardAsync(CancellationToken cancellationToken) => _nft.CommitAsync(HostTable.Replace(_spec, _fabric.HostLink), cancellationToken);

    /// <summary>What a firewall of this host means for the cluster.</summary>
    public async Task<HostFirewall> FirewallAsync(CancellationToken cancellationToken) => new(await _nft.ListChainsAsync(cancellationToken), _fabric.HostLink);

    /// <summary>Runs until cancelled.</summary>
    /// <param name="nodes">The cluster's nodes.</param>
    /// <param name="cancellationToken">Ends it; nothing is removed.</param>
    public async Task RunAsync(Table<string, NodeRow> nodes, CancellationToken cancellationToken)
    {
        using var feed = nodes.Subscribe();
        feed.Signalled += _wake.Ring;
        using var drift = new DriftWatch(_nft, _time, _wake.Ring);
        var watching = WatchAsync(cancellationToken);
        while (!watching.IsCompleted)
        {
            try
            {
                if (await drift.CheckAsync(RepairTableAsync, cancellationToken))
                {
                    _log.TableRepaired(HostTable.Of(_spec).Name);
                }

                var take = feed.Take();
                Route(take.Rows.Values, take.Changes.Count > 0);
            }
            catch (Exception e) when (e is LinuxException or NftException)
            {
                _log.RepairFailed(e, Retry.TotalSeconds);
                _due.Set();
                await Task.Delay(Retry, _time, cancellationToken);
                continue;
            }

            await _wake.WaitAsync(cancellationToken);
        }

        await watching;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        _monitor.Dispose();
        _route.Dispose();
        _nft.Dispose();
    }

    private async Task<bool> RepairTableAsync(CancellationToken cancellationToken)
    {
        var wanted = RulesetDiff.Made(HostTable.Replace(_spec, _fabric.HostLink));
        try
        {
            if (await _nft.ReadAsync(wanted.Table.Name, cancellationToken) is { } present && RulesetDiff.Between(present, wanted).IsEmpty)
            {
                return false;
            }
        }
        catch (NftException e) when (e.IsForeign)
        {
            _log.TableIsForeign(e.Message);
        }

        await GuardAsync(cancellationToken);
        return true;
    }

    private void Route(IEnumerable<NodeRow> nodes, bool changed)
    {
        if (!changed && !_due.IsSet)
        {
            return;
        }

        var wanted = nodes.SelectMany(node => node.PodCIDRs.SelectMany(pods => node.InternalIPs.Where(ip => ip.IsV4 == pods.Address.IsV4).Select(ip => (Pods: pods, ip)))).ToList();

        // Before the look: one that becomes due meanwhile stays so.
        if (_due.Take() && _fabric.MissingOnHost(_route, wanted.Select(one => one.Pods)) is { Count: > 0 } missing)
        {
            _log.HostRepaired(string.Join(", ", missing));
            _fabric.RepairHost(_route);
        }

        Fabric.RoutePods(_route, wanted);
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _monitor.ReadAsync(cancellationToken))
        {
            if (change.Lost
                || (change.Link is { } link && link.Name == _fabric.HostLink && (change.Removed || !link.IsUp))
                || (change.Removed && (change.Address is not null || change.Route?.Protocol == Fabric.RouteProtocol)))
            {
                Look();
            }
        }
    }

    private void Look()
    {
        _due.Set();
        _wake.Ring();
    }
}
