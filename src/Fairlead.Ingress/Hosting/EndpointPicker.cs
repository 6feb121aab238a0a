using Fairlead.Ingress.Translate;

namespace Fairlead.Ingress.Hosting;

/// <summary>Chooses the endpoint of a request: each in turn, those that failed of late passed over.</summary>
internal static class EndpointPicker
{
    /// <summary>The next endpoint; null when there is none, or none that was not tried.</summary>
    /// <param name="backend">Whose turn it is counted by.</param>
    /// <param name="endpoints">Its endpoints, taken once for the request.</param>
    /// <param name="health">Which failed of late.</param>
    /// <param name="tried">Those that this request was sent to already; null: none.</param>
    public static BackendEndpoint? Next(Backend backend, ReadOnlySpan<BackendEndpoint> endpoints, EndpointHealth health, List<BackendEndpoint>? tried)
    {
        if (endpoints.IsEmpty)
        {
            return null;
        }

        BackendEndpoint? unhealthy = null;
        var turn = backend.Turn();
        for (var i = 0; i < endpoints.Length; i++)
        {
            var endpoint = endpoints[(int)((turn + (uint)i) % (uint)endpoints.Length)];
            if (tried is not null && tried.Contains(endpoint))
            {
                continue;
            }

            if (health.IsHealthy(endpoint))
            {
                return endpoint;
            }

            unhealthy ??= endpoint;
        }

        return unhealthy;
    }
}
