using System.Collections.Concurrent;
using Fairlead.Dns.Metrics;

namespace Fairlead.Dns;

/// <summary>
/// What the server has done since it started. Every figure only grows. Each processor counts in memory of its own, so that none waits for another's cache;
/// a figure is summed when it is read.
/// </summary>
/// <param name="time">Clock; null: the system's.</param>
public sealed class DnsCounters(TimeProvider? time = null)
{
    /// <summary>Where queries are counted that are in no zone of the configuration; no zone has this name.</summary>
    internal const string NoZone = "\0";

    private const int Codes = 17;
    private readonly StripedCounts _counts = new(Codes + Enum.GetValues<Figure>().Length);
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly ConcurrentDictionary<string, ZoneCounters> _zones = [];

    private enum Figure
    {
        UdpQueries = Codes,
        TcpQueries,
        Dropped,
        Forwarded,
        ForwardFailures,
        CacheHits,
        TcpRefused,
        TcpReplaced,
        UdpLost,
        ReloadFailures,
        LogDropped,
    }

    /// <summary>Queries that came by UDP.</summary>
    public long UdpQueries => Sum((int)Figure.UdpQueries);

    /// <summary>Queries that came by TCP.</summary>
    public long TcpQueries => Sum((int)Figure.TcpQueries);

    /// <summary>Packets that were no query, or whose reply could not be sent.</summary>
    public long Dropped => Sum((int)Figure.Dropped);

    /// <summary>Questions asked upstream.</summary>
    public long Forwarded => Sum((int)Figure.Forwarded);

    /// <summary>Questions no upstream answered.</summary>
    public long ForwardFailures => Sum((int)Figure.ForwardFailures);

    /// <summary>Questions for other zones answered from the cache.</summary>
    public long CacheHits => Sum((int)Figure.CacheHits);

    /// <summary>TCP connections closed at once because there were too many.</summary>
    public long TcpRefused => Sum((int)Figure.TcpRefused);

    /// <summary>TCP connections without a query that were closed to make room for new ones.</summary>
    public long TcpReplaced => Sum((int)Figure.TcpReplaced);

    /// <summary>Queries by UDP that were lost because they came faster than they were read: what is known of it, looked at while it goes on.</summary>
    public long UdpLost => Sum((int)Figure.UdpLost);

    /// <summary>Configurations that were not understood, so that the one before went on.</summary>
    public long ReloadFailures => Sum((int)Figure.ReloadFailures);

    /// <summary>Queries that were to be logged but came too fast for it.</summary>
    public long LogDropped => Sum((int)Figure.LogDropped);

    /// <summary>Replies with the response code <paramref name="code"/> (0 to 16).</summary>
    public long Replies(int code) => Sum(code);

    /// <summary>Who asks most for names that do not exist.</summary>
    internal MissingNames Missing { get; } = new();

    /// <summary>How soon changes are answered.</summary>
    internal ProgrammingTimes Programming { get; } = new();

    /// <summary>The zones in which something was counted, as they stand in a configuration.</summary>
    internal IReadOnlyDictionary<string, ZoneCounters> Zones => _zones;

    /// <summary>The figures of a zone, which go on whatever becomes of its configuration.</summary>
    internal ZoneCounters Zone(string zone) => _zones.GetOrAdd(zone, static _ => new ZoneCounters());

    /// <summary>Now, for <see cref="Since"/>.</summary>
    internal long Timestamp() => _time.GetTimestamp();

    /// <summary>The time since a <see cref="Timestamp"/>.</summary>
    internal TimeSpan Since(long timestamp) => _time.GetElapsedTime(timestamp);

    internal void CountQuery(bool tcp) => Add(tcp ? Figure.TcpQueries : Figure.UdpQueries);

    internal void CountReply(int code) => Add((Figure)Math.Clamp(code, 0, Codes - 1));

    internal void CountDropped(int count = 1) => Add(Figure.Dropped, count);

    internal void CountForwarded() => Add(Figure.Forwarded);

    internal void CountForwardFailure() => Add(Figure.ForwardFailures);

    internal void CountCacheHit() => Add(Figure.CacheHits);

    internal void CountReloadFailure() => Add(Figure.ReloadFailures);

    internal void CountTcpRefused() => Add(Figure.TcpRefused);

    internal void CountTcpReplaced() => Add(Figure.TcpReplaced);

    internal void CountLogDropped() => Add(Figure.LogDropped);

    internal void CountUdpLost(long count) => Add(Figure.UdpLost, count);

    private void Add(Figure figure, long count = 1) => _counts.Add((int)figure, count);

    private long Sum(int index) => _counts.Sum(index);
}
