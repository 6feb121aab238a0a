using System.Collections.Immutable;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Transactions;

namespace Fairlead.Nftables.Memory;

/// <summary>
/// A packet filter in memory, for tests and for evaluation without a kernel. A commit works on a copy and swaps it in only when every operation held,
/// by the kernel's own rules of existence and reference. Any thread may call.
/// </summary>
public sealed class MemoryNft : INft
{
    private readonly Lock _gate = new();
    private uint _byOthers;
    private ImmutableDictionary<string, Ruleset> _tables = ImmutableDictionary<string, Ruleset>.Empty;

    /// <inheritdoc/>
    public event Action? ChangedByOthers;

    /// <summary>The transaction committed last, or null: tests of incrementality look at it.</summary>
    public Transaction? LastTransaction { get; private set; }

    /// <summary>Number of transactions committed.</summary>
    public int Commits { get; private set; }

    /// <summary>Raised after each commit, on the committer's thread; it must only wake somebody.</summary>
    public event Action? Committed;

    /// <summary>All tables by name.</summary>
    public ImmutableDictionary<string, Ruleset> Tables
    {
        get
        {
            lock (_gate)
            {
                return _tables;
            }
        }
    }

    /// <inheritdoc/>
    public Task CommitAsync(Transaction transaction, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            Commit(transaction);
            Committed?.Invoke();
            return Task.CompletedTask;
        }
        catch (NftException e)
        {
            return Task.FromException(e);
        }
    }

    /// <summary>As <see cref="CommitAsync"/>, but by somebody else, as `nft flush ruleset` would be.</summary>
    /// <param name="transaction">What they do.</param>
    /// <param name="told">False: <see cref="ChangedByOthers"/> is not raised, as when the kernel's message was lost.</param>
    /// <exception cref="NftException">A mistake; nothing has changed.</exception>
    public void CommitByOthers(Transaction transaction, bool told = true)
    {
        Commit(transaction);
        Interlocked.Increment(ref _byOthers);
        if (told)
        {
            ChangedByOthers?.Invoke();
        }
    }

    /// <inheritdoc/>
    public Task<Ruleset?> ReadAsync(string table, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Tables.GetValueOrDefault(table));
    }

    /// <inheritdoc/>
    public Task<uint> GenerationAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            return Task.FromResult((uint)Commits);
        }
    }

    /// <inheritdoc/>
    public Task<uint> GenerationOfOthersAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Volatile.Read(ref _byOthers));
    }

    private void Commit(Transaction transaction)
    {
        if (transaction is { IsEmpty: true, Error: null })
        {
            return;
        }

        lock (_gate)
        {
            var name = transaction.Table.Name;
            var after = RulesetChange.Apply(_tables.GetValueOrDefault(name), transaction);
            _tables = after is null ? _tables.Remove(name) : _tables.SetItem(name, after);
            LastTransaction = transaction;
            Commits++;
        }
    }
}
