using System.Text.Json.Serialization;
using Fairlead.Dns.Metrics;

namespace Fairlead.Inspect;

/// <summary>What one node's agent said of its DNS.</summary>
internal sealed record DnsStatusAnswer
{
    /// <summary>The node's name.</summary>
    public required string Node { get; init; }

    /// <summary>Why it could not be asked; null when it answered.</summary>
    public string? Error { get; init; }

    /// <summary>How it stands; null when it did not answer.</summary>
    public DnsStatus? Status { get; init; }

    /// <summary>It answers from all that the API server has said.</summary>
    public bool IsReady => Status is { IsServing: true, IsSynced: true };
}

/// <summary>What `fairlead inspect dns -o json` prints.</summary>
/// <param name="Ready">Every node's DNS is.</param>
/// <param name="Nodes">Each node's answer.</param>
internal sealed record DnsStatusDocument(bool Ready, IReadOnlyList<DnsStatusAnswer> Nodes);

/// <summary>The documents of an inspection of DNS, on the wire and printed.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DnsStatusAnswer))]
[JsonSerializable(typeof(DnsStatusDocument))]
internal sealed partial class DnsStatusJson : JsonSerializerContext;
