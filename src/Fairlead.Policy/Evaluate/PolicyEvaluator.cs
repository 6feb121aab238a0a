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
    public static PolicyVerdict Evaluate(PolicyWorld world, IpAddr from, IpAddr to, IpProtocol protocol, ushort port)
    {
        var (source, target) = (PodOf(world, from), PodOf(world, to));
        if (source is not null && source.Key == target?.Key)
        {
            return new PolicyVerdict(PolicyDecision.NotIsolated, PolicyDecision.NotIsolated);
        }

        // A rule names a port of the destination, as the destination pod declares it; the node's DNS declares those of its Service.
        var dns = target is null && world.Dns?.ClusterIPs.Contains(to) == true ? PolicyWorld.DnsPeer(world.Dns) : null;
        var egress = source is null ? PolicyDecision.NotIsolated : Decide(world, source, false, new Question(to, target ?? dns, target ?? dns, protocol, port));
        var fromOwnNode = target is not null && world.Nodes.TryGetValue(target.NodeName, out var node) && node.InternalIPs.Contains(from);
        var ingress = target is null || fromOwnNode ? PolicyDecision.NotIsolated : Decide(world, target, true, new Question(from, source, target, protocol, port));
        return new PolicyVerdict(egress, ingress);
    }

    private static PodRow? PodOf(PolicyWorld world, IpAddr address) => world.Pods.Values.FirstOrDefault(pod => pod.NetworkIPs.Contains(address));

    private static PolicyDecision Decide(PolicyWorld world, PodRow subject, bool ingress, Question question)
    {
        var isolating = world.Policies.Values
            .Where(policy => policy.Key.Namespace == subject.Key.Namespace && (ingress ? policy.IsolatesIngress : policy.IsolatesEgress)
                && policy.Subjects.Matches(subject.Labels))
            .OrderBy(policy => policy.Key).ToList();
        if (isolating.Count == 0)
        {
            return PolicyDecision.NotIsolated;
        }

        var keys = isolating.Select(policy => policy.Key).ToValueArray();
        foreach (var policy in isolating)
        {
            var rules = ingress ? policy.Ingress : policy.Egress;
            for (var i = 0; i < rules.Count; i++)
            {
                if (PeersAllow(world, policy.Key.Namespace, rules[i], question) && PortsAllow(rules[i], question))
                {
                    return new PolicyDecision(true, keys, policy.Key, i);
                }
            }
        }

        return new PolicyDecision(false, keys, null, -1);
    }

    private static bool PeersAllow(PolicyWorld world, string ownNamespace, PolicyRule rule, Question question) =>
        rule.Peers.Count == 0 || rule.Peers.Any(peer => peer.Block is { } block
            ? block.Cidr.Contains(question.Peer) && !block.Except.Any(hole => hole.Contains(question.Peer))
            : question.PeerPod is { } pod && Selects(world, ownNamespace, peer, pod));

    private static bool Selects(PolicyWorld world, string ownNamespace, PolicyPeer peer, PodRow pod)
    {
        var space = pod.Key.Namespace;
        var spaceFits = peer.Namespaces is null
            ? space == ownNamespace
            : world.Namespaces.TryGetValue(space, out var row) && peer.Namespaces.Matches(row.Labels);
        return spaceFits && (peer.Pods is null || peer.Pods.Matches(pod.Labels));
    }

    private static bool PortsAllow(PolicyRule rule, Question question) => rule.Ports.Count == 0 || rule.Ports.Any(port =>
        port.Protocol == question.Protocol && (port.Name.Length > 0
            ? question.Target?.Ports.Any(own => own.Name == port.Name && own.Protocol == port.Protocol && own.Port == question.Port) == true
            : port.Port == 0 || (question.Port >= port.Port && question.Port <= Math.Max(port.Port, port.EndPort))));

    private sealed record Question(IpAddr Peer, PodRow? PeerPod, PodRow? Target, IpProtocol Protocol, ushort Port);
}
