using System.Collections.Immutable;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.State;

namespace Fairlead.Policy;

/// <summary>What network policy is decided from: the cluster's rows at one moment.</summary>
/// <param name="Policies">NetworkPolicies by key.</param>
/// <param name="Pods">Pods of the whole cluster by key.</param>
/// <param name="Namespaces">Namespaces by name; a peer in a namespace that is not here is selected by no namespaceSelector.</param>
/// <param name="Nodes">Nodes by name.</param>
/// <param name="Dns">Service kube-system/kube-dns, whose cluster addresses stand for its pods; null when there is none.</param>
public sealed record PolicyWorld(
    ImmutableDictionary<ObjectKey, PolicyRow> Policies,
    ImmutableDictionary<ObjectKey, PodRow> Pods,
    ImmutableDictionary<string, NamespaceRow> Namespaces,
    ImmutableDictionary<string, NodeRow> Nodes,
    ServiceRow? Dns)
{
    /// <summary>The Service whose addresses every node answers DNS at.</summary>
    public static readonly ObjectKey DnsService = new("kube-system", "kube-dns");

    /// <summary>Key of <see cref="DnsPeer"/>; no pod can have it, as a pod's name has no slash.</summary>
    internal static readonly ObjectKey DnsPeerKey = new("kube-system", "service/kube-dns");

    /// <summary>The rows of <paramref name="tables"/> as of now.</summary>
    public static PolicyWorld Of(ClusterTables tables) => new(
        tables.Policies.Snapshot(), tables.Pods.Snapshot(), tables.Namespaces.Snapshot(), tables.Nodes.Snapshot(), tables.Services.Get(DnsService));

    /// <summary>
    /// The node's DNS as an egress peer: it answers at the cluster addresses of its Service, on the Service's ports, in place of the Service's pods,
    /// and has their labels.
    /// </summary>
    internal static PodRow? DnsPeer(ServiceRow? dns) => dns is null ? null : new PodRow
    {
        Key = DnsPeerKey,
        Labels = dns.Selector ?? Labels.From([new("k8s-app", "kube-dns")]),
        IPs = dns.ClusterIPs,
        Ports = dns.Ports.Select(port => new ContainerPort(port.Name, port.Protocol, port.Port, 0, default)).ToValueArray(),
    };
}
