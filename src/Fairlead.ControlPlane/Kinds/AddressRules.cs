using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>
/// Validation of addresses and ranges, strict as Kubernetes 1.36 is (KEP-4858). A text that the stored object has in the same field is taken as it is, so
/// that objects which older rules let in can still be changed.
/// </summary>
internal static class AddressRules
{
    /// <summary>What is wrong with an address where a name belongs.</summary>
    public const string NoAddress = "must be a DNS name, not an IP address";

    private const string AddressRule = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    private const string RangeRule = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

    public static void Address(string text, FieldPath field, FieldErrors errors, IEnumerable<string>? stored = null)
    {
        if (!IpAddr.TryParse(text, out _) && stored?.Contains(text) != true)
        {
            errors.Invalid(field, text, AddressRule);
        }
    }

    /// <summary>An address that traffic can be sent to: not unspecified, loopback, link-local or multicast (CVE-2021-25737).</summary>
    public static void Destination(string text, FieldPath field, FieldErrors errors, IEnumerable<string>? stored = null)
    {
        if (!IpAddr.TryParse(text, out var address))
        {
            Address(text, field, errors, stored);
        }
        else if (Special(address) is { } fault)
        {
            errors.Invalid(field, text, fault);
        }
    }

    /// <summary>An address in any spelling that Kubernetes has ever taken for one: octets with leading zeros too.</summary>
    public static bool IsAddress(string text) => IpAddr.TryParse(text, out _)
        || IpAddr.TryParse(string.Join('.', text.Split('.').Select(part => part.Length > 1 ? part.TrimStart('0').PadLeft(1, '0') : part)), out _);

    /// <summary>The name of a host; not an address, though one may be spelt as a name is.</summary>
    public static void HostName(string text, FieldPath field, FieldErrors errors)
    {
        if (Names.DnsSubdomain(text) is { } fault)
        {
            errors.Invalid(field, text, fault);
        }

        if (IsAddress(text))
        {
            errors.Invalid(field, text, NoAddress);
        }
    }

    /// <summary>A range without host bits; true when it is one.</summary>
    public static bool Range(string text, FieldPath field, FieldErrors errors, IEnumerable<string>? stored = null)
    {
        if (stored?.Contains(text) == true)
        {
            return IpNet.TryParse(text, out _);
        }

        if (!IpNet.TryParse(text, out var range))
        {
            errors.Invalid(field, text, RangeRule);
            return false;
        }

        var address = text[..text.IndexOf('/', StringComparison.Ordinal)];
        if (IpAddr.TryParse(address, out var given) && given != range.Address)
        {
            errors.Invalid(field, text, $"must not have bits set beyond the prefix length; did you mean \"{range}\"?");
            return false;
        }

        return true;
    }

    private static string? Special(IpAddr address)
    {
        if (!address.IsSpecial)
        {
            return null;
        }

        var (v4, value) = (address.IsV4, address.Value);
        return value == 0 ? $"may not be unspecified ({address})"
            : (v4 ? (value >> 24) == 127 : value == 1) ? "may not be in the loopback range (127.0.0.0/8, ::1/128)"
            : (v4 ? (value >> 28) == 0xE : (value >> 120) == 0xFF) ? "may not be in the multicast range (224.0.0.0/4, ff00::/8)"
            : "may not be in the link-local range (169.254.0.0/16, fe80::/10)";
    }
}
