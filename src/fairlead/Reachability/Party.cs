using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Offline;
using Fairlead.Policy;

namespace Fairlead.Reachability;

/// <summary>Somebody who opens or is reached, the same on both sides of a difference: a workload, a pod by itself, addresses outside.</summary>
/// <param name="Name">As people read it.</param>
/// <param name="Pods">Its pods in one cluster, two at most; none for addresses.</param>
/// <param name="Address">An address of it; the default value for pods.</param>
internal sealed record Party(string Name, IReadOnlyList<PodRow> Pods, IpAddr Address)
{
    private const int Enough = 2;

    /// <summary>The workloads and single pods of a cluster.</summary>
    public static IReadOnlyDictionary<string, Party> PodsOf(ClusterView view) => view.World.Pods.Values
        .Where(pod => pod is { Finished: false, HostNetwork: false } && pod.IPs.Count > 0).GroupBy(view.NameOf)
        .ToDictionary(group => group.Key, group => new Party(group.Key, [.. group.OrderBy(pod => pod.Key).Take(Enough)], default));

    /// <summary>
    /// Addresses that are no pod's, one for each class that the ipBlocks of these worlds tell apart, by the narrowest block around it; <c>outside</c> for those
    /// in none.
    /// </summary>
    public static IReadOnlyList<Party> Outside(IReadOnlyList<IpAddr> outside, params IReadOnlyList<PolicyWorld> worlds)
    {
        var blocks = worlds.SelectMany(Blocks).Distinct().ToList();
        var pods = worlds.SelectMany(world => world.Pods.Values).SelectMany(pod => pod.IPs).ToHashSet();
        var classes = new Dictionary<string, Party>(StringComparer.Ordinal);
        foreach (var address in outside)
        {
            var edges = blocks.Where(block => block.Address.IsV4 == address.IsV4).SelectMany(block => new[] { block.Address, After(block) }).Prepend(address);
            foreach (var edge in edges.Where(edge => !edge.IsNone && !pods.Contains(edge)))
            {
                var around = blocks.Where(block => block.Contains(edge)).OrderByDescending(block => block.Prefix).ToList();
                classes.TryAdd(string.Join(' ', around), new Party(around.Count == 0 ? "outside" : $"{around[0]}", [], edge));
            }
        }

        return [.. classes.Values.OrderBy(party => party.Name, StringComparer.Ordinal)];
    }

    /// <summary>The node's DNS, where it answers in place of pods; none where pods do.</summary>
    public static IEnumerable<Party> NodeDns(PolicyWorld world) => world.Dns is { } dns && dns.Selector is { } selector
        && !world.Pods.Values.Any(pod => pod.Key.Namespace == dns.Key.Namespace && selector.All(pair => pod.Labels[pair.Key] == pair.Value))
            ? dns.ClusterIPs.Take(1).Select(address => new Party($"svc/{dns.Key.Name}.{dns.Key.Namespace}", [], address))
            : [];

    private static IEnumerable<IpNet> Blocks(PolicyWorld world) =>
        world.Policies.Values.SelectMany(policy => policy.Ingress.Concat(policy.Egress)).SelectMany(rule => rule.Peers)
            .Concat(world.ClusterPolicies.Values.SelectMany(policy => policy.Ingress.Concat(policy.Egress)).SelectMany(rule => rule.Peers))
            .Select(peer => peer.Block).OfType<IpBlock>().SelectMany(block => block.Except.Prepend(block.Cidr));

    private static IpAddr After(IpNet block) => block.Last.Value == new IpNet(block.Address, 0).Last.Value ? default : IpAddr.FromValue(block.Address.Family, block.Last.Value + 1);
}
