namespace Fairlead.Kube.Schema;

/// <summary>One field of an object type.</summary>
public sealed record FieldSchema
{
    /// <summary>The JSON name.</summary>
    public required string Name { get; init; }

    /// <summary>The type of its value.</summary>
    public required ValueType Type { get; init; }

    /// <summary>What it means, in a sentence.</summary>
    public required string Description { get; init; }

    /// <summary>True when an object without it makes no sense.</summary>
    public bool Required { get; init; }

    /// <summary>True when a strategic merge patch merges the list's items.</summary>
    public bool Merges { get; init; }

    /// <summary>The field by which items are matched; empty for scalars.</summary>
    public string MergeKey { get; init; } = "";

    /// <summary>True when a strategic merge patch may name the keys to keep.</summary>
    public bool RetainsKeys { get; init; }

    /// <summary>For lists <c>atomic</c>, <c>set</c> or <c>map</c>; for maps <c>atomic</c> or empty.</summary>
    public string ListType { get; init; } = "";

    /// <summary>The keys of a list of type <c>map</c>.</summary>
    public IReadOnlyList<string> MapKeys { get; init; } = [];

    internal MergeRule ToMergeRule() => new(Merges && Type.Shape == ValueShape.List, MergeKey, RetainsKeys, Type.Leaf);
}
