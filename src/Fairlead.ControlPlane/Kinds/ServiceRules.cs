using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation of a Service but for its addresses (features.md §1.1).</summary>
internal static class ServiceRules
{
    private const int MostAffinitySeconds = 86400;
    private const int KubeletPort = 10250;
    private const string OnlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'";
    private const string SourceRangesAnnotation = "service.beta.kubernetes.io/load-balancer-source-ranges";

    private static readonly string[] Types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

    public static void Validate(JsonObject service, JsonObject? old, FieldErrors errors)
    {
        var spec = service.Object("spec");
        var type = ServiceTraits.TypeOf(service);
        if (!Types.Contains(type))
        {
            errors.NotSupported(FieldPath.Spec.Child("type"), type, Types);
        }

        ServicePortRules.Validate(service, errors);
        MetadataRules.Labels(spec.Object("selector"), FieldPath.Spec.Child("selector"), errors);
        ValidateAffinity(spec, errors);
        var stored = old.List("spec", "externalIPs").Texts().ToArray();
        foreach (var (address, index) in spec.List("externalIPs").Texts().Select((text, index) => (text, index)))
        {
            AddressRules.Destination(address, FieldPath.Spec.Child("externalIPs").Index(index), errors, stored);
        }

        if (type == "ExternalName")
        {
            ValidateExternalName(spec, errors);
        }

        ValidateLoadBalancer(service, spec, old, errors);
        ValidateTrafficPolicies(service, spec, errors);
    }

    public static void ValidateUpdate(JsonObject service, JsonObject old, FieldErrors errors)
    {
        if (ServiceTraits.IsLoadBalancer(service) && ServiceTraits.IsLoadBalancer(old))
        {
            var value = service.At("spec", "loadBalancerClass");
            if (!Doc.Same(value, old.At("spec", "loadBalancerClass")))
            {
                errors.Invalid(FieldPath.Spec.Child("loadBalancerClass"), value, "may not change once set");
            }
        }

        if (ServiceTraits.NeedsHealthPort(service) && ServiceTraits.NeedsHealthPort(old)
            && service.Number("spec", "healthCheckNodePort") != old.Number("spec", "healthCheckNodePort"))
        {
            errors.Invalid(FieldPath.Spec.Child("healthCheckNodePort"), service.At("spec", "healthCheckNodePort"), Rules.Immutable);
        }
    }

    private static void ValidateAffinity(JsonObject? spec, FieldErrors errors)
    {
        var affinity = spec.Text("sessionAffinity");
        if (affinity is not ("None" or "ClientIP"))
        {
            errors.NotSupported(FieldPath.Spec.Child("sessionAffinity"), affinity ?? "", "ClientIP", "None");
        }

        var seconds = spec.Number("sessionAffinityConfig", "clientIP", "timeoutSeconds");
        if (affinity == "ClientIP" && seconds is not (> 0 and <= MostAffinitySeconds))
        {
            var field = FieldPath.Spec.Child("sessionAffinityConfig").Child("clientIP").Child("timeoutSeconds");
            errors.Invalid(field, seconds, $"must be greater than 0 and less than {MostAffinitySeconds}");
        }
    }

    private static void ValidateExternalName(JsonObject? spec, FieldErrors errors)
    {
        var field = FieldPath.Spec.Child("externalName");
        var name = spec.Text("externalName") ?? "";
        var bare = name.EndsWith('.') ? name[..^1] : name;
        if (bare.Length == 0)
        {
            errors.Required(field);
        }
        else if (Names.DnsSubdomain(bare) is { } fault)
        {
            errors.Invalid(field, name, fault);
        }
    }

    private static void ValidateLoadBalancer(JsonObject service, JsonObject? spec, JsonObject? old, FieldErrors errors)
    {
        var isLoadBalancer = ServiceTraits.IsLoadBalancer(service);
        ValidateSourceRanges(service, old, isLoadBalancer, errors);
        if (!isLoadBalancer)
        {
            foreach (var name in (ReadOnlySpan<string>)["allocateLoadBalancerNodePorts", "loadBalancerClass"])
            {
                if (spec.Has(name))
                {
                    errors.Forbidden(FieldPath.Spec.Child(name), OnlyLoadBalancer);
                }
            }

            return;
        }

        if (spec.Text("loadBalancerClass") is { } value && Names.QualifiedName(value) is { } fault)
        {
            errors.Invalid(FieldPath.Spec.Child("loadBalancerClass"), value, fault);
        }

        foreach (var (index, port) in spec.List("ports").Items())
        {
            if (port.Number("port") == KubeletPort)
            {
                var field = FieldPath.Spec.Child("ports").Index(index).Child("port");
                errors.Invalid(field, KubeletPort, $"may not expose port {KubeletPort} externally since it is used by kubelet");
            }
        }
    }

    private static void ValidateSourceRanges(JsonObject service, JsonObject? old, bool isLoadBalancer, FieldErrors errors)
    {
        var ranges = SourceRanges(service).ToList();
        if (ranges.Count > 0 && !isLoadBalancer)
        {
            errors.Forbidden(ranges[0].Field, OnlyLoadBalancer);
            return;
        }

        var stored = SourceRanges(old).Select(range => range.Text).ToList();
        foreach (var (text, field, index) in ranges)
        {
            AddressRules.Range(text, index < 0 ? field : field.Index(index), errors, stored);
        }
    }

    /// <summary>The field, or the older annotation where the field says nothing; white space around a range does not matter.</summary>
    private static IEnumerable<(string Text, FieldPath Field, int Index)> SourceRanges(JsonObject? service)
    {
        var field = FieldPath.Spec.Child("loadBalancerSourceRanges");
        var ranges = service.List("spec", "loadBalancerSourceRanges").Texts().Select((text, index) => (text.Trim(), field, index)).ToArray();
        var annotation = FieldPath.Metadata.Child("annotations").Key(SourceRangesAnnotation);
        var older = service.Text("metadata", "annotations", SourceRangesAnnotation) ?? "";
        return ranges.Length > 0 ? ranges : older.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(text => (text, annotation, -1));
    }

    private static void ValidateTrafficPolicies(JsonObject service, JsonObject? spec, FieldErrors errors)
    {
        var external = spec.Text("externalTrafficPolicy");
        var field = FieldPath.Spec.Child("externalTrafficPolicy");
        if (!ServiceTraits.IsExternallyAccessible(service))
        {
            if (!string.IsNullOrEmpty(external))
            {
                errors.Invalid(field, external, "may only be set for externally-accessible services");
            }
        }
        else if (external is not ("Cluster" or "Local"))
        {
            errors.NotSupported(field, external ?? "", "Cluster", "Local");
        }

        if (spec.Number("healthCheckNodePort") is { } port and not 0 && !ServiceTraits.NeedsHealthPort(service))
        {
            errors.Invalid(
                FieldPath.Spec.Child("healthCheckNodePort"), port, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
        }

        if (spec.Text("internalTrafficPolicy") is { } inner && (ServiceTraits.IsExternalName(service) || inner is not ("Cluster" or "Local")))
        {
            errors.NotSupported(FieldPath.Spec.Child("internalTrafficPolicy"), inner, "Cluster", "Local");
        }

        if (spec.Text("trafficDistribution") is { } distribution && distribution is not ("PreferClose" or "PreferSameNode" or "PreferSameZone"))
        {
            errors.NotSupported(FieldPath.Spec.Child("trafficDistribution"), distribution, "PreferClose", "PreferSameNode", "PreferSameZone");
        }
    }
}
