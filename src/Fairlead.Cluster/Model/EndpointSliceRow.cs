using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cluster.Model;

/// <summary>One port of a slice; endpoints of a slice share its ports.</summary>
public sealed record EndpointPort(string Name, IpProtocol Protocol, ushort Port);

/// <summary>One endpoint of a slice (discovery.k8s.io/v1 Endpoint).</summary>
public sealed record SliceEndpoint
{
    /// <summary>The address; the API allows several but gives only the first a meaning.</summary>
    public required IpAddr Address { get; init; }

    /// <summary>conditions.ready; absent means true.</summary>
    public bool Ready { get; init; } = true;

    /// <summary>conditions.serving; absent means as ready.</summary>
    public bool Serving { get; init; } = true;

    /// <summary>conditions.terminating; absent means false.</summary>
    public bool Terminating { get; init; }

    /// <summary>hostname; empty when not set.</summary>
    public string Hostname { get; init; } = "";

    /// <summary>nodeName; empty when not set.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>zone; empty when not set.</summary>
    public string Zone { get; init; } = "";

    /// <summary>targetRef's pod; the default value when it is not a pod.</summary>
    public ObjectKey Pod { get; init; }

    /// <summary>hints.forZones.</summary>
    public ValueArray<string> ForZones { get; init; }

    /// <summary>hints.forNodes.</summary>
    public ValueArray<string> ForNodes { get; init; }
}

/// <summary>Whose endpoints a slice has that an implementation of the Multi-Cluster Services API has made (KEP-1645).</summary>
/// <param name="Service">The ServiceImport (label multicluster.kubernetes.io/service-name).</param>
/// <param name="Cluster">The cluster they are in (label multicluster.kubernetes.io/source-cluster); empty when the label is missing.</param>
public sealed record SliceImport(ObjectKey Service, string Cluster);

/// <summary>An EndpointSlice (discovery.k8s.io/v1). Forbidden addresses (CVE-2021-25737) are left out when it is read.</summary>
public sealed record EndpointSliceRow
{
    /// <summary>Namespace and name.</summary>
    public required ObjectKey Key { get; init; }

    /// <summary>The Service it belongs to (label kubernetes.io/service-name); the default value when the label is missing.</summary>
    public ObjectKey Service { get; init; }

    /// <summary>The import it belongs to; null: none. It may belong to a Service too.</summary>
    public SliceImport? Import { get; init; }

    /// <summary>addressType: IPv4 or IPv6 (FQDN slices are not read).</summary>
    public IpFamily Family { get; init; } = IpFamily.V4;

    /// <summary>ports.</summary>
    public ValueArray<EndpointPort> Ports { get; init; }

    /// <summary>Annotation endpoints.kubernetes.io/last-change-trigger-time: when what this slice tells of happened; null when it does not say.</summary>
    public DateTimeOffset? TriggeredAt { get; init; }

    /// <summary>Some other proxy serves it (labels service-proxy-name and headless, KEP-2447): the proxy room leaves it alone.</summary>
    public bool LeftToOtherProxy { get; init; }

    /// <summary>Addresses of endpoints that were left out: loopback, link-local, multicast, unspecified (CVE-2021-25737).</summary>
    public ValueArray<IpAddr> ForbiddenAddresses { get; init; }

    /// <summary>endpoints.</summary>
    public ValueArray<SliceEndpoint> Endpoints { get; init; }
}
