using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Offline;
using Fairlead.Policy.Evaluate;

namespace Fairlead.Reachability;

/// <summary>A connection that one set of manifests allows and the other does not.</summary>
/// <param name="From">Who opens.</param>
/// <param name="To">To whom.</param>
/// <param name="Ports">At which ports.</param>
/// <param name="Gained">Allowed after, not before; otherwise the other way round.</param>
/// <param name="Before">What the policies meant.</param>
/// <param name="After">What they mean.</param>
internal sealed record ReachabilityChange(string From, string To, IReadOnlyList<PortClass> Ports, bool Gained, PolicyVerdict Before, PolicyVerdict After);

/// <summary>What two clusters differ in.</summary>
/// <param name="Appeared">Workloads that are in the second alone.</param>
/// <param name="Gone">Workloads that are in the first alone.</param>
/// <param name="Changes">Connections among those in both, and with the outside.</param>
internal sealed record ReachabilityDifference(IReadOnlyList<string> Appeared, IReadOnlyList<string> Gone, IReadOnlyList<ReachabilityChange> Changes)
{
    /// <summary>They do not differ.</summary>
    public bool IsEmpty => Appeared.Count == 0 && Gone.Count == 0 && Changes.Count == 0;
}

/// <summary>Compares who reaches whom, workload by workload and port class by port class. Pure.</summary>
internal sealed class ReachabilityDiff
{
    private readonly ClusterView _before;
    private readonly ClusterView _after;
    private readonly RelevantPolicies _then;
    private readonly RelevantPolicies _now;
    private readonly IReadOnlyList<PortClass> _ports;
    private readonly HashSet<string> _same;

    private ReachabilityDiff(ClusterView before, ClusterView after)
    {
        (_before, _after) = (before, after);
        (_then, _now) = (new RelevantPolicies(before.World), new RelevantPolicies(after.World));
        _ports = PortClass.Of(before.World, after.World);
        _same = Same(Party.PodsOf(before), Party.PodsOf(after));
    }

    /// <summary>Compares two clusters.</summary>
    public static ReachabilityDifference Of(ClusterView before, ClusterView after)
    {
        var (old, now) = (Party.PodsOf(before), Party.PodsOf(after));
        var both = old.Keys.Where(now.ContainsKey).Order(StringComparer.Ordinal).Select(name => (Then: old[name], Now: now[name])).ToList();
        var outside = Party.Outside(after.Outside, before.World, after.World).Select(party => (Then: party, Now: party)).ToList();
        var names = Party.NodeDns(before.World).SelectMany(then => Party.NodeDns(after.World).Select(party => (then, party)));
        var diff = new ReachabilityDiff(before, after);
        var pairs = both.SelectMany(from => both.Concat(outside).Concat(names).Select(to => (from, to))).Concat(outside.SelectMany(from => both.Select(to => (from, to))));
        return new ReachabilityDifference(
            [.. now.Keys.Except(old.Keys).Order(StringComparer.Ordinal)], [.. old.Keys.Except(now.Keys).Order(StringComparer.Ordinal)],
            [.. pairs.SelectMany(pair => diff.Changes(pair.from, pair.to))]);
    }

    private IEnumerable<ReachabilityChange> Changes((Party Then, Party Now) from, (Party Then, Party Now) to)
    {
        if (_same.Contains(from.Now.Name) && _same.Contains(to.Now.Name))
        {
            return [];
        }

        var found = new List<(PortClass Port, PolicyVerdict Before, PolicyVerdict After)>();
        foreach (var family in _after.Families.Intersect(_before.Families))
        {
            if (Ends(from.Then, to.Then, family) is not { } then || Ends(from.Now, to.Now, family) is not { } now)
            {
                continue;
            }

            found.AddRange(
                from port in _ports
                let before = _then.Evaluate(then.From, then.To, port.Protocol, port.Port)
                let after = _now.Evaluate(now.From, now.To, port.Protocol, port.Port)
                where before.Allowed != after.Allowed
                select (port, before, after));
        }

        // Ports that changed for the same reasons are one change.
        return found.DistinctBy(one => one.Port).GroupBy(one => (Key(one.Before), Key(one.After))).Select(group =>
        {
            var first = group.First();
            return new ReachabilityChange(from.Now.Name, to.Now.Name, [.. group.Select(one => one.Port)], first.After.Allowed, first.Before, first.After);
        });
    }

    /// <summary>
    /// The parties about which everything that has a say is as it was: of a thousand workloads a change concerns few, and a pair of the others need not be
    /// looked at.
    /// </summary>
    private HashSet<string> Same(IReadOnlyDictionary<string, Party> then, IReadOnlyDictionary<string, Party> now)
    {
        var (old, present) = (_before.World, _after.World);
        var policies = old.ClusterPolicies.Count == present.ClusterPolicies.Count && old.ClusterPolicies.Values.All(row => row == present.ClusterPolicies.GetValueOrDefault(row.Name));
        var dns = old.Dns?.ClusterIPs == present.Dns?.ClusterIPs && old.Dns?.Ports == present.Dns?.Ports && Equals(old.Dns?.Selector, present.Dns?.Selector);
        if (!policies || !dns || !old.Nodes.Values.SequenceEqual(present.Nodes.Values))
        {
            return [];
        }

        var outside = Party.Outside(_after.Outside, old, present).Select(party => party.Name).ToList();
        var names = now.Where(pair => then.TryGetValue(pair.Key, out var before) && IsSame(before, pair.Value, outside.Count == 1)).Select(pair => pair.Key);
        return [.. names, .. outside, .. Party.NodeDns(present).Select(party => party.Name)];
    }

    private bool IsSame(Party then, Party now, bool withoutBlocks) => then.Pods.Count == now.Pods.Count && then.Pods.Zip(now.Pods).All(pair =>
        (withoutBlocks || pair.First.IPs == pair.Second.IPs)
        && pair.First with { IPs = default } == pair.Second with { IPs = default }
        && Equals(_before.World.Namespaces.GetValueOrDefault(pair.First.Key.Namespace), _after.World.Namespaces.GetValueOrDefault(pair.Second.Key.Namespace))
        && _then.Of(pair.First).OrderBy(policy => policy.Key).SequenceEqual(_now.Of(pair.Second).OrderBy(policy => policy.Key)));

    /// <summary>Addresses of two different ones of them; null when there are none. A pod always reaches itself.</summary>
    private static (IpAddr From, IpAddr To)? Ends(Party from, Party to, IpFamily family)
    {
        var source = from.Pods.Count > 0 ? Address(from.Pods[0], family) : from.Address;
        var target = to.Pods.Count > 0 ? Address(from.Name == to.Name ? to.Pods[^1] : to.Pods[0], family) : to.Address;
        return source.IsNone || target.IsNone || source == target || source.IsV4 != target.IsV4 || source.Family != family ? null : (source, target);
    }

    private static IpAddr Address(PodRow pod, IpFamily family) => pod.IPs.FirstOrDefault(address => address.Family == family);

    private static string Key(PolicyVerdict verdict) => $"{Key(verdict.Egress)}|{Key(verdict.Ingress)}";

    private static string Key(PolicyDecision decision) =>
        $"{decision.Allowed} {decision.By} {decision.Rule?.Kind} {decision.Rule?.Policy} {decision.Rule?.Path} {string.Join(',', decision.Isolating)}";
}
