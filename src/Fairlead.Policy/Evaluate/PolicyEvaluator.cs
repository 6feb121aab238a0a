using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Policy.Evaluate;

/// <summary>
/// Says what the policies mean for one connection, straight from the rows and rule by rule: independent of what is compiled, so that one can be held
/// against the other, and able to say which rule it was.
/// </summary>
public static class PolicyEvaluator
{
    /// <summary>Decides a connection after every translation: <paramref name="to"/> is a pod's address, not a Service's.</summary>
    /// <param name="world">The cluster.</param>
    /// <param name="from">Source address.</param>
    /// <param name="to">Destination address.</param>
    /// <param name="protocol">Transport protocol; ICMP and others are allowed only by rules without ports.</param>
    /// <param name="port">Destination port.</param>
    /// <param name="nearest">Find the nearest rule to what is refused; false spares that where only the verdict counts.</param>
    public static PolicyVerdict Evaluate(PolicyWorld world, IpAddr from, IpAddr to, IpProtocol protocol, ushort port, bool nearest = true)
    {
        var (source, target) = (world.PodAt(from), world.PodAt(to));
        if (source is not null && source.Key == target?.Key)
        {
            return new PolicyVerdict(PolicyDecision.Open, PolicyDecision.Open);
        }

        // A rule names a port of the destination, as the destination pod declares it; the node's DNS declares those of its Service.
        var dns = target is null && world.Dns?.ClusterIPs.Contains(to) == true ? PolicyWorld.DnsPeer(world.Dns) : null;
        var egress = source is null
            ? PolicyDecision.Open
            : Decide(world, new Question(source, false, to, target ?? dns, target ?? dns, protocol, port), nearest);
        var fromOwnNode = target is not null && world.Nodes.TryGetValue(target.NodeName, out var node) && node.InternalIPs.Contains(from);
        var ingress = target is null || fromOwnNode
            ? PolicyDecision.Open
            : Decide(world, new Question(target, true, from, source, target, protocol, port), nearest);
        return new PolicyVerdict(egress, ingress);
    }

    /// <summary>Decides one direction.</summary>
    internal static PolicyDecision Decide(PolicyWorld world, Question question, bool nearest) =>
        ByTier(world, PolicyTier.Admin, question, nearest) ?? ByNetworkPolicies(world, question, nearest)
        ?? ByTier(world, PolicyTier.Baseline, question, nearest) ?? PolicyDecision.Open;

    /// <summary>Null: nothing of the tier fits, or what fits passes the decision on.</summary>
    private static PolicyDecision? ByTier(PolicyWorld world, PolicyTier tier, Question question, bool nearest)
    {
        if (world.ClusterPolicies.IsEmpty)
        {
            return null;
        }

        var accepting = new List<Candidate>();
        foreach (var policy in world.ClusterPoliciesOf(tier).Where(policy => world.Selects(policy, question.Subject)))
        {
            var key = new ObjectKey("", policy.Name);
            var rules = question.Ingress ? policy.Ingress : policy.Egress;
            for (var i = 0; i < rules.Count; i++)
            {
                var rule = rules[i];
                if (RuleMatch.Peer(world, rule.Peers, "", question) is { } peer && RuleMatch.Port(rule.Ports, question) is { } port)
                {
                    var reference = new RuleReference(RuleReference.ClusterNetworkPolicy, key, question.Ingress, i, peer, port) { Places = rule.Places };
                    return rule.Action == PolicyAction.Pass ? null : new PolicyDecision(
                        rule.Action == PolicyAction.Accept, tier == PolicyTier.Admin ? DecidedBy.Admin : DecidedBy.Baseline, default, reference,
                        rule.Action == PolicyAction.Deny && nearest ? NearMissFinder.Of(world, accepting, question) : null);
                }

                if (rule.Action == PolicyAction.Accept && nearest)
                {
                    accepting.Add(new Candidate(RuleReference.ClusterNetworkPolicy, key, i, rule.Peers, rule.Ports, rule.Places));
                }
            }
        }

        return null;
    }

    /// <summary>Null: no NetworkPolicy isolates the side.</summary>
    private static PolicyDecision? ByNetworkPolicies(PolicyWorld world, Question question, bool nearest)
    {
        var subject = question.Subject;
        var isolating = world.PoliciesOf(subject.Key.Namespace)
            .Where(policy => (question.Ingress ? policy.IsolatesIngress : policy.IsolatesEgress) && policy.Subjects.Matches(subject.Labels)).ToList();
        if (isolating.Count == 0)
        {
            return null;
        }

        var keys = isolating.Select(policy => policy.Key).ToValueArray();
        var by = isolating.Select(policy => FirstThatAllows(world, policy, question)).FirstOrDefault(rule => rule is not null);
        var near = by is null && nearest ? NearMissFinder.Of(world, isolating.SelectMany(policy => Candidates(policy, question.Ingress)), question) : null;
        return new PolicyDecision(by is not null, DecidedBy.NetworkPolicy, keys, by, near);
    }

    private static IEnumerable<Candidate> Candidates(PolicyRow policy, bool ingress) => (ingress ? policy.Ingress : policy.Egress)
        .Select((rule, i) => new Candidate(RuleReference.NetworkPolicy, policy.Key, i, rule.Peers, rule.Ports, rule.Places));

    private static RuleReference? FirstThatAllows(PolicyWorld world, PolicyRow policy, Question question)
    {
        var rules = question.Ingress ? policy.Ingress : policy.Egress;
        for (var i = 0; i < rules.Count; i++)
        {
            var peer = rules[i].Peers.Count == 0 ? -1 : RuleMatch.Peer(world, rules[i].Peers, policy.Key.Namespace, question);
            if (peer is { } fits && RuleMatch.Port(rules[i].Ports, question) is { } port)
            {
                return new RuleReference(RuleReference.NetworkPolicy, policy.Key, question.Ingress, i, fits, port) { Places = rules[i].Places };
            }
        }

        return null;
    }
}
