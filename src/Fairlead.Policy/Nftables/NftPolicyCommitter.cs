using System.Collections.Immutable;
using Fairlead.Nftables;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Transactions;
using Fairlead.Policy.Compile;
using Fairlead.Policy.Drops;

namespace Fairlead.Policy.Nftables;

/// <summary>
/// Brings plans into the packet filter. What an earlier run left there is read once and adopted; after a failure it is read again, because then nobody
/// knows what is there.
/// </summary>
/// <param name="nft">The packet filter.</param>
/// <param name="history">Numbers what is in force, and keeps what it was decided from; null: drops are not told of.</param>
internal sealed class NftPolicyCommitter(INft nft, GenerationHistory? history = null)
{
    private readonly PlanRenderer _renderer = new();
    private TableContent? _current;
    private bool _known;
    private bool _foreign;

    // What is in force carries a generation of this run.
    private bool _isNumbered;

    /// <summary>True when the table exists: whatever is in it stays in force until a plan replaces it.</summary>
    public async Task<bool> AdoptAsync(CancellationToken cancellationToken)
    {
        await LearnAsync(cancellationToken);
        return _current is not null;
    }

    /// <summary>Returns once the plan is in force; changes only what differs.</summary>
    /// <param name="plan">What is to be in force.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="world">What the plan is from; null: the cluster is not known yet.</param>
    /// <exception cref="NftException">Refused; what was in force before still is.</exception>
    public async Task CommitAsync(PolicyPlan plan, CancellationToken cancellationToken, PolicyWorld? world = null)
    {
        await LearnAsync(cancellationToken);
        var wanted = WithLogRules(_renderer.Render(plan), refusal => Logged(_current, refusal));
        var change = TableContent.Change(PolicyTable.Table, _current, wanted, anew: _foreign);
        if (history is null)
        {
            await CommitAsync(change, wanted, cancellationToken);
        }
        else if (_isNumbered && change.IsEmpty)
        {
            history.GoOn(world);
        }
        else
        {
            await CommitAsync(change, wanted, history, world, cancellationToken);
        }
    }

    private async Task CommitAsync(
        Transaction change, TableContent wanted, GenerationHistory history, PolicyWorld? world, CancellationToken cancellationToken)
    {
        var generation = history.Begin(world);
        _isNumbered = false;
        foreach (var refusal in Refusal.All)
        {
            if (!Logged(wanted, refusal).IsEmpty)
            {
                change.Flush(new Chain(refusal.LogChain));
            }

            change.Add(refusal.LogRule(generation));
        }

        try
        {
            await CommitAsync(change, WithLogRules(wanted, refusal => [refusal.LogRule(generation)]), cancellationToken);
            _isNumbered = true;
        }
        catch (NftException e) when (!e.IsUnknown)
        {
            history.Withdraw(generation);
            throw;
        }
    }

    private async Task CommitAsync(Transaction change, TableContent wanted, CancellationToken cancellationToken)
    {
        _known = false;
        await nft.CommitAsync(change, cancellationToken);
        (_current, _known, _foreign) = (wanted, true, false);
    }

    private static ImmutableList<Rule> Logged(TableContent? content, Refusal refusal) =>
        content?.Chains.GetValueOrDefault(refusal.LogChain)?.Rules ?? [];

    private static TableContent WithLogRules(TableContent content, Func<Refusal, ImmutableList<Rule>> rules) => content with
    {
        Chains = content.Chains.SetItems(Refusal.All.Select(refusal =>
            KeyValuePair.Create(refusal.LogChain, new ChainContent(new Chain(refusal.LogChain), rules(refusal))))),
    };

    /// <summary>
    /// Reads the table back. True when somebody else has changed it since the last commit: then the next one mends it, plan or no new plan.
    /// </summary>
    /// <exception cref="NftException">It cannot be read.</exception>
    public async Task<bool> HasDriftedAsync(CancellationToken cancellationToken)
    {
        if (!_known)
        {
            // Will be read before the next commit anyway.
            return false;
        }

        var expected = _current;
        _known = false;
        await LearnAsync(cancellationToken);
        var hasDrifted = _foreign || (expected is null
            ? _current is not null
            : _current is null || !TableContent.Change(PolicyTable.Table, _current, expected).IsEmpty);

        // What was changed may be the generation itself.
        _isNumbered &= !hasDrifted;
        return hasDrifted;
    }

    private async Task LearnAsync(CancellationToken cancellationToken)
    {
        if (_known)
        {
            return;
        }

        try
        {
            var ruleset = await nft.ReadAsync(PolicyTable.Table.Name, cancellationToken);
            (_current, _foreign) = (ruleset is null ? null : TableContent.Of(ruleset), false);
        }
        catch (NftException e) when (e.IsForeign)
        {
            // Somebody put into it what we would never write: nothing can be compared with that.
            (_current, _foreign) = (null, true);
        }

        _known = true;
    }
}
