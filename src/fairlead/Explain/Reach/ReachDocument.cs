using System.Text.Json.Serialization;
using Fairlead.Linux.Addresses;
using Fairlead.Policy.Findings;

namespace Fairlead.Explain.Reach;

/// <summary>A step, printed.</summary>
internal sealed record StepDocument(
    string What, StepVerdict Verdict, string? Object, string? Path, string? At, string Words, IReadOnlyList<string>? Notes, IReadOnlyList<string>? Rule);

/// <summary>The way to one endpoint, printed.</summary>
internal sealed record EndpointDocument(string Endpoint, string? Pod, string? Node, string? Client, bool Reachable, IReadOnlyList<StepDocument> Steps);

/// <summary>One connection, printed.</summary>
internal sealed record ConnectionDocument(
    string From, string To, string? Address, int? Port, string Protocol, ReachVerdict Verdict, string Sentence, IReadOnlyList<StepDocument> Steps, IReadOnlyList<EndpointDocument> Endpoints)
{
    /// <summary>What a real packet met; null: none was sent.</summary>
    public ProbeFinding? Probe { get; init; }
}

/// <summary>A mistake of an object on the way, printed.</summary>
internal sealed record FindingDocument(string Code, FindingSeverity Severity, string Object, string Path, string Words, string? Hint);

/// <summary>What `fairlead explain A B -o json` prints.</summary>
internal sealed record ReachDocument
{
    /// <summary>Every connection comes about, and no real packet met anything else.</summary>
    public required bool Reachable { get; init; }

    /// <summary>Each connection: of each pod that is meant, to each port and address.</summary>
    public required IReadOnlyList<ConnectionDocument> Connections { get; init; }

    /// <summary>Mistakes of the objects on the way.</summary>
    public IReadOnlyList<FindingDocument> Findings { get; init; } = [];

    /// <summary>As it is printed.</summary>
    public static FindingDocument Of(Finding finding) => new(finding.Code, finding.Severity, $"{finding.Kind} {finding.Object}", finding.Path, finding.Words, OrNull(finding.Hint));

    /// <summary>As it is printed.</summary>
    public static ConnectionDocument Of(ReachExplanation one, ProbeFinding? probe) => new(
        one.From, one.To, OrNull($"{one.Address}"), one.Port == 0 ? null : one.Port, one.Protocol.Text(), one.Verdict, one.Sentence,
        [.. one.Steps.Select(Of)],
        [.. one.Endpoints.Select(Of)])
    {
        Probe = probe,
    };

    /// <summary>As it is printed.</summary>
    public static EndpointDocument Of(EndpointReach end) => new(end.Endpoint, OrNull(end.Pod), OrNull(end.Node), OrNull(end.Client), end.IsReachable, [.. end.Steps.Select(Of)]);

    /// <summary>As it is printed.</summary>
    public static StepDocument Of(ReachStep step) => new(
        step.What, step.Verdict, OrNull(step.Object), OrNull(step.Path), OrNull(step.At), step.Words, step.Notes.Count == 0 ? null : step.Notes, step.Excerpt.Count == 0 ? null : step.Excerpt);

    private static string? OrNull(string text) => text.Length == 0 ? null : text;
}

/// <summary>The documents of an explanation, printed.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ReachDocument))]
internal sealed partial class ReachJson : JsonSerializerContext;
