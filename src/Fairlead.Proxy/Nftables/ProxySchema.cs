using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Values;

namespace Fairlead.Proxy.Nftables;

/// <summary>
/// The sets and maps of one address family. None grows but by elements: their number, and that of the chains that read them, does not depend on the cluster.
/// </summary>
internal sealed class FamilySchema
{
    public FamilySchema(IpFamily family, ProxyOptions options)
    {
        Family = family;
        Suffix = family == IpFamily.V4 ? "4" : "6";
        var address = FieldType.Address(family);
        Seq<FieldType> frontend = [address, FieldType.InetProtocol, FieldType.InetService];
        Inside = new ScopeSchema("", Suffix, address);
        Local = new ScopeSchema("local-", Suffix, address);
        External = new Set("external" + Suffix, frontend);
        Refused = new Set("refused" + Suffix, frontend);
        Unserved = new Set("unserved" + Suffix, frontend);
        ExternalUnserved = new Set("external-unserved" + Suffix, frontend);
        ClusterIPs = new Set("cluster-ips" + Suffix, [address]);
        BalancerIPs = new Set("balancer-ips" + Suffix, [address]);
        Restricted = new Set("restricted" + Suffix, frontend);
        Sources = new Set("sources" + Suffix, [address, FieldType.InetProtocol, FieldType.InetService, address]) { Flags = ContainerFlags.Interval };
        Hairpins = new Set("hairpins" + Suffix, [address, address]);
        OwnPods = new Set("own-pods" + Suffix, [address]) { Flags = ContainerFlags.Interval };
        ServiceRanges = new Set("service-ranges" + Suffix, [address]) { Flags = ContainerFlags.Interval };
        Untracked = new Set("untracked" + Suffix, frontend);
        StickyGroups = new Map("sticky-groups" + Suffix, frontend, [address]);
        Clients = new Map("sticky-clients" + Suffix, [address, address], [FieldType.ClassId])
        {
            Flags = ContainerFlags.Dynamic | ContainerFlags.Timeout,
            Size = options.AffinityEntries,
        };
        Saddr = Payload.Saddr(family);
        Daddr = Payload.Daddr(family);
        Frontend = Selector.Of(Daddr, Meta.L4Proto, Payload.ThDport);
        FrontendSlot = Selector.Of(Daddr, Meta.L4Proto, Payload.ThDport, Meta.Priority);
        OriginalFrontendSlot = Selector.Of(Ct.OriginalDaddr(family), Meta.L4Proto, Payload.ThDport, Meta.Priority);
        Answerer = Selector.Of(Saddr, Meta.L4Proto, Payload.ThSport);
        FrontendSource = Selector.Of(Daddr, Meta.L4Proto, Payload.ThDport, Saddr);
        Client = Selector.Of(Saddr, Daddr);
    }

    public IpFamily Family { get; }

    public string Suffix { get; }

    /// <summary>Traffic from this node and its pods, and traffic from outside that may go to any endpoint.</summary>
    public ScopeSchema Inside { get; }

    /// <summary>Traffic from outside that stays on this node.</summary>
    public ScopeSchema Local { get; }

    /// <summary>Frontends that take traffic from outside to any endpoint, masqueraded.</summary>
    public Set External { get; }

    /// <summary>Frontends of Services without any endpoint: refused.</summary>
    public Set Refused { get; }

    /// <summary>Frontends that have endpoints, but none for traffic from inside: dropped.</summary>
    public Set Unserved { get; }

    /// <summary>Frontends that have endpoints, but none for traffic from outside: dropped.</summary>
    public Set ExternalUnserved { get; }

    /// <summary>All cluster addresses: other ports are refused, and nobody outside gets an answer.</summary>
    public Set ClusterIPs { get; }

    /// <summary>All load balancer addresses: other ports are refused.</summary>
    public Set BalancerIPs { get; }

    /// <summary>Frontends with source ranges.</summary>
    public Set Restricted { get; }

    /// <summary>Who may reach those.</summary>
    public Set Sources { get; }

    /// <summary>Pods of this node, paired with themselves.</summary>
    public Set Hairpins { get; }

    /// <summary>The node's pod ranges.</summary>
    public Set OwnPods { get; }

    /// <summary>The cluster's ranges for cluster addresses.</summary>
    public Set ServiceRanges { get; }

