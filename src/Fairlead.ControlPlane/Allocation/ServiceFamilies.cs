using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Allocation;

/// <summary>
/// Completes a Service's ipFamilies and ipFamilyPolicy from its addresses, the old object and the cluster's families (KEP-563).
/// A PreferDualStack Service is never widened or narrowed because the cluster changed, only because its owner changed it.
/// </summary>
internal static class ServiceFamilies
{
    private const string Single = "SingleStack";
    private const string Prefer = "PreferDualStack";
    private const string Require = "RequireDualStack";

    public static void Complete(JsonObject service, JsonObject? old, IReadOnlyList<IpFamily> cluster, FieldErrors errors)
    {
        var spec = service.Ensure("spec");
        if (ServiceTraits.IsExternalName(service) || KeepsPreferDualStack(spec, old.Object("spec")))
        {
            return;
        }

        var headless = ServiceTraits.IsHeadless(service);
        var families = Families(spec, headless);
        var policy = spec.Text("ipFamilyPolicy") ?? old.Text("spec", "ipFamilyPolicy") ?? (families.Count > 1 ? Require : null);
        if (families.Count == 0)
        {
            families = [.. old.List("spec", "ipFamilies").Texts().Take(policy == Single ? 1 : 2)];
        }

        if (headless && spec.Object("selector") is not { Count: > 0 })
        {
            policy ??= Require;
            FillUp(families, policy == Single ? 1 : 2, cluster, both: true);
            Store(spec, families, policy);
            return;
        }

        if (policy == Require && cluster.Count < 2)
        {
            errors.Invalid(FieldPath.Spec.Child("ipFamilyPolicy"), policy, "this cluster is not configured for dual-stack services");
            return;
        }

        var missing = families.FindIndex(name => name is "IPv4" or "IPv6" && cluster.All(family => family.Name != name));
        if (missing >= 0)
        {
            errors.Invalid(FieldPath.Spec.Child("ipFamilies").Index(missing), families[missing], "not configured on this cluster");
            return;
        }

        policy ??= Single;
        FillUp(families, policy == Single ? 1 : Math.Min(2, cluster.Count), cluster, both: false);
        Store(spec, families, policy);
    }

    private static List<string> Families(JsonObject spec, bool headless)
    {
        var given = spec.List("ipFamilies").Texts().ToList();
        var addresses = headless ? [] : spec.List("clusterIPs").Texts().ToArray();
        for (var index = given.Count; index < addresses.Length && IpAddr.TryParse(addresses[index], out var address); index++)
        {
            given.Add(address.Family.Name);
        }

        return given;
    }

    private static void FillUp(List<string> families, int count, IReadOnlyList<IpFamily> cluster, bool both)
    {
        var candidates = cluster.Select(family => family.Name).Concat(both ? IpFamily.All.Select(family => family.Name) : []);
        foreach (var name in candidates.Distinct())
        {
            if (families.Count < count && !families.Contains(name))
            {
                families.Add(name);
            }
        }
    }

    private static void Store(JsonObject spec, List<string> families, string policy)
    {
        spec["ipFamilies"] = new JsonArray([.. families.Select(name => (JsonNode)name)]);
        spec["ipFamilyPolicy"] = policy;
    }

    private static bool KeepsPreferDualStack(JsonObject spec, JsonObject? old) =>
        old is not null && spec.Text("ipFamilyPolicy") == Prefer && old.Text("ipFamilyPolicy") == Prefer
        && spec.List("ipFamilies") is { Count: > 0 } && Doc.Same(spec.At("ipFamilies"), old.At("ipFamilies"))
        && Doc.Same(spec.At("clusterIPs"), old.At("clusterIPs")) && spec.Text("type") == old.Text("type");
}
