using System.Net;
using Fairlead.Dns.Metrics;

namespace Fairlead.Dns.Forward;

/// <summary>What passed between the server and one upstream. Every figure only grows.</summary>
/// <param name="address">Whom it is about.</param>
public sealed class UpstreamCounters(IPEndPoint address)
{
    private const int Codes = ZoneCounters.Codes;

    // For each code its replies, and a histogram: its buckets, the one beyond all bounds, and the sum.
    private static readonly int HistogramLength = ZoneCounters.DurationBounds.Length + 2;
    private static readonly int FiguresAt = Codes * (1 + HistogramLength);
    private readonly StripedCounts _counts = new(FiguresAt + Enum.GetValues<Figure>().Length);

    private enum Figure
    {
        Requests,
        Failures,
        HealthCheckFailures,
        WrongReplies,
        OtherCase,
        ConnectionsOpened,
        ConnectionsReused,
    }

    /// <summary>Upper bounds of <see cref="Durations"/> in seconds, those of CoreDNS's histograms: 0.25 ms, doubling, to 8.192 s.</summary>
    public static IReadOnlyList<double> DurationBounds => ZoneCounters.DurationBounds;

    /// <summary>The upstream.</summary>
    public IPEndPoint Address { get; } = address;

    /// <summary>Questions sent, repeated ones each time.</summary>
    public long Requests => Sum(Figure.Requests);

    /// <summary>Questions that had no reply in time, or could not be sent.</summary>
    public long Failures => Sum(Figure.Failures);

    /// <summary>Health checks without a reply.</summary>
    public long HealthCheckFailures => Sum(Figure.HealthCheckFailures);

    /// <summary>Packets from its address that were replies to no question, such as those with a wrong id: many of them are an attack.</summary>
    public long WrongReplies => Sum(Figure.WrongReplies);

    /// <summary>Replies by UDP whose name was not in the case it was asked in.</summary>
    public long OtherCase => Sum(Figure.OtherCase);

    /// <summary>Connections opened for a question.</summary>
    public long ConnectionsOpened => Sum(Figure.ConnectionsOpened);

    /// <summary>Questions sent over a connection that was there.</summary>
    public long ConnectionsReused => Sum(Figure.ConnectionsReused);

    /// <summary>Replies with the response code <paramref name="code"/> (0 to 16).</summary>
    public long Responses(int code) => _counts.Sum(code);

    /// <summary>How many replies with a code took how long: one figure for each bound that it was within and no lower one, the last for those beyond.</summary>
    public IReadOnlyList<long> Durations(int code) =>
        [.. Enumerable.Range(HistogramAt(code), DurationBounds.Count + 1).Select(_counts.Sum)];

    /// <summary>The time that all replies with a code took.</summary>
    public TimeSpan DurationSum(int code) => TimeSpan.FromTicks(_counts.Sum(HistogramAt(code) + HistogramLength - 1));

    internal void CountRequest() => Add(Figure.Requests);

    internal void CountFailure() => Add(Figure.Failures);

    internal void CountHealthCheckFailure() => Add(Figure.HealthCheckFailures);

    internal void CountWrongReply() => Add(Figure.WrongReplies);

    internal void CountOtherCase() => Add(Figure.OtherCase);

    internal void CountConnection(bool reused) => Add(reused ? Figure.ConnectionsReused : Figure.ConnectionsOpened);

    internal void CountResponse(int code, TimeSpan duration)
    {
        var known = Math.Clamp(code, 0, Codes - 1);
        _counts.Add(known);
        _counts.Add(HistogramAt(known) + ZoneCounters.DurationBucket(duration));
        _counts.Add(HistogramAt(known) + HistogramLength - 1, duration.Ticks);
    }

    private static int HistogramAt(int code) => Codes + (code * HistogramLength);

    private void Add(Figure figure) => _counts.Add(FiguresAt + (int)figure);

    private long Sum(Figure figure) => _counts.Sum(FiguresAt + (int)figure);
}
