using System.Diagnostics;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Text;

namespace Fairlead.Nftables.Tracing;

/// <summary>Runs the chains of one table on one packet.</summary>
internal sealed class RuleRunner(Ruleset ruleset, PacketState state)
{
    /// <summary>More jumps than the kernel allows in a row (NFT_JUMP_STACK_SIZE is 16) mean a loop.</summary>
    private const int MaxDepth = 16;

    /// <summary>What a rule did to the packet.</summary>
    private enum Outcome
    {
        /// <summary>A statement did not hold.</summary>
        Broke,

        /// <summary>All held, none decided.</summary>
        Ran,

        Accepted,
        Gone,
        Returned,
    }

    /// <summary>Runs a base chain; false when the packet is gone.</summary>
    public bool Run(Chain chain)
    {
        var outcome = Walk(chain.Name, 0);
        if (outcome is Outcome.Accepted or Outcome.Gone)
        {
            return outcome == Outcome.Accepted;
        }

        if (chain.Base!.DropsByDefault)
        {
            state.Steps.Add($"{ruleset.Table.Name} {chain.Name}: policy drop");
            state.Verdict = TraceVerdict.Dropped;
        }

        return !chain.Base.DropsByDefault;
    }

    private Outcome Walk(string chain, int depth)
    {
        if (depth >= MaxDepth)
        {
            throw new InvalidOperationException($"{ruleset.Table.Title}: jumps nest deeper than {MaxDepth} at chain {chain}");
        }

        foreach (var rule in ruleset.Chains[chain].Rules)
        {
            var outcome = Run(rule, depth);
            if (outcome is not (Outcome.Broke or Outcome.Ran))
            {
                return outcome;
            }
        }

        return Outcome.Ran;
    }

    private Outcome Run(Rule rule, int depth)
    {
        foreach (var statement in rule.Statements)
        {
            var outcome = statement is Verdict or VerdictMap ? Decide(statement, rule, depth) : Do(statement);
            if (outcome == Outcome.Ran)
            {
                continue;
            }

            if (outcome != Outcome.Broke && statement is not (Verdict or VerdictMap))
            {
                Note(rule);
            }

            return outcome;
        }

        Note(rule);
        return Outcome.Ran;
    }

    private void Note(Rule rule) => state.Steps.Add($"{ruleset.Table.Name} {rule.Chain}: {RulesetText.Render(rule)}");

    private Outcome Decide(Statement statement, Rule rule, int depth)
    {
        var verdict = statement as Verdict;
        if (statement is VerdictMap lookup)
        {
            verdict = Find(lookup.Key, lookup.Map)?.Verdict;
        }

        if (verdict is null)
        {
            return Outcome.Broke;
        }

        Note(rule);
        switch (verdict.Kind)
        {
            case VerdictKind.Accept:
                return Outcome.Accepted;
            case VerdictKind.Drop:
                state.Verdict = TraceVerdict.Dropped;
                return Outcome.Gone;
            case VerdictKind.Continue:
                return Outcome.Ran;
            case VerdictKind.Return:
                return Outcome.Returned;
            case VerdictKind.Jump:
                var jumped = Walk(verdict.Chain, depth + 1);
                return jumped is Outcome.Accepted or Outcome.Gone ? jumped : Outcome.Ran;
            case VerdictKind.Goto:
                // Coming back from a goto is coming back from this chain.
                var gone = Walk(verdict.Chain, depth);
                return gone is Outcome.Accepted or Outcome.Gone ? gone : Outcome.Returned;
            default:
                throw new UnreachableException();
        }
    }

    private Outcome Do(Statement statement) => statement switch
    {
        Match match => Holds(match) ? Outcome.Ran : Outcome.Broke,
        InSet lookup => SelectorValue.Of(lookup.Key, state) is { } key && (Find(key, lookup.Set) is null) == lookup.Not ? Outcome.Ran : Outcome.Broke,
        Nat nat => Translate(nat),
        Masquerade => HideSource(),
        Redirect redirect => TurnHere(redirect.Port),
        Reject reject => Refuse(reject.Kind),
        SetMeta set => Set(set),
        SetAddress set => Set(set),
        SetCtMark set => Value(set.Value) is { } mark ? Change(state.Packet with { CtMark = Number(mark) }) : Outcome.Broke,
        UpdateSet update => Update(update),
        Notrack => Change(state.Packet with { State = CtState.Untracked }),

        // One packet at a time never exceeds a limit.
        Counter or Limit or Log => Outcome.Ran,
        _ => throw new UnreachableException(),
    };

    private bool Holds(Match match)
    {
        if (SelectorValue.Of(match.Left, state) is not { } value)
        {
            return false;
        }

        var type = match.Left.Types[0];
        var holds = match.Right switch
        {
            Exact exact => value == exact.Value,
            Between between => value >= between.First && value <= between.Last,
            InNet net => net.Net.Contains(IpAddr.FromBytes(value.Bytes)),
            Masked masked => (FieldText.Number(type, value.Bytes) & masked.Mask) == masked.Value,
            AnyBit any => (FieldText.Number(type, value.Bytes) & any.Bits) != 0,
            StartsWith start => value.Bytes.StartsWith(System.Text.Encoding.ASCII.GetBytes(start.Prefix)),
            _ => throw new UnreachableException(),
        };
        return holds != match.Not;
    }

