using System.Net;
using Fairlead.Linux.Addresses;

namespace Fairlead.Composition;

/// <summary>What a node agent is told.</summary>
internal sealed record AgentOptions
{
    /// <summary>How to reach the API server.</summary>
    public required string Kubeconfig { get; init; }

    /// <summary>The node's name.</summary>
    public required string NodeName { get; init; }

    /// <summary>Where plugins go.</summary>
    public required string CniBinDirectory { get; init; }

    /// <summary>Where configurations go.</summary>
    public required string CniConfDirectory { get; init; }

    /// <summary>Where the agent's state is.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The plugin's way to the agent.</summary>
    public required string Socket { get; init; }

    /// <summary>Where `fairlead inspect` reaches an agent that is told of no other place.</summary>
    public const string DefaultInspectSocket = "/run/fairlead/inspect.sock";

    /// <summary>The way of `fairlead inspect` to the agent.</summary>
    public required string InspectSocket { get; init; }

    /// <summary>Whom to ask for names outside the cluster; null: the resolvers of this node's resolv.conf.</summary>
    public IReadOnlyList<IPEndPoint>? DnsUpstreams { get; init; }

    /// <summary>The cluster's pod ranges: reverse names in them are the cluster's own.</summary>
    public IReadOnlyList<IpNet> PodRanges { get; init; } = [];

    /// <summary>The cluster's Service ranges: the same for names, and what no Service has leads nowhere.</summary>
    public IReadOnlyList<IpNet> ServiceRanges { get; init; } = [];

    /// <summary>Ranges from which Services may take external addresses.</summary>
    public IReadOnlyList<IpNet> ExternalIPRanges { get; init; } = [];

    /// <summary>ClusterIPs answer what comes from outside.</summary>
    public bool ClusterIpFromOutside { get; init; }

    /// <summary>At which of the addresses of the node's links node ports are served; empty: at its InternalIPs.</summary>
    public IReadOnlyList<IpNet> NodePortRanges { get; init; } = [];

    /// <summary>Where <c>/healthz</c> and <c>/livez</c> are answered; null: nowhere.</summary>
    public IPEndPoint? HealthEndpoint { get; init; }

    /// <summary>Where <c>/metrics</c> is answered; null: nowhere.</summary>
    public IPEndPoint? MetricsEndpoint { get; init; }

    /// <summary>Where the DNS server's <c>/metrics</c>, <c>/health</c> and <c>/ready</c> are answered, whatever its Corefile says; null: nowhere.</summary>
    public IPEndPoint? DnsMetricsEndpoint { get; init; }

    /// <summary>Pods leave with the node's address.</summary>
    public bool Masquerade { get; init; }
}
