using Fairlead.Proxy.Compile;

namespace Fairlead.Proxy.Health;

/// <summary>From one Service, its slices and the node to what its health check node port answers. Pure.</summary>
internal static class HealthCheckCompiler
{
    /// <summary>Null: the Service has no such port, or is another proxy's.</summary>
    public static HealthCheckRow? Compile(ServiceRow service, IEnumerable<EndpointSliceRow> slices, NodeView node)
    {
        if (service.HealthCheckNodePort == 0 || service.Type != ServiceType.LoadBalancer || !service.ExternalLocal || service.LeftToOtherProxy)
        {
            return null;
        }

        var ready = slices.SelectMany(slice => slice.Endpoints).Where(endpoint => endpoint.Ready && endpoint.NodeName == node.Name);
        return new HealthCheckRow(service.HealthCheckNodePort, ready.Select(endpoint => endpoint.Address).Distinct().Count());
    }
}
