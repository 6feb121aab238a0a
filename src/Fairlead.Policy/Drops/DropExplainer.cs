using Fairlead.Linux.Addresses;
using Fairlead.Linux.Packets;
using Fairlead.Policy.Evaluate;
using Fairlead.Policy.Nftables;

namespace Fairlead.Policy.Drops;

/// <summary>Says of a dropped packet who, whom, and which policy, from what was in force at its generation.</summary>
/// <param name="node">The node's name.</param>
/// <param name="history">The generations.</param>
/// <param name="services">Names the Service that accepts at an address and port; null when none does.</param>
internal sealed class DropExplainer(string node, GenerationHistory history, Func<IpAddr, IpProtocol, ushort, string?> services)
{
    /// <summary>The record of one packet.</summary>
    public DropRecord Explain(in DroppedPacket packet, DateTimeOffset now)
    {
        var headers = packet.Headers;
        var isKnown = history.TryFind(packet.Generation, out var worlds);
        var world = worlds.OfType<PolicyWorld>().FirstOrDefault();
        var because = Because(packet, isKnown, worlds);
        return new DropRecord
        {
            Time = now,
            Last = now,
            Node = node,
            Direction = packet.Refusal.Ingress ? "in" : "out",
            From = End(world, headers.Source, headers.SourcePort),
            To = End(world, headers.Destination, headers.DestinationPort),
            Protocol = NameOf(headers.Protocol),
            IcmpType = headers.IcmpType < 0 ? null : headers.IcmpType,
            Via = Via(packet),
            Reason = because.Reason,
            Tier = because.Tier,
            Policies = because.Policies ?? [],
            Rule = because.Rule,
            Words = because.Words,
        };
    }

    /// <summary>The protocol's name, or its number.</summary>
    public static string NameOf(IpProtocol protocol) => protocol switch
    {
        IpProtocol.IcmpV6 => "ICMPv6",
        IpProtocol.Any => "protocol 0",
        _ => PolicyText.Protocol(protocol),
    };

    private static Cause Because(in DroppedPacket packet, bool isKnown, IReadOnlyList<PolicyWorld?> worlds)
    {
        var (kind, ingress, headers) = (packet.Refusal.Kind, packet.Refusal.Ingress, packet.Headers);
        if (kind == RefusalKind.Nobody)
        {
            var address = ingress ? headers.Destination : headers.Source;
            return new Cause(DropReason.NoSuchPod, isKnown && worlds[0] is null
                ? $"no policies of a pod at {address} are in force yet: the agent has not heard from the API server what pods there are"
                : worlds.OfType<PolicyWorld>().FirstOrDefault()?.PodAt(address) is { } pod ? $"the policies of pod {pod.Key} at {address} are not in force yet"
                : $"no pod is known to have {(ingress ? "the address" : "the source address")} {address}");
        }

        if (!isKnown)
        {
            return kind == RefusalKind.Midway
                ? new Cause(DropReason.Midway, Midway)
                : new Cause(DropReason.Forgotten, $"policy denies it; what decided is gone: generation {packet.Generation} is not among the last {GenerationHistory.Kept} of this run of the agent");
        }

        var decision = worlds.OfType<PolicyWorld>().Select(world => Decide(world, headers, ingress)).FirstOrDefault(decided => !decided.Allowed);
        if (kind == RefusalKind.Midway)
        {
            return new Cause(DropReason.Midway, decision is null ? Midway : $"{Midway}. Nor could it be opened: {Describe(decision).Words}");
        }

        return decision is null
            ? new Cause(DropReason.Unexplained, "the policies of that moment, as they are known here, allow it: the kernel was between two of their states")
            : Describe(decision);
    }

    private const string Midway = "in the middle of a TCP connection that a policy cut, or that the kernel does not know: at an isolated pod only a SYN opens one";

    private static PolicyDecision Decide(PolicyWorld world, in IpHeaders headers, bool ingress)
    {
        var verdict = PolicyEvaluator.Evaluate(world, headers.Source, headers.Destination, headers.Protocol, headers.DestinationPort);
        return ingress ? verdict.Ingress : verdict.Egress;
    }

    private static Cause Describe(PolicyDecision decision)
    {
        if (decision.Rule is { } rule)
        {
            var policy = Of(rule);
            return new Cause(DropReason.Denied, $"denied by {policy} {rule.Path} (tier {decision.By})", $"{decision.By}", [policy], rule.Path);
        }

        var policies = decision.Isolating.Select(key => new DropPolicy(RuleReference.NetworkPolicy, key.Namespace, key.Name)).ToArray();
        var nearest = decision.Nearest is { } near ? $"; nearest is {Of(near.Rule)} {near.Rule.Path}: {near.Misses}" : "";
        return new Cause(
            DropReason.Isolated,
            $"isolated by {RuleReference.NetworkPolicy} {string.Join(", ", policies.Select(policy => $"{policy.Namespace}/{policy.Name}"))}: no rule matches{nearest}",
            $"{decision.By}", policies);
    }

    private static DropPolicy Of(RuleReference rule) => new(rule.Kind, rule.Policy.Namespace, rule.Policy.Name);

    private static DropEnd End(PolicyWorld? world, IpAddr address, ushort port)
    {
        var pod = world?.PodAt(address);
        var owner = pod is null ? world?.Nodes.Values.FirstOrDefault(one => one.InternalIPs.Contains(address)) : null;
        return new DropEnd($"{address}", port, pod?.Key.Namespace, pod?.Key.Name, owner?.Name);
    }

    private string? Via(in DroppedPacket packet)
    {
        var (address, port, headers) = (packet.AskedFor, packet.AskedPort, packet.Headers);
        if (address.IsNone || (address == headers.Destination && port == headers.DestinationPort))
        {
            return null;
        }

        return services(address, headers.Protocol, port) ?? new DropEnd($"{address}", port, null, null, null).ToString();
    }

    /// <summary>The reason of a drop.</summary>
    private sealed record Cause(DropReason Reason, string Words, string? Tier = null, IReadOnlyList<DropPolicy>? Policies = null, string? Rule = null);
}
