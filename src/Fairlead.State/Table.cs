using System.Collections.Immutable;

namespace Fairlead.State;

/// <summary>
/// Rows by key, with a revision that grows by one per change, immutable snapshots, and change feeds.
/// Any thread may write or read. A write costs O(log n) and one dictionary entry per feed; a snapshot costs nothing.
/// </summary>
/// <remarks>
/// A reader first takes <see cref="ChangeFeed{TKey,TRow}.Take"/>, which gives the snapshot and what changed since the last one, as one consistent
/// pair. <see cref="Initialized"/> says that the source has listed once: until then absence of a row means nothing, and nobody may prune by it.
/// </remarks>
public sealed class Table<TKey, TRow>
    where TKey : notnull
    where TRow : class
{
    private readonly Lock _gate = new();
    private readonly List<ChangeFeed<TKey, TRow>> _feeds = [];
    private ImmutableDictionary<TKey, TRow> _rows = ImmutableDictionary<TKey, TRow>.Empty;
    private long _revision;
    private bool _initialized;

    /// <summary>Creates an empty, not yet initialized table.</summary>
    /// <param name="name">What the rows are, in the plural; for logs and inspection.</param>
    public Table(string name) => Name = name;

    /// <summary>What the rows are, in the plural.</summary>
    public string Name { get; }

    /// <summary>True once the source has listed everything once.</summary>
    public bool Initialized
    {
        get
        {
            lock (_gate)
            {
                return _initialized;
            }
        }
    }

    /// <summary>Number of changes so far.</summary>
    public long Revision
    {
        get
        {
            lock (_gate)
            {
                return _revision;
            }
        }
    }

    /// <summary>The rows as of now; never changes afterwards.</summary>
    public ImmutableDictionary<TKey, TRow> Snapshot()
    {
        lock (_gate)
        {
            return _rows;
        }
    }

    /// <summary>The row of <paramref name="key"/>, or null.</summary>
    public TRow? Get(TKey key) => Snapshot().GetValueOrDefault(key);

    /// <summary>Inserts or replaces a row. A row equal to the one that is there is no change.</summary>
    public void Upsert(TKey key, TRow row)
    {
        lock (_gate)
        {
            _rows.TryGetValue(key, out var old);
            if (row.Equals(old))
            {
                return;
            }

            _rows = _rows.SetItem(key, row);
            Changed(key, old, row);
        }
    }

    /// <summary>Removes a row; removing a missing one is no change.</summary>
    public void Delete(TKey key)
    {
        lock (_gate)
        {
            if (_rows.TryGetValue(key, out var old))
            {
                _rows = _rows.Remove(key);
                Changed(key, old, null);
            }
        }
    }

    /// <summary>Makes the table hold exactly <paramref name="rows"/> and marks it initialized; rows that stay equal are no change.</summary>
    public void Replace(IReadOnlyCollection<KeyValuePair<TKey, TRow>> rows)
    {
        lock (_gate)
        {
            var wanted = rows.ToDictionary(pair => pair.Key, pair => pair.Value);
            foreach (var key in _rows.Keys.Where(key => !wanted.ContainsKey(key)).ToList())
            {
                Delete(key);
            }

            foreach (var (key, row) in wanted)
            {
                Upsert(key, row);
            }

            MarkInitialized();
        }
    }

    /// <summary>Says that the source has listed everything once.</summary>
    public void MarkInitialized()
    {
        lock (_gate)
        {
            if (!_initialized)
            {
                _initialized = true;
                foreach (var feed in _feeds)
                {
                    feed.Signal();
                }
            }
        }
    }

    /// <summary>Opens a feed that starts with every present row as an addition. Dispose it to stop.</summary>
    public ChangeFeed<TKey, TRow> Subscribe()
    {
        lock (_gate)
        {
            var feed = new ChangeFeed<TKey, TRow>(this, _gate);
            foreach (var (key, row) in _rows)
            {
                feed.Record(key, null, row);
            }

            _feeds.Add(feed);
            return feed;
        }
    }

    internal (ImmutableDictionary<TKey, TRow> Rows, long Revision, bool Initialized) StateUnderLock() => (_rows, _revision, _initialized);

    internal void Remove(ChangeFeed<TKey, TRow> feed)
    {
        lock (_gate)
        {
            _feeds.Remove(feed);
        }
    }

    private void Changed(TKey key, TRow? old, TRow? now)
    {
        _revision++;
        foreach (var feed in _feeds)
        {
            feed.Record(key, old, now);
        }
    }
}
