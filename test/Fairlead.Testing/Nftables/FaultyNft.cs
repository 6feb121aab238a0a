using Fairlead.Nftables;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Transactions;

namespace Fairlead.Testing.Nftables;

/// <summary>Passes calls on to another filter, but fails some of the commits, half of those only after they took place, as a lost answer does.</summary>
/// <param name="inner">The filter that does the work.</param>
/// <param name="fails">Asked before each commit, with its number from 0.</param>
public sealed class FaultyNft(INft inner, Func<int, bool> fails) : INft
{
    private int _commits;

    public event Action? ChangedByOthers
    {
        add => inner.ChangedByOthers += value;
        remove => inner.ChangedByOthers -= value;
    }

    /// <summary>Number of commits that were made to fail.</summary>
    public int Failures { get; private set; }

    public async Task CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        var number = _commits++;
        if (!fails(number))
        {
            await inner.CommitAsync(transaction, cancellationToken);
            return;
        }

        if (Failures++ % 2 == 0)
        {
            throw new NftException("made to fail: EBUSY", 16);
        }

        await inner.CommitAsync(transaction, cancellationToken);
        throw new NftException("made to fail: the answer was lost", 105);
    }

    public Task<Ruleset?> ReadAsync(string table, CancellationToken cancellationToken) => inner.ReadAsync(table, cancellationToken);

    public Task<Ruleset?> ReadRoughlyAsync(string table, CancellationToken cancellationToken) => inner.ReadRoughlyAsync(table, cancellationToken);

    public Task<uint> GenerationAsync(CancellationToken cancellationToken) => inner.GenerationAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<uint> GenerationOfOthersAsync(CancellationToken cancellationToken) => inner.GenerationOfOthersAsync(cancellationToken);
}
