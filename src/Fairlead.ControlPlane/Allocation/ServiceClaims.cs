using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Allocation;

/// <summary>The addresses and ports that a Service document holds.</summary>
internal sealed record ServiceClaims(IReadOnlySet<IpAddr> Addresses, IReadOnlySet<int> Ports)
{
    public static ServiceClaims None { get; } = new(new HashSet<IpAddr>(), new HashSet<int>());

    public static ServiceClaims Of(JsonObject? service)
    {
        if (service is null)
        {
            return None;
        }

        var spec = service.Object("spec");
        var addresses = new HashSet<IpAddr>();
        foreach (var text in spec.List("clusterIPs").Texts().Append(spec.Text("clusterIP")))
        {
            if (IpAddr.TryParse(text, out var address))
            {
                addresses.Add(address);
            }
        }

        var ports = spec.List("ports").Items().Select(item => item.Item.Number("nodePort")).Append(spec.Number("healthCheckNodePort"));
        return new ServiceClaims(addresses, ports.OfType<long>().Where(port => port is > 0 and <= 65535).Select(port => (int)port).ToHashSet());
    }
}
