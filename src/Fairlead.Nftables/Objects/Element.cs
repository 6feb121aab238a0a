using Fairlead.Nftables.Expressions;

namespace Fairlead.Nftables.Objects;

/// <summary>One element of a set or map.</summary>
/// <param name="Key">The key, or the first key of a range.</param>
public sealed record Element(Datum Key)
{
    /// <summary>The last key of a range (inclusive, field by field); empty for a single key.</summary>
    public Datum KeyEnd { get; init; }

    /// <summary>The value, in a map of data.</summary>
    public Datum Value { get; init; }

    /// <summary>The verdict, in a map of verdicts.</summary>
    public Verdict? Verdict { get; init; }

    /// <summary>How long it lives; null: as long as its set says.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>A note stored with it.</summary>
    public string Comment { get; init; } = "";

    /// <summary>An element of a map of data.</summary>
    public static Element Of(Datum key, Datum value) => new(key) { Value = value };

    /// <summary>An element of a map of verdicts.</summary>
    public static Element Of(Datum key, Verdict verdict) => new(key) { Verdict = verdict };

    /// <summary>An element for a range of keys; one of a single key is that key, as it is read back.</summary>
    public static Element Range(Datum first, Datum last) => new(first) { KeyEnd = last == first ? default : last };

    /// <summary>An element for a range of addresses, in a set of addresses.</summary>
    public static Element Range(IpNet net) => Range(Datum.Of(net.Address), Datum.Of(net.Last));
}

/// <summary>Elements to add to or delete from a set or map. Deleting needs only keys. Any number: a commit splits them into messages.</summary>
public sealed record Elements(Container Container, IReadOnlyList<Element> Items) : NftObject
{
    /// <summary>The items as a collection expression.</summary>
    public Elements(Container container, params ReadOnlySpan<Element> items)
        : this(container, (IReadOnlyList<Element>)items.ToArray())
    {
    }

    /// <inheritdoc/>
    public override string Title => $"elements of {Container.Title}";

    internal override string? Problem()
    {
        foreach (var item in Items)
        {
            if (ProblemOf(item) is { } problem)
            {
                return $"{Title}: element {item.Key}: {problem}";
            }
        }

        return null;
    }

    private string? ProblemOf(Element item)
    {
        if (item.Key.Length != Container.KeyLength)
        {
            return $"the key has {item.Key.Length} bytes, the {Container.Title} takes {Container.KeyLength}";
        }

        if (!item.KeyEnd.IsEmpty && (!Container.IsInterval || item.KeyEnd.Length != item.Key.Length || item.KeyEnd < item.Key))
        {
            return "a range needs an interval set and a last key of the same length, not below the first";
        }

        if (item.Timeout is not null && (Container.Flags & ContainerFlags.Timeout) == 0)
        {
            return $"{Container.Title} has no timeouts";
        }

        return CommentProblem("element", item.Comment);
    }

    /// <summary>What deleting tolerates and adding does not: a value that does not fit the map.</summary>
    internal string? ValueProblem()
    {
        foreach (var item in Items)
        {
            var fits = Container switch
            {
                Map { IsVerdictMap: true } => item is { Verdict: not null, Value.IsEmpty: true },
                Map map => item.Verdict is null && item.Value.Length == map.ValueLength,
                _ => item is { Verdict: null, Value.IsEmpty: true },
            };
            if (!fits)
            {
                return $"{Title}: element {item.Key}: its value does not fit";
            }
        }

        return null;
    }
}
