using System.Net;

namespace Fairlead.ControlPlane.Bootstrap;

/// <summary>The names and addresses under which clients reach the API server: what its certificate is for.</summary>
internal static class ServerNames
{
    public static IEnumerable<string> Of(ControlPlaneOptions options) =>
    [
        "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", $"kubernetes.default.svc.{options.ClusterDomain}",
    ];

    public static IEnumerable<IPAddress> Addresses(ControlPlaneOptions options)
    {
        var all = options.Listen.Select(endpoint => endpoint.Address).Concat([IPAddress.Loopback, IPAddress.IPv6Loopback]);
        if (options.Advertise is { } advertised)
        {
            all = all.Append(advertised.Address);
        }

        return all.Concat(options.ServiceRanges.Select(range => range.At((UInt128)ClusterObjects.KubernetesOffset).ToIPAddress())).Distinct();
    }
}
