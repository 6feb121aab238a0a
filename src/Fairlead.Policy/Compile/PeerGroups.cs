using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Policy.Compile;

/// <summary>The groups in use. A changed pod costs one look per group; a new group costs one look per pod.</summary>
internal sealed class PeerGroups
{
    private readonly Dictionary<GroupKey, PeerGroup> _groups = [];

    /// <summary>Brings every group up to date with the pods that changed, or (null) with everything.</summary>
    public void Update(PolicyWorld world, LocalPods local, IReadOnlyCollection<ObjectKey>? changed)
    {
        foreach (var (key, group) in _groups.ToList())
        {
            _groups[key] = changed is null ? Build(key, world, local) : Updated(group, world, local, changed);
        }
    }

    public PeerGroup Get(GroupKey key, PolicyWorld world, LocalPods local)
    {
        if (!_groups.TryGetValue(key, out var group))
        {
            _groups[key] = group = Build(key, world, local);
        }

        return group;
    }

    public void Retain(IReadOnlyCollection<GroupKey> used)
    {
        foreach (var key in _groups.Keys.Where(key => !used.Contains(key)).ToList())
        {
            _groups.Remove(key);
        }
    }

    private static PeerGroup Build(GroupKey key, PolicyWorld world, LocalPods local)
    {
        var byPod = ImmutableDictionary.CreateBuilder<ObjectKey, ValueArray<GroupMember>>();
        foreach (var pod in world.Pods.Values.Append(PolicyWorld.DnsPeer(world.Dns)))
        {
            if (pod is not null && Members(key, pod, world, local) is { Count: > 0 } members)
            {
                byPod[pod.Key] = members;
            }
        }

        return new PeerGroup(key, byPod.ToImmutable());
    }

    private static PeerGroup Updated(PeerGroup group, PolicyWorld world, LocalPods local, IReadOnlyCollection<ObjectKey> changed)
    {
        var byPod = group.ByPod;
        foreach (var podKey in changed)
        {
            var pod = podKey == PolicyWorld.DnsPeerKey ? PolicyWorld.DnsPeer(world.Dns) : world.Pods.GetValueOrDefault(podKey);
            var members = pod is null ? default : Members(group.Key, pod, world, local);
            if (members != byPod.GetValueOrDefault(podKey))
            {
                byPod = members.Count == 0 ? byPod.Remove(podKey) : byPod.SetItem(podKey, members);
            }
        }

        return ReferenceEquals(byPod, group.ByPod) ? group : new PeerGroup(group.Key, byPod);
    }

    private static ValueArray<GroupMember> Members(GroupKey key, PodRow pod, PolicyWorld world, LocalPods local)
    {
        if ((pod.Key == PolicyWorld.DnsPeerKey && !key.Egress) || !Selects(key, pod, world))
        {
            return default;
        }

        var addresses = local.AddressesOf(pod).Where(address => InBlock(key.Peer?.Block, address));
        return key.HasPorts
            ? [.. addresses.SelectMany(address => Named(pod, key).Select(port => new GroupMember(address, port.Protocol, port.Port)))]
            : [.. addresses.Select(address => new GroupMember(address, IpProtocol.Any, 0))];
    }

    private static IEnumerable<ContainerPort> Named(PodRow pod, GroupKey key) =>
        pod.Ports.Where(port => port.Name == key.PortName && port.Protocol == key.PortProtocol);

    private static bool Selects(GroupKey key, PodRow pod, PolicyWorld world)
    {
        if (key.Peer is null or { Block: not null })
        {
            return true;
        }

        var inNamespace = key.Peer.Namespaces is { } selector
            ? world.Namespaces.TryGetValue(pod.Key.Namespace, out var row) && selector.Matches(row.Labels)
            : pod.Key.Namespace == key.Namespace;
        return inNamespace && key.Peer.Pods?.Matches(pod.Labels) != false;
    }

    private static bool InBlock(IpBlock? block, IpAddr address) =>
        block is null || (block.Cidr.Contains(address) && !block.Except.Any(hole => hole.Contains(address)));
}
