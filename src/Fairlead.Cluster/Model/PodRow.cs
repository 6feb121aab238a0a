using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cluster.Model;

/// <summary>One declared container port. <see cref="HostPort"/> is 0 when there is none.</summary>
public sealed record ContainerPort(string Name, IpProtocol Protocol, ushort Port, ushort HostPort, IpAddr HostIP);

/// <summary>A Pod (core/v1), as far as rooms need it.</summary>
public sealed record PodRow
{
    /// <summary>Namespace and name.</summary>
    public required ObjectKey Key { get; init; }

    /// <summary>metadata.uid.</summary>
    public string Uid { get; init; } = "";

    /// <summary>metadata.labels.</summary>
    public Labels Labels { get; init; } = Labels.Empty;

    /// <summary>spec.nodeName; empty while not scheduled.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>status.podIPs; empty while not plugged.</summary>
    public ValueArray<IpAddr> IPs { get; init; }

    /// <summary>spec.hostNetwork: the pod uses its node's addresses and no policy selects it.</summary>
    public bool HostNetwork { get; init; }

    /// <summary>status.phase is Succeeded or Failed: its addresses are not its own any more.</summary>
    public bool Finished { get; init; }

    /// <summary>metadata.deletionTimestamp is set.</summary>
    public bool Terminating { get; init; }

    /// <summary>spec.dnsPolicy lets the pod's search path begin with the cluster's zones: ClusterFirst, which is the default, or ClusterFirstWithHostNet.</summary>
    public bool SearchesCluster { get; init; } = true;

    /// <summary>spec.dnsConfig.searches.</summary>
    public ValueArray<string> DnsSearches { get; init; }

    /// <summary>Declared ports of all containers, restartable init containers included.</summary>
    public ValueArray<ContainerPort> Ports { get; init; }

    /// <summary>The addresses the pod holds in the pod network: none for host-network and finished pods.</summary>
    public ValueArray<IpAddr> NetworkIPs => HostNetwork || Finished ? default : IPs;
}
