using System.Collections.Immutable;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Policy;

/// <summary>What network policy is decided from: the cluster's rows at one moment.</summary>
/// <param name="Policies">NetworkPolicies by key.</param>
/// <param name="Pods">Pods of the whole cluster by key.</param>
/// <param name="Namespaces">Namespaces by name; a peer in a namespace that is not here is selected by no namespaceSelector.</param>
/// <param name="Nodes">Nodes by name.</param>
/// <param name="ClusterPolicies">ClusterNetworkPolicies by name.</param>
/// <param name="Dns">Service kube-system/kube-dns, whose cluster addresses stand for its pods; null when there is none.</param>
public sealed record PolicyWorld(
    ImmutableDictionary<ObjectKey, PolicyRow> Policies,
    ImmutableDictionary<ObjectKey, PodRow> Pods,
    ImmutableDictionary<string, NamespaceRow> Namespaces,
    ImmutableDictionary<string, NodeRow> Nodes,
    ImmutableDictionary<string, ClusterPolicyRow> ClusterPolicies,
    ServiceRow? Dns)
{
    private AddressIndex? _byAddress;
    private PolicyIndex? _byNamespace;

    /// <summary>The Service whose addresses every node answers DNS at.</summary>
    public static readonly ObjectKey DnsService = new("kube-system", "kube-dns");

    /// <summary>Key of <see cref="DnsPeer"/>; no pod can have it, as a pod's name has no slash.</summary>
    internal static readonly ObjectKey DnsPeerKey = new("kube-system", "service/kube-dns");

    /// <summary>The rows of <paramref name="tables"/> as of now.</summary>
    public static PolicyWorld Of(ClusterTables tables) => new(
        tables.Policies.Snapshot(), tables.Pods.Snapshot(), tables.Namespaces.Snapshot(), tables.Nodes.Snapshot(),
        tables.ClusterPolicies.Snapshot(), tables.Services.Get(DnsService));

    /// <summary>The pod that holds an address of the pod network; null when none does. While two say so, the first by key.</summary>
    public PodRow? PodAt(IpAddr address)
    {
        var index = _byAddress;
        if (index is null || !ReferenceEquals(index.Of, Pods))
        {
            _byAddress = index = new AddressIndex(Pods);
        }

        return index.ByAddress.GetValueOrDefault(address);
    }

    /// <summary>The NetworkPolicies of one namespace, by name.</summary>
    public IEnumerable<PolicyRow> PoliciesOf(string ns)
    {
        var index = _byNamespace;
        if (index is null || !ReferenceEquals(index.Of, Policies))
        {
            _byNamespace = index = new PolicyIndex(Policies, Policies.Values.OrderBy(row => row.Key).ToLookup(row => row.Key.Namespace));
        }

        return index.ByNamespace[ns];
    }

    /// <summary>The ClusterNetworkPolicies of one tier, in the order in which they are asked.</summary>
    public IEnumerable<ClusterPolicyRow> ClusterPoliciesOf(PolicyTier tier) =>
        ClusterPolicies.Values.Where(policy => policy.Tier == tier).Order(Comparer<ClusterPolicyRow>.Create(ClusterPolicyRow.Order));

    /// <summary>Whether the pod is one that <paramref name="policy"/> is about. Host-network and finished pods never are.</summary>
    public bool Selects(ClusterPolicyRow policy, PodRow pod) => !pod.HostNetwork && !pod.Finished
        && Namespaces.TryGetValue(pod.Key.Namespace, out var space) && policy.SubjectNamespaces.Matches(space.Labels)
        && policy.SubjectPods.Matches(pod.Labels);

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

    /// <summary>Policies by namespace, in order. A copy of the world with other policies makes its own.</summary>
    private sealed record PolicyIndex(ImmutableDictionary<ObjectKey, PolicyRow> Of, ILookup<string, PolicyRow> ByNamespace);

    /// <summary>Pods by address. A copy of the world with other pods makes its own.</summary>
    private sealed class AddressIndex
    {
        public AddressIndex(ImmutableDictionary<ObjectKey, PodRow> pods)
        {
            Of = pods;
            ByAddress.EnsureCapacity(pods.Count);
            foreach (var (key, pod) in pods)
            {
                foreach (var address in pod.NetworkIPs)
                {
                    if (!ByAddress.TryAdd(address, pod) && key < ByAddress[address].Key)
                    {
                        ByAddress[address] = pod;
                    }
                }
            }
        }

        public ImmutableDictionary<ObjectKey, PodRow> Of { get; }

        public Dictionary<IpAddr, PodRow> ByAddress { get; } = [];
    }
}
