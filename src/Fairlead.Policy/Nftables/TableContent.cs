using System.Collections.Immutable;
using System.Collections.ObjectModel;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;

namespace Fairlead.Policy.Nftables;

/// <summary>All of the table, as it is or as it is to be.</summary>
internal sealed record TableContent(
    ImmutableDictionary<string, ChainContent> Chains, ImmutableDictionary<string, ContainerContent> Containers)
{
    /// <summary>By container, what is known of its difference from an earlier content, so that nobody has to look for it.</summary>
    public IReadOnlyDictionary<string, ElementDelta> Deltas { get; init; } = ReadOnlyDictionary<string, ElementDelta>.Empty;

    public static TableContent Of(Ruleset ruleset) => new(ruleset.Chains.ToImmutableDictionary(), ruleset.Containers.ToImmutableDictionary());

    /// <summary>
    /// What leads from <paramref name="current"/> (null: no table) to <paramref name="wanted"/>. A set or base chain of the same name but another shape,
    /// as another version of the program may have left, has the whole table made anew, in the same transaction.
    /// </summary>
    /// <param name="table">Which table.</param>
    /// <param name="current">What is there.</param>
    /// <param name="wanted">What is to be there.</param>
    /// <param name="anew">The table made anew in any case, because what is there is not known.</param>
    public static Transaction Change(Table table, TableContent? current, TableContent wanted, bool anew = false)
    {
        var transaction = new Transaction(table);
        if (anew || (current is not null && !SameShape(current, wanted)))
        {
            transaction.Destroy(table);
            current = null;
        }

        if (current is null)
        {
            transaction.Add(table);
        }

        var from = current ?? new TableContent(ImmutableDictionary<string, ChainContent>.Empty, ImmutableDictionary<string, ContainerContent>.Empty);
        AddObjects(transaction, from, wanted);
        var changed = wanted.Containers.Where(pair => !ReferenceEquals(from.Containers.GetValueOrDefault(pair.Key)?.Elements, pair.Value.Elements));
        foreach (var (name, content) in changed.OrderBy(pair => pair.Value.Container is Map).ThenBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var there = from.Containers.GetValueOrDefault(name)?.Elements;
            if (wanted.Deltas.GetValueOrDefault(name) is { } delta && ReferenceEquals(delta.Since, there))
            {
                transaction.Delete(new Elements(content.Container, delta.Removed)).Add(new Elements(content.Container, delta.Added));
            }
            else
            {
                ChangeElements(transaction, content.Container, there, content.Elements);
            }
        }

        DeleteObjects(transaction, from, wanted);
        return transaction;
    }

    private static bool SameShape(TableContent current, TableContent wanted) =>
        wanted.Containers.All(pair =>
            !current.Containers.TryGetValue(pair.Key, out var there) || ReferenceEquals(there, pair.Value) || there.Container == pair.Value.Container)
        && wanted.Chains.All(pair =>
            !current.Chains.TryGetValue(pair.Key, out var there) || ReferenceEquals(there, pair.Value) || there.Chain == pair.Value.Chain);

    private static void AddObjects(Transaction transaction, TableContent from, TableContent wanted)
    {
        foreach (var (_, content) in Missing(wanted.Containers, from.Containers))
        {
            transaction.Add(content.Container);
        }

        foreach (var (_, content) in Missing(wanted.Chains, from.Chains))
        {
            transaction.Add(content.Chain);
        }

        var changed = wanted.Chains.Where(pair => from.Chains.GetValueOrDefault(pair.Key) is var there
            && !ReferenceEquals(there, pair.Value) && there?.Rules.SequenceEqual(pair.Value.Rules) != true);
        foreach (var (name, content) in changed.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (from.Chains.ContainsKey(name))
            {
                transaction.Flush(content.Chain);
            }

            foreach (var rule in content.Rules)
            {
                transaction.Add(rule);
            }
        }
    }

    private static void ChangeElements(
        Transaction transaction, Container container, IReadOnlyDictionary<Datum, Element>? from, IReadOnlyDictionary<Datum, Element> wanted)
    {
        from ??= ReadOnlyDictionary<Datum, Element>.Empty;
        var gone = from.Values.Where(element => wanted.GetValueOrDefault(element.Key) != element).OrderBy(element => element.Key).ToList();
        var added = wanted.Values.Where(element => from.GetValueOrDefault(element.Key) != element).OrderBy(element => element.Key).ToList();
        transaction.Delete(new Elements(container, gone)).Add(new Elements(container, added));
    }

    private static void DeleteObjects(Transaction transaction, TableContent from, TableContent wanted)
    {
        // One may lead to another: none can go before all are empty.
        var stale = Missing(from.Chains, wanted.Chains).Select(pair => pair.Value.Chain).ToList();
        stale.ForEach(chain => transaction.Flush(chain));
        stale.ForEach(chain => transaction.Delete(chain));

        foreach (var (_, content) in Missing(from.Containers, wanted.Containers))
        {
            transaction.Delete(content.Container);
        }
    }

    private static IEnumerable<KeyValuePair<string, T>> Missing<T>(ImmutableDictionary<string, T> these, ImmutableDictionary<string, T> there) =>
        these.Where(pair => !there.ContainsKey(pair.Key)).OrderBy(pair => pair.Key, StringComparer.Ordinal);
}

/// <summary>How the elements of a set differ from those of an earlier moment.</summary>
/// <param name="Since">The earlier elements, by reference.</param>
/// <param name="Added">Elements more.</param>
/// <param name="Removed">Elements less.</param>
internal sealed record ElementDelta(IReadOnlyDictionary<Datum, Element> Since, IReadOnlyList<Element> Added, IReadOnlyList<Element> Removed);
