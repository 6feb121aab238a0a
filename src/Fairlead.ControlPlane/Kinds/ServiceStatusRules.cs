using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation of a Service's status (features.md §1.1, row 21).</summary>
internal static class ServiceStatusRules
{
    public static void Validate(JsonObject service, FieldErrors errors)
    {
        var field = FieldPath.Status.Child("loadBalancer").Child("ingress");
        var ingress = service.List("status", "loadBalancer", "ingress");
        if (ingress is { Count: > 0 } && !ServiceTraits.IsLoadBalancer(service))
        {
            errors.Forbidden(field, "may only be used when `spec.type` is \"LoadBalancer\"");
            return;
        }

        foreach (var (index, item) in ingress.Items())
        {
            ValidateIngress(item, field.Index(index), errors);
        }

        Conditions(service.List("status", "conditions"), FieldPath.Status.Child("conditions"), errors);
    }

    /// <summary>Conditions of the common form (meta/v1 Condition).</summary>
    public static void Conditions(JsonArray? conditions, FieldPath field, FieldErrors errors)
    {
        var types = new HashSet<string>();
        foreach (var (index, item) in conditions.Items())
        {
            var path = field.Index(index);
            if (item.Text("type") is not { Length: > 0 } type)
            {
                errors.Required(path.Child("type"));
            }
            else if (!types.Add(type))
            {
                errors.Duplicate(path.Child("type"), type);
            }

            if (item.Text("status") is not ("True" or "False" or "Unknown"))
            {
                errors.NotSupported(path.Child("status"), item.Text("status") ?? "", "False", "True", "Unknown");
            }

            if (string.IsNullOrEmpty(item.Text("reason")))
            {
                errors.Required(path.Child("reason"));
            }

            if (!item.Has("lastTransitionTime"))
            {
                errors.Required(path.Child("lastTransitionTime"));
            }
        }
    }

    private static void ValidateIngress(JsonObject item, FieldPath field, FieldErrors errors)
    {
        var mode = item.Text("ipMode");
        if (item.Text("ip") is { Length: > 0 } ip)
        {
            AddressRules.Address(ip, field.Child("ip"), errors);
            if (mode is null)
            {
                errors.Required(field.Child("ipMode"), "must be specified when `ip` is set");
            }
        }
        else if (mode is not null)
        {
            errors.Forbidden(field.Child("ipMode"), "may not be specified when `ip` is not set");
        }

        if (mode is not (null or "VIP" or "Proxy"))
        {
            errors.NotSupported(field.Child("ipMode"), mode, "Proxy", "VIP");
        }

        if (item.Text("hostname") is { Length: > 0 } host && Names.DnsSubdomain(host) is { } fault)
        {
            errors.Invalid(field.Child("hostname"), host, fault);
        }
    }
}
