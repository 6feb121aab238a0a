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
        var change = TableContent.Change(PolicyTable.Table, _current, wanted);
        _known = false;
        await nft.CommitAsync(change, cancellationToken);
        (_current, _known) = (wanted, true);
    }

    private async Task LearnAsync(CancellationToken cancellationToken)
    {
        if (!_known)
        {
            _current = await nft.ReadAsync(PolicyTable.Table.Name, cancellationToken) is { } ruleset ? TableContent.Of(ruleset) : null;
            _known = true;
        }
    }
}