    /// <summary>Where the node itself answers for a Service.</summary>
    public Set Untracked { get; }

    /// <summary>With affinity: frontend to the address that stands for its Service port, so that clients stay with one endpoint at all of its frontends.</summary>
    public Map StickyGroups { get; }

    /// <summary>Which endpoint, by its id, a client of a Service port has had; filled by packets.</summary>
    public Map Clients { get; }

    public Selector Saddr { get; }

    public PayloadSelector Daddr { get; }

    /// <summary>ip daddr . meta l4proto . th dport.</summary>
    public Selector Frontend { get; }

    /// <summary>The same with what stands in the priority.</summary>
    public Selector FrontendSlot { get; }

    /// <summary>The same once the header has another destination.</summary>
    public Selector OriginalFrontendSlot { get; }

    /// <summary>ip saddr . meta l4proto . th sport: the frontend that an answer comes from.</summary>
    public Selector Answerer { get; }

    /// <summary>The frontend with the source.</summary>
    public Selector FrontendSource { get; }

    /// <summary>ip saddr . ip daddr, the latter being what stands for the Service port.</summary>
    public Selector Client { get; }

    public IEnumerable<Container> Containers =>
    [
        .. Inside.Containers, .. Local.Containers, External, Refused, Unserved, ExternalUnserved, ClusterIPs, BalancerIPs, Restricted, Sources, Hairpins,
        OwnPods, ServiceRanges, Untracked, StickyGroups, Clients,
    ];
}

/// <summary>The maps that lead from a frontend to an endpoint, for one kind of traffic of one family.</summary>
internal sealed class ScopeSchema
{
    public ScopeSchema(string prefix, string suffix, FieldType address)
    {
        Seq<FieldType> frontend = [address, FieldType.InetProtocol, FieldType.InetService];
        Seq<FieldType> slot = [address, FieldType.InetProtocol, FieldType.InetService, FieldType.ClassId];
        Services = new Map($"{prefix}services{suffix}", frontend, [FieldType.ClassId]);
        Endpoints = new Map($"{prefix}endpoints{suffix}", slot, [address, FieldType.InetService]);
        StickySlots = new Map($"{prefix}sticky-slots{suffix}", slot, [FieldType.ClassId]);
        StickyEndpoints = new Map($"{prefix}sticky-endpoints{suffix}", slot, [address, FieldType.InetService]);
    }

    /// <summary>Frontend to <see cref="BalanceCode"/>.</summary>
    public Map Services { get; }

    /// <summary>Frontend and slot, 0 to count - 1, to endpoint.</summary>
    public Map Endpoints { get; }

    /// <summary>With affinity: frontend and slot to the endpoint's id, which is the same at all frontends and stays while slots move.</summary>
    public Map StickySlots { get; }

    /// <summary>With affinity: frontend and id to endpoint.</summary>
    public Map StickyEndpoints { get; }

    public IEnumerable<Container> Containers => [Services, Endpoints, StickySlots, StickyEndpoints];
}

/// <summary>The room's table.</summary>
internal sealed class ProxySchema
{
    public static readonly Table Table = new(Table.Prefix + "proxy");

    public ProxySchema(ProxyOptions options)
    {
        Options = options;
        V4 = new FamilySchema(IpFamily.V4, options);
        V6 = new FamilySchema(IpFamily.V6, options);
    }

    public ProxyOptions Options { get; }

    public FamilySchema V4 { get; }

    public FamilySchema V6 { get; }

    public IReadOnlyList<FamilySchema> Families => [V4, V6];

    /// <summary><see cref="BalanceCode"/> to the chain that balances so, for <see cref="FamilySchema.Inside"/>.</summary>
    public Map Balance { get; } = Map.OfVerdicts("balance", [FieldType.ClassId]);

    /// <summary>The same for <see cref="FamilySchema.Local"/>.</summary>
    public Map LocalBalance { get; } = Map.OfVerdicts("local-balance", [FieldType.ClassId]);

    public IEnumerable<Container> Containers => [Balance, LocalBalance, .. V4.Containers, .. V6.Containers];

    public FamilySchema Of(IpFamily family) => family == IpFamily.V4 ? V4 : V6;

    public Map BalanceOf(bool local) => local ? LocalBalance : Balance;
}
