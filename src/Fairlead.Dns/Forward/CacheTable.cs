using System.Numerics;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Forward;

/// <summary>
/// Answers of one kind, at most so many and, on average, a kibibyte each. They are spread over shards, each with a lock that is held for one step of a
/// dictionary. Room is made by SIEVE (Zhang et al., NSDI 2024): a hand goes from the oldest to the newest and takes the first that nobody asked for since
/// it last passed, so that names asked for once, however many, push out each other and not what is in use.
/// </summary>
internal sealed class CacheTable
{
    private const int AverageBytes = 1024;
    private const int MinShard = 512;
    private const int MaxShards = 16;
    private readonly Shard[] _shards;

    /// <param name="capacity">Answers at most.</param>
    /// <param name="counters">What is counted.</param>
    public CacheTable(int capacity, CacheClassCounters counters)
    {
        var count = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(capacity / MinShard, 1, MaxShards));
        _shards = [.. Enumerable.Range(0, count).Select(_ => new Shard(Math.Max(capacity / count, 1), counters))];
    }

    /// <summary>What is kept under a key, or null.</summary>
    public CacheEntry? Find(ReadOnlySpan<byte> key, int hash) => ShardOf(hash).Find(key);

    /// <summary>Keeps an entry in the place of one with the same key, unless it is too big.</summary>
    public void Store(CacheEntry entry) => ShardOf(LabelComparer.Instance.GetHashCode(entry.Key)).Store(entry);

    /// <summary>Forgets a key.</summary>
    public void Remove(ReadOnlySpan<byte> key, int hash) => ShardOf(hash).Remove(key);

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        foreach (var shard in _shards)
        {
            shard.Clear();
        }
    }

    // The upper bits: a dictionary uses the lower ones.
    private Shard ShardOf(int hash) => _shards[(hash >>> 24) & (_shards.Length - 1)];

    private sealed class Shard(int capacity, CacheClassCounters counters)
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<byte[], CacheEntry> _entries = new(LabelComparer.Instance);
        private CacheEntry? _newest;
        private CacheEntry? _oldest;
        private CacheEntry? _hand;
        private long _bytes;

        public CacheEntry? Find(ReadOnlySpan<byte> key)
        {
            lock (_gate)
            {
                if (!_entries.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var entry))
                {
                    return null;
                }

                entry.Visited = true;
                return entry;
            }
        }

        public void Store(CacheEntry entry)
        {
            if (entry.Bytes > (long)capacity * AverageBytes)
            {
                return;
            }

            lock (_gate)
            {
                if (_entries.TryGetValue(entry.Key, out var before))
                {
                    // Popularity is the name's, not the answer's.
                    (entry.Asked, entry.LastAsked, entry.Visited) = (before.Asked, before.LastAsked, true);
                    Unlink(before);
                }

                while (_entries.Count >= capacity || _bytes + entry.Bytes > (long)capacity * AverageBytes)
                {
                    Evict();
                }

                Link(entry);
            }
        }

        public void Remove(ReadOnlySpan<byte> key)
        {
            lock (_gate)
            {
                if (_entries.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var entry))
                {
                    Unlink(entry);
                }
            }
        }

        public void Clear()
        {
            lock (_gate)
            {
                counters.CountHeld(-_entries.Count, -(int)_bytes);
                _entries.Clear();
                (_newest, _oldest, _hand, _bytes) = (null, null, null, 0);
            }
        }

        private void Evict()
        {
            var entry = _hand ?? _oldest!;
            while (entry.Visited)
            {
                entry.Visited = false;
                entry = entry.Newer ?? _oldest!;
            }

            _hand = entry;
            Unlink(entry);
            counters.CountEviction();
        }

        private void Link(CacheEntry entry)
        {
            _entries.Add(entry.Key, entry);
            entry.Older = _newest;
            _ = _newest is null ? _oldest = entry : _newest.Newer = entry;
            _newest = entry;
            _bytes += entry.Bytes;
            counters.CountHeld(1, entry.Bytes);
        }

        private void Unlink(CacheEntry entry)
        {
            _entries.Remove(entry.Key);
            _hand = ReferenceEquals(_hand, entry) ? entry.Newer : _hand;
            _ = entry.Older is null ? _oldest = entry.Newer : entry.Older.Newer = entry.Newer;
            _ = entry.Newer is null ? _newest = entry.Older : entry.Newer.Older = entry.Older;
            _bytes -= entry.Bytes;
            counters.CountHeld(-1, -entry.Bytes);
        }
    }
}
