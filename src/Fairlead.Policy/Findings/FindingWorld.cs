using System.Collections.Immutable;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Policy.Findings;

/// <summary>What mistakes are found in: the cluster's rows at one moment.</summary>
/// <param name="world">What policies are decided from.</param>
/// <param name="services">Services by key.</param>
/// <param name="serviceRanges">Ranges of Services' addresses; none when they are not known.</param>
public sealed class FindingWorld(PolicyWorld world, ImmutableDictionary<ObjectKey, ServiceRow> services, ValueArray<IpNet> serviceRanges)
{
    private readonly Lazy<ILookup<string, PodRow>> _pods = new(() =>
        world.Pods.Values.Where(pod => !pod.Finished).OrderBy(pod => pod.Key).ToLookup(pod => pod.Key.Namespace));

    private readonly Lazy<ILookup<string, ServiceRow>> _services = new(() => services.Values.OrderBy(row => row.Key).ToLookup(row => row.Key.Namespace));

    /// <summary>What policies are decided from.</summary>
    public PolicyWorld World => world;

    /// <summary>Services by key.</summary>
    public ImmutableDictionary<ObjectKey, ServiceRow> Services => services;

    /// <summary>Ranges of Services' addresses.</summary>
    public ValueArray<IpNet> ServiceRanges => serviceRanges;

    /// <summary>The rows of <paramref name="tables"/> as of now.</summary>
    public static FindingWorld Of(ClusterTables tables) => new(
        PolicyWorld.Of(tables), tables.Services.Snapshot(), tables.ServiceCidrs.Snapshot().Values.SelectMany(row => row.Ranges).ToValueArray());

    /// <summary>The pods of a namespace that are not finished, by name.</summary>
    internal IEnumerable<PodRow> PodsOf(string ns) => _pods.Value[ns];

    /// <summary>The Services of a namespace, by name.</summary>
    internal IEnumerable<ServiceRow> ServicesOf(string ns) => _services.Value[ns];

    /// <summary>The pods that a policy of the namespace can select: a host-network pod is no subject and no peer.</summary>
    internal IEnumerable<PodRow> Selectable(string ns, LabelSelector? pods) => PodsOf(ns).Where(pod => !pod.HostNetwork && pods?.Matches(pod.Labels) != false);

    /// <summary>The names of the namespaces that a selector matches, or the own one where there is none.</summary>
    internal IEnumerable<string> Namespaces(LabelSelector? selector, string own) =>
        selector is null ? [own] : World.Namespaces.Values.Where(row => selector.Matches(row.Labels)).Select(row => row.Name).Order(StringComparer.Ordinal);

    /// <summary>The pods that a peer selects; none for a range of addresses or nodes.</summary>
    internal IEnumerable<PodRow> Peers(PolicyPeer peer, string own) =>
        peer.Block is not null || peer.Nodes is not null ? [] : Namespaces(peer.Namespaces, own).SelectMany(ns => Selectable(ns, peer.Pods));

    /// <summary>The pods behind a Service.</summary>
    internal IEnumerable<PodRow> Behind(ServiceRow service) =>
        service.Selector is { Count: > 0 } selector ? PodsOf(service.Key.Namespace).Where(pod => pod.Labels.HasAll(selector)) : [];
}
