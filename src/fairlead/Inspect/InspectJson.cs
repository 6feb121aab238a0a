using System.Text.Json.Serialization;
using Fairlead.Proxy.Inspection;

namespace Fairlead.Inspect;

/// <summary>First line of an agent's answer; each line after it is an <see cref="InspectedService"/>.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Problems">What is wrong that concerns no Service in particular.</param>
internal sealed record AnswerHead(string Node, IReadOnlyList<string> Problems);

/// <summary>What one node's agent said.</summary>
internal sealed record NodeAnswer
{
    /// <summary>The node's name.</summary>
    public required string Node { get; init; }

    /// <summary>The kernel holds all that the objects ask for.</summary>
    public bool InStep => Error is null && Problems.Count == 0 && Services.All(service => service.State is InspectedState.InStep or InspectedState.NotProxied);

    /// <summary>Why it could not be asked; null when it answered.</summary>
    public string? Error { get; init; }

    /// <summary>What is wrong that concerns no Service in particular.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>The Services asked for, in order of namespace and name.</summary>
    public IReadOnlyList<InspectedService> Services { get; init; } = [];
}

/// <summary>What `fairlead inspect -o json` prints.</summary>
/// <param name="InStep">It is so on every node.</param>
/// <param name="Nodes">Each node's answer.</param>
internal sealed record InspectionDocument(bool InStep, IReadOnlyList<NodeAnswer> Nodes);

/// <summary>The documents of an inspection, on the wire and printed.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AnswerHead))]
[JsonSerializable(typeof(InspectedService))]
[JsonSerializable(typeof(InspectionDocument))]
internal sealed partial class InspectJson : JsonSerializerContext;
