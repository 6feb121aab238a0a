using System.Net;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns;

/// <summary>How a node's DNS server answers.</summary>
public sealed record DnsOptions
{
    /// <summary>The cluster's zone, without dots at its ends.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary><see cref="ClusterDomain"/> as names are compared: lower case, without dots at its ends.</summary>
    internal string Zone => ClusterDomain.Trim('.').ToLowerInvariant();

    /// <summary>
    /// Seconds a client may keep an answer of the cluster's zones, 0 to 3600. CoreDNS's own 5 rather than the 30 of kubeadm's Corefile: an answer comes
    /// from this node's memory, so asking again costs little, while a kept answer may name an endpoint that is gone.
    /// </summary>
    public int TtlSeconds { get; init; } = 5;

    /// <summary>The node whose server this is: names are completed for its pods. Empty: for none.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>Search domains of the node, which its pods have behind the cluster's; null: those of the host's resolv.conf.</summary>
    public IReadOnlyList<string>? HostSearches { get; init; }

    /// <summary>The Service whose cluster addresses are the server's.</summary>
    public ObjectKey Service { get; init; } = new("kube-system", "kube-dns");

    /// <summary>The server's addresses while that Service is unknown; empty: it waits for the Service.</summary>
    public IReadOnlyList<IpAddr> FallbackAddresses { get; init; } = [IpAddr.Parse("10.96.0.10")];

    /// <summary>
    /// The ConfigMap whose key <c>Corefile</c> says how to answer, as CoreDNS's does; it is found in the tables. Null, or while there is none: the zone
    /// <see cref="ClusterDomain"/>, reverse names of <see cref="ClusterRanges"/>, and the upstreams for all other names.
    /// </summary>
    public ObjectKey? Corefile { get; init; }

    /// <summary>Port of the server, UDP and TCP.</summary>
    public int Port { get; init; } = 53;

    /// <summary>
    /// Ranges whose addresses only the cluster can know, such as those of pods and Services: a reverse name in them that has no name does not exist.
    /// Reverse names of all other addresses are asked upstream.
    /// </summary>
    public IReadOnlyList<IpNet> ClusterRanges { get; init; } = [];

    /// <summary>Who is asked for names outside of the cluster's zones, in this order; null: the name servers of the host's resolv.conf.</summary>
    public IReadOnlyList<IPEndPoint>? Upstreams { get; init; }
}
