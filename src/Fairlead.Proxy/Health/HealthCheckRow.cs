namespace Fairlead.Proxy.Health;

/// <summary>
/// What an external load balancer asks this node about one Service (KEP-3836): whether it has endpoints here. Only a Service of type LoadBalancer with
/// externalTrafficPolicy Local has one.
/// </summary>
/// <param name="Port">spec.healthCheckNodePort, 1 to 65535.</param>
/// <param name="LocalEndpoints">Ready endpoints on this node, each address once; those that only still serve while they terminate do not count.</param>
public sealed record HealthCheckRow(ushort Port, int LocalEndpoints);
