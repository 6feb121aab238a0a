using System.Text.Json.Nodes;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>What a Service asks for that has no effect, or will not for long.</summary>
internal static class ServiceWarnings
{
    public static IEnumerable<string> Of(JsonObject service)
    {
        var spec = service.Object("spec");
        if (!string.IsNullOrEmpty(spec.Text("loadBalancerIP")))
        {
            yield return "spec.loadBalancerIP is deprecated since v1.24 and only a wish; the load balancer may give another address";
        }

        if (spec.List("externalIPs") is { Count: > 0 })
        {
            yield return "spec.externalIPs is deprecated since v1.36; a node serves only those in the ranges of its --external-ip-range, none unless given (CVE-2020-8554)";
        }

        if (spec.Text("trafficDistribution") == "PreferClose")
        {
            yield return "spec.trafficDistribution: PreferClose is deprecated since v1.35; use PreferSameZone, which means the same";
        }

        if (!string.IsNullOrEmpty(spec.Text("externalName")) && !ServiceTraits.IsExternalName(service))
        {
            yield return "spec.externalName is ignored when spec.type is not \"ExternalName\"";
        }

        if (ServiceTraits.IsHeadless(service) && spec.Text("sessionAffinity") == "ClientIP")
        {
            yield return "spec.sessionAffinity is ignored when spec.clusterIP is \"None\"";
        }

        if (ServiceTraits.IsHeadless(service) && spec.List("externalIPs") is { Count: > 0 })
        {
            yield return "spec.externalIPs is ignored when spec.clusterIP is \"None\"";
        }

        if (ServiceTraits.IsHeadless(service) && !string.IsNullOrEmpty(spec.Text("loadBalancerIP")))
        {
            yield return "spec.loadBalancerIP is ignored when spec.clusterIP is \"None\"";
        }

        foreach (var warning in Texts(spec).Select(text => Canonical(text.Text, text.Field)).OfType<string>())
        {
            yield return warning;
        }

        if (service.Text("metadata", "annotations", "service.kubernetes.io/topology-aware-hints") is not null)
        {
            yield return "annotation service.kubernetes.io/topology-aware-hints is deprecated; use service.kubernetes.io/topology-mode";
        }
    }

    private static IEnumerable<(string Text, FieldPath Field)> Texts(JsonObject? spec)
    {
        foreach (var name in (string[])["clusterIPs", "externalIPs", "loadBalancerSourceRanges"])
        {
            foreach (var (text, index) in spec.List(name).Texts().Select((text, index) => (text, index)))
            {
                yield return (text, FieldPath.Spec.Child(name).Index(index));
            }
        }

        yield return (spec.Text("loadBalancerIP") ?? "", FieldPath.Spec.Child("loadBalancerIP"));
    }

    /// <summary>IPv6 has many texts for one address; clients that compare texts change them for ever (RFC 5952).</summary>
    private static string? Canonical(string text, FieldPath field)
    {
        text = text.Trim();
        var isRange = text.Contains('/', StringComparison.Ordinal);
        var canonical = isRange ? IpNet.TryParse(text, out var range) ? range.ToString() : null : IpAddr.TryParse(text, out var address) ? address.ToString() : null;
        return canonical is null || canonical == text || !text.Contains(':', StringComparison.Ordinal)
            ? null
            : $"{field.Text}: IPv6 {(isRange ? "CIDR value" : "address")} \"{text}\" should be in RFC 5952 canonical format (\"{canonical}\")";
    }
}
