using System.Net;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Ingress;

/// <summary>What is asked of addresses wherever a client's matters.</summary>
internal static class Addresses
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

    /// <summary>The IPv4 address that a socket of both families shows as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), itself otherwise: ranges of IPv4 must not miss it.</summary>
    public static IPAddress Unmapped(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <inheritdoc cref="Unmapped(IPAddress)"/>
    public static IpAddr Unmapped(this IpAddr address) =>
        !address.IsNone && !address.IsV4 && address.Value >> 32 == 0xffff ? IpAddr.FromValue(IpFamily.V4, (uint)(address.Value & uint.MaxValue)) : address;
}
