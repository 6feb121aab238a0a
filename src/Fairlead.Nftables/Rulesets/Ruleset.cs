using System.Collections.Immutable;
using Fairlead.Nftables.Objects;

namespace Fairlead.Nftables.Rulesets;

/// <summary>A chain and its rules in order.</summary>
public sealed record ChainContent(Chain Chain, ImmutableList<Rule> Rules);

/// <summary>A set or map and its elements by key (of ranges, the first key).</summary>
public sealed record ContainerContent(Container Container, IReadOnlyDictionary<Datum, Element> Elements);

/// <summary>
/// A table with everything in it, as a value that never changes. Reading a backend gives one; the text renderer, the tracer and drift checks take one.
/// </summary>
public sealed class Ruleset
{
    internal Ruleset(
        Table table, ImmutableSortedDictionary<string, ChainContent> chains, ImmutableSortedDictionary<string, ContainerContent> containers)
    {
        Table = table;
        Chains = chains;
        Containers = containers;
    }

    /// <summary>The table.</summary>
    public Table Table { get; }

    /// <summary>Chains by name.</summary>
    public ImmutableSortedDictionary<string, ChainContent> Chains { get; }

    /// <summary>Sets and maps by name.</summary>
    public ImmutableSortedDictionary<string, ContainerContent> Containers { get; }

    /// <summary>A table with nothing in it.</summary>
    internal static Ruleset Empty(Table table) => new(
        table,
        ImmutableSortedDictionary.Create<string, ChainContent>(StringComparer.Ordinal),
        ImmutableSortedDictionary.Create<string, ContainerContent>(StringComparer.Ordinal));

    internal Ruleset With(ImmutableSortedDictionary<string, ChainContent> chains) => new(Table, chains, Containers);

    internal Ruleset With(ImmutableSortedDictionary<string, ContainerContent> containers) => new(Table, Chains, containers);
}
