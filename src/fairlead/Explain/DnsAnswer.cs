using System.Text.Json.Serialization;
using Fairlead.Dns.Explain;

namespace Fairlead.Explain;

/// <summary>What a node's agent says of one name that a pod asks for.</summary>
internal sealed record DnsAnswer
{
    /// <summary>Addresses at which the node's DNS answers.</summary>
    public IReadOnlyList<string> Servers { get; init; } = [];

    /// <summary>The policies that keep the pod from its DNS; empty: none does.</summary>
    public IReadOnlyList<string> DeniedBy { get; init; } = [];

    /// <summary>The answer and its reasons; null: the node's DNS does not serve yet.</summary>
    public NameExplanation? Explanation { get; init; }
}

/// <summary>What `fairlead explain dns -o json` prints.</summary>
internal sealed record DnsExplanationDocument
{
    /// <summary>The pod has got records of the type it asked for.</summary>
    public required bool Resolved { get; init; }

    /// <summary><c>namespace/name</c>.</summary>
    public required string Pod { get; init; }

    /// <summary>Where it runs.</summary>
    public required string Node { get; init; }

    /// <summary>Its address.</summary>
    public required string Address { get; init; }

    /// <summary>Whom it asks, in order.</summary>
    public required IReadOnlyList<string> Nameservers { get; init; }

    /// <summary>Its search list.</summary>
    public required IReadOnlyList<string> Searches { get; init; }

    /// <summary>Its ndots.</summary>
    public required int Ndots { get; init; }

    /// <summary>What it rests on when its node was not asked; empty: the node was.</summary>
    public string Basis { get; init; } = "";

    /// <summary>What keeps it from an answer whatever the name; empty: nothing.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>The full names asked for, in order, each with its answer and the reasons.</summary>
    public IReadOnlyList<NameExplanation> Names { get; init; } = [];
}

/// <summary>The documents of an explanation, on the wire and printed.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DnsAnswer))]
[JsonSerializable(typeof(DnsExplanationDocument))]
internal sealed partial class ExplainJson : JsonSerializerContext;
