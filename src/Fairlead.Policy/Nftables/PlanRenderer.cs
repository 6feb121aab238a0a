using System.Collections.Immutable;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Values;
using Fairlead.Policy.Compile;

namespace Fairlead.Policy.Nftables;

/// <summary>
/// Plans to the content of the table: one chain per distinct program, one set per group, block list and port list, named by content. What did not change
/// since the last plan is the same object as then, so that neither making nor comparing it costs anything.
/// </summary>
internal sealed class PlanRenderer
{
    private readonly Dictionary<PolicyProgram, ProgramContent> _programs = [];
    private readonly Dictionary<string, ElementDelta> _deltas = [];
    private PolicyPlan? _last;
    private ImmutableDictionary<string, ChainContent> _chains = ImmutableDictionary<string, ChainContent>.Empty;
    private ImmutableDictionary<string, ContainerContent> _containers = ImmutableDictionary<string, ContainerContent>.Empty;

    /// <summary>All of the table for <paramref name="plan"/>.</summary>
    public TableContent Render(PolicyPlan plan)
    {
        var (last, local) = (_last, !ReferenceEquals(_last?.Local, plan.Local));
        if (local)
        {
            UpdatePrograms(plan.Local);
        }

        if (local || last!.LocalRanges != plan.LocalRanges)
        {
            var rules = PolicyTable.Rules(plan.LocalRanges).ToLookup(rule => rule.Chain);
            var constant = PolicyTable.Chains.Select(chain => new ChainContent(chain, [.. rules[chain.Name]]));
            _chains = Replaced(_chains, constant.Concat(_programs.Values.Select(program => program.Chain)), content => content.Chain.Name);
        }

        _deltas.Clear();
        var groups = Groups(last, plan).ToList();
        _containers = local
            ? Replaced(_containers, PodMaps(plan.Local).Concat(_programs.Values.SelectMany(program => program.Containers)).Concat(groups), content => content.Container.Name)
            : _containers.SetItems(groups.Select(content => KeyValuePair.Create(content.Container.Name, content)));
        _last = plan;
        return new TableContent(_chains, _containers) { Deltas = _deltas.ToImmutableDictionary() };
    }

    /// <summary>The dictionary with exactly these; of several with one name, all are the same. Costs little where little differs.</summary>
    private static ImmutableDictionary<string, T> Replaced<T>(ImmutableDictionary<string, T> there, IEnumerable<T> wanted, Func<T, string> name)
        where T : class
    {
        var (items, names) = (there.ToBuilder(), new HashSet<string>());
        foreach (var item in wanted.Where(item => names.Add(name(item))))
        {
            if (!ReferenceEquals(items.GetValueOrDefault(name(item)), item))
            {
                items[name(item)] = item;
            }
        }

        if (items.Count > names.Count)
        {
            items.RemoveRange([.. items.Keys.Where(key => !names.Contains(key))]);
        }

        return items.ToImmutable();
    }

    private void UpdatePrograms(LocalVerdicts local)
    {
        var used = local.Programs.ToHashSet();
        foreach (var stale in _programs.Keys.Where(program => !used.Contains(program)).ToList())
        {
            _programs.Remove(stale);
        }

        foreach (var program in used.Where(program => !_programs.ContainsKey(program)))
        {
            _programs[program] = ProgramContent.Of(program);
        }
    }

    /// <summary>Those that differ from the last plan's; all of them when the programs do.</summary>
    private IEnumerable<ContainerContent> Groups(PolicyPlan? last, PolicyPlan plan)
    {
        foreach (var (key, group) in plan.Groups)
        {
            var same = ReferenceEquals(last?.Groups.GetValueOrDefault(key), group);
            if (same && ReferenceEquals(last!.Local, plan.Local))
            {
                continue;
            }

            foreach (var family in IpFamily.All)
            {
                var there = _containers.GetValueOrDefault(ProgramContent.Peers(key, family).Name);
                yield return same ? there! : GroupContent(group, family, last?.Groups.GetValueOrDefault(key)?.Version, there);
            }
        }
    }

    private ContainerContent GroupContent(PeerGroup group, IpFamily family, object? version, ContainerContent? there)
    {
        Element ElementOf(GroupMember member) =>
            new(group.Key.HasPorts ? Datum.Of(member.Address, member.Protocol, member.Port) : Datum.Of(member.Address));
        if (there?.Elements is ImmutableDictionary<Datum, Element> before && group.Delta is { } delta && ReferenceEquals(delta.Since, version))
        {
            var added = delta.Added.Where(member => member.Address.Family == family).Select(ElementOf).ToList();
            var removed = delta.Removed.Where(member => member.Address.Family == family).Select(ElementOf).ToList();
            if (added.Count + removed.Count == 0)
            {
                return there;
            }

            var after = before.RemoveRange(removed.Select(element => element.Key)).SetItems(added.Select(element => KeyValuePair.Create(element.Key, element)));
            _deltas[there.Container.Name] = new ElementDelta(before, added, removed);
            return there with { Elements = after };
        }

        return Content(ProgramContent.Peers(group.Key, family), group.Members.Keys.Where(member => member.Address.Family == family).Select(ElementOf));
    }

    private static IEnumerable<ContainerContent> PodMaps(LocalVerdicts local)
    {
        foreach (var family in IpFamily.All)
        {
            var addresses = local.ByAddress.Where(pair => pair.Key.Family == family).ToList();
            yield return Content(PolicyTable.EgressMap(family), addresses.Select(pair => Element.Of(Datum.Of(pair.Key), ProgramContent.Lead(pair.Value.Egress))));
            yield return Content(PolicyTable.IngressMap(family), addresses.Select(pair => Element.Of(Datum.Of(pair.Key), ProgramContent.Lead(pair.Value.Ingress))));
            yield return Content(PolicyTable.Itself(family), addresses.Select(pair => new Element(Datum.Of(pair.Key, pair.Key))));
            yield return Content(PolicyTable.Isolated(family), addresses.Where(pair => pair.Value.CanRefuse).Select(pair => new Element(Datum.Of(pair.Key))));
        }
    }

    private static ContainerContent Content(Container container, IEnumerable<Element> elements) => ProgramContent.Content(container, elements);
}
