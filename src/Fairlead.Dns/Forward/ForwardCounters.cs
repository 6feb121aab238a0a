using Fairlead.Dns.Metrics;

namespace Fairlead.Dns.Forward;

/// <summary>What a forwarder has done since it started, whoever was asked. Every figure only grows.</summary>
public sealed class ForwardCounters
{
    private readonly StripedCounts _counts = new(Enum.GetValues<Figure>().Length);

    private enum Figure
    {
        Rejected,
        Joined,
        AllDown,
        Loops,
        Foreign,
    }

    /// <summary>Questions refused because too many were under way.</summary>
    public long Rejected => _counts.Sum((int)Figure.Rejected);

    /// <summary>Questions that waited for the answer to an identical one.</summary>
    public long Joined => _counts.Sum((int)Figure.Joined);

    /// <summary>Questions that found every upstream down.</summary>
    public long AllDown => _counts.Sum((int)Figure.AllDown);

    /// <summary>Times an upstream was found to ask us what we asked it.</summary>
    public long Loops => _counts.Sum((int)Figure.Loops);

    /// <summary>Replies refused because what they held was no answer to their question.</summary>
    public long Foreign => _counts.Sum((int)Figure.Foreign);

    internal void CountRejected() => _counts.Add((int)Figure.Rejected);

    internal void CountJoined() => _counts.Add((int)Figure.Joined);

    internal void CountAllDown() => _counts.Add((int)Figure.AllDown);

    internal void CountLoop() => _counts.Add((int)Figure.Loops);

    internal void CountForeign() => _counts.Add((int)Figure.Foreign);
}
