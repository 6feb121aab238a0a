using Fairlead.Cni.Plugin;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;
using Fairlead.State;

namespace Fairlead.Cni;

/// <summary>What the CNI room of one node is told.</summary>
public sealed record CniOptions
{
    /// <summary>The node's name in the cluster.</summary>
    public required string NodeName { get; init; }

    /// <summary>The node's network namespace. Owned by the caller.</summary>
    public required NetNamespace Namespace { get; init; }

    /// <summary>Where attachments are written down; made if missing. Not shared between nodes.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Where the plugin reaches this room; the directory is made if missing. At most 107 bytes.</summary>
    public string SocketPath { get; init; } = CniPlugin.DefaultSocket;

    /// <summary>Where the container runtime looks for plugins (<c>/opt/cni/bin</c>); empty: nothing is installed.</summary>
    public string BinDirectory { get; init; } = "";

    /// <summary>Where the container runtime looks for configurations (<c>/etc/cni/net.d</c>); empty: nothing is installed.</summary>
    public string ConfDirectory { get; init; } = "";

    /// <summary>The program to install as plugin; empty: the running one.</summary>
    public string ProgramPath { get; init; } = "";

    /// <summary>
    /// Pods leave the cluster with the node's address. On where nothing beyond the node knows the way to pods; off in the one-machine cluster, whose host
    /// sees to it.
    /// </summary>
    public bool Masquerade { get; init; }

    /// <summary>
    /// The cluster's Service ranges: a host port is none of their addresses' business, though some (DNS) may be the node's own. Empty where they are not known.
    /// </summary>
    public ValueArray<IpNet> ServiceRanges { get; init; }

    /// <summary>How long ADD waits until the pod's policies are in force before it fails with "try again later".</summary>
    public TimeSpan EnforceTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
