using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;

namespace Fairlead.ControlPlane.Registry;

/// <summary>
/// Keeps Services from taking external addresses (upstream's optional admission plugin DenyServiceExternalIPs, KEP-2200; CVE-2020-8554). What a Service
/// has already it may keep, reorder or give up.
/// </summary>
internal static class ExternalAddressAdmission
{
    /// <summary>Refuses a Service that takes an external address which it had not before.</summary>
    /// <param name="kind">The kind that is written; others than Services are let pass.</param>
    /// <param name="service">The Service as it shall be; judged after its validation, as upstream does.</param>
    /// <param name="old">The Service as it is; null when it is created.</param>
    /// <exception cref="StatusException">403.</exception>
    public static void Check(KindDefinition kind, JsonObject service, JsonObject? old)
    {
        if (kind is ServiceKind && Addresses(service).Except(Addresses(old)).Any())
        {
            throw StatusException.Forbidden(kind.Type, ObjectMeta.Name(service), "Use of external IPs is denied by admission control");
        }
    }

    private static IEnumerable<string> Addresses(JsonObject? service) => service.List("spec", "externalIPs").Texts();
}
