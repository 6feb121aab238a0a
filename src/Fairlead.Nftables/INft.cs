using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Transactions;

namespace Fairlead.Nftables;

/// <summary>The packet filter: the kernel's, or one in memory for tests. Reads and writes only tables of ours.</summary>
public interface INft
{
    /// <summary>
    /// Raised, on any thread, soon after somebody else has committed something, and when that may have happened. What this filter commits itself does
    /// not raise it. A hint: <see cref="GenerationOfOthersAsync"/> is what counts.
    /// </summary>
    event Action? ChangedByOthers;

    /// <summary>
    /// Commits all of <paramref name="transaction"/> or nothing. An empty one is no work. <see cref="NftException"/> on any mistake, with nothing changed
    /// (unless <see cref="NftException.IsUnknown"/>).
    /// </summary>
    Task CommitAsync(Transaction transaction, CancellationToken cancellationToken);

    /// <summary>Reads a table of ours as it stands, consistently; null when there is none of that name.</summary>
    Task<Ruleset?> ReadAsync(string table, CancellationToken cancellationToken);

    /// <summary>
    /// As <see cref="ReadAsync"/>, but in one pass however much is committed meanwhile: parts may be of different moments, and elements of a set that changes
    /// may be missing. For who compares several readings.
    /// </summary>
    Task<Ruleset?> ReadRoughlyAsync(string table, CancellationToken cancellationToken) => ReadAsync(table, cancellationToken);

    /// <summary>
    /// A number that grows with every commit of anybody: as long as it stays, nothing has changed.
    /// </summary>
    Task<uint> GenerationAsync(CancellationToken cancellationToken);

    /// <summary>
    /// A number that changes when somebody else commits: what this filter commits itself leaves it as it is, provided that each commit changes something.
    /// </summary>
    Task<uint> GenerationOfOthersAsync(CancellationToken cancellationToken);
}
