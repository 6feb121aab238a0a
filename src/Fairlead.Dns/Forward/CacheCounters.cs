namespace Fairlead.Dns.Forward;

/// <summary>What a cache of upstreams' answers has done since it started. Every figure but <see cref="CacheClassCounters.Entries"/> only grows.</summary>
public sealed class CacheCounters
{
    private long _requests;
    private long _misses;
    private long _prefetches;
    private long _servedStale;

    /// <summary>Answers with records.</summary>
    public CacheClassCounters Success { get; } = new();

    /// <summary>Answers that say there is nothing, and failures.</summary>
    public CacheClassCounters Denial { get; } = new();

    /// <summary>Questions it was asked.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Questions it had no answer to.</summary>
    public long Misses => Interlocked.Read(ref _misses);

    /// <summary>Answers asked anew before their end.</summary>
    public long Prefetches => Interlocked.Read(ref _prefetches);

    /// <summary>Answers given after their end.</summary>
    public long ServedStale => Interlocked.Read(ref _servedStale);

    internal void CountRequest() => Interlocked.Increment(ref _requests);

    internal void CountMiss() => Interlocked.Increment(ref _misses);

    internal void CountPrefetch() => Interlocked.Increment(ref _prefetches);

    internal void CountServedStale() => Interlocked.Increment(ref _servedStale);
}

/// <summary>The figures of one kind of kept answers.</summary>
public sealed class CacheClassCounters
{
    private long _entries;
    private long _bytes;
    private long _hits;
    private long _evictions;

    /// <summary>Answers held now, those past their end included.</summary>
    public long Entries => Interlocked.Read(ref _entries);

    /// <summary>Bytes they take, what it takes to find them included.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Questions answered.</summary>
    public long Hits => Interlocked.Read(ref _hits);

    /// <summary>Answers that went to make room.</summary>
    public long Evictions => Interlocked.Read(ref _evictions);

    internal void CountHit() => Interlocked.Increment(ref _hits);

    internal void CountEviction() => Interlocked.Increment(ref _evictions);

    internal void CountHeld(int entries, int bytes)
    {
        Interlocked.Add(ref _entries, entries);
        Interlocked.Add(ref _bytes, bytes);
    }
}
