using System.Text.Json.Nodes;

namespace Fairlead.Kube.Client;

/// <summary>What to list or watch, and from where (meta/v1 ListOptions).</summary>
public sealed record ListOptions
{
    /// <summary>Everything, as of now.</summary>
    public static ListOptions All { get; } = new();

    /// <summary>Label selector in its text form; empty for none.</summary>
    public string LabelSelector { get; init; } = "";

    /// <summary>Field selector in its text form; empty for none.</summary>
    public string FieldSelector { get; init; } = "";

    /// <summary>Where a watch begins, or what a list must not be older than; empty for the most recent.</summary>
    public string ResourceVersion { get; init; } = "";

    /// <summary>At most this many objects per page; 0 for no limit.</summary>
    public int Limit { get; init; }

    /// <summary>The token of the next page; empty for the first.</summary>
    public string Continue { get; init; } = "";
}

/// <summary>One event of a watch.</summary>
/// <param name="Type"><c>ADDED</c>, <c>MODIFIED</c>, <c>DELETED</c>, <c>BOOKMARK</c> or <c>ERROR</c>.</param>
/// <param name="Object">The object; for ERROR a Status.</param>
public sealed record WatchEvent(string Type, JsonObject Object);

/// <summary>The kinds of patch (features of the PATCH verb), each with its media type.</summary>
public enum PatchKind
{
    /// <summary>RFC 6902, <c>application/json-patch+json</c>.</summary>
    Json,

    /// <summary>RFC 7386, <c>application/merge-patch+json</c>.</summary>
    Merge,

    /// <summary>Kubernetes' own, <c>application/strategic-merge-patch+json</c>.</summary>
    Strategic,

    /// <summary>Server-side apply, <c>application/apply-patch+yaml</c>.</summary>
    Apply,
}
