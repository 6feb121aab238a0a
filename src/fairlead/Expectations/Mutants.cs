using System.Globalization;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Offline;
using Fairlead.Policy.Evaluate;
using Fairlead.State;

namespace Fairlead.Expectations;

/// <summary>A policy with one part less.</summary>
/// <param name="Kind">NetworkPolicy or ClusterNetworkPolicy.</param>
/// <param name="Policy">The policy.</param>
/// <param name="Path">The part; empty for all of it.</param>
/// <param name="Text">What is gone, in words.</param>
/// <param name="Place">Where it is written; null when in no manifest.</param>
internal sealed record Mutant(string Kind, ObjectKey Policy, string Path, string Text, SourcePlace? Place);

/// <summary>
/// Every policy with one part less: the policy itself, a rule, a peer, a port. What is dropped leaves a gap that nothing fits, so that the rules after it
/// keep their numbers; the last peer or port of a rule leaves an empty list, which fits all, as it would in the file. Pure.
/// </summary>
internal static class Mutants
{
    private static readonly PolicyPeer NoPeer = new(null, new LabelSelector([new LabelRequirement("none", LabelOperator.In, [])]), null);
    private static readonly PolicyPort NoPort = new(IpProtocol.Any, 0, 0, "");
    private static readonly PolicyRule NoRule = new(new[] { NoPeer }.ToValueArray(), default);

    /// <summary>Those of a NetworkPolicy; null stands for the policy gone.</summary>
    public static IEnumerable<(Mutant Mutant, PolicyRow? Row)> Of(PolicyRow policy, ClusterView view)
    {
        Mutant Named(string path, string more) => new(
            RuleReference.NetworkPolicy, policy.Key, path, $"NetworkPolicy {policy.Key.Name}.{policy.Key.Namespace}{(path.Length > 0 ? $" {path}" : "")}{more}",
            view.Where(RuleReference.NetworkPolicy, policy.Key, path));

        yield return (Named("", ""), null);
        foreach (var (path, more, rules) in Changed(policy.Ingress, "spec.ingress", "from"))
        {
            yield return (Named(path, more), policy with { Ingress = rules });
        }

        foreach (var (path, more, rules) in Changed(policy.Egress, "spec.egress", "to"))
        {
            yield return (Named(path, more), policy with { Egress = rules });
        }
    }

    /// <summary>Those of a ClusterNetworkPolicy; null stands for the policy gone.</summary>
    public static IEnumerable<(Mutant Mutant, ClusterPolicyRow? Row)> Of(ClusterPolicyRow policy, ClusterView view)
    {
        var key = new ObjectKey("", policy.Name);
        Mutant Named(string path, string more) => new(
            RuleReference.ClusterNetworkPolicy, key, path, $"ClusterNetworkPolicy {policy.Name}{(path.Length > 0 ? $" {path}" : "")}{more}",
            view.Where(RuleReference.ClusterNetworkPolicy, key, path));

        yield return (Named("", ""), null);
        foreach (var (path, more, rules) in Changed(policy.Ingress, "spec.ingress", "from"))
        {
            yield return (Named(path, more), policy with { Ingress = rules });
        }

        foreach (var (path, more, rules) in Changed(policy.Egress, "spec.egress", "to"))
        {
            yield return (Named(path, more), policy with { Egress = rules });
        }
    }

    private static IEnumerable<(string Path, string More, ValueArray<PolicyRule> Rules)> Changed(ValueArray<PolicyRule> rules, string list, string peers)
    {
        for (var i = 0; i < rules.Count; i++)
        {
            var (rule, path) = (rules[i], At(list, rules[i].Places?.Rule ?? i));
            yield return (path, "", With(rules, i, NoRule with { Places = rule.Places }));
            foreach (var (at, more, left) in Less(rule.Peers, NoPeer, rule.Places?.Peers, $"{path}.{peers}", "anybody fits"))
            {
                yield return (at, more, With(rules, i, rule with { Peers = left }));
            }

            foreach (var (at, more, left) in Less(rule.Ports, NoPort, rule.Places?.Ports, $"{path}.ports", "every port fits"))
            {
                yield return (at, more, With(rules, i, rule with { Ports = left }));
            }
        }
    }

    private static IEnumerable<(string Path, string More, ValueArray<ClusterPolicyRule> Rules)> Changed(ValueArray<ClusterPolicyRule> rules, string list, string peers)
    {
        for (var i = 0; i < rules.Count; i++)
        {
            var (rule, path) = (rules[i], At(list, rules[i].Places?.Rule ?? i));
            yield return (path, "", With(rules, i, rule with { Peers = default }));

            // The only peer of such a rule is all of it: without one it fits nobody.
            foreach (var (at, more, left) in Less(rule.Peers, NoPeer, rule.Places?.Peers, $"{path}.{peers}", "").Where(one => one.More.Length == 0))
            {
                yield return (at, more, With(rules, i, rule with { Peers = left }));
            }

            foreach (var (at, more, left) in Less(rule.Ports, NoPort, rule.Places?.Ports, $"{path}.protocols", "every port fits"))
            {
                yield return (at, more, With(rules, i, rule with { Ports = left }));
            }
        }
    }

    /// <summary>The list with one entry of its document less, which may be several here: an entry may name several ranges of addresses.</summary>
    private static IEnumerable<(string Path, string More, ValueArray<T> Left)> Less<T>(ValueArray<T> items, T gap, ValueArray<int>? places, string path, string whenNone)
    {
        var entries = Enumerable.Range(0, items.Count).GroupBy(i => places is { } known && i < known.Count ? known[i] : i).ToList();
        foreach (var entry in entries)
        {
            yield return entries.Count == 1
                ? (At(path, entry.Key), $" (the only one: without it {whenNone})", default)
                : (At(path, entry.Key), "", items.ToArray().Select((item, i) => entry.Contains(i) ? gap : item).ToValueArray());
        }
    }

    private static string At(string list, int index) => string.Create(CultureInfo.InvariantCulture, $"{list}[{index}]");

    private static ValueArray<T> With<T>(ValueArray<T> items, int index, T item)
    {
        var copy = items.ToArray();
        copy[index] = item;
        return copy.ToValueArray();
    }
}
