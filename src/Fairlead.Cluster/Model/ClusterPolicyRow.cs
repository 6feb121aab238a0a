using Fairlead.Kube.Selectors;
using Fairlead.State;

namespace Fairlead.Cluster.Model;

/// <summary>When a ClusterNetworkPolicy is asked: before the NetworkPolicies of a pod's namespace, or after them.</summary>
public enum PolicyTier
{
    /// <summary>Before: what it accepts or denies no NetworkPolicy can change.</summary>
    Admin,

    /// <summary>After, and only for pods that no NetworkPolicy isolates in that direction.</summary>
    Baseline,
}

/// <summary>What a rule of a ClusterNetworkPolicy does with a connection that it matches.</summary>
public enum PolicyAction
{
    /// <summary>Allowed; nothing after it is asked.</summary>
    Accept,

    /// <summary>Refused; nothing after it is asked.</summary>
    Deny,

    /// <summary>Nothing more of this tier is asked; the next one decides.</summary>
    Pass,
}

/// <summary>
/// One rule of a ClusterNetworkPolicy. Its peers are complete: none matches nobody (not everybody, as in a NetworkPolicy), so that a rule whose peers are
/// not understood accepts nothing. No ports: every port of every protocol.
/// </summary>
public sealed record ClusterPolicyRule(string Name, PolicyAction Action, ValueArray<PolicyPeer> Peers, ValueArray<PolicyPort> Ports)
{
    /// <summary>Where it stands in the document; null: where it stands here, part by part.</summary>
    public RulePlaces? Places { get; init; }
}

/// <summary>A ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2).</summary>
public sealed record ClusterPolicyRow
{
    /// <summary>metadata.name.</summary>
    public required string Name { get; init; }

    /// <summary>metadata.uid.</summary>
    public string Uid { get; init; } = "";

    /// <summary>spec.tier.</summary>
    public PolicyTier Tier { get; init; }

    /// <summary>spec.priority, 0 to 1000: the lower is asked first; among equals the name decides.</summary>
    public int Priority { get; init; }

    /// <summary>Namespaces of the pods it is about.</summary>
    public LabelSelector SubjectNamespaces { get; init; } = LabelSelector.Everything;

    /// <summary>Which pods there.</summary>
    public LabelSelector SubjectPods { get; init; } = LabelSelector.Everything;

    /// <summary>spec.ingress, in order.</summary>
    public ValueArray<ClusterPolicyRule> Ingress { get; init; }

    /// <summary>spec.egress, in order.</summary>
    public ValueArray<ClusterPolicyRule> Egress { get; init; }

    /// <summary>What of the document is not understood, and so accepts nothing: <c>FIELD: REASON</c>.</summary>
    public ValueArray<string> Faults { get; init; }

    /// <summary>The order in which policies of one tier are asked.</summary>
    public static Comparison<ClusterPolicyRow> Order { get; } = (a, b) =>
        a.Priority != b.Priority ? a.Priority.CompareTo(b.Priority) : string.CompareOrdinal(a.Name, b.Name);
}
