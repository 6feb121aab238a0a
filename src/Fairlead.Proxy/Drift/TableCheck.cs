using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Text;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;
using Fairlead.Proxy.Frontends;
using Fairlead.Proxy.Nftables;

namespace Fairlead.Proxy.Drift;

/// <summary>
/// Compares the table in the kernel with what was committed, element by element and rule by rule, and says which frontend each difference concerns. Pure.
/// One pass over what was committed; only where a set or map holds more than that, a second one finds what is too much.
/// </summary>
internal sealed class TableCheck
{
    // From anywhere, and from outside to stay on this node.
    private static readonly bool[] Sides = [false, true];

    private readonly Ruleset _actual;
    private readonly ProxySchema _schema;
    private readonly IReadOnlyCollection<KeyValuePair<FrontendKey, Committed>> _held;
    private readonly IReadOnlyCollection<Placed> _node;
    private readonly TableDrift _drift = new();

    /// <summary>How many planned elements of a set or map are there; of the shared ones, which.</summary>
    private readonly Dictionary<string, int> _found = [];
    private readonly HashSet<(string Container, Datum Key)> _shared = [];

    private TableCheck(
        Ruleset actual, IReadOnlyCollection<KeyValuePair<FrontendKey, Committed>> held, IReadOnlyCollection<Placed> node, ProxySchema schema) =>
        (_actual, _held, _node, _schema) = (actual, held, node, schema);

    /// <summary>Every difference.</summary>
    /// <param name="actual">The table as it was read; null: there is none.</param>
    /// <param name="held">What the kernel should hold of each frontend.</param>
    /// <param name="node">The elements of the node as a whole.</param>
    /// <param name="schema">The table's sets and maps.</param>
    public static TableDrift Compare(
        Ruleset? actual, IReadOnlyCollection<KeyValuePair<FrontendKey, Committed>> held, IReadOnlyCollection<Placed> node, ProxySchema schema)
    {
        if (actual is null)
        {
            return Without(held, new Difference(DifferenceKind.Missing) { What = ProxySchema.Table.Title });
        }

        var check = new TableCheck(actual, held, node, schema);
        check.CompareElements();
        check.CompareContainers();
        check.CompareChains();
        return check._drift;
    }

    /// <summary>The table as a whole is no good to any frontend.</summary>
    public static TableDrift Without(IEnumerable<KeyValuePair<FrontendKey, Committed>> held, Difference difference)
    {
        var drift = new TableDrift();
        drift.Table.Add(difference);
        foreach (var (key, _) in held)
        {
            drift.Add(key, difference);
        }

        return drift;
    }

    private void CompareElements()
    {
        foreach (var (key, committed) in _held)
        {
            foreach (var placed in FrontendElements.Own(committed, _schema))
            {
                if (Look(placed, isShared: false) is { } difference)
                {
                    _drift.Add(key, difference);
                }
            }

            foreach (var placed in FrontendElements.Shared(committed, _schema).DistinctBy(placed => placed.Element.Key))
            {
                if (Look(placed, isShared: true) is { } difference)
                {
                    _drift.Add(key, difference);
                }
            }
        }

        foreach (var placed in _node)
        {
            if (Look(placed, isShared: false) is { } difference)
            {
                _drift.Node.Add(difference);
            }
        }
    }

    /// <summary>What is wrong with one planned element; null when it is there as planned.</summary>
    private Difference? Look(Placed placed, bool isShared)
    {
        var name = placed.Container.Name;
        if (!_actual.Containers.TryGetValue(name, out var content) || !content.Elements.TryGetValue(placed.Element.Key, out var there))
        {
            return OfElement(new Difference(DifferenceKind.Missing) { Wanted = placed }, placed);
        }

        if (!isShared || _shared.Add((name, placed.Element.Key)))
        {
            _found[name] = _found.GetValueOrDefault(name) + 1;
        }

        return there == placed.Element ? null : OfElement(
            new Difference(DifferenceKind.Changed) { Actual = new Placed(placed.Container, there), Wanted = placed }, placed);
    }

    /// <summary>With the slot, where it is about one.</summary>
    private Difference OfElement(Difference difference, Placed placed)
    {
        foreach (var family in _schema.Families)
        {
            foreach (var local in Sides)
            {
                var scope = ProxyChains.ScopeOf(family, local);
                if (ReferenceEquals(placed.Container, scope.Endpoints) || ReferenceEquals(placed.Container, scope.StickySlots))
                {
                    return difference with { Slot = (int)FrontendElements.SlotOf(placed.Element.Key), IsLocal = local };
                }
            }
        }

        return difference;
    }

    private void CompareContainers()
    {
        foreach (var container in _schema.Containers)
        {
            if (!_actual.Containers.TryGetValue(container.Name, out var content))
            {
                _drift.Table.Add(new Difference(DifferenceKind.Missing) { What = container.Title });
            }
            else if (content.Container != container)
            {
                _drift.Table.Add(new Difference(DifferenceKind.Changed) { What = $"{container.Title} is of another type" });
            }
            else if ((container.Flags & ContainerFlags.Dynamic) == 0 && container is not Map { IsVerdictMap: true }
                && content.Elements.Count > _found.GetValueOrDefault(container.Name))
            {
                FindStrays(container, content);
            }
        }

        var known = _schema.Containers.Select(container => container.Name).ToHashSet();
        foreach (var content in _actual.Containers.Values.Where(content => !known.Contains(content.Container.Name)))
        {
            _drift.Table.Add(new Difference(DifferenceKind.Stray) { What = content.Container.Title });
        }
    }

