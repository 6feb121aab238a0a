using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers;

/// <summary>What the controllers of a cluster are told at start.</summary>
public sealed record ControllerOptions
{
    /// <summary>The pod network, one range per family at most; each node gets a part of each.</summary>
    public ValueArray<IpNet> PodNetworks { get; init; } = [IpNet.Parse("10.244.0.0/16")];

    /// <summary>Prefix length of a node's IPv4 pod range: longer than the network's, 30 at most.</summary>
    public int NodePrefixV4 { get; init; } = 24;

    /// <summary>Prefix length of a node's IPv6 pod range: longer than the network's, 126 at most.</summary>
    public int NodePrefixV6 { get; init; } = 64;

    /// <summary>PEM text of the API server's certificate authority, for ConfigMap kube-root-ca.crt.</summary>
    public string RootCertificate { get; init; } = "";

    /// <summary>How long a node's Lease may go unrenewed before the node counts as lost (upstream: 40 s).</summary>
    public TimeSpan NodeGrace { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>How long an Event is kept after its last occurrence (upstream: 1 h).</summary>
    public TimeSpan EventLifetime { get; init; } = TimeSpan.FromHours(1);
}
