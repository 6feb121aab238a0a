using Fairlead.Cluster.Endpoints;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Ingress.Translate;

/// <summary>What is known of a backend, and what an Ingress that names it is told; null: nothing.</summary>
internal readonly record struct ResolvedBackend(BackendState State, IngressFinding? Problem);

/// <summary>From a Service and its slices to where requests may go, by the same rules as the Service's own traffic. Pure.</summary>
/// <param name="Node">The node that requests start from; empty: none. Then hints and internalTrafficPolicy have nothing to be seen from and do not count.</param>
/// <param name="Zone">Its zone; empty: none.</param>
internal sealed record BackendResolver(string Node, string Zone)
{
    public ResolvedBackend Resolve(BackendKey key, ServiceRow? service, IReadOnlyCollection<EndpointSliceRow> slices)
    {
        var name = RuleText.Shown($"{key.Service}");
        if (service is null)
        {
            return key.Service.Name.Length == 0 || key.Service.Name.Contains('/', StringComparison.Ordinal)
                ? Missing("BackendMissing", $"{(key.Service.Name.Length == 0 ? "a backend without a name" : RuleText.Shown(key.Service.Name))} is no Service: nothing else is served")
                : Missing("BackendMissing", $"Service {name} does not exist");
        }

        if (service.Type == ServiceType.ExternalName)
        {
            return Missing("BackendMissing", $"Service {name} is an ExternalName: only Services with endpoints are served");
        }

        if (PortOf(service, key.Port) is not { Protocol: IpProtocol.Tcp } port)
        {
            return Missing("PortMissing", PortOf(service, key.Port) is { } other
                ? $"port {RuleText.Shown(key.Port)} of Service {name} is {other.Protocol.ToString().ToUpperInvariant()}: HTTP goes over TCP alone"
                : $"Service {name} has no port {RuleText.Shown(key.Port)}; it has {PortsText(service)}");
        }

        var endpoints = Endpoints(service, port, slices);
        return new ResolvedBackend(new BackendState(endpoints, port.AppProtocol, endpoints.Count > 0 ? "" : $"Service {name} has no endpoint for port {RuleText.Shown(key.Port)} that is ready{Where(service)}"), null);
    }

    /// <summary>The port of a Service by its name or its number in digits, one of TCP before any other; null: it has none.</summary>
    public static ServicePort? PortOf(ServiceRow service, string port) =>
        service.Ports.Where(own => own.Name == port || $"{own.Port}" == port).OrderBy(own => own.Protocol != IpProtocol.Tcp).FirstOrDefault();

    private ValueArray<BackendEndpoint> Endpoints(ServiceRow service, ServicePort port, IReadOnlyCollection<EndpointSliceRow> slices)
    {
        var ordered = slices.OrderBy(slice => slice.Key).ToList();

        // A pod has an address of each of the Service's families: one is enough to reach it, the Service's first where that has any.
        foreach (var family in service.ClusterIPs.Select(address => address.Family).Concat(IpFamily.All).Distinct())
        {
            var candidates = EndpointSelection.Candidates(ordered, family, port);
            var (_, chosen) = IsLocal(service) ? EndpointSelection.OfNode(candidates, Node) : EndpointSelection.OfCluster(candidates, Node, Zone);
            if (chosen.Count > 0)
            {
                return chosen.OrderBy(endpoint => endpoint.Address).ThenBy(endpoint => endpoint.Port)
                    .Select(endpoint => new BackendEndpoint(endpoint.Address, endpoint.Port, endpoint.Source.Pod)).ToValueArray();
            }
        }

        return default;
    }

    /// <summary>Only endpoints on the node are asked.</summary>
    public bool IsLocal(ServiceRow service) => service.InternalLocal && Node.Length > 0;

    private string Where(ServiceRow service) => IsLocal(service) ? $" on node {Node} (internalTrafficPolicy: Local)" : "";

    private static string PortsText(ServiceRow service) => service.Ports.Count == 0
        ? "none"
        : string.Join(", ", service.Ports.Select(port => port.Name.Length > 0 ? $"{port.Port} ({RuleText.Shown(port.Name)})" : $"{port.Port}"));

    private static ResolvedBackend Missing(string reason, string message) =>
        new(new BackendState(default, "", message), new IngressFinding(reason, $"{message}: requests are answered 503"));
}
