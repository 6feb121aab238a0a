using Fairlead.Cluster.Model;
using Fairlead.State;

namespace Fairlead.Cluster;

/// <summary>What every room reads: the cluster's objects as slim rows. Only reflectors (and tests) write here.</summary>
public sealed class ClusterTables
{
    /// <summary>Services by key.</summary>
    public Table<ObjectKey, ServiceRow> Services { get; } = new("services");

    /// <summary>EndpointSlices by key.</summary>
    public Table<ObjectKey, EndpointSliceRow> EndpointSlices { get; } = new("endpointslices");

    /// <summary>Pods of the whole cluster by key.</summary>
    public Table<ObjectKey, PodRow> Pods { get; } = new("pods");

    /// <summary>Nodes by name.</summary>
    public Table<string, NodeRow> Nodes { get; } = new("nodes");

    /// <summary>ServiceCIDRs by name; none where the server has no such kind.</summary>
    public Table<string, ServiceCidrRow> ServiceCidrs { get; } = new("servicecidrs");

    /// <summary>ServiceImports by key, as Services at the addresses that they have in this cluster; read only while somebody wants them.</summary>
    public OnDemandTable<ObjectKey, ServiceRow> ServiceImports { get; } = new("serviceimports");

    /// <summary>Namespaces by name.</summary>
    public Table<string, NamespaceRow> Namespaces { get; } = new("namespaces");

    /// <summary>ConfigMaps that rooms are configured by: none of all others.</summary>
    public Table<ObjectKey, ConfigMapRow> ConfigMaps { get; } = new("configmaps");

    /// <summary>NetworkPolicies by key.</summary>
    public Table<ObjectKey, PolicyRow> Policies { get; } = new("networkpolicies");

    /// <summary>ClusterNetworkPolicies by name; none where the server has no such kind.</summary>
    public Table<string, ClusterPolicyRow> ClusterPolicies { get; } = new("clusternetworkpolicies");

    /// <summary>Ingresses by key. Only who serves them reads them.</summary>
    public Table<ObjectKey, IngressRow> Ingresses { get; } = new("ingresses");

    /// <summary>IngressClasses by name.</summary>
    public Table<string, IngressClassRow> IngressClasses { get; } = new("ingressclasses");

    /// <summary>Secrets of type kubernetes.io/tls by key.</summary>
    public Table<ObjectKey, TlsSecretRow> TlsSecrets { get; } = new("tls secrets");
}
