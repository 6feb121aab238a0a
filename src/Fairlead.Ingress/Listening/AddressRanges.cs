using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Ingress.Listening;

/// <summary>Ranges of addresses that somebody wrote.</summary>
internal static class AddressRanges
{
    /// <summary>Whether one of the ranges holds the address.</summary>
    public static bool Holds(this ValueArray<IpNet> ranges, IpAddr address)
    {
        foreach (var range in ranges)
        {
            if (range.Contains(address))
            {
                return true;
            }
        }

        return false;
    }
}
