using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The values a Service takes where its document says none (features.md §1.1, row 1).</summary>
internal static class ServiceDefaults
{
    private const int AffinitySeconds = 10800;

    public static void Apply(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        spec.FillText("type", "ClusterIP");
        ApplyAffinity(spec);
        foreach (var (_, port) in spec.List("ports").Items())
        {
            port.FillText("protocol", "TCP");
            if (port.At("targetPort") is null || port.Number("targetPort") == 0 || port.Text("targetPort") == "")
            {
                port["targetPort"] = (int)(port.Number("port") ?? 0);
            }
        }

        if (ServiceTraits.IsExternallyAccessible(obj))
        {
            spec.FillText("externalTrafficPolicy", "Cluster");
        }

        if (!ServiceTraits.IsExternalName(obj))
        {
            spec.FillText("internalTrafficPolicy", "Cluster");
        }

        if (ServiceTraits.IsLoadBalancer(obj))
        {
            spec.Fill("allocateLoadBalancerNodePorts", true);
            foreach (var (_, ingress) in obj.List("status", "loadBalancer", "ingress").Items())
            {
                if (!string.IsNullOrEmpty(ingress.Text("ip")))
                {
                    ingress.Fill("ipMode", "VIP");
                }
            }
        }
    }

    private static void ApplyAffinity(JsonObject spec)
    {
        spec.FillText("sessionAffinity", "None");
        if (spec.Text("sessionAffinity") == "None")
        {
            spec.Remove("sessionAffinityConfig");
        }
        else if (spec.Text("sessionAffinity") == "ClientIP")
        {
            spec.Ensure("sessionAffinityConfig").Ensure("clientIP").Fill("timeoutSeconds", AffinitySeconds);
        }
    }
}
