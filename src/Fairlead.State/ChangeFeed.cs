using System.Collections.Immutable;

namespace Fairlead.State;

/// <summary>What became of one row between two takes of a feed. <see cref="Old"/> null: added; <see cref="New"/> null: deleted.</summary>
public readonly record struct Change<TKey, TRow>(TKey Key, TRow? Old, TRow? New)
    where TRow : class;

/// <summary>The rows at one revision and the changes since the feed's previous take, which belong together.</summary>
public sealed record Take<TKey, TRow>(
    ImmutableDictionary<TKey, TRow> Rows, IReadOnlyList<Change<TKey, TRow>> Changes, long Revision, bool Initialized)
    where TKey : notnull
    where TRow : class;

/// <summary>
/// One reader's view of a table's changes. Changes to the same row between two takes are squashed into one; a row that came and went is none.
/// One reader at a time. <see cref="Signalled"/> is raised on the writer's thread and must only wake somebody.
/// </summary>
public sealed class ChangeFeed<TKey, TRow> : IDisposable
    where TKey : notnull
    where TRow : class
{
    private readonly Table<TKey, TRow> _table;
    private readonly Lock _gate;
    private Dictionary<TKey, (TRow? Old, TRow? New)> _pending = [];

    internal ChangeFeed(Table<TKey, TRow> table, Lock gate)
    {
        _table = table;
        _gate = gate;
    }

    /// <summary>Raised when there is something to take: a change, or the table became initialized.</summary>
    public event Action? Signalled;

    /// <summary>Takes the changes since the last take, with the snapshot they lead to.</summary>
    public Take<TKey, TRow> Take()
    {
        lock (_gate)
        {
            var pending = _pending;
            _pending = [];
            var (rows, revision, initialized) = _table.StateUnderLock();
            var changes = new List<Change<TKey, TRow>>(pending.Count);
            foreach (var (key, (old, now)) in pending)
            {
                if (!Equals(old, now))
                {
                    changes.Add(new Change<TKey, TRow>(key, old, now));
                }
            }

            return new Take<TKey, TRow>(rows, changes, revision, initialized);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _table.Remove(this);

    internal void Record(TKey key, TRow? old, TRow? now)
    {
        _pending[key] = _pending.TryGetValue(key, out var earlier) ? (earlier.Old, now) : (old, now);
        Signal();
    }

    internal void Signal() => Signalled?.Invoke();
}
