using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>What a Service needs, by its type and policies.</summary>
internal static class ServiceTraits
{
    public static string TypeOf(JsonNode? service) => service.Text("spec", "type") ?? "ClusterIP";

    public static bool IsExternalName(JsonNode? service) => TypeOf(service) == "ExternalName";

    public static bool IsLoadBalancer(JsonNode? service) => TypeOf(service) == "LoadBalancer";

    public static bool IsHeadless(JsonNode? service) =>
        !IsExternalName(service) && (service.Text("spec", "clusterIP") == "None" || service.List("spec", "clusterIPs").Texts().FirstOrDefault() == "None");

    public static bool NeedsClusterIP(JsonNode? service) => !IsExternalName(service);

    /// <summary>True when ports without a node port get one.</summary>
    public static bool NeedsNodePorts(JsonNode? service) =>
        TypeOf(service) == "NodePort" || (IsLoadBalancer(service) && service.Flag("spec", "allocateLoadBalancerNodePorts") != false);

    /// <summary>True when ports may have a node port that was asked for.</summary>
    public static bool MayHaveNodePorts(JsonNode? service) => TypeOf(service) is "NodePort" or "LoadBalancer";

    public static bool NeedsHealthPort(JsonNode? service) => IsLoadBalancer(service) && service.Text("spec", "externalTrafficPolicy") == "Local";

    /// <summary>True when traffic from outside can arrive, so that externalTrafficPolicy means something.</summary>
    public static bool IsExternallyAccessible(JsonNode? service) =>
        TypeOf(service) is "LoadBalancer" or "NodePort" || (TypeOf(service) == "ClusterIP" && service.List("spec", "externalIPs") is { Count: > 0 });
}
