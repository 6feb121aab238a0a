using System.Globalization;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Config;

/// <summary>Where a page is answered by HTTP.</summary>
/// <param name="Address">The address; none: the server's own addresses, and nowhere else.</param>
/// <param name="Port">1 to 65535.</param>
internal readonly record struct PageAddress(IpAddr Address, int Port)
{
    private const string Localhost = "localhost";

    /// <summary>
    /// Reads <c>:9153</c>, <c>localhost:9153</c>, <c>192.0.2.1:9153</c> or <c>[2001:db8::1]:9153</c>; null: it is none of these. All addresses of a pod of
    /// its own, which <c>:9153</c> and <c>0.0.0.0:9153</c> mean to CoreDNS, are the server's here: a node has others, which are none of DNS's business.
    /// </summary>
    public static PageAddress? Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0)
        {
            return null;
        }

        var host = text[..colon];
        host = host.StartsWith('[') && host.EndsWith(']') ? host[1..^1] : host;
        return host switch
        {
            "" or "0.0.0.0" or "::" => new PageAddress(default, port),
            Localhost => new PageAddress(IpAddr.Parse("127.0.0.1"), port),
            _ => IpAddr.TryParse(host, out var address) ? new PageAddress(address, port) : null,
        };
    }
}
