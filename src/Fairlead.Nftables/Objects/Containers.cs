namespace Fairlead.Nftables.Objects;

/// <summary>What a set or map can do (<c>enum nft_set_flags</c>).</summary>
[Flags]
public enum ContainerFlags
{
    /// <summary>Exact keys, added by transactions.</summary>
    None = 0,

    /// <summary>Keys are ranges (also of single fields of a concatenation).</summary>
    Interval = 4,

    /// <summary>Elements may expire.</summary>
    Timeout = 16,

    /// <summary>Rules add elements; needs <see cref="Container.Size"/>.</summary>
    Dynamic = 32,
}

/// <summary>What sets and maps have in common: named elements of one key type, looked up by rules.</summary>
public abstract record Container : NftObject
{
    private protected Container(string name, Seq<FieldType> key)
    {
        Name = name;
        Key = key;
    }

    /// <summary>The name rules refer to, after <c>@</c>.</summary>
    public string Name { get; init; }

    /// <summary>Types of the key's fields; several make a concatenation.</summary>
    public Seq<FieldType> Key { get; init; }

    /// <summary>What it can do.</summary>
    public ContainerFlags Flags { get; init; }

    /// <summary>How long elements live unless they say otherwise; null: for ever.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Most elements it takes; 0: no bound.</summary>
    public uint Size { get; init; }

    internal int KeyLength => FieldType.LengthOf(Key);

    internal bool IsConcat => Key.Count > 1;

    internal bool IsInterval => (Flags & ContainerFlags.Interval) != 0;

    /// <inheritdoc/>
    internal override string? Problem()
    {
        if (NameProblem("set or map", Name) is { } problem)
        {
            return problem;
        }

        // nft packs the types of a concatenation into one number of 32 bits, six each.
        if (Key.Count is 0 or > 5 || KeyLength > 64)
        {
            return $"{Title}: a key has 1 to 5 fields and at most 64 bytes";
        }

        if (IsInterval && Key.Any(type => type.IsHostOrder))
        {
            return $"{Title}: a number in the machine's order has no ranges";
        }

        if ((Flags & ContainerFlags.Dynamic) != 0 && Size == 0)
        {
            return $"{Title}: what rules fill needs a size";
        }

        if ((Flags & ContainerFlags.Dynamic) != 0 && IsInterval)
        {
            return $"{Title}: rules cannot add intervals";
        }

        return Timeout is not null && (Flags & ContainerFlags.Timeout) == 0 ? $"{Title}: a timeout needs the flag" : null;
    }
}

/// <summary>A set: is the key in it?</summary>
public sealed record Set(string Name, Seq<FieldType> Key) : Container(Name, Key)
{
    /// <inheritdoc/>
    public override string Title => $"set {Name}";
}

/// <summary>
/// A map from key to value. With <see cref="Value"/> types the value is data; without, it is a verdict.
/// Prefer data: each element whose verdict is goto or jump makes the kernel validate all of them anew.
/// </summary>
public sealed record Map(string Name, Seq<FieldType> Key, Seq<FieldType> Value) : Container(Name, Key)
{
    /// <inheritdoc/>
    public override string Title => $"map {Name}";

    /// <summary>Values are verdicts.</summary>
    public bool IsVerdictMap => Value.Count == 0;

    internal int ValueLength => IsVerdictMap ? 0 : FieldType.LengthOf(Value);

    internal override string? Problem() =>
        base.Problem() ?? (!IsVerdictMap && ValueLength > 64 ? $"{Title}: a value takes at most 64 bytes" : null);

    /// <summary>A map whose values are verdicts.</summary>
    public static Map OfVerdicts(string name, Seq<FieldType> key) => new(name, key, default);
}
