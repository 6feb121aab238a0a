using Fairlead.Dns.Metrics;

namespace Fairlead.Dns.Forward;

/// <summary>What a cache of upstreams' answers has done since it started. Every figure but <see cref="CacheClassCounters.Entries"/> only grows.</summary>
public sealed class CacheCounters
{
    private readonly StripedCounts _counts = new(Enum.GetValues<Figure>().Length);

    private enum Figure
    {
        Requests,
        Misses,
        Prefetches,
        ServedStale,
    }

    /// <summary>Answers with records.</summary>
    public CacheClassCounters Success { get; } = new();

    /// <summary>Answers that say there is nothing, and failures.</summary>
    public CacheClassCounters Denial { get; } = new();

    /// <summary>Questions it was asked.</summary>
    public long Requests => _counts.Sum((int)Figure.Requests);

    /// <summary>Questions it had no answer to.</summary>
    public long Misses => _counts.Sum((int)Figure.Misses);

    /// <summary>Answers asked anew before their end.</summary>
    public long Prefetches => _counts.Sum((int)Figure.Prefetches);

    /// <summary>Answers given after their end.</summary>
    public long ServedStale => _counts.Sum((int)Figure.ServedStale);

    internal void CountRequest() => _counts.Add((int)Figure.Requests);

    internal void CountMiss() => _counts.Add((int)Figure.Misses);

    internal void CountPrefetch() => _counts.Add((int)Figure.Prefetches);

    internal void CountServedStale() => _counts.Add((int)Figure.ServedStale);
}

/// <summary>The figures of one kind of kept answers.</summary>
public sealed class CacheClassCounters
{
    private readonly StripedCounts _counts = new(Enum.GetValues<Figure>().Length);

    private enum Figure
    {
        Entries,
        Bytes,
        Hits,
        Evictions,
    }

    /// <summary>Answers held now, those past their end included.</summary>
    public long Entries => _counts.Sum((int)Figure.Entries);

    /// <summary>Bytes they take, what it takes to find them included.</summary>
    public long Bytes => _counts.Sum((int)Figure.Bytes);

    /// <summary>Questions answered.</summary>
    public long Hits => _counts.Sum((int)Figure.Hits);

    /// <summary>Answers that went to make room.</summary>
    public long Evictions => _counts.Sum((int)Figure.Evictions);

    internal void CountHit() => _counts.Add((int)Figure.Hits);

    internal void CountEviction() => _counts.Add((int)Figure.Evictions);

    internal void CountHeld(int entries, int bytes)
    {
        _counts.Add((int)Figure.Entries, entries);
        _counts.Add((int)Figure.Bytes, bytes);
    }
}