    private Outcome Translate(Nat nat)
    {
        if (nat.Family != state.Packet.Source.Family || Value(nat.To) is not { } target)
        {
            return Outcome.Broke;
        }

        var address = IpAddr.FromBytes(target.Bytes[..nat.Family.Bytes]);
        var port = nat.WithPort ? (ushort)((target.Bytes[nat.Family.Bytes] << 8) | target.Bytes[nat.Family.Bytes + 1]) : (ushort?)null;
        state.Translations++;
        state.Packet = nat.Destination
            ? state.Packet with { Destination = address, DestinationPort = port ?? state.Packet.DestinationPort, Status = state.Packet.Status | CtStatus.Dnat }
            : state.Packet with { Source = address, SourcePort = port ?? state.Packet.SourcePort, Status = state.Packet.Status | CtStatus.Snat };
        return Outcome.Accepted;
    }

    private Outcome HideSource()
    {
        state.Translations++;
        state.Masqueraded = true;
        state.Packet = state.Packet with { Status = state.Packet.Status | CtStatus.Snat };
        return Outcome.Accepted;
    }

    private Outcome TurnHere(ushort port)
    {
        state.Translations++;
        state.Packet = state.Packet with { DestinationPort = port == 0 ? state.Packet.DestinationPort : port, Status = state.Packet.Status | CtStatus.Dnat };
        return Outcome.Accepted;
    }

    private Outcome Refuse(RejectKind kind)
    {
        state.Verdict = TraceVerdict.Rejected;
        state.Refusal = kind;
        return Outcome.Gone;
    }

    private Outcome Set(SetMeta set)
    {
        if (Value(set.Value) is not { } value)
        {
            return Outcome.Broke;
        }

        if (set.Key == MetaKey.Mark)
        {
            return Change(state.Packet with { Mark = Number(value) });
        }

        state.Priority = Number(value);
        return Outcome.Ran;
    }

    private Outcome Set(SetAddress set)
    {
        if (set.Address.Field.Family != state.Packet.Source.Family || Value(set.Value) is not { } value)
        {
            return Outcome.Broke;
        }

        var address = IpAddr.FromBytes(value.Bytes);
        return Change(set.Address == Payload.IpDaddr || set.Address == Payload.Ip6Daddr
            ? state.Packet with { Destination = address }
            : state.Packet with { Source = address });
    }

    private Outcome Change(Packet packet)
    {
        state.Packet = packet;
        return Outcome.Ran;
    }

    private Outcome Update(UpdateSet update)
    {
        if (SelectorValue.Of(update.Key, state) is not { } key)
        {
            return Outcome.Broke;
        }

        var container = ruleset.Containers[update.Container];
        if (update.Op == UpdateOp.Delete)
        {
            state.Dynamic.Delete(ruleset.Table.Name, update.Container, key);
            return Outcome.Ran;
        }

        var value = update.Value is { } selector ? SelectorValue.Of(selector, state) ?? default : default;
        return container.Elements.ContainsKey(key)
            || state.Dynamic.Add(ruleset.Table.Name, container.Container, container.Elements.Count, key, value)
            ? Outcome.Ran : Outcome.Broke;
    }

    private Datum? Value(Source source) => source switch
    {
        Constant constant => constant.Value,
        Loaded loaded => SelectorValue.Of(loaded.Selector, state),
        Changed changed => SelectorValue.Of(changed.Selector, state) is { } value ? Datum.Of((Number(value) & changed.Keep) ^ changed.Xor) : null,
        FromMap map => Find(map.Key, map.Map)?.Value,
        _ => throw new UnreachableException(),
    };

    private Element? Find(Selector selector, string container) => SelectorValue.Of(selector, state) is { } key ? Find(key, container) : null;

    private Element? Find(Datum key, string name)
    {
        var content = ruleset.Containers[name];
        if (content.Elements.TryGetValue(key, out var exact) && exact.KeyEnd.IsEmpty)
        {
            return exact;
        }

        if (state.Dynamic.TryGet(ruleset.Table.Name, name, key, out var value))
        {
            return Element.Of(key, value);
        }

        return content.Container.IsInterval ? content.Elements.Values.FirstOrDefault(element => Covers(content.Container, element, key)) : null;
    }

    /// <summary>A range of fields holds the keys whose every field lies in its range.</summary>
    private static bool Covers(Container container, Element element, Datum key)
    {
        var last = element.KeyEnd.IsEmpty ? element.Key : element.KeyEnd;
        var at = 0;
        foreach (var type in container.Key)
        {
            var field = key.Bytes.Slice(at, type.Bytes);
            if (field.SequenceCompareTo(element.Key.Bytes.Slice(at, type.Bytes)) < 0 || field.SequenceCompareTo(last.Bytes.Slice(at, type.Bytes)) > 0)
            {
                return false;
            }

            at += (type.Bytes + 3) & ~3;
        }

        return true;
    }

    private static uint Number(Datum value) => BitConverter.ToUInt32(value.Bytes);
}
