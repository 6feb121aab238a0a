using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Policy.Compile;

/// <summary>
/// Who belongs to a group: the pods <see cref="Peer"/> selects (null: every pod), or the nodes. With <see cref="PortName"/> only pods that declare a port
/// of that name, each with its number. <see cref="Egress"/> groups hold the node's DNS too. <see cref="Namespace"/> is the policy's, where the peer means
/// pods of that one; empty otherwise, so that policies of different namespaces share the group.
/// </summary>
internal sealed record GroupKey
{
    public GroupKey(string space, PolicyPeer? peer, IpProtocol portProtocol, string portName, bool egress)
    {
        (Peer, PortProtocol, PortName, Egress) = (peer, portProtocol, portName, egress);
        Namespace = peer is { Namespaces: null, Block: null, Nodes: null } ? space : "";
        Id = Digest.Of($"{Namespace}|{PeerText(peer)}|{(byte)portProtocol}:{portName}|{egress}");
    }

    public string Namespace { get; }

    public PolicyPeer? Peer { get; }

    public IpProtocol PortProtocol { get; }

    public string PortName { get; }

    public bool Egress { get; }

    /// <summary>Name by content.</summary>
    public string Id { get; }

    public bool HasPorts => PortName.Length > 0;

    /// <summary>Pods of one namespace alone can be in it.</summary>
    public bool IsOfOwnNamespace => Peer is { Namespaces: null, Block: null, Nodes: null };

    public bool Equals(GroupKey? other) => other is not null && Id == other.Id;

    public override int GetHashCode() => Id.GetHashCode(StringComparison.Ordinal);

    /// <summary>Whether the peer selects the namespace's pods.</summary>
    public bool SelectsNamespace(string name, NamespaceRow? row) => Peer switch
    {
        null or { Block: not null } => true,
        { Nodes: not null } => false,
        { Namespaces: { } selector } => row is not null && selector.Matches(row.Labels),
        _ => name == Namespace,
    };

    private static string PeerText(PolicyPeer? peer) => peer is null
        ? "any"
        : $"{SelectorText(peer.Namespaces)}|{SelectorText(peer.Pods)}|{SelectorText(peer.Nodes)}|{peer.Block?.Cidr}-{string.Join(',', peer.Block?.Except ?? default)}";

    private static string SelectorText(LabelSelector? selector) => selector is null
        ? "null"
        : $"[{string.Join(';', selector.Requirements.Select(r => $"{r.Key} {r.Operator} {string.Join(',', r.Values)}"))}]";
}

/// <summary>An address, with a port when the group is of a named one.</summary>
internal readonly record struct GroupMember(IpAddr Address, IpProtocol Protocol, ushort Port);

/// <summary>What one moment of a group has more and less than an earlier one.</summary>
/// <param name="Since">Which: <see cref="PeerGroup.Version"/>.</param>
/// <param name="Added">Members that were not there.</param>
/// <param name="Removed">Members that are there no more.</param>
internal sealed record GroupDelta(object Since, ImmutableArray<GroupMember> Added, ImmutableArray<GroupMember> Removed);

/// <summary>The members of a group at one moment. Equal reference: nothing changed.</summary>
internal sealed class PeerGroup
{
    private readonly ImmutableDictionary<ObjectKey, ValueArray<GroupMember>> _byPod;

    public PeerGroup(GroupKey key, ImmutableDictionary<ObjectKey, ValueArray<GroupMember>> byPod)
        : this(key, byPod, Count(byPod.Values), null)
    {
    }

    private PeerGroup(
        GroupKey key, ImmutableDictionary<ObjectKey, ValueArray<GroupMember>> byPod, ImmutableDictionary<GroupMember, int> members, GroupDelta? delta) =>
        (Key, _byPod, Members, Delta) = (key, byPod, members, delta);

    public GroupKey Key { get; }

    /// <summary>
    /// By member, how many pods have it. Two may show one address for a moment, when an address is used again: it stays until both are gone.
    /// </summary>
    public ImmutableDictionary<GroupMember, int> Members { get; }

    /// <summary>Stands for this moment, and holds nothing of it.</summary>
    public object Version { get; } = new();

    /// <summary>The difference from the moment before; null for the first.</summary>
    public GroupDelta? Delta { get; }

    /// <summary>The group with other members of one pod or node each; itself when they are the same.</summary>
    public PeerGroup With(IEnumerable<KeyValuePair<ObjectKey, ValueArray<GroupMember>>> changed)
    {
        var byPod = _byPod;
        var touched = new Dictionary<GroupMember, int>();
        foreach (var (pod, members) in changed)
        {
            var before = byPod.GetValueOrDefault(pod);
            if (members == before)
            {
                continue;
            }

            byPod = members.Count == 0 ? byPod.Remove(pod) : byPod.SetItem(pod, members);
            Add(touched, before, -1);
            Add(touched, members, 1);
        }

        return ReferenceEquals(byPod, _byPod) ? this : With(byPod, touched);
    }

    private PeerGroup With(ImmutableDictionary<ObjectKey, ValueArray<GroupMember>> byPod, Dictionary<GroupMember, int> touched)
    {
        var members = Members.ToBuilder();
        var (added, removed) = (ImmutableArray.CreateBuilder<GroupMember>(), ImmutableArray.CreateBuilder<GroupMember>());
        foreach (var (member, more) in touched.Where(pair => pair.Value != 0))
        {
            var before = members.GetValueOrDefault(member);
            if (before + more == 0)
            {
                members.Remove(member);
                removed.Add(member);
                continue;
            }

            members[member] = before + more;
            if (before == 0)
            {
                added.Add(member);
            }
        }

        return new PeerGroup(Key, byPod, members.ToImmutable(), new GroupDelta(Version, added.ToImmutable(), removed.ToImmutable()));
    }

    private static ImmutableDictionary<GroupMember, int> Count(IEnumerable<ValueArray<GroupMember>> all)
    {
        var counts = new Dictionary<GroupMember, int>();
        foreach (var members in all)
        {
            Add(counts, members, 1);
        }

        return counts.ToImmutableDictionary();
    }

    private static void Add(Dictionary<GroupMember, int> counts, ValueArray<GroupMember> members, int each)
    {
        foreach (var member in members)
        {
            counts[member] = counts.GetValueOrDefault(member) + each;
        }
    }
}
