using Fairlead.Nftables;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Transactions;

namespace Fairlead.Benchmarks;

/// <summary>A packet filter that tells when something has been committed.</summary>
internal sealed class CommittedNft(INft nft) : INft
{
    private TaskCompletionSource _next = NewSource();

    /// <inheritdoc/>
    public event Action? ChangedByOthers
    {
        add => nft.ChangedByOthers += value;
        remove => nft.ChangedByOthers -= value;
    }

    /// <summary>Ends with the next commit that changes something; to be taken before what leads to it.</summary>
    public Task Next() => (_next = NewSource()).Task;

    /// <inheritdoc/>
    public async Task CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        await nft.CommitAsync(transaction, cancellationToken);
        if (!transaction.IsEmpty)
        {
            _next.TrySetResult();
        }
    }

    /// <inheritdoc/>
    public Task<Ruleset?> ReadAsync(string table, CancellationToken cancellationToken) => nft.ReadAsync(table, cancellationToken);

    /// <inheritdoc/>
    public Task<uint> GenerationAsync(CancellationToken cancellationToken) => nft.GenerationAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<uint> GenerationOfOthersAsync(CancellationToken cancellationToken) => nft.GenerationOfOthersAsync(cancellationToken);

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
