namespace Fairlead.Dns;

/// <summary>What the server has done since it started. Every figure only grows.</summary>
public sealed class DnsCounters
{
    private readonly long[] _replies = new long[17];
    private long _udpQueries;
    private long _tcpQueries;
    private long _dropped;
    private long _forwarded;
    private long _forwardFailures;
    private long _cacheHits;
    private long _tcpRefused;

    /// <summary>Queries that came by UDP.</summary>
    public long UdpQueries => Interlocked.Read(ref _udpQueries);

    /// <summary>Queries that came by TCP.</summary>
    public long TcpQueries => Interlocked.Read(ref _tcpQueries);

    /// <summary>Packets that were no query, or whose reply could not be sent.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Questions asked upstream.</summary>
    public long Forwarded => Interlocked.Read(ref _forwarded);

    /// <summary>Questions no upstream answered.</summary>
    public long ForwardFailures => Interlocked.Read(ref _forwardFailures);

    /// <summary>Questions for other zones answered from the cache.</summary>
    public long CacheHits => Interlocked.Read(ref _cacheHits);

    /// <summary>TCP connections closed at once because there were too many.</summary>
    public long TcpRefused => Interlocked.Read(ref _tcpRefused);

    /// <summary>Replies with the response code <paramref name="code"/> (0 to 16).</summary>
    public long Replies(int code) => Interlocked.Read(ref _replies[code]);

    internal void CountQuery(bool tcp) => Interlocked.Increment(ref tcp ? ref _tcpQueries : ref _udpQueries);

    internal void CountReply(int code) => Interlocked.Increment(ref _replies[Math.Clamp(code, 0, _replies.Length - 1)]);

    internal void CountDropped() => Interlocked.Increment(ref _dropped);

    internal void CountForwarded() => Interlocked.Increment(ref _forwarded);

    internal void CountForwardFailure() => Interlocked.Increment(ref _forwardFailures);

    internal void CountCacheHit() => Interlocked.Increment(ref _cacheHits);

    internal void CountTcpRefused() => Interlocked.Increment(ref _tcpRefused);
}
