using Fairlead.Proxy.Frontends;
using Fairlead.Proxy.Nftables;

namespace Fairlead.Proxy.Compile;

/// <summary>What of a Service is not served, in words for its author. Pure.</summary>
internal static class ServiceWarnings
{
    public static IEnumerable<string> Of(
        ServiceRow service, IEnumerable<EndpointSliceRow> slices, IEnumerable<Frontend> frontends, NodeView node, ProxyOptions options)
    {
        foreach (var address in slices.SelectMany(slice => slice.ForbiddenAddresses).Distinct())
        {
            yield return $"endpoint {address} is left out: loopback, link-local, multicast and unspecified addresses are no endpoints";
        }

        foreach (var address in service.LoadBalancerIPs.Where(address => address.IsSpecial))
        {
            yield return $"status.loadBalancer {address} is not served: it is loopback, link-local, multicast or unspecified";
        }

        foreach (var fault in service.ExternalIPs.Select(address => OfExternalIP(address, node, options)).OfType<string>())
        {
            yield return fault;
        }

        if (frontends.Any(frontend => frontend.Endpoints.Count > BalanceCode.MaxCount || frontend.LocalEndpoints.Count > BalanceCode.MaxCount))
        {
            yield return $"only {BalanceCode.MaxCount} endpoints of a port are used";
        }
    }

    /// <summary>Why it is not served; null when it is.</summary>
    public static string? OfExternalIP(IpAddr address, NodeView node, ProxyOptions options)
    {
        var why = address.IsSpecial ? "it is loopback, link-local, multicast or unspecified"
            : node.ServiceRanges.Any(range => range.Contains(address)) ? "it is in the range of the Services' own addresses"
            : options.ExternalIPRanges.Count == 0 ? "external addresses are off, since whoever may write a Service could take anybody's (CVE-2020-8554)"
            : options.ExternalIPRanges.Any(range => range.Contains(address)) ? null
            : "it is in none of the ranges that external addresses may be taken from";
        return why is null ? null : $"spec.externalIPs {address} is not served: {why}";
    }

    public static string OfLostClaim(Frontend frontend, Frontend winner) => $"{frontend.Key} is not served: {winner.Service} has it";
}
