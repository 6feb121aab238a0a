using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Values;
using Fairlead.State;

namespace Fairlead.Policy.Nftables;

/// <summary>
/// The constant part of table <c>fairlead-policy</c>. Three ways of a packet: forwarded (both directions are asked), to the node itself (the sender's
/// egress), from the node itself (no chain: always passes).
/// </summary>
internal static class PolicyTable
{
    public static readonly Table Table = new("fairlead-policy");

    private const uint Syn = 0x02;
    private const uint FinSynRstAck = 0x17;

    private static readonly Chain Forward = new("forward", new BaseChain(ChainType.Filter, Hook.Forward, Priority.Filter));
    private static readonly Chain Input = new("input", new BaseChain(ChainType.Filter, Hook.Input, Priority.Filter));
    private static readonly Chain Egress = new("egress");
    private static readonly Chain Ingress = new("ingress");

    /// <summary>The constant chains.</summary>
    public static IReadOnlyList<Chain> Chains { get; } = [Forward, Input, Egress, Ingress, .. Refusal.Chains];

    /// <summary>Pod address to what it may open.</summary>
    public static Map EgressMap(IpFamily family) => Map.OfVerdicts($"egress{Suffix(family)}", [FieldType.Address(family)]);

    /// <summary>Pod address to what may be opened to it.</summary>
    public static Map IngressMap(IpFamily family) => Map.OfVerdicts($"ingress{Suffix(family)}", [FieldType.Address(family)]);

    /// <summary>Pairs of a pod's address with itself: through a Service a pod may meet itself, and nothing forbids that.</summary>
    public static Set Itself(IpFamily family) => new($"itself{Suffix(family)}", [FieldType.Address(family), FieldType.Address(family)]);

    /// <summary>Addresses of pods isolated in some direction.</summary>
    public static Set Isolated(IpFamily family) => new($"isolated{Suffix(family)}", [FieldType.Address(family)]);

    /// <summary>4 or 6.</summary>
    public static char Suffix(IpFamily family) => family == IpFamily.V4 ? '4' : '6';

    /// <summary>The constant chains' rules.</summary>
    public static IEnumerable<Rule> Rules(ValueArray<IpNet> localRanges)
    {
        var known = Match.State(CtState.Established | CtState.Related);
        yield return new Rule(Forward.Name, [known, Verdict.Accept]);
        foreach (var family in IpFamily.All)
        {
            var (from, to) = (Payload.Saddr(family), Payload.Daddr(family));
            yield return new Rule(Forward.Name, [new InSet(Selector.Of(from, to), Itself(family).Name), Verdict.Accept]);

            // A connection that was cut must not come back in the middle, opened as it were by the side that answers.
            foreach (var (side, ingress) in new[] { (from, false), (to, true) })
            {
                var midway = new Match(Payload.TcpFlags, true, new Masked(FinSynRstAck, Syn));
                yield return new Rule(
                    Forward.Name, [new InSet(side, Isolated(family).Name), midway, Verdict.Goto(new Refusal(RefusalKind.Midway, ingress).Chain)]);
            }
        }

        yield return new Rule(Forward.Name, [Verdict.Jump(Egress.Name)]);
        yield return new Rule(Forward.Name, [Verdict.Jump(Ingress.Name)]);

        // Neighbour and router discovery (RFC 4861): without it a pod has no gateway, whatever its policies.
        yield return new Rule(Input.Name, [known, Verdict.Accept]);
        yield return new Rule(Input.Name, [Match.Range(Payload.IcmpV6Type, (byte)133, (byte)137), Verdict.Accept]);
        yield return new Rule(Input.Name, [Verdict.Jump(Egress.Name)]);

        foreach (var rule in Sides(false, localRanges).Concat(Sides(true, localRanges)).Concat(Refusal.Rules()))
        {
            yield return rule;
        }
    }

    /// <summary>The pod's own chain by its address; an address of the node's range that no pod is known to have goes no further.</summary>
    private static IEnumerable<Rule> Sides(bool ingress, ValueArray<IpNet> ranges)
    {
        var (chain, side, map) = ingress
            ? (Ingress.Name, (Func<IpFamily, Selector>)Payload.Daddr, (Func<IpFamily, Map>)IngressMap)
            : (Egress.Name, Payload.Saddr, EgressMap);
        foreach (var family in IpFamily.All)
        {
            yield return new Rule(chain, [new VerdictMap(side(family), map(family).Name)]);
        }

        foreach (var range in ranges.ToArray().Where(range => range.Prefix > 0))
        {
            yield return new Rule(chain, [Match.In(side(range.Address.Family), range), Verdict.Goto(new Refusal(RefusalKind.Nobody, ingress).Chain)]);
        }
    }
}
