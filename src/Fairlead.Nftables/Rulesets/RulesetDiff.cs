using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Transactions;

namespace Fairlead.Nftables.Rulesets;

/// <summary>
/// What leads from the table as it stands to the table as it should be: how a start-up adopts a running datapath and how drift is repaired. What is right
/// stays untouched, so traffic does not notice.
/// </summary>
public static class RulesetDiff
{
    /// <summary>The table a transaction makes where there is none.</summary>
    /// <exception cref="NftException">The transaction is wrong by itself.</exception>
    public static Ruleset Made(Transaction transaction) => RulesetChange.Apply(null, transaction) ?? Ruleset.Empty(transaction.Table);

    /// <summary>
    /// The transaction from <paramref name="actual"/> (null: no such table) to <paramref name="desired"/>; empty when they agree. Elements of dynamic
    /// containers belong to the packets and are left alone. A set or map of another type cannot be changed in place: then the table is made anew, at once.
    /// </summary>
    public static Transaction Between(Ruleset? actual, Ruleset desired)
    {
        var tx = new Transaction(desired.Table);
        if (actual is null || desired.Containers.Any(pair => actual.Containers.TryGetValue(pair.Key, out var there) && there.Container != pair.Value.Container)
            || desired.Chains.Any(pair => actual.Chains.TryGetValue(pair.Key, out var there) && !SameHook(there.Chain, pair.Value.Chain)))
        {
            tx = actual is null ? tx : tx.Delete(desired.Table);
            actual = Ruleset.Empty(desired.Table);
            tx.Add(desired.Table);
        }

        AddNew(tx, actual, desired);
        var rewritten = desired.Chains.Values.Where(chain => !SameRules(actual, chain)).ToList();
        foreach (var chain in rewritten)
        {
            tx = actual.Chains.ContainsKey(chain.Chain.Name) ? tx.Flush(chain.Chain) : tx;
        }

        foreach (var chain in actual.Chains.Values.Where(chain => !desired.Chains.ContainsKey(chain.Chain.Name) && !chain.Rules.IsEmpty))
        {
            tx.Flush(chain.Chain);
        }

        ChangeElements(tx, actual, desired);
        foreach (var rule in rewritten.SelectMany(chain => chain.Rules))
        {
            tx.Add(rule);
        }

        RemoveOld(tx, actual, desired);
        return tx;
    }

    private static bool SameHook(Chain actual, Chain desired) =>
        actual.Base is { } there && desired.Base is { } wanted ? there with { DropsByDefault = wanted.DropsByDefault } == wanted : actual.Base == desired.Base;

    private static bool SameRules(Ruleset actual, ChainContent desired) => actual.Chains.TryGetValue(desired.Chain.Name, out var there)
        ? there.Rules.SequenceEqual(desired.Rules)
        : desired.Rules.IsEmpty;

    private static void AddNew(Transaction tx, Ruleset actual, Ruleset desired)
    {
        foreach (var content in desired.Containers.Values.Where(content => !actual.Containers.ContainsKey(content.Container.Name)))
        {
            tx.Add(content.Container);
        }

        foreach (var content in desired.Chains.Values.Where(content => !actual.Chains.TryGetValue(content.Chain.Name, out var there) || there.Chain != content.Chain))
        {
            tx.Add(content.Chain);
        }
    }

    private static void ChangeElements(Transaction tx, Ruleset actual, Ruleset desired)
    {
        foreach (var content in desired.Containers.Values.Where(content => (content.Container.Flags & ContainerFlags.Dynamic) == 0))
        {
            var there = actual.Containers.TryGetValue(content.Container.Name, out var found) ? found.Elements : null;
            var gone = there is null ? [] : there.Values.Where(element => !content.Elements.TryGetValue(element.Key, out var wanted) || wanted != element).ToList();
            var come = content.Elements.Values.Where(element => there is null || !there.TryGetValue(element.Key, out var old) || old != element).ToList();
            tx.Delete(new Elements(content.Container, (IReadOnlyList<Element>)gone));
            tx.Add(new Elements(content.Container, (IReadOnlyList<Element>)come));
        }
    }

    private static void RemoveOld(Transaction tx, Ruleset actual, Ruleset desired)
    {
        var oldContainers = actual.Containers.Values.Where(content => !desired.Containers.ContainsKey(content.Container.Name)).ToList();
        foreach (var content in oldContainers)
        {
            tx.Delete(content.Container);
        }

        // Kernels before 6.2 refuse to delete a chain in the transaction that deletes the last element leading to it; it is empty now and goes next time.
        foreach (var name in actual.Chains.Keys.Where(name => !desired.Chains.ContainsKey(name) && References.ToChain(actual, name) is null))
        {
            tx.Delete(actual.Chains[name].Chain);
        }
    }
}
