using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Allocation;

/// <summary>Takes the cluster addresses of one Service for one write; its caller holds the lock of the pools.</summary>
internal sealed class AddressTaker(AddressBook book, Func<IpAddr, bool> reserved, ServiceClaims held, Reservation reservation, FieldErrors errors)
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

        if (!book.Contains(address))
        {
            errors.Invalid(field, text, $"failed to allocate IP {text}: the provided network does not match the current range, which is {Ranges(address.Family)}");
        }
        else if (reserved(address) || !book.TryTake(address))
        {
            errors.Invalid(field, text, $"failed to allocate IP {text}: provided IP is already allocated");
        }
        else
        {
            reservation.Taken(() => book.Release(address));
        }
    }

    private string? TakeAny(string name)
    {
        if (IpFamily.All.FirstOrDefault(family => family.Name == name) is not { } family)
        {
            return null;
        }

        if (book.TakeAny(family, reserved) is not { } address)
        {
            var full = Ranges(family) is { Length: > 0 } ranges ? $"range {ranges} is full" : $"no ServiceCIDR has {name} addresses to give";
            errors.Add(new(FieldErrorType.Internal, Addresses.Text, null, full));
            return null;
        }

        reservation.Taken(() => book.Release(address));
        return address.ToString();
    }

    private string Ranges(IpFamily family) => string.Join(", ", book.Ranges.Where(range => range.Address.Family == family));
}
