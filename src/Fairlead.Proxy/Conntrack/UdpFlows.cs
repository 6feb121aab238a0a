using Fairlead.Linux.Conntrack;
using Fairlead.Proxy.Frontends;

namespace Fairlead.Proxy.Conntrack;

/// <summary>
/// UDP has no end of connection: a client that keeps sending keeps its flow, and the flow keeps its endpoint, gone or not. So the flows of a changed frontend
/// that lead to none of its endpoints are deleted, also when it has none left (kubernetes/kubernetes#139628).
/// </summary>
internal static class UdpFlows
{
    /// <summary>Frontends by what may serve them; null: the frontend is gone.</summary>
    /// <returns>Whether a flow is to be deleted.</returns>
    public static Func<ConntrackFlow, bool> Stale(IReadOnlyDictionary<FrontendKey, Frontend?> frontends)
    {
        var serving = frontends.Where(pair => pair.Key.Protocol == IpProtocol.Udp).ToDictionary(
            pair => pair.Key,
            pair => pair.Value is { } frontend
                ? frontend.Endpoints.Concat(frontend.LocalEndpoints).Select(endpoint => (endpoint.Address, endpoint.Port)).ToHashSet()
                : null);
        return flow =>
        {
            if (flow.Protocol != IpProtocol.Udp
                || !serving.TryGetValue(new FrontendKey(flow.Original.Destination, IpProtocol.Udp, flow.Original.DestinationPort), out var endpoints))
            {
                return false;
            }

            // Where there is no frontend any more, the address may be the node's own, with a process of its own behind the port.
            return endpoints is null
                ? (flow.Status & ConntrackFlow.StatusDestinationNat) != 0
                : !endpoints.Contains((flow.Reply.Source, flow.Reply.SourcePort));
        };
    }
}
