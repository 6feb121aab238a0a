using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;

namespace Fairlead.Nftables.Tracing;

/// <summary>
/// Walks a packet through tables in memory as the kernel would: hooks in order, in each the base chains by priority, nat chains only for the first packet
/// of a connection and only until one of them has translated it. What rules put into dynamic sets stays in the tracer for the packets after it.
/// One thread at a time.
/// </summary>
public sealed class PacketTracer
{
    private readonly TraceHost _host;
    private readonly List<(Ruleset Ruleset, Chain Chain)> _bases = [];
    private readonly DynamicElements _dynamic = new();
    private readonly Func<uint, uint> _random;

    /// <summary>Makes a tracer.</summary>
    /// <param name="rulesets">The tables of the machine.</param>
    /// <param name="host">What else is to be known of the machine.</param>
    /// <param name="random">Answers <c>numgen random mod N</c> for N.</param>
    public PacketTracer(IEnumerable<Ruleset> rulesets, TraceHost host, Func<uint, uint> random)
    {
        _host = host;
        _random = random;
        foreach (var ruleset in rulesets)
        {
            _bases.AddRange(ruleset.Chains.Values.Where(content => content.Chain.Base is not null).Select(content => (ruleset, content.Chain)));
        }

        _bases.Sort((left, right) => left.Chain.Base!.Priority.CompareTo(right.Chain.Base!.Priority));
    }

    /// <summary>The way of <paramref name="packet"/> until it is delivered, sent on, dropped or refused.</summary>
    public Trace Trace(Packet packet)
    {
        var state = new PacketState(packet, _dynamic, _random, _host);
        if (packet.InInterface.Length > 0)
        {
            _ = Pass(Hook.Prerouting, state) && (_host.IsLocal(state.Packet.Destination)
                ? Pass(Hook.Input, state)
                : Leave(state) && Pass(Hook.Forward, state) && Pass(Hook.Postrouting, state));
        }
        else
        {
            _ = Leave(state) && Pass(Hook.Output, state) && Leave(state) && Pass(Hook.Postrouting, state);
        }

        return new Trace(state.Verdict, state.Packet, state.Masqueraded, state.Refusal, state.Steps);
    }

    private bool Leave(PacketState state)
    {
        state.OutInterface = _host.RouteTo(state.Packet.Destination);
        return true;
    }

    private bool Pass(Hook hook, PacketState state)
    {
        var translated = false;
        foreach (var (ruleset, chain) in _bases)
        {
            if (chain.Base!.Hook != hook)
            {
                continue;
            }

            var isNat = chain.Base.Type == ChainType.Nat;
            if (isNat && (translated || state.Packet.State != CtState.New))
            {
                continue;
            }

            var before = state.Translations;
            if (!new RuleRunner(ruleset, state).Run(chain))
            {
                return false;
            }

            translated |= isNat && state.Translations > before;
        }

        return true;
    }
}
