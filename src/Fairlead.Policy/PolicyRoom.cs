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
    private readonly IFlows? _flows;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly PolicyCompiler _compiler;
    private readonly Wake _wake = new();
    private PolicyPlan? _inForce;
    private PolicyPlan? _uncut;
    private bool _owesCut;
    private volatile PolicyStanding _standing = PolicyStanding.Closed;
    private bool? _adopted;
    private readonly HashSet<ObjectKey> _changed = [];

    // Nothing has been compiled yet: what was listed before is not in the changes alone.
    private bool _isFirst = true;

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
        ClusterTables tables, NodeTables node, string nodeName, INft nft, IFlows? flows, TimeProvider time, ILogger<PolicyRoom> logger)
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

    /// <summary>Whose policies are in the packet filter. May be asked from any thread.</summary>
    public PolicyStanding Standing => _standing;

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
        using var again = _time.CreateTimer(_ => _wake.Ring(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _wake.Ring();
        var (delay, cutDelay) = (FirstDelay, FirstDelay);
        while (true)
        {
            await _wake.WaitAsync(cancellationToken);
            Note(pods.Take().Changes.Select(change => change.Key));
            Note(attachments.Take().Changes.SelectMany(change => new[] { change.Old?.Pod, change.New?.Pod }.OfType<ObjectKey>()));
            Note(services.Take().Changes.Where(change => change.Key == PolicyWorld.DnsService).Select(_ => PolicyWorld.DnsPeerKey));
            _isPending |= policies.Take().Changes.Count + clusterPolicies.Take().Changes.Count + namespaces.Take().Changes.Count + nodes.Take().Changes.Count + _changed.Count > 0
                || !Initialized;
            try
            {
                await CheckDriftAsync(drift, cancellationToken);
                await ReconcileAsync(cancellationToken);
                delay = FirstDelay;

                // Nothing waits for a cut that is tried again: what changes meanwhile is put in force at once.
                again.Change(_owesCut ? cutDelay : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                cutDelay = _owesCut ? Longer(cutDelay) : FirstDelay;
            }
            catch (Exception e) when (e is NftException or LinuxException)
            {
                _standing = PolicyStanding.Refused;
                _logger.CommitFailed(e, delay);
                await Task.Delay(delay, _time, cancellationToken);
                delay = Longer(delay);
                _wake.Ring();
            }
        }
    }

    private static TimeSpan Longer(TimeSpan delay) => TimeSpan.FromTicks(Math.Min(delay.Ticks * 2, LongestDelay.Ticks));

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

            _standing = _adopted == true ? PolicyStanding.Kept : PolicyStanding.Closed;
            return;
        }

        if (!_isPending)
        {
            if (_owesCut && _inForce is not null)
            {
                Cut(_inForce);
            }

            return;
        }

        var (world, attachments) = (PolicyWorld.Of(_tables), _node.Attachments.Snapshot());
        var plan = _compiler.Compile(world, attachments, _isFirst ? null : _changed);
        _isFirst = false;
        _changed.Clear();
        await _committer.CommitAsync(plan, cancellationToken, new LocalPods(attachments).In(world));
        Cut(plan);
        _inForce = plan;
        Publish(plan);
        _isPending = false;
    }

    private void Cut(PolicyPlan plan)
    {
        // A cut that is owed is of all that has changed since the last that was made.
        _uncut = _owesCut ? _uncut : _inForce;
        if (_flows is not null && (_owesCut || FlowCut.MayTighten(_uncut, plan)))
        {
            _owesCut = !TryCut(_flows, plan);
        }

        _standing = _owesCut ? PolicyStanding.Uncut : PolicyStanding.InForce;
    }

    private bool TryCut(IFlows flows, PolicyPlan plan)
    {
        try
        {
            var cut = IpFamily.All.Sum(family => flows.DeleteWhere(family, flow => FlowCut.Ends(flow, _uncut, plan)));
            if (cut > 0)
            {
                _logger.Cut(cut);
            }

            return true;
        }
        catch (LinuxException e)
        {
            if (!_owesCut)
            {
                _logger.CutFailed(e);
            }

            return false;
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
