using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>
/// Validation of status.loadBalancer of a Service (features.md §1.1, row 21) and of an Ingress. A Service's conditions are not judged, as upstream: clients leave
/// their times out.
/// </summary>
internal static class LoadBalancerStatusRules
{
    /// <summary>Checks a Service's status.</summary>
    public static void ValidateOfService(JsonObject service, JsonObject? old, FieldErrors errors)
    {
        var field = FieldPath.Status.Child("loadBalancer").Child("ingress");
        var ingress = service.List("status", "loadBalancer", "ingress");
        if (ingress is { Count: > 0 } && !ServiceTraits.IsLoadBalancer(service))
        {
            errors.Forbidden(field, "may only be used when `spec.type` is \"LoadBalancer\"");
            return;
        }

        var stored = StoredIngress(old);
        foreach (var (index, item) in ingress.Items())
        {
            ValidateIngress(item, field.Index(index), stored, errors);
        }
    }

    /// <summary>Checks an Ingress's status. Ports are not judged, as upstream.</summary>
    public static void ValidateOfIngress(JsonObject obj, JsonObject? old, FieldErrors errors)
    {
        var stored = StoredIngress(old);
        foreach (var (index, item) in obj.List("status", "loadBalancer", "ingress").Items())
        {
            var field = FieldPath.Status.Child("loadBalancer").Child("ingress").Index(index);
            if (item.Text("ip") is { Length: > 0 } ip)
            {
                AddressRules.Address(ip, field.Child("ip"), errors, stored);
            }

            if (item.Text("hostname") is { Length: > 0 } host)
            {
                AddressRules.HostName(host, field.Child("hostname"), errors);
            }
        }
    }

    private static string[] StoredIngress(JsonObject? old) =>
        [.. old.List("status", "loadBalancer", "ingress").Items().Select(entry => entry.Item.Text("ip") ?? "")];

    private static void ValidateIngress(JsonObject item, FieldPath field, string[] stored, FieldErrors errors)
    {
        var mode = item.Text("ipMode");
        if (item.Text("ip") is { Length: > 0 } ip)
        {
            AddressRules.Address(ip, field.Child("ip"), errors, stored);
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

        if (item.Text("hostname") is { Length: > 0 } host)
        {
            AddressRules.HostName(host, field.Child("hostname"), errors);
        }
    }
}
