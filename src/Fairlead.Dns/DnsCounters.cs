namespace Fairlead.Dns;

/// <summary>
/// What the server has done since it started. Every figure only grows. Each processor counts in memory of its own, so that none waits for another's cache;
/// a figure is summed when it is read.
/// </summary>
public sealed class DnsCounters
{
    // More stripes than processors do nothing; fewer make some share one.
    private const int MaxStripes = 64;

    // Longs: four cache lines, and with them the neighbour that the processor fetches along.
    private const int StripeLength = 32;
    private const int Codes = 17;
    private static readonly int Stripes = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Min(Environment.ProcessorCount, MaxStripes));
    private readonly long[] _counts = new long[(Stripes + 1) * StripeLength];

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

    /// <summary>Replies with the response code <paramref name="code"/> (0 to 16).</summary>
    public long Replies(int code) => Sum(code);

    internal void CountQuery(bool tcp) => Add(tcp ? Figure.TcpQueries : Figure.UdpQueries);

    internal void CountReply(int code) => Add((Figure)Math.Clamp(code, 0, Codes - 1));

    internal void CountDropped(int count = 1) => Add(Figure.Dropped, count);

    internal void CountForwarded() => Add(Figure.Forwarded);

    internal void CountForwardFailure() => Add(Figure.ForwardFailures);

    internal void CountCacheHit() => Add(Figure.CacheHits);

    internal void CountReloadFailure() => Add(Figure.ReloadFailures);

    internal void CountTcpRefused() => Add(Figure.TcpRefused);

    internal void CountTcpReplaced() => Add(Figure.TcpReplaced);

    internal void CountUdpLost(long count) => Add(Figure.UdpLost, count);

    // A thread may move to another processor between the two steps, and then shares a stripe for once: it counts right all the same.
    private void Add(Figure figure, long count = 1)
    {
        if (count != 0)
        {
            Interlocked.Add(ref _counts[((Thread.GetCurrentProcessorId() & (Stripes - 1)) * StripeLength) + (int)figure], count);
        }
    }

    private long Sum(int index)
    {
        var sum = 0L;
        for (var i = 0; i < Stripes; i++)
        {
            sum += Interlocked.Read(ref _counts[(i * StripeLength) + index]);
        }

        return sum;
    }
}
