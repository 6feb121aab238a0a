using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Allocation;

/// <summary>Takes the cluster addresses of one Service for one write; its caller holds the lock of the pools.</summary>
internal sealed class AddressTaker(IReadOnlyList<AddressPool> pools, ServiceClaims held, Reservation reservation, FieldErrors errors)
{
    private static readonly FieldPath Addresses = FieldPath.Spec.Child("clusterIPs");

    public void Take(JsonObject service)
    {
        if (ServiceTraits.IsExternalName(service))
        {
            return;
        }

        var spec = service.Ensure("spec");
        if (ServiceTraits.IsHeadless(service))
        {
            spec["clusterIPs"] = new JsonArray("None");
            return;
        }

        var addresses = spec.List("clusterIPs").Texts().ToList();
        var families = spec.List("ipFamilies").Texts().ToArray();
        for (var index = 0; index < families.Length; index++)
        {
            if (index < addresses.Count)
            {
                TakeGiven(addresses[index], Addresses.Index(index));
            }
            else if (TakeAny(families[index]) is { } address)
            {
                addresses.Add(address);
            }
        }

        if (addresses.Count > 0)
        {
            spec["clusterIP"] = addresses[0];
            spec["clusterIPs"] = new JsonArray([.. addresses.Select(address => (JsonNode)address)]);
        }
    }

    private void TakeGiven(string text, FieldPath field)
    {
        // A text that is no address is a matter of validation.
        if (!IpAddr.TryParse(text, out var address) || held.Addresses.Contains(address))
        {
            return;
        }

        if (pools.FirstOrDefault(pool => pool.Contains(address)) is not { } pool)
        {
            var ranges = string.Join(", ", pools.Select(item => item.Range).Where(range => range.Address.IsV4 == address.IsV4));
            errors.Invalid(field, text, $"failed to allocate IP {text}: the provided network does not match the current range, which is {ranges}");
        }
        else if (!pool.TryTake(address))
        {
            errors.Invalid(field, text, $"failed to allocate IP {text}: provided IP is already allocated");
        }
        else
        {
            reservation.Taken(() => pool.Release(address));
        }
    }

    private string? TakeAny(string family)
    {
        if (pools.FirstOrDefault(pool => pool.Range.Address.Family.Name == family) is not { } pool)
        {
            return null;
        }

        if (pool.TakeAny() is not { } address)
        {
            errors.Add(new(FieldErrorType.Internal, Addresses.Text, null, $"range {pool.Range} is full"));
            return null;
        }

        reservation.Taken(() => pool.Release(address));
        return address.ToString();
    }
}
