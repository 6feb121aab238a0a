namespace Fairlead.Dns.Forward;

/// <summary>What a forwarder has done since it started, whoever was asked. Every figure only grows.</summary>
public sealed class ForwardCounters
{
    private long _rejected;
    private long _joined;
    private long _allDown;
    private long _loops;
    private long _foreign;

    /// <summary>Questions refused because too many were under way.</summary>
    public long Rejected => Interlocked.Read(ref _rejected);

    /// <summary>Questions that waited for the answer to an identical one.</summary>
    public long Joined => Interlocked.Read(ref _joined);

    /// <summary>Questions that found every upstream down.</summary>
    public long AllDown => Interlocked.Read(ref _allDown);

    /// <summary>Times an upstream was found to ask us what we asked it.</summary>
    public long Loops => Interlocked.Read(ref _loops);

    /// <summary>Replies refused because what they held was no answer to their question.</summary>
    public long Foreign => Interlocked.Read(ref _foreign);

    internal void CountRejected() => Interlocked.Increment(ref _rejected);

    internal void CountJoined() => Interlocked.Increment(ref _joined);

    internal void CountAllDown() => Interlocked.Increment(ref _allDown);

    internal void CountLoop() => Interlocked.Increment(ref _loops);

    internal void CountForeign() => Interlocked.Increment(ref _foreign);
}
