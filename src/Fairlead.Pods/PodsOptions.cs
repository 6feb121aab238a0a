using System.Net;

namespace Fairlead.Pods;

/// <summary>What the pods role needs to know of its cluster.</summary>
public sealed record PodsOptions
{
    /// <summary>Name of the cluster.</summary>
    public required string ClusterName { get; init; }

    /// <summary>Directory of what lives as long as the machine runs, <c>/run/fairlead/CLUSTER</c>; sandboxes are below it.</summary>
    public required string RunDirectory { get; init; }

    /// <summary>Directory of what outlives it: logs of containers, volumes.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Path of the unix socket on which logs, exec and attach are served.</summary>
    public required string SocketPath { get; init; }

    /// <summary>The nodes whose pods are run here.</summary>
    public required IReadOnlyList<PodsNode> Nodes { get; init; }

    /// <summary>Addresses of the cluster DNS; empty for none.</summary>
    public IReadOnlyList<IPAddress> ClusterDns { get; init; } = [];

    /// <summary>DNS zone of the cluster.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>Text of the host's resolv.conf.</summary>
    public string HostResolvConf { get; init; } = "";

    /// <summary>Further host paths no container may see, such as a kubeconfig's directory.</summary>
    public IReadOnlyList<string> MaskedPaths { get; init; } = [];

    /// <summary>Version of the program, as nodes report it.</summary>
    public string Version { get; init; } = "0.1.0";
}

/// <summary>One node of the one-machine cluster.</summary>
/// <param name="Name">Name of the Node object.</param>
/// <param name="Addresses">Addresses of the node, the primary family first.</param>
/// <param name="NetworkNamespace">Path of its network namespace.</param>
/// <param name="CniConfDirectory">Directory of conflists; the lowest name wins.</param>
/// <param name="CniBinDirectory">Directory of plugins.</param>
/// <param name="Zone">Value of <c>topology.kubernetes.io/zone</c>.</param>
public sealed record PodsNode(
    string Name, IReadOnlyList<IPAddress> Addresses, string NetworkNamespace, string CniConfDirectory, string CniBinDirectory, string Zone);
