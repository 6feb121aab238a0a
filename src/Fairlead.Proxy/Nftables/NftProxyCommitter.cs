using Fairlead.Nftables;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Transactions;
using Fairlead.Proxy.Compile;
using Fairlead.Proxy.Drift;
using Fairlead.Proxy.Frontends;

namespace Fairlead.Proxy.Nftables;

/// <summary>
/// Brings the plan into nf_tables. What changed since the last commit is one transaction of element operations; at the start, and after any failure, the
/// table is read back and only what differs is changed, so that a running datapath is adopted and never flushed. One caller at a time.
/// </summary>
internal sealed class NftProxyCommitter(INft nft, ProxyOptions options)
{
    private readonly ProxySchema _schema = new(options);
    private Dictionary<FrontendKey, Committed> _committed = [];
    private ShareCounts _shares = new();
    private Dictionary<(bool Local, BalanceCode Code), int> _codes = [];
    private AffinityGroups _groups = new();
    private List<Placed> _node = [];

    private HashSet<FrontendKey> _unplanned = [];

    /// <summary>Chains no element leads to any more. They go with the next commit: kernels before 6.2 refuse to delete both in one transaction.</summary>
    private HashSet<string> _idleChains = [];

    /// <summary>What the kernel holds is known. False at the start and after a failure: then <see cref="ReconcileAsync"/> comes next.</summary>
    public bool IsSynced { get; private set; }

    /// <summary>How the kernel differed from what was committed when it was last read back; null when it did not.</summary>
    public TableDrift? Drift { get; private set; }

    /// <summary>Frontends that were found in the kernel and are in no plan: of Services that went while nobody looked. Told once.</summary>
    public IReadOnlyCollection<FrontendKey> TakeUnplanned()
    {
        var taken = _unplanned;
        _unplanned = [];
        return taken;
    }

    /// <summary>What was committed of a frontend; null when it is not in the kernel.</summary>
    public Committed? Of(FrontendKey key) => _committed.GetValueOrDefault(key);

    /// <summary>Commits what changed.</summary>
    /// <exception cref="NftException">The kernel refused, or did not answer.</exception>
    public async Task CommitAsync(PlanChange change, NodeView node, CancellationToken cancellationToken)
    {
        IsSynced = false;
        var tx = new Transaction(ProxySchema.Table);
        var delta = new ElementDelta();
        var (come, gone) = (new HashSet<(bool, BalanceCode)>(), new HashSet<(bool, BalanceCode)>());
        foreach (var (key, frontend) in change.Frontends)
        {
            var before = _committed.GetValueOrDefault(key);
            var after = frontend is null ? null : Grouped(Committed.Of(frontend, before?.Inside ?? default, before?.Local ?? default));
            Ungroup(before);
            delta.Between(Own(before), Own(after));
            Keep(key, before, after, delta, come, gone);
        }

        if (change.NodeChanged)
        {
            var ranges = FrontendElements.OfNode(node, _schema).ToList();
            delta.Between(_node, ranges);
            _node = ranges;
        }

        AddChains(tx, come.Except(gone), delta);
        delta.WriteTo(tx);
        RemoveChains(tx, come, gone);
        await nft.CommitAsync(tx, cancellationToken);
        IsSynced = true;
    }

    /// <summary>Reads the table back and changes what differs from the plan; false when nothing did.</summary>
    /// <exception cref="NftException">The kernel refused, or did not answer.</exception>
    public async Task<bool> ReconcileAsync(IReadOnlyDictionary<FrontendKey, Frontend> plan, NodeView node, CancellationToken cancellationToken)
    {
        var (before, nodeBefore, wasSynced) = (_committed, _node, IsSynced);
        IsSynced = false;
        Drift = null;
        var (actual, foreign) = await ReadAsync(cancellationToken);
        var slots = actual is null ? null : new SlotReader(actual, _schema);
        _unplanned.UnionWith(slots?.Frontends.Where(key => !plan.ContainsKey(key)) ?? []);
        var desired = Rebuild(plan, node, slots);
        var tx = foreign is not null ? Anew(desired) : actual is null ? desired : RulesetDiff.Between(actual, RulesetDiff.Made(desired));
        if (wasSynced && !tx.IsEmpty)
        {
            var drift = foreign is null ? TableCheck.Compare(actual, before, nodeBefore, _schema) : TableCheck.Without(before, foreign);
            Drift = drift.IsEmpty ? null : drift;
        }

        if (actual is not null)
        {
            FormerAffinity.CarryOver(actual, slots!, _committed, _schema, tx);
        }

        await nft.CommitAsync(tx, cancellationToken);
        IsSynced = true;
        return !tx.IsEmpty;
    }

