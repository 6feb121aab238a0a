namespace Fairlead.Cluster.Model;

/// <summary>A ConfigMap (core/v1) that a room is configured by.</summary>
public sealed record ConfigMapRow
{
    /// <summary>Namespace and name.</summary>
    public required ObjectKey Key { get; init; }

    /// <summary>metadata.uid.</summary>
    public string Uid { get; init; } = "";

    /// <summary>metadata.resourceVersion: tells one state of it from another.</summary>
    public string ResourceVersion { get; init; } = "";

    /// <summary>data; what is binary is left out.</summary>
    public IReadOnlyDictionary<string, string> Data { get; init; } = new Dictionary<string, string>();
}
