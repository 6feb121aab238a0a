using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Policy.Compile;

/// <summary>
/// The groups in use. A changed pod costs one look per group, a changed namespace one per pod in it and group that selects it otherwise than before, and
/// a new group one per pod of the namespaces that it selects.
/// </summary>
internal sealed class PeerGroups
{
    private readonly ByNamespace<PodRow> _pods = new();
    private ImmutableDictionary<GroupKey, PeerGroup> _groups = ImmutableDictionary<GroupKey, PeerGroup>.Empty;

    /// <summary>The groups as they are now.</summary>
    /// <param name="now">The world.</param>
    /// <param name="changes">How it differs from the last call's.</param>
    /// <param name="used">Those that are wanted.</param>
    public ImmutableDictionary<GroupKey, PeerGroup> Update(NodeWorld now, WorldChanges changes, HashSet<GroupKey> used)
    {
        foreach (var key in changes.Pods)
        {
            _pods.Set(key, key == PolicyWorld.DnsPeerKey ? PolicyWorld.DnsPeer(now.World.Dns) : now.World.Pods.GetValueOrDefault(key));
        }

        var local = new LocalPods(now.Attachments);
        var groups = _groups.ToBuilder();
        foreach (var (key, group) in _groups)
        {
            if (!used.Contains(key))
            {
                groups.Remove(key);
            }
            else if (group.With(Changed(key, now.World, local, changes)) is var updated && !ReferenceEquals(updated, group))
            {
                groups[key] = updated;
            }
        }

        foreach (var key in used.Where(key => !groups.ContainsKey(key)))
        {
            groups[key] = Build(key, now.World, local);
        }

        return _groups = groups.ToImmutable();
    }

    private PeerGroup Build(GroupKey key, PolicyWorld world, LocalPods local)
    {
        var all = key.Peer?.Nodes is not null
            ? world.Nodes.Keys.Select(name => OfNode(key, world, name))
            : Spaces(key, world).SelectMany(space => _pods.Of(space).Values).Select(pod => OfPod(key, pod.Key, world, local));
        return new PeerGroup(key, all.Where(pair => pair.Value.Count > 0).ToImmutableDictionary());
    }

    private IEnumerable<string> Spaces(GroupKey key, PolicyWorld world) => key switch
    {
        { IsOfOwnNamespace: true } => [key.Namespace],
        { Peer.Namespaces: not null } => world.Namespaces.Values.Where(row => key.SelectsNamespace(row.Name, row)).Select(row => row.Name),
        _ => _pods.Names,
    };

    private IEnumerable<KeyValuePair<ObjectKey, ValueArray<GroupMember>>> Changed(GroupKey key, PolicyWorld world, LocalPods local, WorldChanges changes)
    {
        if (key.Peer?.Nodes is not null)
        {
            return changes.Nodes.Select(name => OfNode(key, world, name));
        }

        var pods = changes.Pods.Select(pod => OfPod(key, pod, world, local));
        return changes.Namespaces.Count == 0
            ? pods
            : pods.Concat(changes.Namespaces
                .Where(space => key.SelectsNamespace(space.Key, space.Value.Before) != key.SelectsNamespace(space.Key, space.Value.Now))
                .SelectMany(space => _pods.Of(space.Key).Keys).Select(pod => OfPod(key, pod, world, local)));
    }

    private KeyValuePair<ObjectKey, ValueArray<GroupMember>> OfPod(GroupKey key, ObjectKey pod, PolicyWorld world, LocalPods local) =>
        new(pod, _pods.Of(pod.Namespace).TryGetValue(pod, out var row) ? Members(key, row, world, local) : default);

    /// <summary>Nodes are told from pods by a namespace that no pod has.</summary>
    private static KeyValuePair<ObjectKey, ValueArray<GroupMember>> OfNode(GroupKey key, PolicyWorld world, string name) => new(
        new ObjectKey("", name),
        world.Nodes.TryGetValue(name, out var node) && key.Peer!.Nodes!.Matches(node.Labels)
            ? node.InternalIPs.Select(address => new GroupMember(address, IpProtocol.Any, 0)).ToValueArray()
            : default);

    private static ValueArray<GroupMember> Members(GroupKey key, PodRow pod, PolicyWorld world, LocalPods local)
    {
        if ((pod.Key == PolicyWorld.DnsPeerKey && !key.Egress)
            || !key.SelectsNamespace(pod.Key.Namespace, world.Namespaces.GetValueOrDefault(pod.Key.Namespace))
            || key.Peer?.Pods?.Matches(pod.Labels) == false)
        {
            return default;
        }

        var addresses = local.AddressesOf(pod).Where(address => InBlock(key.Peer?.Block, address));
        return key.HasPorts
            ? [.. addresses.SelectMany(address => Named(pod, key).Select(port => new GroupMember(address, port.Protocol, port.Port)).Distinct())]
            : [.. addresses.Select(address => new GroupMember(address, IpProtocol.Any, 0))];
    }

    private static IEnumerable<ContainerPort> Named(PodRow pod, GroupKey key) =>
        pod.Ports.Where(port => port.Name == key.PortName && port.Protocol == key.PortProtocol);

    private static bool InBlock(IpBlock? block, IpAddr address) =>
        block is null || (block.Cidr.Contains(address) && !block.Except.Any(hole => hole.Contains(address)));
}
