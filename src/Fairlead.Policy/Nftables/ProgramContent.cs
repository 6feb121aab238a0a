using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Values;
using Fairlead.Policy.Compile;
using Fairlead.State;

namespace Fairlead.Policy.Nftables;

/// <summary>One program in the table: its chain, and the sets of blocks and ports that its rules look in. None of it ever changes.</summary>
/// <param name="Chain">The chain.</param>
/// <param name="Containers">The sets, without those of groups.</param>
internal sealed record ProgramContent(ChainContent Chain, IReadOnlyCollection<ContainerContent> Containers)
{
    /// <summary>Renders a program. The chain of what is left after a Pass is a program's of its own.</summary>
    public static ProgramContent Of(PolicyProgram program)
    {
        var containers = new List<ContainerContent>();
        var chain = new Chain(ChainName(program));
        return new ProgramContent(new ChainContent(chain, [.. Rules(program, chain.Name, containers)]), containers);
    }

    /// <summary>What sends a packet to the program, if there is one.</summary>
    public static Verdict Lead(PolicyProgram? program) => program is null ? Verdict.Return : Verdict.Goto(ChainName(program));

    /// <summary>A set or map with its elements.</summary>
    public static ContainerContent Content(Container container, IEnumerable<Element> elements) =>
        new(container, elements.ToImmutableDictionary(element => element.Key));

    /// <summary>The set of a group's members of one family.</summary>
    public static Set Peers(GroupKey key, IpFamily family) => new(
        $"{(key.HasPorts ? "named" : "peers")}{PolicyTable.Suffix(family)}-{key.Id}",
        key.HasPorts ? [FieldType.Address(family), FieldType.InetProtocol, FieldType.InetService] : [FieldType.Address(family)]);

    private static string ChainName(PolicyProgram program) => $"{(program.Ingress ? "in" : "out")}-{program.Id}";

    private static IEnumerable<Rule> Rules(PolicyProgram program, string chain, List<ContainerContent> containers)
    {
        foreach (var clause in program.Clauses.ToArray())
        {
            Statement[] ports = clause.Ports.Count == 0 ? [] : [PortMatch(clause.Ports, containers)];
            var does = Does(clause.Action, program);
            if (clause is { Group: null, Blocks.Count: 0 })
            {
                yield return new Rule(chain, [.. ports, does]);
                continue;
            }

            foreach (var family in IpFamily.All)
            {
                var peer = program.Ingress ? Payload.Saddr(family) : Payload.Daddr(family);
                if (PeerMatch(clause, family, peer, containers) is { } match)
                {
                    yield return new Rule(chain, [match, .. ports, does]);
                }
            }
        }

        if (program.Isolates)
        {
            yield return new Rule(chain, [Refuse(program)]);
        }
        else if (program.Next is not null)
        {
            yield return new Rule(chain, [Lead(program.Next)]);
        }
    }

    private static Verdict Does(PolicyAction action, PolicyProgram program) => action switch
    {
        PolicyAction.Accept => Verdict.Return,
        PolicyAction.Pass => Lead(program.Next),
        _ => Refuse(program),
    };

    private static Verdict Refuse(PolicyProgram program) => Verdict.Goto(Refusal.ByPolicy(program.Ingress).Chain);

    /// <summary>Null when the clause has nothing of that family and, as its content is in the chain's name, never will.</summary>
    private static InSet? PeerMatch(Clause clause, IpFamily family, PayloadSelector peer, List<ContainerContent> containers)
    {
        if (clause.Group is { } key)
        {
            return new InSet(key.HasPorts ? Selector.Of(peer, Meta.L4Proto, Payload.ThDport) : peer, Peers(key, family).Name);
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
        containers.Add(Content(set, ranges.Select(range => Element.Range(Datum.Of(range.First), Datum.Of(range.Last)))));
        return new InSet(peer, set.Name);
    }

    private static InSet PortMatch(ValueArray<PortRange> ports, List<ContainerContent> containers)
    {
        var ranges = ports.ToArray();
        var set = new Set($"ports-{Digest.Of(string.Join(',', ranges))}", [FieldType.InetProtocol, FieldType.InetService])
        {
            Flags = ranges.All(range => range.First == range.Last) ? ContainerFlags.None : ContainerFlags.Interval,
        };
        containers.Add(Content(set, ranges.Select(range => (set.Flags & ContainerFlags.Interval) == 0
            ? new Element(Datum.Of(range.Protocol, range.First))
            : Element.Range(Datum.Of(range.Protocol, range.First), Datum.Of(range.Protocol, range.Last)))));
        return new InSet(Selector.Of(Meta.L4Proto, Payload.ThDport), set.Name);
    }
}
