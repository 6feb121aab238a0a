using System.Numerics;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.State;

namespace Fairlead.Policy.Evaluate;

/// <summary>A rule that would have allowed a connection, had it fitted.</summary>
/// <param name="Kind">Kind of the policy.</param>
/// <param name="Policy">The policy.</param>
/// <param name="Rule">Index of the rule in the row.</param>
/// <param name="Peers">Its peers; none of a NetworkPolicy's is any, none of a ClusterNetworkPolicy's nobody.</param>
/// <param name="Ports">Its ports; none is all.</param>
/// <param name="Places">Where it stands in the document.</param>
internal readonly record struct Candidate(
    string Kind, ObjectKey Policy, int Rule, ValueArray<PolicyPeer> Peers, ValueArray<PolicyPort> Ports, RulePlaces? Places)
{
    public bool AnyPeer => Peers.Count == 0 && Kind == RuleReference.NetworkPolicy;
}

/// <summary>
/// Finds the rule that came nearest to a connection that none fits: the one of which the fewest parts do not fit, of these the one whose parts are the
/// least (a port before labels, labels before a namespace, a namespace before an address), of these the first.
/// </summary>
internal static class NearMissFinder
{
    private const int PortWeight = 1;
    private const int ProtocolWeight = 2;
    private const int PodsWeight = 4;
    private const int NamespaceWeight = 64;
    private const int AddressWeight = 1024;

    // Requirements of one selector that are counted, so that many of the lesser part are never more than one of the greater.
    private const int MostRequirements = 8;

    /// <summary>The nearest of the candidates; null when there is none.</summary>
    public static NearMiss? Of(PolicyWorld world, IEnumerable<Candidate> candidates, Question question)
    {
        Near? nearest = null;
        foreach (var candidate in candidates)
        {
            if (Measure(world, candidate, question) is { } near && (nearest is null || near.Distance.CompareTo(nearest.Value.Distance) < 0))
            {
                nearest = near;
            }
        }

        if (nearest is not { } found)
        {
            return null;
        }

        var rule = found.Rule;
        var words = new MissWords(world, question);
        return new NearMiss(
            new RuleReference(rule.Kind, rule.Policy, question.Ingress, rule.Rule, found.Peer.Index, found.Port.Index) { Places = rule.Places },
            words.Of(rule, found.Peer, found.Port))
        {
            Parts = found.Peer.Parts | found.Port.Parts,
        };
    }

    private static Near? Measure(PolicyWorld world, Candidate rule, Question question)
    {
        if (rule.Peers.Count == 0 && !rule.AnyPeer)
        {
            return null;
        }

        var peer = new Miss(-1, MissedParts.None, 0);
        for (var i = 0; i < rule.Peers.Count; i++)
        {
            var miss = OfPeer(world, rule.Peers[i], rule.Policy.Namespace, question) with { Index = i };
            peer = i == 0 || miss.Distance.CompareTo(peer.Distance) < 0 ? miss : peer;
        }

        var port = new Miss(-1, MissedParts.None, 0);
        for (var i = 0; i < rule.Ports.Count; i++)
        {
            var miss = RuleMatch.Fits(rule.Ports[i], question) ? new Miss(i, MissedParts.None, 0)
                : new Miss(i, MissedParts.Port, rule.Ports[i].Protocol == question.Protocol ? PortWeight : ProtocolWeight);
            port = i == 0 || miss.Distance.CompareTo(port.Distance) < 0 ? miss : port;
        }

        return new Near(rule, peer, port);
    }

    private static Miss OfPeer(PolicyWorld world, PolicyPeer peer, string ownNamespace, Question question)
    {
        if (RuleMatch.Fits(world, peer, ownNamespace, question))
        {
            return default;
        }

        if (peer.Block is not null || peer.Nodes is not null || question.PeerPod is not { } pod)
        {
            return new Miss(0, MissedParts.Address, AddressWeight);
        }

        var (parts, weight) = (MissedParts.None, 0);
        if (peer.Pods?.Matches(pod.Labels) == false)
        {
            (parts, weight) = (MissedParts.Pods, PodsWeight + Failed(peer.Pods, pod.Labels));
        }

        if (!RuleMatch.InNamespace(world, peer, ownNamespace, pod))
        {
            var labels = world.Namespaces.GetValueOrDefault(pod.Key.Namespace)?.Labels ?? Labels.Empty;
            (parts, weight) = (parts | MissedParts.Namespace, weight + NamespaceWeight + (peer.Namespaces is null ? 0 : Failed(peer.Namespaces, labels)));
        }

        return new Miss(0, parts, weight);
    }

    private static int Failed(LabelSelector selector, Labels labels) =>
        Math.Min(MostRequirements, selector.Requirements.Count(requirement => !requirement.Matches(labels)));

    /// <summary>A peer or port, and what of it does not fit.</summary>
    internal readonly record struct Miss(int Index, MissedParts Parts, int Weight)
    {
        public (int Parts, int Weight) Distance => (BitOperations.PopCount((uint)Parts), Weight);
    }

    private readonly record struct Near(Candidate Rule, Miss Peer, Miss Port)
    {
        public (int Parts, int Weight) Distance => (BitOperations.PopCount((uint)(Peer.Parts | Port.Parts)), Peer.Weight + Port.Weight);
    }
}
