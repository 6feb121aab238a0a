using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Policy.Compile;

/// <summary>
/// Who belongs to a group: the pods <see cref="Peer"/> selects (null: every pod), seen from a policy in <see cref="Namespace"/>. With
/// <see cref="PortName"/> only those that declare a port of that name, each with its number. <see cref="Egress"/> groups hold the node's DNS too.
/// </summary>
internal sealed record GroupKey(string Namespace, PolicyPeer? Peer, IpProtocol PortProtocol, string PortName, bool Egress)
{
    private string? _id;

    /// <summary>Name by content.</summary>
    public string Id => _id ??= Digest.Of($"{Namespace}|{PeerText(Peer)}|{(byte)PortProtocol}:{PortName}|{Egress}");

    public bool HasPorts => PortName.Length > 0;

    public bool Equals(GroupKey? other) => other is not null && Id == other.Id;

    public override int GetHashCode() => Id.GetHashCode(StringComparison.Ordinal);

    private static string PeerText(PolicyPeer? peer) => peer is null
        ? "any"
        : $"{SelectorText(peer.Namespaces)}|{SelectorText(peer.Pods)}|{peer.Block?.Cidr}-{string.Join(',', peer.Block?.Except ?? default)}";

    private static string SelectorText(LabelSelector? selector) => selector is null
        ? "null"
        : $"[{string.Join(';', selector.Requirements.Select(r => $"{r.Key} {r.Operator} {string.Join(',', r.Values)}"))}]";
}

/// <summary>An address, with a port when the group is of a named one.</summary>
internal readonly record struct GroupMember(IpAddr Address, IpProtocol Protocol, ushort Port);

/// <summary>The members of a group at one moment. Equal reference: nothing changed.</summary>
internal sealed class PeerGroup(GroupKey key, ImmutableDictionary<ObjectKey, ValueArray<GroupMember>> byPod)
{
    public GroupKey Key { get; } = key;

    public ImmutableDictionary<ObjectKey, ValueArray<GroupMember>> ByPod { get; } = byPod;

    /// <summary>Two pods may show one address for a moment, when an address is used again: it stays until both are gone.</summary>
    public ImmutableHashSet<GroupMember> Members { get; } = byPod.Values.SelectMany(members => members).ToImmutableHashSet();
}
