using System.Globalization;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Proxy.Frontends;

namespace Fairlead.Explain.Reach;

/// <summary>What is said of a Service's ports.</summary>
internal static class ServicePorts
{
    /// <summary>The step at which a Service accepts a connection.</summary>
    public static ReachStep Accepts(ServiceRow service, ServicePort port, Frontend frontend) => new(
        "service", StepVerdict.Ok, $"Service {service.Key}",
        $"Service {service.Key} accepts at {frontend.Key} ({Kind(frontend.Kind)}), port {Text(port)}, and leads to targetPort {(port.TargetPort.Length > 0 ? port.TargetPort : $"{port.Port}")}");

    /// <summary>That a Service has no such port, which it has, and which of them was probably meant.</summary>
    public static string NoSuchPort(ServiceRow service, IpProtocol protocol, ushort number)
    {
        var has = service.Ports.Count == 0 ? "it has none" : $"it has {string.Join(", ", service.Ports.Select(Text))}";
        var meant = service.Ports.FirstOrDefault(port => port.Protocol == protocol && port.TargetPort == number.ToString(CultureInfo.InvariantCulture));
        return $"Service {service.Key} has no port {number}/{protocol.Text()}: {has}"
            + (meant is null ? "" : string.Create(CultureInfo.InvariantCulture, $"; {number} is the targetPort of port {meant.Port}: that is the one to call"))
            + (service.Ports.Any(port => port.Port == number && port.Protocol != protocol) ? "; the protocol is another" : "");
    }

    /// <summary><c>80/TCP (http)</c>.</summary>
    public static string Text(ServicePort port) =>
        string.Create(CultureInfo.InvariantCulture, $"{port.Port}/{port.Protocol.Text()}{(port.Name.Length > 0 ? $" ({port.Name})" : "")}");

    private static string Kind(FrontendKind kind) => kind switch
    {
        FrontendKind.ClusterIP => "cluster address",
        FrontendKind.NodePort => "node port",
        FrontendKind.LoadBalancer => "load balancer address",
        _ => "external address",
    };
}
