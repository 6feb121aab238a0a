namespace Fairlead.Proxy.Frontends;

/// <summary>Where a Service accepts: address, protocol, port.</summary>
public readonly record struct FrontendKey(IpAddr Address, IpProtocol Protocol, ushort Port) : IComparable<FrontendKey>
{
    /// <inheritdoc/>
    public int CompareTo(FrontendKey other)
    {
        var order = Address.CompareTo(other.Address);
        order = order != 0 ? order : Protocol.CompareTo(other.Protocol);
        return order != 0 ? order : Port.CompareTo(other.Port);
    }

    /// <summary><c>10.96.0.1:80/tcp</c>.</summary>
    public override string ToString() =>
        $"{(Address.IsV4 ? Address.ToString() : $"[{Address}]")}:{Port}/{Protocol.ToString().ToLowerInvariant()}";

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator <(FrontendKey left, FrontendKey right) => left.CompareTo(right) < 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator >(FrontendKey left, FrontendKey right) => left.CompareTo(right) > 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator <=(FrontendKey left, FrontendKey right) => left.CompareTo(right) <= 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator >=(FrontendKey left, FrontendKey right) => left.CompareTo(right) >= 0;
}

/// <summary>What kind of address a frontend has. Where two Services claim one, the earlier kind has it: the cluster gave it, the later ones are but asked for.</summary>
public enum FrontendKind
{
    /// <summary>The Service's cluster address: for this node and its pods.</summary>
    ClusterIP,

    /// <summary>An address of this node, at the Service's node port: for everybody.</summary>
    NodePort,

    /// <summary>An address of a load balancer: for everybody its source ranges allow.</summary>
    LoadBalancer,

    /// <summary>One of spec.externalIPs: for everybody. Only where the node is told to serve them (CVE-2020-8554).</summary>
    ExternalIP,
}

/// <summary>How traffic from outside this node is taken.</summary>
public enum OutsidePolicy
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>To any endpoint, masqueraded so that the answer comes back this way.</summary>
    Cluster,

    /// <summary>To this node's endpoints only, with the client's address kept.</summary>
    Local,
}

/// <summary>Address and port that serve.</summary>
/// <param name="Address">The address.</param>
/// <param name="Port">The port.</param>
/// <param name="IsLocalPod">A pod of this node with an address of its own: only such a one can be sent its own packets back (hairpin).</param>
public readonly record struct Endpoint(IpAddr Address, ushort Port, bool IsLocalPod) : IComparable<Endpoint>
{
    /// <inheritdoc/>
    public int CompareTo(Endpoint other)
    {
        var order = Address.CompareTo(other.Address);
        return order != 0 ? order : Port.CompareTo(other.Port);
    }

    /// <summary><c>10.244.0.5:8080</c>.</summary>
    public override string ToString() => Address.IsV4 ? $"{Address}:{Port}" : $"[{Address}]:{Port}";

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator <(Endpoint left, Endpoint right) => left.CompareTo(right) < 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator >(Endpoint left, Endpoint right) => left.CompareTo(right) > 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator <=(Endpoint left, Endpoint right) => left.CompareTo(right) <= 0;

    /// <summary>Order as <see cref="CompareTo"/>.</summary>
    public static bool operator >=(Endpoint left, Endpoint right) => left.CompareTo(right) >= 0;
}

/// <summary>One frontend with the endpoints chosen for it: the unit of the plan. Knows nothing of the datapath.</summary>
public sealed record Frontend
{
    /// <summary>Where it accepts.</summary>
    public required FrontendKey Key { get; init; }

    /// <summary>Whose it is.</summary>
    public required ObjectKey Service { get; init; }

    /// <summary>Name of the Service's port; may be empty when it has one.</summary>
    public string PortName { get; init; } = "";

    /// <summary>Kind of its address.</summary>
    public FrontendKind Kind { get; init; }

    /// <summary>Endpoints for traffic from this node and its pods, in order.</summary>
    public ValueArray<Endpoint> Endpoints { get; init; }

    /// <summary>How traffic from outside is taken.</summary>
    public OutsidePolicy Outside { get; init; }

    /// <summary>Endpoints for traffic from outside when that is <see cref="OutsidePolicy.Local"/>, in order.</summary>
    public ValueArray<Endpoint> LocalEndpoints { get; init; }

    /// <summary>The Service has an endpoint somewhere: where none can be used here, packets are dropped. Otherwise they are refused.</summary>
    public bool HasEndpoints { get; init; }

    /// <summary>How long a client stays with its endpoint, in seconds; 0: no affinity.</summary>
    public int AffinitySeconds { get; init; }

    /// <summary>Only these clients are let in. Empty with <see cref="IsRestricted"/>: none.</summary>
    public ValueArray<IpNet> SourceRanges { get; init; }

    /// <summary><see cref="SourceRanges"/> counts.</summary>
    public bool IsRestricted { get; init; }
}