    private void FindStrays(Container container, ContainerContent content)
    {
        var planned = _held.SelectMany(pair => FrontendElements.Own(pair.Value, _schema).Concat(FrontendElements.Shared(pair.Value, _schema))).Concat(_node)
            .Where(placed => placed.Container.Name == container.Name).Select(placed => placed.Element.Key).ToHashSet();
        var owners = _held.Select(pair => pair.Key).ToHashSet();
        foreach (var element in content.Elements.Values.Where(element => !planned.Contains(element.Key)))
        {
            var placed = new Placed(container, element);
            var difference = OfElement(new Difference(DifferenceKind.Stray) { Actual = placed }, placed);
            if (OwnerOf(container, element.Key) is { } owner && owners.Contains(owner))
            {
                _drift.Add(owner, difference);
            }
            else
            {
                (IsOfNode(container) ? _drift.Node : _drift.Table).Add(difference);
            }
        }
    }

    /// <summary>The frontend whose key an element's begins with; null in sets and maps that have no such keys.</summary>
    private FrontendKey? OwnerOf(Container container, Datum key)
    {
        var family = _schema.Families.First(family => family.Containers.Contains(container, ReferenceEqualityComparer.Instance));
        Container[] others = [family.ClusterIPs, family.BalancerIPs, family.Hairpins, family.OwnPods, family.ServiceRanges];
        return others.Contains(container, ReferenceEqualityComparer.Instance) ? null : FrontendElements.FrontendOf(key, family.Family);
    }

    private bool IsOfNode(Container container) => _schema.Families.Any(
        family => ReferenceEquals(container, family.OwnPods) || ReferenceEquals(container, family.ServiceRanges));

    /// <summary>Chains every Service goes through concern the table; those of an endpoint count concern the frontends that have it.</summary>
    private void CompareChains()
    {
        var codes = _held.SelectMany(pair => Sides.Select(local => (Local: local, Code: pair.Value.Code(local))))
            .Where(pair => pair.Code is not null).Select(pair => (pair.Local, Code: pair.Code!.Value)).ToHashSet();
        var desired = Desired(codes);
        var byCode = codes.ToDictionary(code => code, code => ChainDifferences(code.Local, code.Code, desired));
        if (byCode.Values.Any(differences => differences.Count > 0))
        {
            foreach (var (key, committed) in _held)
            {
                foreach (var local in Sides)
                {
                    var differences = committed.Code(local) is { } code ? byCode[(local, code)] : [];
                    differences.ForEach(difference => _drift.Add(key, difference));
                }
            }
        }

        var ofCodes = codes.Select(code => code.Code.Chain(code.Local)).ToHashSet();
        _drift.Table.AddRange(desired.Chains.Values.Where(chain => !ofCodes.Contains(chain.Chain.Name)).Select(OfChain).OfType<Difference>());

        // An empty chain without a hook is what is left of one that was put right: it goes next time.
        _drift.Table.AddRange(_actual.Chains.Values
            .Where(chain => !desired.Chains.ContainsKey(chain.Chain.Name) && !BalanceCode.IsChain(chain.Chain.Name) && (chain.Chain.Base is not null || !chain.Rules.IsEmpty))
            .Select(chain => new Difference(DifferenceKind.Stray) { What = $"chain {chain.Chain.Name}" }));
        foreach (var local in Sides)
        {
            var leads = codes.Where(code => code.Local == local).Select(code => code.Code.Datum).ToHashSet();
            var map = _schema.BalanceOf(local);
            var strays = _actual.Containers.TryGetValue(map.Name, out var content) ? content.Elements.Values.Where(element => !leads.Contains(element.Key)) : [];
            _drift.Table.AddRange(strays.Select(element => new Difference(DifferenceKind.Stray) { Actual = new Placed(map, element) }));
        }
    }

    private Ruleset Desired(IEnumerable<(bool Local, BalanceCode Code)> codes)
    {
        var tx = new Transaction(ProxySchema.Table);
        ProxyChains.AddSkeleton(tx, _schema);
        foreach (var (local, code) in codes)
        {
            ProxyChains.AddBalancing(tx, _schema, code, local);
        }

        return RulesetDiff.Made(tx);
    }

    private List<Difference> ChainDifferences(bool local, BalanceCode code, Ruleset desired)
    {
        var lead = ProxyChains.LeadTo(_schema, local, code);
        Difference?[] differences = [Look(lead, isShared: false), OfChain(desired.Chains[code.Chain(local)])];
        return [.. differences.OfType<Difference>()];
    }

    private Difference? OfChain(ChainContent desired)
    {
        var name = desired.Chain.Name;
        if (!_actual.Chains.TryGetValue(name, out var there))
        {
            return new Difference(DifferenceKind.Missing) { What = $"chain {name}" };
        }

        if (there.Chain != desired.Chain)
        {
            return new Difference(DifferenceKind.Changed) { What = $"chain {name}: its hook, priority or policy" };
        }

        for (var i = 0; i < Math.Max(there.Rules.Count, desired.Rules.Count); i++)
        {
            var (actual, wanted) = (there.Rules.ElementAtOrDefault(i), desired.Rules.ElementAtOrDefault(i));
            if (actual != wanted)
            {
                var rule = $"chain {name}: rule {i + 1}: {RulesetText.Render(actual ?? wanted!)}";
                return actual is null ? new Difference(DifferenceKind.Missing) { What = rule }
                    : wanted is null ? new Difference(DifferenceKind.Stray) { What = rule }
                    : new Difference(DifferenceKind.Changed) { What = $"{rule} instead of {RulesetText.Render(wanted)}" };
            }
        }

        return null;
    }
}
