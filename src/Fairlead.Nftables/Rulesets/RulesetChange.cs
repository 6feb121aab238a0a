using System.Collections.Immutable;
using System.Collections.ObjectModel;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Transactions;

namespace Fairlead.Nftables.Rulesets;

/// <summary>Applies operations to a ruleset in memory by the kernel's rules: what must exist, what must not, and what is still referred to.</summary>
internal static class RulesetChange
{
    private const int ENOENT = 2;
    private const int EBUSY = 16;
    private const int EEXIST = 17;
    private const int EINVAL = 22;
    private const int ENFILE = 23;

    /// <summary>The table after the whole transaction; null when it has been deleted.</summary>
    public static Ruleset? Apply(Ruleset? before, Transaction transaction)
    {
        if (transaction.Error is { } error)
        {
            throw new NftException(error);
        }

        var ruleset = before;
        foreach (var operation in transaction.Operations)
        {
            ruleset = operation.Object is Table
                ? ApplyTable(ruleset, transaction.Table, operation)
                : Apply(ruleset ?? throw Failure(operation, ENOENT, "the table does not exist"), operation);
        }

        return ruleset;
    }

    private static Ruleset? ApplyTable(Ruleset? ruleset, Table table, Operation operation) => operation.Verb switch
    {
        Verb.Create when ruleset is not null => throw Failure(operation, EEXIST, "it exists"),
        Verb.Add or Verb.Create => ruleset ?? Ruleset.Empty(table),
        Verb.Delete or Verb.Flush when ruleset is null => throw Failure(operation, ENOENT, "it does not exist"),
        Verb.Flush => ruleset!.With(ruleset.Chains.Values.ToImmutableSortedDictionary(
            chain => chain.Chain.Name, chain => chain with { Rules = [] }, StringComparer.Ordinal)),
        _ => null,
    };

    private static Ruleset Apply(Ruleset ruleset, Operation operation) => operation.Object switch
    {
        Chain chain => ApplyChain(ruleset, chain, operation),
        Container container => ApplyContainer(ruleset, container, operation),
        Rule rule => ApplyRule(ruleset, rule, operation),
        Elements elements => ApplyElements(ruleset, elements, operation),
        _ => throw new InvalidOperationException($"{operation.Object.Title} belongs to no table"),
    };

    private static Ruleset ApplyChain(Ruleset ruleset, Chain chain, Operation operation)
    {
        var exists = ruleset.Chains.TryGetValue(chain.Name, out var content);
        switch (operation.Verb)
        {
            case Verb.Create when exists:
                throw Failure(operation, EEXIST, "it exists");
            case Verb.Add or Verb.Create:
                if (exists && content!.Chain.Base is { } old && chain.Base is { } now && old with { DropsByDefault = now.DropsByDefault } != now)
                {
                    throw Failure(operation, EEXIST, "it exists with another hook or priority");
                }

                var merged = exists ? content! with { Chain = chain.Base is null ? content.Chain : chain } : new ChainContent(chain, []);
                return ruleset.With(ruleset.Chains.SetItem(chain.Name, merged));
            case Verb.Destroy when !exists:
                return ruleset;
            case Verb.Delete or Verb.Flush when !exists:
                throw Failure(operation, ENOENT, "it does not exist");
            case Verb.Flush:
                return ruleset.With(ruleset.Chains.SetItem(chain.Name, content! with { Rules = [] }));
            default:
                var without = ruleset.With(ruleset.Chains.Remove(chain.Name));
                return References.ToChain(without, chain.Name) is { } holder ? throw Failure(operation, EBUSY, $"{holder} refers to it") : without;
        }
    }

    private static Ruleset ApplyContainer(Ruleset ruleset, Container container, Operation operation)
    {
        var exists = ruleset.Containers.TryGetValue(container.Name, out var content);
        switch (operation.Verb)
        {
            case Verb.Create when exists:
                throw Failure(operation, EEXIST, "it exists");
            case Verb.Add or Verb.Create:
                return exists && content!.Container != container
                    ? throw Failure(operation, EEXIST, "it exists with another type, flags, size or timeout")
                    : ruleset.With(ruleset.Containers.SetItem(
                        container.Name, content ?? new ContainerContent(container, ReadOnlyDictionary<Datum, Element>.Empty)));
            case Verb.Destroy when !exists:
                return ruleset;
            case Verb.Delete or Verb.Flush when !exists:
                throw Failure(operation, ENOENT, "it does not exist");
            case Verb.Flush:
                return ruleset.With(ruleset.Containers.SetItem(container.Name, content! with { Elements = ReadOnlyDictionary<Datum, Element>.Empty }));
            default:
                return References.ToContainer(ruleset, container.Name) is { } holder
                    ? throw Failure(operation, EBUSY, $"{holder} refers to it")
                    : ruleset.With(ruleset.Containers.Remove(container.Name));
        }
    }

    private static Ruleset ApplyRule(Ruleset ruleset, Rule rule, Operation operation)
    {
        if (!ruleset.Chains.TryGetValue(rule.Chain, out var content))
        {
            throw Failure(operation, ENOENT, $"chain {rule.Chain} does not exist");
        }

        if (References.Missing(ruleset, rule) is { } missing)
        {
            throw Failure(operation, ENOENT, missing);
        }

        var rules = operation.Verb == Verb.Insert ? content.Rules.Insert(0, rule) : content.Rules.Add(rule);
        return ruleset.With(ruleset.Chains.SetItem(rule.Chain, content with { Rules = rules }));
    }

    private static Ruleset ApplyElements(Ruleset ruleset, Elements elements, Operation operation)
    {
        if (!ruleset.Containers.TryGetValue(elements.Container.Name, out var content))
        {
            throw Failure(operation, ENOENT, "the set or map does not exist");
        }

        if (content.Container != elements.Container)
        {
            throw Failure(operation, EINVAL, "the set or map is of another type");
        }

        var changed = new Dictionary<Datum, Element>(content.Elements);
        foreach (var item in elements.Items)
        {
            if (operation.Verb == Verb.Delete)
            {
                _ = changed.Remove(item.Key) ? 0 : throw Failure(operation, ENOENT, $"element {item.Key} does not exist");
                continue;
            }

            AddElement(ruleset, changed, item, operation);
        }

        if (content.Container.Size != 0 && changed.Count > content.Container.Size)
        {
            throw Failure(operation, ENFILE, $"it has room for {content.Container.Size}");
        }

        return ruleset.With(ruleset.Containers.SetItem(elements.Container.Name, content with { Elements = changed }));
    }

    private static void AddElement(Ruleset ruleset, Dictionary<Datum, Element> changed, Element item, Operation operation)
    {
        if (item.Verdict is { Chain.Length: > 0 } verdict && !ruleset.Chains.ContainsKey(verdict.Chain))
        {
            throw Failure(operation, ENOENT, $"chain {verdict.Chain} does not exist");
        }

        if (changed.TryGetValue(item.Key, out var there))
        {
            // The kernel takes an addition of what is there as done, unless the value differs.
            var same = there.KeyEnd == item.KeyEnd && there.Value == item.Value && there.Verdict == item.Verdict;
            if (operation.Verb == Verb.Create || !same)
            {
                throw Failure(operation, EEXIST, $"element {item.Key} exists");
            }

            return;
        }

        changed.Add(item.Key, item);
    }

    private static NftException Failure(Operation operation, int errno, string reason) => new($"{operation}: {reason}", errno);
}
