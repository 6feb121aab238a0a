using System.Globalization;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers.Endpoints;

/// <summary>What a pod offers a Service: which ports, at which address. Pure.</summary>
internal static class PodEndpoints
{
    /// <summary>
    /// The ports of <paramref name="service"/> on <paramref name="pod"/>. A named targetPort is the pod's container port of that name and protocol;
    /// a pod without it lacks that port only.
    /// </summary>
    public static ValueArray<SlicePort> Ports(ServiceInfo service, PodInfo pod)
    {
        var ports = new List<SlicePort>(service.Ports.Count);
        foreach (var port in service.Ports)
        {
            var number = int.TryParse(port.Target, NumberStyles.None, CultureInfo.InvariantCulture, out var target)
                ? target
                : pod.NamedPorts.FirstOrDefault(named => named.Name == port.Target && named.Protocol == port.Protocol)?.Port;
            if (number is { } resolved)
            {
                ports.Add(new SlicePort(port.Name, port.Protocol, resolved, port.AppProtocol));
            }
        }

        return ports.ToValueArray();
    }

    /// <summary>The pod's address of <paramref name="family"/>; none while it has no such address.</summary>
    public static IpAddr Address(PodInfo pod, IpFamily family) => pod.IPs.FirstOrDefault(address => address.Family == family);

    /// <summary>The pod's hostname under the Service's name, when it asks for one (spec.hostname and spec.subdomain); otherwise empty.</summary>
    public static string Hostname(ServiceInfo service, PodInfo pod) => pod.Subdomain == service.Meta.Key.Name ? pod.Hostname : "";

    /// <summary>The last moment at which a pod's readiness or the Service itself changed: what caused the endpoints of now.</summary>
    public static DateTimeOffset TriggerTime(ServiceInfo service, IEnumerable<PodInfo> pods) =>
        pods.Select(pod => pod.ReadyChanged ?? pod.Meta.Created).Append(service.Meta.Created).Max();
}
