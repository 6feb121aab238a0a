using System.Collections.Concurrent;

namespace Fairlead.Ingress.Metrics;

/// <summary>What was answered for one Ingress, or for none. Any thread may count.</summary>
internal sealed class IngressCounters
{
    /// <summary>Upper bounds of how long answers took, in seconds (as ingress-nginx's).</summary>
    public static double[] Bounds { get; } = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly ConcurrentDictionary<int, StatusCount> _byStatus = new();
    private readonly long[] _durations = new long[Bounds.Length + 1];
    private long _ticks;
    private long _retries;

    /// <summary>Answers by status code.</summary>
    public IEnumerable<KeyValuePair<int, long>> ByStatus => _byStatus.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Read()));

    /// <summary>How often another endpoint was asked because one failed.</summary>
    public long Retries => Interlocked.Read(ref _retries);

    /// <summary>How long all answers took together, in seconds.</summary>
    public double Seconds => TimeSpan.FromTicks(Interlocked.Read(ref _ticks)).TotalSeconds;

    /// <summary>Answers by how long they took: within each bound and no lower one, and beyond all.</summary>
    public long[] Durations() => [.. Enumerable.Range(0, _durations.Length).Select(bucket => Interlocked.Read(ref _durations[bucket]))];

    /// <summary>An answer was given.</summary>
    /// <param name="status">Its code.</param>
    /// <param name="took">From the request's headers to the end of the answer.</param>
    /// <param name="retries">How many endpoints failed before.</param>
    public void Count(int status, TimeSpan took, int retries)
    {
        _byStatus.GetOrAdd(status, static _ => new StatusCount()).Add();
        var bucket = Array.FindIndex(Bounds, bound => took.TotalSeconds <= bound);
        Interlocked.Increment(ref _durations[bucket < 0 ? Bounds.Length : bucket]);
        Interlocked.Add(ref _ticks, took.Ticks);
        if (retries > 0)
        {
            Interlocked.Add(ref _retries, retries);
        }
    }

    private sealed class StatusCount
    {
        private long _count;

        public void Add() => Interlocked.Increment(ref _count);

        public long Read() => Interlocked.Read(ref _count);
    }
}
