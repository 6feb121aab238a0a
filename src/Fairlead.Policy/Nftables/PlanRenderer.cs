using System.Collections.Immutable;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Values;
using Fairlead.Policy.Compile;
using Fairlead.State;

namespace Fairlead.Policy.Nftables;

/// <summary>
/// A plan to the content of the table: one chain per distinct program, one set per group, block list and port list, named by content. Elements of a
/// group that did not change are the same object as the last time, so that comparing them costs nothing.
/// </summary>
internal sealed class PlanRenderer
{
    private readonly Dictionary<(GroupKey Key, IpFamily Family), (PeerGroup Group, ContainerContent Content)> _groups = [];

    public TableContent Render(PolicyPlan plan)
    {
        var containers = ImmutableDictionary.CreateBuilder<string, ContainerContent>();
        var rules = PolicyTable.Rules(plan.LocalRanges).ToLookup(rule => rule.Chain);
        var chains = PolicyTable.Chains.ToImmutableDictionary(chain => chain.Name, chain => new ChainContent(chain, [.. rules[chain.Name]])).ToBuilder();
        var programs = plan.Pods.Values.SelectMany(pod => new[] { pod.Ingress, pod.Egress }).OfType<PolicyProgram>().Distinct().ToList();
        foreach (var program in programs)
        {
            var chain = new Chain(ChainName(program));
            chains[chain.Name] = new ChainContent(chain, [.. ProgramRules(program, chain.Name, plan, containers)]);
        }

        foreach (var family in IpFamily.All)
        {
            AddPods(plan, family, containers);
        }

        foreach (var stale in _groups.Keys.Where(key => !plan.Groups.ContainsKey(key.Key)).ToList())
        {
            _groups.Remove(stale);
        }

        return new TableContent(chains.ToImmutable(), containers.ToImmutable());
    }

    private static string ChainName(PolicyProgram program) => $"{(program.Ingress ? "in" : "out")}-{program.Id}";

    private static void AddPods(PolicyPlan plan, IpFamily family, ImmutableDictionary<string, ContainerContent>.Builder containers)
    {
        var addresses = plan.ByAddress.Where(pair => pair.Key.Family == family).ToList();
        Add(containers, PolicyTable.EgressMap(family), addresses.Select(pair => Element.Of(Datum.Of(pair.Key), Lead(pair.Value.Egress))));
        Add(containers, PolicyTable.IngressMap(family), addresses.Select(pair => Element.Of(Datum.Of(pair.Key), Lead(pair.Value.Ingress))));
        Add(containers, PolicyTable.Itself(family), addresses.Select(pair => new Element(Datum.Of(pair.Key, pair.Key))));
        var isolated = addresses.Where(pair => pair.Value is { Ingress: not null } or { Egress: not null });
        Add(containers, PolicyTable.Isolated(family), isolated.Select(pair => new Element(Datum.Of(pair.Key))));
    }

    private static Verdict Lead(PolicyProgram? program) => program is null ? Verdict.Return : Verdict.Goto(ChainName(program));

    private static void Add(ImmutableDictionary<string, ContainerContent>.Builder containers, Container container, IEnumerable<Element> elements) =>
        containers[container.Name] = new ContainerContent(container, elements.ToImmutableDictionary(element => element.Key));

    private IEnumerable<Rule> ProgramRules(
        PolicyProgram program, string chain, PolicyPlan plan, ImmutableDictionary<string, ContainerContent>.Builder containers)
    {
        foreach (var clause in program.Clauses.ToArray())
        {
            Statement[] ports = clause.Ports.Count == 0 ? [] : [PortMatch(clause.Ports, containers)];
            if (clause is { Group: null, Blocks.Count: 0 })
            {
                yield return new Rule(chain, [.. ports, Verdict.Return]);
                continue;
            }

            foreach (var family in IpFamily.All)
            {
                var peer = program.Ingress ? Payload.Saddr(family) : Payload.Daddr(family);
                if (PeerMatch(clause, family, peer, plan, containers) is { } match)
                {
                    yield return new Rule(chain, [match, .. ports, Verdict.Return]);
                }
            }
        }

        yield return new Rule(chain, [Verdict.Goto(Refusal.ByPolicy(program.Ingress).Chain)]);
    }

    /// <summary>Null when the clause has nothing of that family and, as its content is in the chain's name, never will.</summary>
    private InSet? PeerMatch(
        Clause clause, IpFamily family, PayloadSelector peer, PolicyPlan plan, ImmutableDictionary<string, ContainerContent>.Builder containers)
    {
        if (clause.Group is { } key)
        {
            var content = GroupContent(plan.Groups[key], family);
            containers[content.Container.Name] = content;
            return new InSet(key.HasPorts ? Selector.Of(peer, Meta.L4Proto, Payload.ThDport) : peer, content.Container.Name);
        }

        var ranges = clause.Blocks.Where(range => range.First.Family == family).ToList();
        if (ranges.Count == 0)
        {
            return null;
        }

        var set = new Set($"block{PolicyTable.Suffix(family)}-{Digest.Of(string.Join(',', ranges))}", [FieldType.Address(family)])
        {
            Flags = ContainerFlags.Interval,
        };
        Add(containers, set, ranges.Select(range => Element.Range(Datum.Of(range.First), Datum.Of(range.Last))));
        return new InSet(peer, set.Name);
    }

    private ContainerContent GroupContent(PeerGroup group, IpFamily family)
    {
        if (_groups.TryGetValue((group.Key, family), out var kept) && ReferenceEquals(kept.Group, group))
        {
            return kept.Content;
        }

        var name = $"{(group.Key.HasPorts ? "named" : "peers")}{PolicyTable.Suffix(family)}-{group.Key.Id}";
        var set = new Set(name, group.Key.HasPorts
            ? [FieldType.Address(family), FieldType.InetProtocol, FieldType.InetService]
            : [FieldType.Address(family)]);
        var elements = group.Members.Where(member => member.Address.Family == family)
            .Select(member => new Element(group.Key.HasPorts ? Datum.Of(member.Address, member.Protocol, member.Port) : Datum.Of(member.Address)))
            .ToImmutableDictionary(element => element.Key);
        var content = new ContainerContent(set, elements);
        _groups[(group.Key, family)] = (group, content);
        return content;
    }

    private static InSet PortMatch(ValueArray<PortRange> ports, ImmutableDictionary<string, ContainerContent>.Builder containers)
    {
        var ranges = ports.ToArray();
        var set = new Set($"ports-{Digest.Of(string.Join(',', ranges))}", [FieldType.InetProtocol, FieldType.InetService])
        {
            Flags = ranges.All(range => range.First == range.Last) ? ContainerFlags.None : ContainerFlags.Interval,
        };
        Add(containers, set, ranges.Select(range => (set.Flags & ContainerFlags.Interval) == 0
            ? new Element(Datum.Of(range.Protocol, range.First))
            : Element.Range(Datum.Of(range.Protocol, range.First), Datum.Of(range.Protocol, range.Last))));
        return new InSet(Selector.Of(Meta.L4Proto, Payload.ThDport), set.Name);
    }
}
