namespace Fairlead.Kube.Client;

/// <summary>The kinds that the product uses.</summary>
public static class ResourceTypes
{
    /// <summary>core/v1 Namespace.</summary>
    public static ResourceType Namespaces { get; } = new("", "v1", "namespaces", "Namespace", false);

    /// <summary>core/v1 Node.</summary>
    public static ResourceType Nodes { get; } = new("", "v1", "nodes", "Node", false);

    /// <summary>core/v1 Pod.</summary>
    public static ResourceType Pods { get; } = new("", "v1", "pods", "Pod", true);

    /// <summary>core/v1 Service.</summary>
    public static ResourceType Services { get; } = new("", "v1", "services", "Service", true);

    /// <summary>core/v1 Endpoints.</summary>
    public static ResourceType Endpoints { get; } = new("", "v1", "endpoints", "Endpoints", true);

    /// <summary>core/v1 ConfigMap.</summary>
    public static ResourceType ConfigMaps { get; } = new("", "v1", "configmaps", "ConfigMap", true);

    /// <summary>core/v1 Secret.</summary>
    public static ResourceType Secrets { get; } = new("", "v1", "secrets", "Secret", true);

    /// <summary>core/v1 ServiceAccount.</summary>
    public static ResourceType ServiceAccounts { get; } = new("", "v1", "serviceaccounts", "ServiceAccount", true);

    /// <summary>core/v1 Event.</summary>
    public static ResourceType Events { get; } = new("", "v1", "events", "Event", true);

    /// <summary>events.k8s.io/v1 Event: the same objects as <see cref="Events"/>, under newer field names.</summary>
    public static ResourceType EventsV1 { get; } = new("events.k8s.io", "v1", "events", "Event", true);

    /// <summary>discovery.k8s.io/v1 EndpointSlice.</summary>
    public static ResourceType EndpointSlices { get; } = new("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true);

    /// <summary>networking.k8s.io/v1 NetworkPolicy.</summary>
    public static ResourceType NetworkPolicies { get; } = new("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true);

    /// <summary>networking.k8s.io/v1 Ingress.</summary>
    public static ResourceType Ingresses { get; } = new("networking.k8s.io", "v1", "ingresses", "Ingress", true);

    /// <summary>networking.k8s.io/v1 IngressClass.</summary>
    public static ResourceType IngressClasses { get; } = new("networking.k8s.io", "v1", "ingressclasses", "IngressClass", false);

    /// <summary>networking.k8s.io/v1 ServiceCIDR.</summary>
    public static ResourceType ServiceCidrs { get; } = new("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", false);

    /// <summary>networking.k8s.io/v1 IPAddress.</summary>
    public static ResourceType IPAddresses { get; } = new("networking.k8s.io", "v1", "ipaddresses", "IPAddress", false);

    /// <summary>policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy.</summary>
    public static ResourceType ClusterNetworkPolicies { get; } =
        new("policy.networking.k8s.io", "v1alpha2", "clusternetworkpolicies", "ClusterNetworkPolicy", false);

    /// <summary>multicluster.x-k8s.io ServiceImport (KEP-1645), in each version that it is served in, the newest first.</summary>
    public static IReadOnlyList<ResourceType> ServiceImports { get; } =
    [
        new("multicluster.x-k8s.io", "v1beta1", "serviceimports", "ServiceImport", true),
        new("multicluster.x-k8s.io", "v1alpha1", "serviceimports", "ServiceImport", true),
    ];

    /// <summary>coordination.k8s.io/v1 Lease.</summary>
    public static ResourceType Leases { get; } = new("coordination.k8s.io", "v1", "leases", "Lease", true);

    /// <summary>apps/v1 Deployment.</summary>
    public static ResourceType Deployments { get; } = new("apps", "v1", "deployments", "Deployment", true);

    /// <summary>apps/v1 ReplicaSet.</summary>
    public static ResourceType ReplicaSets { get; } = new("apps", "v1", "replicasets", "ReplicaSet", true);
}
