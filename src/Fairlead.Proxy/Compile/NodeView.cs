using Fairlead.Cluster.Endpoints;
using Fairlead.Proxy.Frontends;

namespace Fairlead.Proxy.Compile;

/// <summary>What the plan depends on of the node it is for. A change of anything else of the node changes no plan.</summary>
internal sealed record NodeView(string Name, string Zone, ValueArray<IpAddr> InternalIPs, ValueArray<IpNet> PodCIDRs)
{
    /// <summary>The addresses node ports are served at.</summary>
    public ValueArray<IpAddr> NodePortIPs { get; init; } = InternalIPs;

    /// <summary>The ranges ClusterIPs are taken from, those within others left out.</summary>
    public ValueArray<IpNet> ServiceRanges { get; init; }

    /// <summary>Where the node itself answers for a Service, as for the cluster's DNS: nothing is translated there, and nothing need be remembered of it.</summary>
    public ValueArray<FrontendKey> Untracked { get; init; }

    /// <summary>A chosen endpoint as this node sees it.</summary>
    public Endpoint Endpoint(EndpointCandidate candidate) =>
        new(candidate.Address, candidate.Port, candidate.Source.NodeName == Name && !InternalIPs.AsSpan().Contains(candidate.Address));

    /// <param name="node">The node.</param>
    /// <param name="options">What the room is told.</param>
    /// <param name="addresses">The addresses of the node's links.</param>
    /// <param name="ranges">The cluster's ServiceCIDRs.</param>
    public static NodeView Of(NodeRow node, ProxyOptions options, IEnumerable<IpAddr> addresses, IEnumerable<ServiceCidrRow> ranges)
    {
        var services = ServiceCompiler.Disjoint([.. options.ServiceRanges, .. ranges.SelectMany(row => row.Ranges)]);
        return new NodeView(node.Name, node.Zone, node.InternalIPs, node.PodCIDRs)
        {
            NodePortIPs = options.NodePortRanges.Count == 0 ? node.InternalIPs : NodePortAddresses(options.NodePortRanges, addresses, services),
            ServiceRanges = services,
        };
    }

    /// <summary>
    /// As kube-proxy, a family that no range is of has all its addresses served. An address of the Services' own ranges that a link has, as the cluster's DNS
    /// address, is a Service's and not the node's.
    /// </summary>
    private static ValueArray<IpAddr> NodePortAddresses(ValueArray<IpNet> ranges, IEnumerable<IpAddr> addresses, ValueArray<IpNet> services) =>
        addresses.Where(address => !address.IsSpecial && !services.Any(range => range.Contains(address))
            && (ranges.Any(range => range.Contains(address)) || !ranges.Any(range => range.Address.Family == address.Family))).Order().ToValueArray();
}
