using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Conntrack;
using Fairlead.Nftables;
using Fairlead.Nftables.Transactions;
using Fairlead.Policy.Compile;
using Fairlead.Policy.Drops;
using Fairlead.Policy.Nftables;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Policy;

/// <summary>
/// Keeps the network policies of one node's pods in force, NetworkPolicies and ClusterNetworkPolicies. Fails closed: until a pod's verdicts are in the packet filter, an
/// address of the node's pod range is dropped; <see cref="NodeTables.Enforced"/> says whose verdicts are there.
/// </summary>
public sealed class PolicyRoom
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    private readonly ClusterTables _tables;
    private readonly NodeTables _node;
    private readonly string _nodeName;
    private readonly INft _nft;
    private readonly NftPolicyCommitter _committer;
    private readonly ConntrackSocket? _flows;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly PolicyCompiler _compiler;
    private readonly Wake _wake = new();
    private PolicyPlan? _inForce;
    private bool? _adopted;
    private bool _allChanged = true;
    private readonly HashSet<ObjectKey> _changed = [];

    // Something may differ from what is in force. Services wake the room for the sake of one of them: all others are no work.
    private bool _isPending = true;

    /// <summary>Makes the room of one node; nothing happens before <see cref="RunAsync"/>.</summary>
    /// <param name="tables">The cluster.</param>
    /// <param name="node">The node's own tables: attachments are read, enforced pods written.</param>
    /// <param name="nodeName">metadata.name of the node.</param>
    /// <param name="nft">The packet filter of the node's network namespace.</param>
    /// <param name="flows">Connection tracking of the same namespace; null: connections that a policy no longer allows are left to end by themselves.</param>
    /// <param name="time">The clock of retries.</param>
    /// <param name="logger">Where to log.</param>
    public PolicyRoom(
        ClusterTables tables, NodeTables node, string nodeName, INft nft, ConntrackSocket? flows, TimeProvider time, ILogger<PolicyRoom> logger)
    {
        (_tables, _node, _nodeName, _nft, _flows, _time, _logger) = (tables, node, nodeName, nft, flows, time, logger);
        _committer = new NftPolicyCommitter(nft);
        _compiler = new PolicyCompiler(nodeName);
    }

    /// <summary>Tells of what is dropped; null: nobody does.</summary>
    public DropLog? Drops
    {
        get;
        init
        {
            field = value;
            _committer = new NftPolicyCommitter(_nft, value is { IsTold: true } ? value.History : null);
        }
    }

    /// <summary>Removes everything the room has in the packet filter. Nothing is left to enforce policy; not before the node's pods are gone.</summary>
    /// <exception cref="NftException">Refused.</exception>
    public static Task CleanUpAsync(INft nft, CancellationToken cancellationToken) =>
        nft.CommitAsync(new Transaction(PolicyTable.Table).Destroy(PolicyTable.Table), cancellationToken);

    /// <summary>Runs until cancelled. What is in force then stays in force.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var pods = Listen(_tables.Pods);
        using var policies = Listen(_tables.Policies);
        using var clusterPolicies = Listen(_tables.ClusterPolicies);
        using var namespaces = Listen(_tables.Namespaces);
        using var nodes = Listen(_tables.Nodes);
        using var services = Listen(_tables.Services);
        using var attachments = Listen(_node.Attachments);
        using var drift = new DriftWatch(_nft, _time, _wake.Ring);
        _wake.Ring();
        var delay = FirstDelay;
        while (true)
        {
            await _wake.WaitAsync(cancellationToken);
            Note(pods.Take().Changes.Select(change => change.Key));
            Note(attachments.Take().Changes.SelectMany(change => new[] { change.Old?.Pod, change.New?.Pod }.OfType<ObjectKey>()));
            Note(services.Take().Changes.Where(change => change.Key == PolicyWorld.DnsService).Select(_ => PolicyWorld.DnsPeerKey));
            _allChanged |= namespaces.Take().Changes.Count > 0;
            _isPending |= policies.Take().Changes.Count + clusterPolicies.Take().Changes.Count + nodes.Take().Changes.Count + _changed.Count > 0
                || _allChanged || !Initialized;
            try
            {
                await CheckDriftAsync(drift, cancellationToken);
                await ReconcileAsync(cancellationToken);
                delay = FirstDelay;
            }
            catch (Exception e) when (e is NftException or LinuxException)
            {
                _logger.CommitFailed(e, delay);
                await Task.Delay(delay, _time, cancellationToken);
                delay = TimeSpan.FromTicks(Math.Min(delay.Ticks * 2, LongestDelay.Ticks));
                _wake.Ring();
            }
        }
    }

    private bool Initialized => _tables.Policies.Initialized && _tables.ClusterPolicies.Initialized && _tables.Pods.Initialized
        && _tables.Namespaces.Initialized && _tables.Nodes.Initialized && _tables.Services.Initialized && _node.Attachments.Initialized;

    private ChangeFeed<TKey, TRow> Listen<TKey, TRow>(Table<TKey, TRow> table)
        where TKey : notnull
        where TRow : class
    {
        var feed = table.Subscribe();
        feed.Signalled += _wake.Ring;
        return feed;
    }

    private void Note(IEnumerable<ObjectKey> keys) => _changed.UnionWith(keys);

    private async Task CheckDriftAsync(DriftWatch drift, CancellationToken cancellationToken)
    {
        if (await drift.CheckAsync(_committer.HasDriftedAsync, cancellationToken))
        {
            // Connections that nothing refused meanwhile end like those of an earlier run, and what was adopted is no longer there.
            (_inForce, _adopted, _isPending) = (null, null, true);
            _logger.Drifted();
        }
    }

    private async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        if (!Initialized)
        {
            _adopted ??= await _committer.AdoptAsync(cancellationToken);
            if (_adopted == false)
            {
                await _committer.CommitAsync(PolicyPlan.Closed(_tables.Nodes.Get(_nodeName)), cancellationToken);
            }

            return;
        }

        if (!_isPending)
        {
            return;
        }

        var (world, attachments) = (PolicyWorld.Of(_tables), _node.Attachments.Snapshot());
        var plan = _compiler.Compile(world, attachments, _allChanged ? null : _changed);
        _allChanged = false;
        _changed.Clear();
        await _committer.CommitAsync(plan, cancellationToken, new LocalPods(attachments).In(world));
        Cut(plan);
        _inForce = plan;
        Publish(plan);
        _isPending = false;
    }

    private void Cut(PolicyPlan plan)
    {
        if (_flows is null || !FlowCut.MayTighten(_inForce, plan))
        {
            return;
        }

        try
        {
            var cut = IpFamily.All.Sum(family => _flows.DeleteWhere(family, flow => FlowCut.Ends(flow, _inForce, plan)));
            if (cut > 0)
            {
                _logger.Cut(cut);
            }
        }
        catch (LinuxException e)
        {
            _logger.CutFailed(e);
        }
    }

    private void Publish(PolicyPlan plan)
    {
        var rows = plan.Pods.Values.Select(pod => KeyValuePair.Create(pod.Pod, new EnforcedRow(pod.Pod, pod.IPs))).ToList();
        if (!_node.Enforced.Initialized || _node.Enforced.Snapshot().Count != rows.Count)
        {
            _logger.InForce(rows.Count);
        }

        _node.Enforced.Replace(rows);
    }
}
