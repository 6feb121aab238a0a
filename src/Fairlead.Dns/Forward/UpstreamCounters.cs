using System.Net;
using Fairlead.Dns.Metrics;

namespace Fairlead.Dns.Forward;

/// <summary>What passed between the server and one upstream. Every figure only grows.</summary>
/// <param name="address">Whom it is about.</param>
public sealed class UpstreamCounters(IPEndPoint address)
{
    private const int Codes = 17;
    private readonly long[] _responses = new long[Codes];
    private readonly long[] _durations = new long[Codes * (DurationBounds.Count + 1)];
    private readonly long[] _sums = new long[Codes];
    private long _requests;
    private long _failures;
    private long _healthCheckFailures;
    private long _wrongReplies;
    private long _otherCase;
    private long _connectionsOpened;
    private long _connectionsReused;

    /// <summary>Upper bounds of <see cref="Durations"/> in seconds, those of CoreDNS's histograms: 0.25 ms, doubling, to 8.192 s.</summary>
    public static IReadOnlyList<double> DurationBounds => ZoneCounters.DurationBounds;

    /// <summary>The upstream.</summary>
    public IPEndPoint Address { get; } = address;

    /// <summary>Questions sent, repeated ones each time.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Questions that had no reply in time, or could not be sent.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Health checks without a reply.</summary>
    public long HealthCheckFailures => Interlocked.Read(ref _healthCheckFailures);

    /// <summary>Packets from its address that were replies to no question, such as those with a wrong id: many of them are an attack.</summary>
    public long WrongReplies => Interlocked.Read(ref _wrongReplies);

    /// <summary>Replies by UDP whose name was not in the case it was asked in.</summary>
    public long OtherCase => Interlocked.Read(ref _otherCase);

    /// <summary>Connections opened for a question.</summary>
    public long ConnectionsOpened => Interlocked.Read(ref _connectionsOpened);

    /// <summary>Questions sent over a connection that was there.</summary>
    public long ConnectionsReused => Interlocked.Read(ref _connectionsReused);

    /// <summary>Replies with the response code <paramref name="code"/> (0 to 16).</summary>
    public long Responses(int code) => Interlocked.Read(ref _responses[code]);

    /// <summary>How many replies with a code took how long: one figure for each bound that it was within and no lower one, the last for those beyond.</summary>
    public IReadOnlyList<long> Durations(int code) =>
        [.. Enumerable.Range(0, DurationBounds.Count + 1).Select(bucket => Interlocked.Read(ref _durations[(code * (DurationBounds.Count + 1)) + bucket]))];

    /// <summary>The time that all replies with a code took.</summary>
    public TimeSpan DurationSum(int code) => TimeSpan.FromTicks(Interlocked.Read(ref _sums[code]));

    internal void CountRequest() => Interlocked.Increment(ref _requests);

    internal void CountFailure() => Interlocked.Increment(ref _failures);

    internal void CountHealthCheckFailure() => Interlocked.Increment(ref _healthCheckFailures);

    internal void CountWrongReply() => Interlocked.Increment(ref _wrongReplies);

    internal void CountOtherCase() => Interlocked.Increment(ref _otherCase);

    internal void CountConnection(bool reused) => Interlocked.Increment(ref reused ? ref _connectionsReused : ref _connectionsOpened);

    internal void CountResponse(int code, TimeSpan duration)
    {
        var row = Math.Clamp(code, 0, Codes - 1);
        var bucket = 0;
        while (bucket < DurationBounds.Count && duration.TotalSeconds > DurationBounds[bucket])
        {
            bucket++;
        }

        Interlocked.Increment(ref _responses[row]);
        Interlocked.Increment(ref _durations[(row * (DurationBounds.Count + 1)) + bucket]);
        Interlocked.Add(ref _sums[row], duration.Ticks);
    }
}
