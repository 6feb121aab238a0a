using System.Text.Json.Nodes;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation of a Service's clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy, and of how they may change (KEP-563).</summary>
internal static class ServiceAddressRules
{
    private const string Once = "may not change once set";

    private static readonly FieldPath Addresses = FieldPath.Spec.Child("clusterIPs");
    private static readonly FieldPath Families = FieldPath.Spec.Child("ipFamilies");
    private static readonly FieldPath Policy = FieldPath.Spec.Child("ipFamilyPolicy");

    public static void Validate(JsonObject service, JsonObject? old, FieldErrors errors)
    {
        var spec = service.Object("spec");
        if (ServiceTraits.IsExternalName(service))
        {
            ForbidAll(spec, errors);
            return;
        }

        ValidatePolicy(spec, errors);
        ValidateFamilies(spec, errors);
        ValidateAddresses(service, spec, old.List("spec", "clusterIPs").Texts().ToArray(), errors);
        if (old is not null && !ServiceTraits.IsExternalName(old))
        {
            ValidateChange(spec, old.Object("spec"), errors);
        }
    }

    private static void ForbidAll(JsonObject? spec, FieldErrors errors)
    {
        foreach (var name in (ReadOnlySpan<string>)["clusterIPs", "ipFamilies", "ipFamilyPolicy"])
        {
            if (spec.Has(name))
            {
                errors.Forbidden(FieldPath.Spec.Child(name), "may not be set for ExternalName services");
            }
        }
    }

    private static void ValidatePolicy(JsonObject? spec, FieldErrors errors)
    {
        var policy = spec.Text("ipFamilyPolicy");
        if (policy is not (null or "SingleStack" or "PreferDualStack" or "RequireDualStack"))
        {
            errors.NotSupported(Policy, policy, "PreferDualStack", "RequireDualStack", "SingleStack");
        }

        var most = Math.Max(spec.List("clusterIPs")?.Count ?? 0, spec.List("ipFamilies")?.Count ?? 0);
        if (most > 1 && policy is null or "SingleStack")
        {
            var several = spec.List("clusterIPs") is { Count: > 1 } ? "clusterIPs" : "ipFamilies";
            errors.Invalid(Policy, policy, $"must be 'RequireDualStack' or 'PreferDualStack' when multiple '{several}' are specified");
        }
    }

    private static void ValidateFamilies(JsonObject? spec, FieldErrors errors)
    {
        var seen = new HashSet<string>();
        var families = spec.List("ipFamilies").Texts().ToArray();
        for (var index = 0; index < families.Length; index++)
        {
            if (families[index] is not ("IPv4" or "IPv6"))
            {
                errors.NotSupported(Families.Index(index), families[index], "IPv4", "IPv6");
            }
            else if (!seen.Add(families[index]))
            {
                errors.Duplicate(Families.Index(index), families[index]);
            }
        }
    }

    private static void ValidateAddresses(JsonObject service, JsonObject? spec, string[] stored, FieldErrors errors)
    {
        var addresses = spec.List("clusterIPs").Texts().ToArray();
        var families = spec.List("ipFamilies").Texts().ToArray();
        if (addresses.Length == 0)
        {
            return;
        }

        if (addresses.Length > 2)
        {
            errors.Invalid(Addresses, spec.At("clusterIPs"), "may only hold up to 2 values");
        }

        if (addresses[0] != spec.Text("clusterIP"))
        {
            errors.Invalid(Addresses, spec.At("clusterIPs"), "first value must match `clusterIP`");
        }

        if (addresses[0] == "None" && ServiceTraits.MayHaveNodePorts(service))
        {
            errors.Invalid(Addresses.Index(0), addresses[0], $"may not be set to 'None' for {ServiceTraits.TypeOf(service)} services");
        }

        for (var index = 0; index < addresses.Length; index++)
        {
            ValidateAddress(addresses, index, index < families.Length ? families[index] : null, stored, errors);
        }
    }

    private static void ValidateAddress(string[] addresses, int index, string? family, string[] stored, FieldErrors errors)
    {
        var (text, field) = (addresses[index], Addresses.Index(index));
        if (text == "None")
        {
            if (addresses.Length > 1)
            {
                errors.Invalid(field, text, "may not be set to 'None' when there is more than one value");
            }
        }
        else if (!IpAddr.TryParse(text, out var address))
        {
            AddressRules.Address(text, field, errors, stored);
        }
        else if (family is not null && address.Family.Name != family)
        {
            errors.Invalid(field, text, $"expected an {family} value as indicated by `ipFamilies[{index}]`");
        }
        else if (index > 0 && IpAddr.TryParse(addresses[0], out var first) && first.Family == address.Family)
        {
            errors.Invalid(Addresses, new JsonArray([.. addresses.Select(item => (JsonNode)item)]), "may specify no more than one IP for each IP family");
        }
    }

    /// <summary>The primary address and family stay; the secondary may be added, or dropped by asking for one family.</summary>
    private static void ValidateChange(JsonObject? spec, JsonObject? old, FieldErrors errors)
    {
        Change(spec, old, "clusterIPs", Addresses, "primary clusterIP can not be unset", errors);
        Change(spec, old, "ipFamilies", Families, "primary ipFamily can not be unset", errors);
    }

    private static void Change(JsonObject? spec, JsonObject? old, string name, FieldPath field, string unset, FieldErrors errors)
    {
        var values = spec.List(name).Texts().ToArray();
        var before = old.List(name).Texts().ToArray();
        for (var index = 0; index < before.Length; index++)
        {
            if (index >= values.Length)
            {
                if (index == 0)
                {
                    errors.Invalid(field.Index(0), spec.At(name), unset);
                }
                else if (spec.Text("ipFamilyPolicy") == old.Text("ipFamilyPolicy"))
                {
                    errors.Invalid(Policy, spec.At("ipFamilyPolicy"), $"must be set to 'SingleStack' when releasing the secondary {name[..^1]}");
                }
            }
            else if (values[index] != before[index])
            {
                errors.Invalid(field.Index(index), spec.At(name), Once);
            }
        }
    }
}
