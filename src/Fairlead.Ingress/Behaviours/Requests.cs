using Fairlead.Ingress.Translate;
using Fairlead.Linux.Addresses;
using Fairlead.State;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Ingress.Behaviours;

/// <summary>What behaviours take from a request.</summary>
internal static class Requests
{
    /// <summary>The parts of a request that URLs have places for. The path is never empty, though <c>OPTIONS *</c> has none.</summary>
    public static UrlParts Parts(this HttpRequest request) =>
        new(request.Scheme, request.Host.ToUriComponent(), $"{(request.Path.HasValue ? request.Path.ToUriComponent() : "/")}{request.QueryString.ToUriComponent()}");

    /// <summary>Answers with a code and no body.</summary>
    public static bool Answered(this HttpResponse response, int code)
    {
        response.StatusCode = code;
        response.ContentLength = 0;
        return true;
    }

    /// <summary>Answers with a redirection.</summary>
    public static bool Redirected(this HttpResponse response, int code, string location)
    {
        response.Headers.Location = location;
        return response.Answered(code);
    }

    /// <summary>An address lies in one of the ranges.</summary>
    public static bool IsIn(this IpAddr address, ValueArray<IpNet> nets)
    {
        foreach (var net in nets)
        {
            if (net.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The IPv4 address that a socket of both families shows as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), itself otherwise: ranges of IPv4 must not miss it.
    /// </summary>
    public static IpAddr Unmapped(this IpAddr address) =>
        !address.IsNone && !address.IsV4 && address.Value >> 32 == 0xffff ? IpAddr.FromValue(IpFamily.V4, (uint)(address.Value & uint.MaxValue)) : address;
}
