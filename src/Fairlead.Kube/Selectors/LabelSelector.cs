namespace Fairlead.Kube.Selectors;

/// <summary>How a requirement compares a label (meta/v1 LabelSelectorOperator).</summary>
public enum LabelOperator
{
    /// <summary>The label is set and its value is one of the values.</summary>
    In,

    /// <summary>The label is not set, or its value is none of the values.</summary>
    NotIn,

    /// <summary>The label is set.</summary>
    Exists,

    /// <summary>The label is not set.</summary>
    DoesNotExist,
}

/// <summary>One requirement of a selector. <see cref="Values"/> is empty for Exists and DoesNotExist.</summary>
public sealed record LabelRequirement(string Key, LabelOperator Operator, IReadOnlyList<string> Values) : IEquatable<LabelRequirement>
{
    /// <summary>True when <paramref name="labels"/> meet the requirement.</summary>
    public bool Matches(Labels labels)
    {
        var value = labels[Key];
        return Operator switch
        {
            LabelOperator.In => value is not null && Values.Contains(value),
            LabelOperator.NotIn => value is null || !Values.Contains(value),
            LabelOperator.Exists => value is not null,
            _ => value is null,
        };
    }

    /// <inheritdoc/>
    public bool Equals(LabelRequirement? other) =>
        other is not null && Key == other.Key && Operator == other.Operator && Values.SequenceEqual(other.Values);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Key, Operator, Values.Count);
}

/// <summary>Requirements that must all be met; none means everything matches. Compared by value.</summary>
public sealed record LabelSelector(IReadOnlyList<LabelRequirement> Requirements)
{
    /// <summary>Matches every object.</summary>
    public static LabelSelector Everything { get; } = new([]);

    /// <summary>True when <paramref name="labels"/> meet every requirement.</summary>
    public bool Matches(Labels labels)
    {
        foreach (var requirement in Requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public bool Equals(LabelSelector? other) => other is not null && Requirements.SequenceEqual(other.Requirements);

    /// <inheritdoc/>
    public override int GetHashCode() => Requirements.Count;
}
