using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cluster.Model;

/// <summary>spec.type of a Service. A headless Service is a ClusterIP Service without address: <see cref="ServiceRow.IsHeadless"/>.</summary>
public enum ServiceType
{
    /// <summary>Reached at a cluster address.</summary>
    ClusterIP,

    /// <summary>Reached also at a port of every node.</summary>
    NodePort,

    /// <summary>Reached also at an address from outside.</summary>
    LoadBalancer,

    /// <summary>A name for another name; has no data path.</summary>
    ExternalName,
}

/// <summary>One port of a Service. <see cref="NodePort"/> is 0 when there is none; <see cref="TargetPort"/> is a number or a port name.</summary>
public sealed record ServicePort(string Name, IpProtocol Protocol, ushort Port, ushort NodePort, string TargetPort, string AppProtocol);

/// <summary>A Service (core/v1), as far as rooms need it.</summary>
public sealed record ServiceRow
{
    /// <summary>Namespace and name.</summary>
    public required ObjectKey Key { get; init; }

    /// <summary>metadata.uid.</summary>
    public string Uid { get; init; } = "";

    /// <summary>metadata.labels.</summary>
    public Labels Labels { get; init; } = Labels.Empty;

    /// <summary>spec.type.</summary>
    public ServiceType Type { get; init; }

    /// <summary>spec.clusterIP is None.</summary>
    public bool IsHeadless { get; init; }

    /// <summary>spec.clusterIPs; empty when headless, ExternalName or not yet allocated.</summary>
    public ValueArray<IpAddr> ClusterIPs { get; init; }

    /// <summary>spec.externalName without a trailing dot; empty unless ExternalName.</summary>
    public string ExternalName { get; init; } = "";

    /// <summary>spec.ports.</summary>
    public ValueArray<ServicePort> Ports { get; init; }

    /// <summary>spec.selector; null when the Service has none.</summary>
    public Labels? Selector { get; init; }

    /// <summary>Session affinity timeout in seconds (1 to 86400); 0 when sessionAffinity is None.</summary>
    public int AffinitySeconds { get; init; }

    /// <summary>internalTrafficPolicy is Local.</summary>
    public bool InternalLocal { get; init; }

    /// <summary>externalTrafficPolicy is Local.</summary>
    public bool ExternalLocal { get; init; }

    /// <summary>status.loadBalancer.ingress[].ip whose ipMode is VIP.</summary>
    public ValueArray<IpAddr> LoadBalancerIPs { get; init; }

    /// <summary>The annotation in which the balancer remembers which node answers for which address.</summary>
    public const string AnsweredByAnnotation = "fairlead.dev/answered-by";

    /// <summary>Its value, <c>ADDRESS=NODE</c> joined by commas; empty when there is none.</summary>
    public string AnsweredBy { get; init; } = "";

    /// <summary>spec.externalIPs, of a Service that has a cluster address.</summary>
    public ValueArray<IpAddr> ExternalIPs { get; init; }

    /// <summary>spec.loadBalancerSourceRanges; empty allows all.</summary>
    public ValueArray<IpNet> SourceRanges { get; init; }

    /// <summary>spec.loadBalancerClass; empty when not set.</summary>
    public string LoadBalancerClass { get; init; } = "";

    /// <summary>spec.healthCheckNodePort; 0 when there is none.</summary>
    public ushort HealthCheckNodePort { get; init; }

    /// <summary>spec.publishNotReadyAddresses.</summary>
    public bool PublishNotReadyAddresses { get; init; }

    /// <summary>Some other proxy serves it (labels service-proxy-name and headless, KEP-2447): the proxy room leaves it alone.</summary>
    public bool LeftToOtherProxy => IsLeftToOtherProxy(Labels);

    /// <summary>Labels of a Service or an EndpointSlice that say so, whatever their value.</summary>
    internal static bool IsLeftToOtherProxy(Labels labels) =>
        labels["service.kubernetes.io/service-proxy-name"] is not null || labels["service.kubernetes.io/headless"] is not null;
}
