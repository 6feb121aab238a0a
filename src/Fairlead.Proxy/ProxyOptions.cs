namespace Fairlead.Proxy;

/// <summary>What the room is told once.</summary>
public sealed record ProxyOptions
{
    /// <summary>metadata.name of the node it runs on.</summary>
    public required string NodeName { get; init; }

    /// <summary>The bit of the packet mark that means "masquerade"; 0x4000 as kube-proxy's. Other bits are never written.</summary>
    public uint MasqueradeBit { get; init; } = 0x4000;

    /// <summary>
    /// Whether a ClusterIP answers packets that come neither from this node nor from its pods (masqueraded then). Off: they are dropped.
    /// </summary>
    public bool ClusterIpFromOutside { get; init; }

    /// <summary>
    /// Ranges ClusterIPs are taken from, beside those of the cluster's ServiceCIDRs: packets to an address of theirs that no Service has are dropped, lest they
    /// leave by the default route.
    /// </summary>
    public ValueArray<IpNet> ServiceRanges { get; init; }

    /// <summary>
    /// Ranges from which Services may take spec.externalIPs. Empty: none is served. Whoever may write a Service could otherwise take the traffic to any
    /// address (CVE-2020-8554).
    /// </summary>
    public ValueArray<IpNet> ExternalIPRanges { get; init; }

    /// <summary>
    /// Node ports are served at those addresses of the node's links that are in one of these; at all of a family that none is of, as kube-proxy has it. Never
    /// at loopback and link-local ones. Empty: at the node's InternalIPs, what kube-proxy calls <c>primary</c>.
    /// </summary>
    public ValueArray<IpNet> NodePortRanges { get; init; }

    /// <summary>Services the node answers by itself; the room makes no frontends for them. By default the cluster's DNS.</summary>
    public ValueArray<ObjectKey> ServedByNode { get; init; } = [new ObjectKey("kube-system", "kube-dns")];

    /// <summary>How often to look whether the kernel still holds what was committed. 30 s.</summary>
    public TimeSpan ResyncInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Most clients remembered for session affinity, per address family. When it is full, further clients are balanced afresh each time.</summary>
    public uint AffinityEntries { get; init; } = 65_536;
}
