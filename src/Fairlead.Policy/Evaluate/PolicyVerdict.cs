using Fairlead.Cluster.Model;
using Fairlead.State;

namespace Fairlead.Policy.Evaluate;

/// <summary>What decided one direction of a connection.</summary>
public enum DecidedBy
{
    /// <summary>Nothing: no policy of any tier is about the side, or none that is says anything of the connection. Allowed.</summary>
    Nothing,

    /// <summary>A rule of a ClusterNetworkPolicy of the Admin tier.</summary>
    Admin,

    /// <summary>The NetworkPolicies that isolate the side: one of their rules allowed it, or none did.</summary>
    NetworkPolicy,

    /// <summary>A rule of a ClusterNetworkPolicy of the Baseline tier.</summary>
    Baseline,
}

/// <summary>A place in a policy: the rule, and within it the peer and the port that fitted.</summary>
/// <param name="Kind">NetworkPolicy or ClusterNetworkPolicy.</param>
/// <param name="Policy">The policy; the namespace is empty for a ClusterNetworkPolicy.</param>
/// <param name="Ingress">Of spec.ingress; otherwise of spec.egress.</param>
/// <param name="Rule">Index of the rule as the rooms read it, from 0.</param>
/// <param name="Peer">Index of the peer, from 0; -1: the rule names none, or none in particular.</param>
/// <param name="Port">Index of the port, from 0; -1: the rule names none, or none in particular.</param>
public sealed record RuleReference(string Kind, ObjectKey Policy, bool Ingress, int Rule, int Peer = -1, int Port = -1)
{
    /// <summary>Kind of networking.k8s.io/v1.</summary>
    public const string NetworkPolicy = nameof(NetworkPolicy);

    /// <summary>Kind of policy.networking.k8s.io/v1alpha2.</summary>
    public const string ClusterNetworkPolicy = nameof(ClusterNetworkPolicy);

    /// <summary>Where the rule stands in its document; null: where it stands in the row.</summary>
    public RulePlaces? Places { get; init; }

    /// <summary>The field of the document, as kubectl explain and JSONPath name it: <c>spec.ingress[0].from[1]</c>.</summary>
    public string Path
    {
        get
        {
            var peer = Peer < 0 || Places is null ? Peer : Places.Peers[Peer];
            return $"spec.{(Ingress ? "ingress" : "egress")}[{Places?.Rule ?? Rule}]{(peer < 0 ? "" : $".{(Ingress ? "from" : "to")}[{peer}]")}";
        }
    }
}

/// <summary>One direction of a verdict.</summary>
/// <param name="Allowed">The connection may be opened as far as this side is concerned.</param>
/// <param name="By">What decided.</param>
/// <param name="Isolating">The NetworkPolicies that isolate the side, in order; none when none does.</param>
/// <param name="Rule">The rule that decided: the first that fits. Null when none did (not isolated, or isolated and no rule fits).</param>
/// <param name="Nearest">
/// For a refusal: the rule that came nearest to allowing. Of the isolating NetworkPolicies, null when none of them has any rule; of a ClusterNetworkPolicy's
/// refusal, among the rules that accept and are asked before the one that denied, null when there is none.
/// </param>
public sealed record PolicyDecision(bool Allowed, DecidedBy By, ValueArray<ObjectKey> Isolating, RuleReference? Rule, NearMiss? Nearest)
{
    /// <summary>No policy is about the side.</summary>
    public static PolicyDecision Open { get; } = new(true, DecidedBy.Nothing, default, null, null);
}

/// <summary>Whether a connection may be opened: both sides must allow it.</summary>
/// <param name="Egress">What the policies of the opening pod say.</param>
/// <param name="Ingress">What the policies of the destination pod say.</param>
public sealed record PolicyVerdict(PolicyDecision Egress, PolicyDecision Ingress)
{
    /// <summary>Both directions allow it.</summary>
    public bool Allowed => Egress.Allowed && Ingress.Allowed;
}