    /// <summary>Takes everything of the room's out of the kernel.</summary>
    public static Task RemoveAsync(INft nft, CancellationToken cancellationToken) =>
        nft.CommitAsync(new Transaction(ProxySchema.Table).Destroy(ProxySchema.Table), cancellationToken);

    private Committed Grouped(Committed committed) =>
        committed.Frontend.AffinitySeconds == 0 ? committed : committed with { Group = _groups.Take(AffinityGroup.Of(committed.Frontend)) };

    private void Ungroup(Committed? committed)
    {
        if (committed?.Group.IsNone == false)
        {
            _groups.Release(AffinityGroup.Of(committed.Frontend));
        }
    }

    private List<Placed> Own(Committed? committed) => committed is null ? [] : [.. FrontendElements.Own(committed, _schema)];

    private List<Placed> Shared(Committed? committed) => committed is null ? [] : [.. FrontendElements.Shared(committed, _schema)];

    private void Keep(
        FrontendKey key, Committed? before, Committed? after, ElementDelta delta, HashSet<(bool, BalanceCode)> come, HashSet<(bool, BalanceCode)> gone)
    {
        _shares.Change(Shared(before), Shared(after), delta);
        foreach (var local in new[] { false, true })
        {
            if (after?.Code(local) is { } taken)
            {
                _codes[(local, taken)] = _codes.GetValueOrDefault((local, taken)) + 1;
                _ = _codes[(local, taken)] == 1 && (gone.Remove((local, taken)) || come.Add((local, taken)));
            }

            if (before?.Code(local) is { } released && --_codes[(local, released)] == 0)
            {
                _codes.Remove((local, released));
                _ = come.Remove((local, released)) || gone.Add((local, released));
            }
        }

        if (after is null)
        {
            _committed.Remove(key);
        }
        else
        {
            _committed[key] = after;
        }
    }

    private void AddChains(Transaction tx, IEnumerable<(bool Local, BalanceCode Code)> codes, ElementDelta delta)
    {
        foreach (var (local, code) in codes)
        {
            if (!_idleChains.Remove(code.Chain(local)))
            {
                ProxyChains.AddBalancing(tx, _schema, code, local);
            }

            delta.Add(ProxyChains.LeadTo(_schema, local, code));
        }
    }

    private void RemoveChains(Transaction tx, HashSet<(bool, BalanceCode)> come, HashSet<(bool Local, BalanceCode Code)> gone)
    {
        foreach (var chain in _idleChains)
        {
            tx.Delete(new Chain(chain));
        }

        _idleChains.Clear();
        foreach (var (local, code) in gone.Except(come))
        {
            tx.Delete(new Elements(_schema.BalanceOf(local), ProxyChains.LeadTo(_schema, local, code).Element));
            _idleChains.Add(code.Chain(local));
        }
    }

    private async Task<(Ruleset? Actual, Difference? Foreign)> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await nft.ReadAsync(ProxySchema.Table.Name, cancellationToken), null);
        }
        catch (NftException e) when (e.IsForeign)
        {
            return (null, new Difference(DifferenceKind.Changed) { What = e.Message });
        }
    }

    private static Transaction Anew(Transaction desired)
    {
        var tx = new Transaction(ProxySchema.Table).Destroy(ProxySchema.Table);
        foreach (var operation in desired.Operations)
        {
            tx.Add(operation.Object);
        }

        return tx;
    }

    /// <summary>Forgets what was committed, and makes the whole table as the plan wants it, keeping the slots that the kernel has.</summary>
    private Transaction Rebuild(IReadOnlyDictionary<FrontendKey, Frontend> plan, NodeView node, SlotReader? slots)
    {
        var before = _committed;
        (_committed, _shares, _codes, _idleChains, _groups) = ([], new ShareCounts(), [], [], new AffinityGroups());
        var delta = new ElementDelta();
        var come = new HashSet<(bool Local, BalanceCode Code)>();
        foreach (var (key, frontend) in plan)
        {
            var after = Grouped(Committed.Of(frontend, slots?.Of(key, local: false) ?? default, slots?.Of(key, local: true) ?? default));

            // What others hold of it stays the same object as long as it says the same.
            after = before.TryGetValue(key, out var same) && same == after ? same : after;
            delta.Between([], Own(after));
            Keep(key, null, after, delta, come, []);
        }

        _node = [.. FrontendElements.OfNode(node, _schema)];
        delta.Between([], _node);
        var tx = new Transaction(ProxySchema.Table);
        ProxyChains.AddSkeleton(tx, _schema);
        AddChains(tx, come, delta);
        delta.WriteTo(tx);
        return tx;
    }
}
