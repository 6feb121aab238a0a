using Fairlead.Nftables;
using Fairlead.Policy.Compile;

namespace Fairlead.Policy.Nftables;

/// <summary>
/// Brings plans into the packet filter. What an earlier run left there is read once and adopted; after a failure it is read again, because then nobody
/// knows what is there.
/// </summary>
internal sealed class NftPolicyCommitter(INft nft)
{
    private readonly PlanRenderer _renderer = new();
    private TableContent? _current;
    private bool _known;
    private bool _foreign;

    /// <summary>True when the table exists: whatever is in it stays in force until a plan replaces it.</summary>
    public async Task<bool> AdoptAsync(CancellationToken cancellationToken)
    {
        await LearnAsync(cancellationToken);
        return _current is not null;
    }

    /// <summary>Returns once the plan is in force; changes only what differs.</summary>
    /// <exception cref="NftException">Refused; what was in force before still is.</exception>
    public async Task CommitAsync(PolicyPlan plan, CancellationToken cancellationToken)
    {
        await LearnAsync(cancellationToken);
        var wanted = _renderer.Render(plan);
        var change = TableContent.Change(PolicyTable.Table, _current, wanted, anew: _foreign);
        _known = false;
        await nft.CommitAsync(change, cancellationToken);
        (_current, _known, _foreign) = (wanted, true, false);
    }

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
        return _foreign || (expected is null
            ? _current is not null
            : _current is null || !TableContent.Change(PolicyTable.Table, _current, expected).IsEmpty);
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
