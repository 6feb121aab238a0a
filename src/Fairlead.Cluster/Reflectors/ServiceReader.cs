using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cluster.Reflectors;

/// <summary>Service documents to rows.</summary>
internal static class ServiceReader
{
    private const int DefaultAffinitySeconds = 10800;
    private const string SourceRangesAnnotation = "service.beta.kubernetes.io/load-balancer-source-ranges";

    public static ServiceRow Read(JsonObject document)
    {
        var spec = document.Object("spec");
        var type = spec.Text("type") switch
        {
            "NodePort" => ServiceType.NodePort,
            "LoadBalancer" => ServiceType.LoadBalancer,
            "ExternalName" => ServiceType.ExternalName,
            _ => ServiceType.ClusterIP,
        };
        var externalIPs = type == ServiceType.ExternalName ? default : Fields.Addresses(spec.Texts("externalIPs")).ToValueArray();
        var external = type is ServiceType.NodePort or ServiceType.LoadBalancer || externalIPs.Count > 0;
        return new ServiceRow
        {
            Key = document.Key(),
            Uid = document.Text("metadata", "uid"),
            Labels = document.Labels("metadata", "labels"),
            Type = type,
            IsHeadless = type != ServiceType.ExternalName && spec.Text("clusterIP") == "None",
            ClusterIPs = ClusterIPs(spec, type),
            ExternalName = type == ServiceType.ExternalName ? spec.Text("externalName").TrimEnd('.') : "",
            Ports = spec.Objects("ports").Select(Port).OfType<ServicePort>().ToValueArray(),
            Selector = spec.Object("selector") is { Count: > 0 } ? spec.Labels("selector") : null,
            AffinitySeconds = spec.Text("sessionAffinity") == "ClientIP" ? Affinity(spec) : 0,
            InternalLocal = spec.Text("internalTrafficPolicy") == "Local",
            ExternalLocal = external && spec.Text("externalTrafficPolicy") == "Local",
            LoadBalancerIPs = type == ServiceType.LoadBalancer ? LoadBalancerIPs(document) : default,
            ExternalIPs = externalIPs,
            AnsweredBy = type == ServiceType.LoadBalancer ? document.Text("metadata", "annotations", ServiceRow.AnsweredByAnnotation) : "",
            SourceRanges = type == ServiceType.LoadBalancer ? SourceRanges(document, spec) : default,
            LoadBalancerClass = spec.Text("loadBalancerClass"),
            HealthCheckNodePort = spec.Port("healthCheckNodePort"),
            PublishNotReadyAddresses = spec.Flag("publishNotReadyAddresses"),
        };
    }

    private static ValueArray<IpAddr> ClusterIPs(JsonObject? spec, ServiceType type)
    {
        if (type == ServiceType.ExternalName)
        {
            return default;
        }

        var several = Fields.Addresses(spec.Texts("clusterIPs")).ToValueArray();
        return several.Count > 0 ? several : Fields.Addresses([spec.Text("clusterIP")]).ToValueArray();
    }

    private static ValueArray<IpAddr> LoadBalancerIPs(JsonObject document) => Fields.Addresses(document.Objects("status", "loadBalancer", "ingress")
        .Where(ingress => ingress.Text("ipMode") is "" or "VIP")
        .Select(ingress => ingress.Text("ip"))).ToValueArray();

    /// <summary>The field; where it says nothing, the annotation that came before it.</summary>
    private static ValueArray<IpNet> SourceRanges(JsonObject document, JsonObject? spec)
    {
        var ranges = spec.Texts("loadBalancerSourceRanges");
        return Fields.Networks(ranges.Count > 0 ? ranges : document.Text("metadata", "annotations", SourceRangesAnnotation).Split(',')).ToValueArray();
    }

    private static int Affinity(JsonObject? spec) =>
        spec.Number(0, "sessionAffinityConfig", "clientIP", "timeoutSeconds") is var seconds and > 0 ? seconds : DefaultAffinitySeconds;

    private static ServicePort? Port(JsonObject port)
    {
        var number = port.Port("port");
        if (number == 0)
        {
            return null;
        }

        return new ServicePort(
            port.Text("name"), port.Protocol("protocol"), number, port.Port("nodePort"), port.IntOrText("targetPort"), port.Text("appProtocol"));
    }
}
