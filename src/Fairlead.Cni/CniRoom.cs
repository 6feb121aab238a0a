using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Cni.Datapath;
using Fairlead.Cni.Ipam;
using Fairlead.Cni.Plugin;
using Fairlead.Cni.Server;
using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Route;
using Fairlead.Nftables;
using Fairlead.Nftables.Transactions;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cni;

/// <summary>
/// The pod network of one node: plugs pods at the container runtime's request, and routes to the pods of the other nodes. Everything it finds of an
/// earlier run is adopted; when it stops, all of it keeps working.
/// </summary>
public sealed class CniRoom
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    private readonly CniOptions _options;
    private readonly ClusterTables _cluster;
    private readonly NodeTables _tables;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Wake _wake = new();
    private readonly INft _nft;
    private readonly PodTableCommitter _table;
    private volatile bool _routesDue;
    private bool _installed;
    private string _waitingFor = "";

    /// <summary>Makes the room; nothing happens before <see cref="RunAsync"/>.</summary>
    /// <param name="options">What it is told.</param>
    /// <param name="cluster">Reads Nodes.</param>
    /// <param name="tables">Writes Attachments, reads Enforced.</param>
    /// <param name="nft">The packet filter of the node's network namespace.</param>
    /// <param name="time">For retries and limits.</param>
    /// <param name="log">Gets what happens.</param>
    public CniRoom(CniOptions options, ClusterTables cluster, NodeTables tables, INft nft, TimeProvider time, ILogger log) =>
        (_options, _cluster, _tables, _nft, _table, _time, _log) = (options, cluster, tables, nft, new PodTableCommitter(nft, options.ServiceRanges), time, log);

    /// <summary>Runs until cancelled. Nothing is removed at the end.</summary>
    /// <exception cref="InvalidDataException">The state file is damaged, and pods are plugged.</exception>
    /// <exception cref="IOException">State directory or socket cannot be used; also a <see cref="LinuxException"/> of the first steps.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var route = RouteSocket.Open(_options.Namespace);
        using var monitor = _options.Namespace.Run(RouteMonitor.Open);
        var book = AttachmentBook.Open(_options.StateDirectory, PodLinks(route).Any(), _log);
        var link = new PodLink(route, _options.Namespace);
        using var handler = new CniHandler(_options, _tables, book, link, _table, _time, _log);
        await AdoptAsync(book, link, route, cancellationToken);
        using var server = new CniServer(_options.SocketPath, handler.HandleAsync, _time, _log);
        using var nodes = _cluster.Nodes.Subscribe();
        using var enforced = _tables.Enforced.Subscribe();
        nodes.Signalled += _wake.Ring;
        enforced.Signalled += _wake.Ring;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var loops = new[] { server.RunAsync(stop.Token), FollowAsync(nodes, handler, route, stop.Token), WatchAsync(monitor, stop.Token) };
        try
        {
            await await Task.WhenAny(loops);
        }
        finally
        {
            // Both have ended before what they use is disposed.
            await stop.CancelAsync();
            await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Removes everything the room has made on the node: configuration, plugin, links, routes, table, state.</summary>
    /// <exception cref="IOException">Something could not be removed; what comes after it is still there.</exception>
    public static async Task CleanUpAsync(CniOptions options, INft nft, CancellationToken cancellationToken)
    {
        CniInstaller.Remove(options);
        using var route = RouteSocket.Open(options.Namespace);
        foreach (var name in PodLinks(route))
        {
            route.DeleteLink(name);
        }

        foreach (var one in IpFamily.All.SelectMany(family => route.Routes(family, PodLink.RouteProtocol)))
        {
            route.DeleteRoute(one);
        }

        await nft.CommitAsync(new Transaction(PodTable.Table).Destroy(PodTable.Table), cancellationToken);
        File.Delete(options.SocketPath);
        if (Directory.Exists(options.StateDirectory))
        {
            Directory.Delete(options.StateDirectory, recursive: true);
        }
    }

    private static IEnumerable<string> PodLinks(RouteSocket route) => route.Links().Select(link => link.Name).Where(Attachment.IsHostInterface);

    private async Task AdoptAsync(AttachmentBook book, PodLink link, RouteSocket route, CancellationToken cancellationToken)
    {
        await _table.AdoptAsync(book.All, cancellationToken);
        foreach (var attachment in book.All)
        {
            _tables.Attachments.Upsert(attachment.Key, attachment.Row);
            try
            {
                var mtu = route.FindLink(attachment.Row.HostInterface)?.Mtu ?? NodeState.Unknown.Mtu;
                link.Repair(attachment, mtu);
            }
            catch (Exception e) when (e is CniException or LinuxException or IOException or UnauthorizedAccessException)
            {
                _log.RepairFailed(attachment.Row.Pod, e.Message);
            }
        }

        _tables.Attachments.MarkInitialized();
        if (book.All.Count > 0)
        {
            _log.Adopted(book.All.Count);
        }
    }

    private async Task FollowAsync(ChangeFeed<string, NodeRow> nodes, CniHandler handler, RouteSocket route, CancellationToken cancellationToken)
    {
        var again = Task.CompletedTask;
        using var drift = new DriftWatch(_nft, _time, _wake.Ring);
        while (true)
        {
            var take = nodes.Take();
            var isDone = await TryRepairAsync(drift, handler, cancellationToken)
                & (!take.Initialized || await TrySyncAsync([.. take.Rows.Values], handler, route, cancellationToken));
            if (!isDone && again.IsCompleted)
            {
                again = RingLaterAsync(cancellationToken);
            }

            await _wake.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Mends what others did to the pods' table and routes. It does not wait for the API server.</summary>
    /// <returns>False when something is left to be tried again.</returns>
    private async Task<bool> TryRepairAsync(DriftWatch drift, CniHandler handler, CancellationToken cancellationToken)
    {
        try
        {
            if (await drift.CheckAsync(handler.RepairTableAsync, cancellationToken))
            {
                _log.TableRepaired();
            }

            if (_routesDue)
            {
                _routesDue = false;
                await handler.RepairRoutesAsync(cancellationToken);
            }

            return true;
        }
        catch (Exception e) when (e is LinuxException or NftException)
        {
            _routesDue = true;
            _log.RepairOfNodeFailed(e, Retry.TotalSeconds);
            return false;
        }
    }

    /// <summary>Rings when routes may have gone, and from time to time in case that went unheard; the loop then compares them with what they should be.</summary>
    private async Task WatchAsync(RouteMonitor monitor, CancellationToken cancellationToken)
    {
        using var timer = _time.CreateTimer(_ => RepairRoutesSoon(), null, DriftWatch.DefaultInterval, DriftWatch.DefaultInterval);
        await foreach (var change in monitor.ReadAsync(cancellationToken))
        {
            if (NodeRoutes.MayBeAffectedBy(change))
            {
                RepairRoutesSoon();
            }
        }
    }

    private void RepairRoutesSoon()
    {
        _routesDue = true;
        _wake.Ring();
    }

    private async Task RingLaterAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Retry, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _wake.Ring();
    }

    /// <returns>False when something is left to be tried again.</returns>
    private async Task<bool> TrySyncAsync(List<NodeRow> nodes, CniHandler handler, RouteSocket route, CancellationToken cancellationToken)
    {
        try
        {
            var self = nodes.Find(node => node.Name == _options.NodeName);
            var state = self is null ? NodeState.Unknown : NodeState.Read(self, route);
            NodeSysctls.Apply(_options.Namespace, state.Ranges.Select(range => range.Address.Family));
            var problems = NodeRoutes.Apply(route, NodeRoutes.Compile(nodes, _options.NodeName));
            problems.ForEach(problem => _log.RouteFailed(problem.Reason, Retry.TotalSeconds));
            await handler.SetNodeAsync(state, MasqueradePlan.Compile(_options.Masquerade, state.Ranges, nodes), cancellationToken);
            handler.IsReady = true;
            Install(state);
            SayWhatIsMissing(self is not null, state);
            return problems.Count == 0;
        }
        catch (Exception e) when (e is LinuxException or NftException or IOException or UnauthorizedAccessException)
        {
            _log.SyncFailed(e, Retry.TotalSeconds);
            return false;
        }
    }

    private void SayWhatIsMissing(bool isRegistered, NodeState state)
    {
        var missing = !isRegistered ? $"Node {_options.NodeName}: its kubelet registers it; --node-name must be the name it does so by"
            : state.Ranges.Count == 0 ? $"spec.podCIDRs of Node {_options.NodeName}: the cluster's controller manager gives them (--allocate-node-cidrs), or whoever made the Node"
            : "";
        if (missing.Length > 0 && missing != _waitingFor)
        {
            _log.Waiting(missing);
        }

        _waitingFor = missing;
    }

    private void Install(NodeState state)
    {
        if (_installed || state.Ranges.Count == 0 || !_tables.Enforced.Initialized)
        {
            return;
        }

        _log.RangesKnown(string.Join(", ", state.Ranges));
        CniInstaller.Install(_options, _log);
        _installed = true;
    }
}
