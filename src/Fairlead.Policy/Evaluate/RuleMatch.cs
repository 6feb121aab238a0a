using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Policy.Evaluate;

/// <summary>One direction of a connection, as the rules of the side see it.</summary>
/// <param name="Subject">The pod whose policies are asked.</param>
/// <param name="Ingress">It is the destination.</param>
/// <param name="Peer">Address of the other side.</param>
/// <param name="PeerPod">The pod there; null when it is none.</param>
/// <param name="Target">The destination pod, which gives names to ports; null when it is none.</param>
/// <param name="Protocol">Transport protocol.</param>
/// <param name="Port">Destination port.</param>
internal sealed record Question(PodRow Subject, bool Ingress, IpAddr Peer, PodRow? PeerPod, PodRow? Target, IpProtocol Protocol, ushort Port);

/// <summary>Whether the peers and ports of a rule fit a connection, and which.</summary>
internal static class RuleMatch
{
    /// <summary>Index of the first peer that fits, or null.</summary>
    public static int? Peer(PolicyWorld world, ValueArray<PolicyPeer> peers, string ownNamespace, Question question) =>
        First(peers, peer => Fits(world, peer, ownNamespace, question));

    /// <summary>Index of the first port that fits, -1 when the rule names none, null when none fits.</summary>
    public static int? Port(ValueArray<PolicyPort> ports, Question question) => ports.Count == 0 ? -1 : First(ports, port => Fits(port, question));

    /// <summary>Whether the other side is one of those the peer selects.</summary>
    public static bool Fits(PolicyWorld world, PolicyPeer peer, string ownNamespace, Question question)
    {
        if (peer.Block is { } block)
        {
            return block.Cidr.Contains(question.Peer) && !block.Except.Any(hole => hole.Contains(question.Peer));
        }

        if (peer.Nodes is { } nodes)
        {
            return world.Nodes.Values.Any(node => node.InternalIPs.Contains(question.Peer) && nodes.Matches(node.Labels));
        }

        return question.PeerPod is { } pod && InNamespace(world, peer, ownNamespace, pod) && peer.Pods?.Matches(pod.Labels) != false;
    }

    /// <summary>Whether the pod's namespace is one of those the peer selects.</summary>
    public static bool InNamespace(PolicyWorld world, PolicyPeer peer, string ownNamespace, PodRow pod) => peer.Namespaces is null
        ? pod.Key.Namespace == ownNamespace
        : world.Namespaces.TryGetValue(pod.Key.Namespace, out var row) && peer.Namespaces.Matches(row.Labels);

    /// <summary>Whether the port is one of those named.</summary>
    public static bool Fits(PolicyPort port, Question question) => port.Protocol == question.Protocol && (port.Name.Length > 0
        ? question.Target?.Ports.Any(own => own.Name == port.Name && own.Protocol == port.Protocol && own.Port == question.Port) == true
        : port.Port == 0 || (question.Port >= port.Port && question.Port <= Math.Max(port.Port, port.EndPort)));

    private static int? First<T>(ValueArray<T> items, Func<T, bool> fits)
    {
        for (var i = 0; i < items.Count; i++)
        {
            if (fits(items[i]))
            {
                return i;
            }
        }

        return null;
    }
}
