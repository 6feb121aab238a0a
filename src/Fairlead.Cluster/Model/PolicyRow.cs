using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cluster.Model;

/// <summary>A range of addresses with holes (networking.k8s.io/v1 IPBlock).</summary>
public sealed record IpBlock(IpNet Cidr, ValueArray<IpNet> Except);

/// <summary>
/// One peer of a rule: either <see cref="Block"/>, or <see cref="Nodes"/> (of a ClusterNetworkPolicy's egress), or pods chosen by the two selectors.
/// <see cref="Namespaces"/> null: the policy's own namespace. <see cref="Pods"/> null: every pod there.
/// </summary>
public sealed record PolicyPeer(LabelSelector? Namespaces, LabelSelector? Pods, IpBlock? Block, LabelSelector? Nodes = null);

/// <summary>
/// One port of a rule. A number (<see cref="Port"/> to <see cref="EndPort"/>, both 0 for every port) or a container port's <see cref="Name"/>
/// (empty when numeric), which each destination pod resolves for itself.
/// </summary>
public sealed record PolicyPort(IpProtocol Protocol, ushort Port, ushort EndPort, string Name);

/// <summary>
/// Where a rule and its parts stand in the lists of its document, of which what is not understood was left out. Below 0: in none.
/// </summary>
/// <param name="Rule">Index of the rule.</param>
/// <param name="Peers">Index of each peer.</param>
/// <param name="Ports">Index of each port.</param>
public sealed record RulePlaces(int Rule, ValueArray<int> Peers, ValueArray<int> Ports);

/// <summary>One ingress or egress rule. No peers: any peer. No ports: every port of every protocol.</summary>
public sealed record PolicyRule(ValueArray<PolicyPeer> Peers, ValueArray<PolicyPort> Ports)
{
    /// <summary>Where it stands in the document; null: where it stands here, part by part.</summary>
    public RulePlaces? Places { get; init; }
}

/// <summary>A NetworkPolicy (networking.k8s.io/v1).</summary>
public sealed record PolicyRow
{
    /// <summary>Namespace and name.</summary>
    public required ObjectKey Key { get; init; }

    /// <summary>metadata.uid.</summary>
    public string Uid { get; init; } = "";

    /// <summary>spec.podSelector, within the policy's namespace.</summary>
    public LabelSelector Subjects { get; init; } = LabelSelector.Everything;

    /// <summary>policyTypes has Ingress: the subjects accept only what some rule allows.</summary>
    public bool IsolatesIngress { get; init; }

    /// <summary>policyTypes has Egress: the subjects open only what some rule allows.</summary>
    public bool IsolatesEgress { get; init; }

    /// <summary>spec.ingress.</summary>
    public ValueArray<PolicyRule> Ingress { get; init; }

    /// <summary>spec.egress.</summary>
    public ValueArray<PolicyRule> Egress { get; init; }

    /// <summary>What of the document is not understood, and so allows nothing: <c>FIELD: REASON</c>, such as <c>spec.ingress[0].from[1]: no peer</c>.</summary>
    public ValueArray<string> Faults { get; init; }
}
