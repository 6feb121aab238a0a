using System.Runtime.InteropServices;
using Fairlead.Cluster.Endpoints;
using Fairlead.Proxy.Frontends;

namespace Fairlead.Proxy.Compile;

/// <summary>What one Service asks for.</summary>
/// <param name="Frontends">The frontends it claims.</param>
/// <param name="Warnings">What of it is not served, and why.</param>
internal readonly record struct CompiledService(ValueArray<Frontend> Frontends, ValueArray<string> Warnings);

/// <summary>Endpoints chosen for one port of a Service in one family.</summary>
/// <param name="Cluster">From the whole cluster, by topology.</param>
/// <param name="Local">From this node.</param>
/// <param name="Any">There is a usable one somewhere.</param>
internal sealed record SelectedEndpoints(ValueArray<Endpoint> Cluster, ValueArray<Endpoint> Local, bool Any);

/// <summary>From one Service, its slices and the node to frontends. Pure: the same rows give the same frontends.</summary>
internal static class ServiceCompiler
{
    public static CompiledService Compile(ServiceRow service, IReadOnlyCollection<EndpointSliceRow> slices, NodeView node, ProxyOptions options)
    {
        if (LeftAlone(service, options).Length > 0)
        {
            return default;
        }

        var frontends = new List<Frontend>();
        var ordered = slices.OrderBy(slice => slice.Key).ToList();
        foreach (var family in IpFamily.All.Where(family => service.ClusterIPs.Any(address => address.Family == family)))
        {
            foreach (var port in service.Ports)
            {
                var selected = Select(EndpointSelection.Candidates(ordered, family, port), node);
                Add(frontends, service, port, family, node, selected, options);
            }
        }

        return new CompiledService(frontends.ToValueArray(), ServiceWarnings.Of(service, ordered, frontends, node, options).ToValueArray());
    }

    /// <summary>Why a Service has no frontends of ours; empty when it has.</summary>
    public static string LeftAlone(ServiceRow service, ProxyOptions options) =>
        service.LeftToOtherProxy ? "its label leaves it to another proxy"
        : service.IsHeadless ? "headless: DNS names its endpoints"
        : service.Type == ServiceType.ExternalName ? "ExternalName: DNS answers with the name"
        : options.ServedByNode.Contains(service.Key) ? "the node itself answers at its address"
        : "";

    private static void Add(
        List<Frontend> frontends, ServiceRow service, ServicePort port, IpFamily family, NodeView node, SelectedEndpoints selected,
        ProxyOptions options)
    {
        var outside = service.ExternalLocal ? OutsidePolicy.Local : OutsidePolicy.Cluster;
        var common = new Frontend
        {
            Key = default,
            Service = service.Key,
            PortName = port.Name,
            HasEndpoints = selected.Any,
            AffinitySeconds = service.AffinitySeconds,
            Endpoints = selected.Cluster,
        };
        foreach (var address in service.ClusterIPs.Where(address => address.Family == family))
        {
            frontends.Add(common with
            {
                Key = new FrontendKey(address, port.Protocol, port.Port),
                Endpoints = service.InternalLocal ? selected.Local : selected.Cluster,
            });
        }

        var external = common with { Outside = outside, LocalEndpoints = service.ExternalLocal ? selected.Local : default };
        if (service.Type is ServiceType.NodePort or ServiceType.LoadBalancer && port.NodePort != 0)
        {
            frontends.AddRange(Usable(node.NodePortIPs, family)
                .Select(address => external with { Key = new FrontendKey(address, port.Protocol, port.NodePort), Kind = FrontendKind.NodePort }));
        }

        if (service.Type == ServiceType.LoadBalancer)
        {
            frontends.AddRange(Usable(service.LoadBalancerIPs, family).Select(address => external with
            {
                Key = new FrontendKey(address, port.Protocol, port.Port),
                Kind = FrontendKind.LoadBalancer,

                // Ranges of the other family only still say that not everybody is let in.
                IsRestricted = service.SourceRanges.Count > 0,
                SourceRanges = SourceRanges(service, address, node),
            }));
        }

        frontends.AddRange(Usable(service.ExternalIPs, family).Where(address => ServiceWarnings.OfExternalIP(address, node, options) is null)
            .Select(address => external with { Key = new FrontendKey(address, port.Protocol, port.Port), Kind = FrontendKind.ExternalIP }));
    }

    /// <summary>Of one family, and none that traffic of the node's own must not be taken from.</summary>
    private static IEnumerable<IpAddr> Usable(ValueArray<IpAddr> addresses, IpFamily family) =>
        addresses.Where(address => address.Family == family && !address.IsSpecial);

    /// <summary>
    /// Where the node itself is let in and holds the address too, as some load balancers have it, what the node sends there bears that address as its source.
    /// </summary>
    private static ValueArray<IpNet> SourceRanges(ServiceRow service, IpAddr address, NodeView node)
    {
        var ranges = service.SourceRanges.Where(range => range.Address.Family == address.Family).ToList();
        return Disjoint(node.InternalIPs.Any(own => ranges.Exists(range => range.Contains(own))) ? ranges.Append(IpNet.Single(address)) : ranges);
    }

    private static SelectedEndpoints Select(IReadOnlyCollection<EndpointCandidate> candidates, NodeView node)
    {
        var (_, cluster) = EndpointSelection.OfCluster(candidates, node.Name, node.Zone);
        var (_, local) = EndpointSelection.OfNode(candidates, node.Name);
        return new SelectedEndpoints(Sorted(cluster, node), Sorted(local, node), cluster.Count > 0);
    }

    private static ValueArray<Endpoint> Sorted(List<EndpointCandidate> candidates, NodeView node)
    {
        var endpoints = new Endpoint[candidates.Count];
        for (var i = 0; i < endpoints.Length; i++)
        {
            endpoints[i] = node.Endpoint(candidates[i]);
        }

        Array.Sort(endpoints);
        return new ValueArray<Endpoint>(ImmutableCollectionsMarshal.AsImmutableArray(endpoints));
    }

    /// <summary>Ranges within others left out: the kernel's set of ranges takes no overlap.</summary>
    internal static ValueArray<IpNet> Disjoint(IEnumerable<IpNet> ranges)
    {
        var kept = new List<IpNet>();
        foreach (var range in ranges.OrderBy(range => range.Prefix).ThenBy(range => range))
        {
            if (!kept.Exists(wider => wider.Contains(range)))
            {
                kept.Add(range);
            }
        }

        return kept.Order().ToValueArray();
    }
}
