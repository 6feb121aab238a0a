using System.Collections.Immutable;
using Fairlead.Cluster.Model;

namespace Fairlead.Policy.Compile;

/// <summary>How two moments of the cluster differ, as far as policies can tell.</summary>
/// <param name="Pods">Pods, the DNS peer among them, whose row or whose attachments on this node differ.</param>
/// <param name="Policies">NetworkPolicies.</param>
/// <param name="Namespaces">Namespaces, before and now; null where there is none.</param>
/// <param name="Nodes">Nodes.</param>
/// <param name="ClusterPolicies">Any ClusterNetworkPolicy differs.</param>
internal sealed record WorldChanges(
    HashSet<ObjectKey> Pods,
    IReadOnlyCollection<ObjectKey> Policies,
    IReadOnlyDictionary<string, (NamespaceRow? Before, NamespaceRow? Now)> Namespaces,
    IReadOnlyCollection<string> Nodes,
    bool ClusterPolicies)
{
    /// <summary>Finds them.</summary>
    /// <param name="before">The earlier moment.</param>
    /// <param name="now">The later one.</param>
    /// <param name="pods">Pods that may differ, when the caller knows; null: all are compared.</param>
    public static WorldChanges Between(NodeWorld before, NodeWorld now, IReadOnlyCollection<ObjectKey>? pods)
    {
        var (old, world) = (before.World, now.World);
        var changed = (pods ?? Differing(old.Pods, world.Pods)).ToHashSet();
        foreach (var key in Differing(before.Attachments, now.Attachments))
        {
            AddPod(before.Attachments.GetValueOrDefault(key));
            AddPod(now.Attachments.GetValueOrDefault(key));
        }

        if (!ReferenceEquals(old.Dns, world.Dns))
        {
            changed.Add(PolicyWorld.DnsPeerKey);
        }

        return new WorldChanges(
            changed,
            [.. Differing(old.Policies, world.Policies)],
            Differing(old.Namespaces, world.Namespaces).ToDictionary(
                name => name, name => (old.Namespaces.GetValueOrDefault(name), world.Namespaces.GetValueOrDefault(name))),
            [.. Differing(old.Nodes, world.Nodes)],
            Differing(old.ClusterPolicies, world.ClusterPolicies).Any());

        void AddPod(AttachmentRow? row)
        {
            if (row is not null)
            {
                changed.Add(row.Pod);
            }
        }
    }

    private static IEnumerable<TKey> Differing<TKey, TRow>(ImmutableDictionary<TKey, TRow> before, ImmutableDictionary<TKey, TRow> now)
        where TKey : notnull
        where TRow : class
    {
        if (ReferenceEquals(before, now))
        {
            yield break;
        }

        var gone = before.Count;
        foreach (var (key, row) in now)
        {
            var existed = before.TryGetValue(key, out var old);
            gone -= existed ? 1 : 0;
            if (!existed || (!ReferenceEquals(old, row) && !old!.Equals(row)))
            {
                yield return key;
            }
        }

        if (gone > 0)
        {
            foreach (var key in before.Keys.Where(key => !now.ContainsKey(key)))
            {
                yield return key;
            }
        }
    }
}

/// <summary>The cluster, and what is plugged on this node.</summary>
internal sealed record NodeWorld(PolicyWorld World, ImmutableDictionary<string, AttachmentRow> Attachments)
{
    /// <summary>Before anything is known.</summary>
    public static NodeWorld Empty { get; } = new(
        new PolicyWorld(
            ImmutableDictionary<ObjectKey, PolicyRow>.Empty, ImmutableDictionary<ObjectKey, PodRow>.Empty, ImmutableDictionary<string, NamespaceRow>.Empty,
            ImmutableDictionary<string, NodeRow>.Empty, ImmutableDictionary<string, ClusterPolicyRow>.Empty, null),
        ImmutableDictionary<string, AttachmentRow>.Empty);
}
