using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cluster.Model;

/// <summary>A Node (core/v1), as far as rooms need it.</summary>
public sealed record NodeRow
{
    /// <summary>metadata.name.</summary>
    public required string Name { get; init; }

    /// <summary>metadata.labels.</summary>
    public Labels Labels { get; init; } = Labels.Empty;

    /// <summary>status.addresses of type InternalIP, one per family at most.</summary>
    public ValueArray<IpAddr> InternalIPs { get; init; }

    /// <summary>spec.podCIDRs.</summary>
    public ValueArray<IpNet> PodCIDRs { get; init; }

    /// <summary>status condition Ready is True.</summary>
    public bool Ready { get; init; }

    /// <summary>
    /// The node is on its way out: it is being deleted, or the cluster autoscaler has tainted it (ToBeDeletedByClusterAutoscaler). Load balancers are to
    /// send it no new connections (KEP-3836).
    /// </summary>
    public bool IsLeaving { get; init; }

    /// <summary>spec.unschedulable.</summary>
    public bool Unschedulable { get; init; }

    /// <summary>Label topology.kubernetes.io/zone; empty when not set.</summary>
    public string Zone => Labels["topology.kubernetes.io/zone"] ?? "";
}

/// <summary>A Namespace (core/v1): its labels are what policies select by.</summary>
public sealed record NamespaceRow(string Name, Labels Labels)
{
    /// <summary>metadata.deletionTimestamp is set: its content is being deleted, and then the namespace.</summary>
    public bool Terminating { get; init; }
}
