using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Policy.Evaluate;

namespace Fairlead.Policy.Findings;

/// <summary>Selectors that match nothing, or not what will have been meant.</summary>
internal static class SelectorChecks
{
    private const string NameLabel = "kubernetes.io/metadata.name";

    /// <summary>The pods a policy is about.</summary>
    public static IEnumerable<Finding> Subjects(FindingWorld world, PolicyParts policy, LabelSelector selector, IReadOnlyList<PodRow> subjects)
    {
        if (selector.Requirements.Count == 0 || subjects.Count > 0)
        {
            yield break;
        }

        var around = policy.IsCluster ? world.World.Pods.Values.OrderBy(pod => pod.Key) : world.PodsOf(policy.Key.Namespace);
        var slip = Similar.Pod(selector, around);
        yield return policy.Find(
            FindingCode.PolicySelectsNothing, slip is null ? FindingSeverity.Hint : FindingSeverity.Warning, policy.IsCluster ? "spec.subject" : "spec.podSelector",
            $"it is about {PolicyText.Things("pods", selector)}, and there is none{(policy.IsCluster ? "" : $" in namespace {policy.Key.Namespace}")}", DidYouMean(slip));
    }

    /// <summary>The peers of every rule.</summary>
    public static IEnumerable<Finding> Peers(FindingWorld world, PolicyParts policy)
    {
        foreach (var rule in policy.Rules)
        {
            for (var i = 0; i < rule.Peers.Count; i++)
            {
                var peer = rule.Peers[i];
                if (peer.Block is not null || peer.Nodes is not null)
                {
                    continue;
                }

                var found = Split(world, policy, rule, i) ?? Pods(world, policy, rule, i);
                foreach (var finding in Namespaces(world, policy, peer.Namespaces, policy.SelectorPath(rule, i, "namespaceSelector")))
                {
                    found = null;
                    yield return finding;
                }

                if (found is not null)
                {
                    yield return found;
                }
            }
        }
    }

    /// <summary>A namespaceSelector that no namespace matches.</summary>
    public static IEnumerable<Finding> Namespaces(FindingWorld world, PolicyParts policy, LabelSelector? selector, string path)
    {
        var namespaces = world.World.Namespaces;
        if (selector is null || selector.Requirements.Count == 0 || namespaces.Values.Any(row => selector.Matches(row.Labels)))
        {
            yield break;
        }

        // A namespace that is selected by its own name may come; a label comes of nothing.
        var byName = selector.Requirements.Any(requirement => requirement.Key == NameLabel && requirement.Values.All(name => !namespaces.ContainsKey(name)));
        var named = selector.Requirements.Where(requirement => requirement.Key != NameLabel).SelectMany(requirement => requirement.Values).FirstOrDefault(namespaces.ContainsKey);
        yield return policy.Find(
            FindingCode.NamespaceLabelUnknown, byName ? FindingSeverity.Hint : FindingSeverity.Warning, path,
            $"no namespace has the labels {PolicyText.Selector(selector)}",
            named is not null ? $"did you mean {NameLabel}={named}? That label each namespace has by itself"
                : byName ? "" : "labels are set on the namespace, not on its pods: kubectl label namespace");
    }

    /// <summary>A peer that selects no pod.</summary>
    private static Finding? Pods(FindingWorld world, PolicyParts policy, RuleParts rule, int index)
    {
        var peer = rule.Peers[index];
        if (peer.Pods is not { Requirements.Count: > 0 } selector || world.Peers(peer, policy.Key.Namespace).Any() || IsDns(world, peer, policy.Key.Namespace))
        {
            return null;
        }

        var path = policy.SelectorPath(rule, index, "podSelector");
        var own = policy.Key.Namespace;
        var elsewhere = peer.Namespaces is null ? world.World.Namespaces.Keys.Where(ns => ns != own && world.Selectable(ns, selector).Any()).Order(StringComparer.Ordinal).FirstOrDefault() : null;
        if (elsewhere is not null)
        {
            return policy.Find(
                FindingCode.PeerInOtherNamespace, world.PodsOf(own).Any() ? FindingSeverity.Warning : FindingSeverity.Hint, path,
                $"without a namespaceSelector it selects pods of namespace {own} alone, and none there is {PolicyText.Selector(selector)}; such pods are in namespace {elsewhere}",
                $"add namespaceSelector: {{matchLabels: {{{NameLabel}: {elsewhere}}}}} to the same peer");
        }

        var slip = Similar.Pod(selector, world.Namespaces(peer.Namespaces, own).SelectMany(ns => world.Selectable(ns, null)));
        return policy.Find(
            FindingCode.PeerSelectsNothing, slip is null ? FindingSeverity.Hint : FindingSeverity.Warning, path,
            $"it selects {PolicyText.Things("pods", selector)}, and there is none{(peer.Namespaces is null ? $" in namespace {own}" : " in the namespaces it selects")}", DidYouMean(slip));
    }

    /// <summary>The node's DNS stands for pods that need not be there.</summary>
    private static bool IsDns(FindingWorld world, PolicyPeer peer, string own) =>
        PolicyWorld.DnsPeer(world.World.Dns) is { } dns && RuleMatch.InNamespace(world.World, peer, own, dns) && peer.Pods?.Matches(dns.Labels) != false;

    /// <summary>
    /// A podSelector beside a namespaceSelector as peers of their own. Two peers mean either: when the one selects nobody here, and somebody in the
    /// namespaces of the other, both were meant.
    /// </summary>
    private static Finding? Split(FindingWorld world, PolicyParts policy, RuleParts rule, int index)
    {
        var peer = rule.Peers[index];
        if (policy.IsCluster || peer.Namespaces is not null || peer.Pods is not { Requirements.Count: > 0 } pods)
        {
            return null;
        }

        var beside = new[] { index - 1, index + 1 }.Where(i => i >= 0 && i < rule.Peers.Count).Select(i => rule.Peers[i])
            .FirstOrDefault(other => other is { Namespaces: not null, Pods: null, Block: null });
        if (beside is null)
        {
            return null;
        }

        var meant = !world.Selectable(policy.Key.Namespace, pods).Any() && world.Namespaces(beside.Namespaces, "").Any(ns => world.Selectable(ns, pods).Any());
        return policy.Find(
            FindingCode.PeersEitherOr, meant ? FindingSeverity.Warning : FindingSeverity.Hint, policy.PeerPath(rule, index),
            $"namespaceSelector and podSelector are two peers here: every pod of {PolicyText.Things("namespaces", beside.Namespaces!)}, and {PolicyText.Things("pods", pods)} of namespace {policy.Key.Namespace}",
            "for pods that match both, make them one peer: one dash");
    }

    private static string DidYouMean((PodRow Pod, string Has)? slip) => slip is { } found ? $"did you mean {found.Has}? {found.Pod.Key} has it" : "";
}
