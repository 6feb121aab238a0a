using Fairlead.Cluster.Naming;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Offline;

namespace Fairlead.Expectations;

/// <summary>One end of an expected connection: somebody by name, or every pod that selectors choose, as a peer of a NetworkPolicy does.</summary>
/// <param name="Text">As people read it.</param>
internal sealed record ExpectedEnd(string Text)
{
    /// <summary>By name; null when selectors choose.</summary>
    public ConnectionEnd? Named { get; init; }

    /// <summary>Which namespaces; null: <see cref="Namespace"/> alone.</summary>
    public LabelSelector? Namespaces { get; init; }

    /// <summary>Which pods there; null: all.</summary>
    public LabelSelector? Pods { get; init; }

    /// <summary>The namespace that is meant where none is said.</summary>
    public string Namespace { get; init; } = "";
}

/// <summary>A port to try.</summary>
/// <param name="Port">A number, or a name that each destination pod declares; empty: every port that the destination has.</param>
/// <param name="Protocol">The protocol; null: that of the port's name, otherwise TCP.</param>
internal sealed record ExpectedPort(string Port, IpProtocol? Protocol);

/// <summary>What kind of reason is expected.</summary>
internal enum ReasonKind
{
    /// <summary>A policy, or a rule of it.</summary>
    Policy,

    /// <summary>No policy is about either side.</summary>
    NotIsolated,

    /// <summary>Policies isolate a side and none of their rules allows it.</summary>
    NoRule,
}

/// <summary>A reason that a verdict must have.</summary>
/// <param name="Kind">What kind.</param>
/// <param name="Text">As it is written.</param>
internal sealed record ExpectedReason(ReasonKind Kind, string Text)
{
    /// <summary>Kind of the policy.</summary>
    public string PolicyKind { get; init; } = "";

    /// <summary>Its name.</summary>
    public string Policy { get; init; } = "";

    /// <summary>Its namespace; empty: whichever.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>The path of a rule or of a peer, <c>spec.ingress[0]</c>; empty: any of the policy.</summary>
    public string Path { get; init; } = "";
}

/// <summary>A connection, or several of one kind, and whether it may be opened.</summary>
internal sealed record Expectation
{
    /// <summary>What it is called; made of the ends when nobody gave it a name.</summary>
    public required string Name { get; init; }

    /// <summary>Who opens.</summary>
    public required ExpectedEnd From { get; init; }

    /// <summary>To whom.</summary>
    public required ExpectedEnd To { get; init; }

    /// <summary>At which ports; one at least.</summary>
    public required IReadOnlyList<ExpectedPort> Ports { get; init; }

    /// <summary>It may be opened.</summary>
    public required bool Allowed { get; init; }

    /// <summary>Why; all of them must hold.</summary>
    public IReadOnlyList<ExpectedReason> Because { get; init; } = [];

    /// <summary>Where it is written.</summary>
    public required SourcePlace Place { get; init; }

    /// <summary>The expected verdict in a word.</summary>
    public string ExpectText => Allowed ? "allow" : "deny";

    /// <summary>The ports as people read them; empty when they are those of the destination.</summary>
    public string PortText => string.Join(",", Ports.Select(port => $"{port.Port}{(port.Protocol is { } known ? $"/{known.ToString().ToLowerInvariant()}" : "")}"));
}

/// <summary>A file of expectations.</summary>
/// <param name="File">Its path as it was named.</param>
/// <param name="Name">metadata.name, or the file's own.</param>
/// <param name="Manifests">The manifests that it names, relative to where the program runs.</param>
/// <param name="Cases">The expectations, in order.</param>
internal sealed record ExpectationFile(string File, string Name, IReadOnlyList<string> Manifests, IReadOnlyList<Expectation> Cases);
