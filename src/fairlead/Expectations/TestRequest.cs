using Fairlead.Live;

namespace Fairlead.Expectations;

/// <summary>What the user asked of <c>test</c>.</summary>
internal sealed record TestRequest
{
    /// <summary>Files of expectations.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Manifests in place of those that the files name; none: those.</summary>
    public IReadOnlyList<string> Manifests { get; init; } = [];

    /// <summary>How to try them, in this order.</summary>
    public IReadOnlyList<TestMode> Modes { get; init; } = [TestMode.Evaluate];

    /// <summary>Pods and Services have addresses of both families.</summary>
    public bool Dual { get; init; }

    /// <summary>The cluster of mode live.</summary>
    public ClusterChoice Cluster { get; init; } = new("", "", "");

    /// <summary>Mode live sends by what the containers have, even where it could send from the pods' namespaces itself.</summary>
    public bool ByExec { get; init; }

    /// <summary>Look for parts of policies that no test would miss.</summary>
    public bool Mutate { get; init; }

    /// <summary>Print who reaches whom.</summary>
    public bool TruthTable { get; init; }

    /// <summary>File for JUnit XML; empty: none.</summary>
    public string Junit { get; init; } = "";

    /// <summary>File for SARIF; empty: none.</summary>
    public string Sarif { get; init; } = "";

    /// <summary>A document instead of lines.</summary>
    public bool Json { get; init; }
}
