using Fairlead.Cluster.Model;
using Fairlead.State;

namespace Fairlead.Dns.Metrics;

/// <summary>
/// From the change of a pod or Service to its being answered, as the annotation of the EndpointSlice and this node's clock say: the indicator of Kubernetes'
/// objective for DNS programming latency. As in CoreDNS, of headless Services with a selector alone; what the first listing brings is not counted.
/// </summary>
internal sealed class ProgrammingTimes
{
    /// <summary>Upper bounds in seconds: 1 ms, doubling, to 524 s.</summary>
    public static readonly double[] Bounds = [.. Enumerable.Range(0, 20).Select(power => 0.001 * (1 << power))];

    private readonly long[] _counts = new long[Bounds.Length + 1];
    private long _ticks;
    private bool _isListed;

    /// <summary>How many took how long: a figure for each bound, and one for those beyond.</summary>
    public long[] Counts => [.. Enumerable.Range(0, _counts.Length).Select(bucket => Interlocked.Read(ref _counts[bucket]))];

    /// <summary>Seconds that all of them took.</summary>
    public double Sum => TimeSpan.FromTicks(Interlocked.Read(ref _ticks)).TotalSeconds;

    /// <summary>Counts what has come to be answered. One caller at a time.</summary>
    public void Count(Take<ObjectKey, EndpointSliceRow> slices, Table<ObjectKey, ServiceRow> services, DateTimeOffset now)
    {
        foreach (var change in _isListed ? slices.Changes : [])
        {
            if (change.New is { TriggeredAt: { } at } row && change.Old?.TriggeredAt != at && services.Get(row.Service) is { IsHeadless: true })
            {
                var took = now > at ? now - at : TimeSpan.Zero;
                var bucket = Array.FindIndex(Bounds, bound => took.TotalSeconds <= bound);
                Interlocked.Increment(ref _counts[bucket < 0 ? Bounds.Length : bucket]);
                Interlocked.Add(ref _ticks, took.Ticks);
            }
        }

        _isListed = slices.Initialized;
    }
}
