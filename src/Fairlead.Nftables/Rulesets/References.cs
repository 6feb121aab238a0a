using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Objects;

namespace Fairlead.Nftables.Rulesets;

/// <summary>Who refers to whom within a table.</summary>
internal static class References
{
    /// <summary>What a rule needs and the table lacks, or null.</summary>
    public static string? Missing(Ruleset ruleset, Rule rule)
    {
        foreach (var statement in rule.Statements)
        {
            var problem = statement switch
            {
                Verdict { Chain.Length: > 0 } verdict when !ruleset.Chains.ContainsKey(verdict.Chain) => $"chain {verdict.Chain} does not exist",
                InSet lookup => Lookup(ruleset, lookup.Set, lookup.Key, container => container is Set, "a set"),
                VerdictMap lookup => Lookup(ruleset, lookup.Map, lookup.Key, container => container is Map { IsVerdictMap: true }, "a map of verdicts"),
                Nat { To: FromMap map } => Lookup(ruleset, map),
                SetMeta { Value: FromMap map } => Lookup(ruleset, map),
                SetAddress { Value: FromMap map } => Lookup(ruleset, map),
                SetCtMark { Value: FromMap map } => Lookup(ruleset, map),
                UpdateSet update => Lookup(ruleset, update.Container, update.Key, container => Takes(container, update), "a dynamic container of that value"),
                _ => null,
            };
            if (problem is not null)
            {
                return problem;
            }
        }

        return null;
    }

    /// <summary>Title of something that leads to the chain, or null.</summary>
    public static string? ToChain(Ruleset ruleset, string chain)
    {
        foreach (var content in ruleset.Chains.Values)
        {
            if (content.Rules.Any(rule => rule.Statements.Any(statement => statement is Verdict verdict && verdict.Chain == chain)))
            {
                return content.Chain.Title;
            }
        }

        foreach (var content in ruleset.Containers.Values)
        {
            if (content.Container is Map { IsVerdictMap: true } && content.Elements.Values.Any(element => element.Verdict!.Chain == chain))
            {
                return content.Container.Title;
            }
        }

        return null;
    }

    /// <summary>Title of a chain with a rule that looks things up there, or null.</summary>
    public static string? ToContainer(Ruleset ruleset, string name)
    {
        foreach (var content in ruleset.Chains.Values)
        {
            if (content.Rules.Any(rule => rule.Statements.Any(statement => ContainerOf(statement) == name)))
            {
                return content.Chain.Title;
            }
        }

        return null;
    }

    private static string? ContainerOf(Statement statement) => statement switch
    {
        InSet lookup => lookup.Set,
        VerdictMap lookup => lookup.Map,
        Nat { To: FromMap map } => map.Map,
        SetMeta { Value: FromMap map } => map.Map,
        SetAddress { Value: FromMap map } => map.Map,
        SetCtMark { Value: FromMap map } => map.Map,
        UpdateSet update => update.Container,
        _ => null,
    };

    private static bool Takes(Container container, UpdateSet update) => (container.Flags & ContainerFlags.Dynamic) != 0
        && (container is Map map ? update.Value is { } value && FieldType.LengthOf(value.Types) == map.ValueLength : update.Value is null);

    private static string? Lookup(Ruleset ruleset, FromMap map) =>
        Lookup(ruleset, map.Map, map.Key, container => container is Map { IsVerdictMap: false }, "a map of data");

    private static string? Lookup(Ruleset ruleset, string name, Selector key, Func<Container, bool> fits, string what)
    {
        if (!ruleset.Containers.TryGetValue(name, out var content))
        {
            return $"set or map {name} does not exist";
        }

        if (!fits(content.Container))
        {
            return $"{content.Container.Title} is not {what}";
        }

        return FieldType.LengthOf(key.Types) == content.Container.KeyLength ? null : $"{content.Container.Title} has keys of another length";
    }
}
