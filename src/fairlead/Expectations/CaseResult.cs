using Fairlead.Offline;
using Fairlead.Policy.Evaluate;

namespace Fairlead.Expectations;

/// <summary>What became of a connection.</summary>
internal enum Sight
{
    /// <summary>It may be, or was, opened as far as policies are concerned.</summary>
    Allowed,

    /// <summary>Policies stop it.</summary>
    Denied,

    /// <summary>It could not be told.</summary>
    Unknown,
}

/// <summary>One connection of an expectation, tried.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="Sight">What became of it.</param>
/// <param name="Verdict">What the policies mean for it.</param>
/// <param name="Detail">What was seen, where something was tried; why it could not be told.</param>
internal sealed record ConnectionResult(Connection Connection, Sight Sight, PolicyVerdict Verdict, string Detail = "");

/// <summary>An expectation, tried.</summary>
/// <param name="Expectation">The expectation.</param>
/// <param name="Connections">Every connection that it stands for.</param>
/// <param name="Fault">Why it stands for none; empty otherwise.</param>
internal sealed record CaseResult(Expectation Expectation, IReadOnlyList<ConnectionResult> Connections, string Fault)
{
    /// <summary>All its connections are as expected, and for the reasons expected.</summary>
    public bool Passed => Fault.Length == 0 && Misses.Count == 0;

    /// <summary>The connections that are not as expected, those that could not be told among them.</summary>
    public IReadOnlyList<ConnectionResult> Misses { get; } =
        [.. Connections.Where(one => one.Sight != (Expectation.Allowed ? Sight.Allowed : Sight.Denied) || VerdictText.MissingReason(one.Verdict, Expectation.Because) is not null)];

    /// <summary>The connection that says most of it: the first miss, else the first.</summary>
    public ConnectionResult? Telling => Misses.Count > 0 ? Misses[0] : Connections.Count > 0 ? Connections[0] : null;

    /// <summary>What was seen, in a word or two.</summary>
    public string Seen
    {
        get
        {
            var sights = Connections.Select(one => one.Sight).Distinct().ToList();
            return sights.Count switch
            {
                0 => "nobody",
                1 => sights[0] switch { Sight.Allowed => "allowed", Sight.Denied => "denied", _ => "unknown" },
                _ => $"{Misses.Count} of {Connections.Count} not",
            };
        }
    }
}

/// <summary>How expectations are tried.</summary>
internal enum TestMode
{
    /// <summary>From manifests alone.</summary>
    Evaluate,

    /// <summary>With real packets, on a cluster that is there for the run.</summary>
    Packets,

    /// <summary>With real packets, on the cluster of the current kubeconfig context.</summary>
    Live,
}

/// <summary>All expectations of one run, tried in one way.</summary>
/// <param name="Mode">How.</param>
/// <param name="View">The cluster they were held against.</param>
/// <param name="Cases">Their results, in order.</param>
internal sealed record ModeResult(TestMode Mode, ClusterView View, IReadOnlyList<CaseResult> Cases)
{
    /// <summary>The mode as it is given on the command line.</summary>
    public string Name => $"{Mode}".ToLowerInvariant();
}
