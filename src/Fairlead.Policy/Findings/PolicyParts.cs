using System.Globalization;
using Fairlead.Cluster.Model;
using Fairlead.Policy.Evaluate;
using Fairlead.State;

namespace Fairlead.Policy.Findings;

/// <summary>One rule of either kind of policy, as the checks see it.</summary>
internal sealed record RuleParts(bool Ingress, int Index, ValueArray<PolicyPeer> Peers, ValueArray<PolicyPort> Ports, RulePlaces? Places);

/// <summary>A policy of either kind, as the checks see it.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Key">Its key; the namespace is empty for a ClusterNetworkPolicy.</param>
/// <param name="Faults">What of it is not understood.</param>
/// <param name="Rules">Its rules, ingress first.</param>
internal sealed record PolicyParts(string Kind, ObjectKey Key, ValueArray<string> Faults, IReadOnlyList<RuleParts> Rules)
{
    public static PolicyParts Of(PolicyRow row) => new(
        RuleReference.NetworkPolicy, row.Key, row.Faults,
        [.. row.Ingress.Select((rule, i) => new RuleParts(true, i, rule.Peers, rule.Ports, rule.Places)),
            .. row.Egress.Select((rule, i) => new RuleParts(false, i, rule.Peers, rule.Ports, rule.Places))]);

    public static PolicyParts Of(ClusterPolicyRow row) => new(
        RuleReference.ClusterNetworkPolicy, new ObjectKey("", row.Name), row.Faults,
        [.. row.Ingress.Select((rule, i) => new RuleParts(true, i, rule.Peers, rule.Ports, rule.Places)),
            .. row.Egress.Select((rule, i) => new RuleParts(false, i, rule.Peers, rule.Ports, rule.Places))]);

    public bool IsCluster => Kind == RuleReference.ClusterNetworkPolicy;

    /// <summary>A finding about one of its fields.</summary>
    public Finding Find(string code, FindingSeverity severity, string path, string words, string hint) => new(code, severity, Kind, Key, path, words, hint);

    /// <summary>The path of a rule's peer.</summary>
    public string PeerPath(RuleParts rule, int peer) => new RuleReference(Kind, Key, rule.Ingress, rule.Index, peer) { Places = rule.Places }.Path;

    /// <summary>The path of a rule's port.</summary>
    public string PortPath(RuleParts rule, int port) => string.Create(
        CultureInfo.InvariantCulture, $"{PeerPath(rule, -1)}.{(IsCluster ? "protocols" : "ports")}[{(rule.Places is { } places ? places.Ports[port] : port)}]");

    /// <summary>The path of a peer's selector. A ClusterNetworkPolicy has two forms of a peer, which rows do not tell apart: there it is the peer's own.</summary>
    public string SelectorPath(RuleParts rule, int peer, string name) => IsCluster ? PeerPath(rule, peer) : $"{PeerPath(rule, peer)}.{name}";
}
