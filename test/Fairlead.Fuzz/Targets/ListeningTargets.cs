using Fairlead.Ingress.Listening;
using Fairlead.Linux.Addresses;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Fuzz;

/// <summary>What says whose a connection or a request is.</summary>
internal static class ListeningTargets
{
    private static readonly RequestOrigin Origin = new(IpAddr.Parse("10.0.0.9"), false, "a.org");
    private static readonly IpNet[] Trusted = [IpNet.Parse("10.0.0.0/8"), IpNet.Parse("2001:db8::/32")];

    public static IEnumerable<FuzzTarget> All { get; } =
    [
        new("proxy-header", Proxied)
        {
            Words = ["PROXY ", "TCP4 ", "TCP6 ", "UNKNOWN", "192.0.2.7 ", "2001:db8::1 ", " 65535", "\r\n", "\r\n\r\n\0\r\nQUIT\n", "\u0021\u0011\0\u000c", "\u0020\0\0\0"],
            MostBytes = 2 * ProxyHeader.MostBytes,
            Seeds = Headers,
        },
        new("forwarded-for", Forwarded)
        {
            Words = [", ", "192.0.2.7", "10.0.0.1", "[2001:db8::1]:80", "::ffff:", ":443", "unknown", "for="],
            Seeds = () => ["203.0.113.7, 10.0.0.1"u8.ToArray(), "[2001:db8::7]:4711,10.0.0.1:80"u8.ToArray()],
        },
    ];

    // One more byte never changes what a whole or a malformed header is, and none is longer than it may be.
    private static object Proxied(byte[] bytes)
    {
        var state = ProxyHeader.TryRead(bytes, out var header);
        var length = header?.Length ?? bytes.Length;
        if (length > bytes.Length || (state == ProxyHeaderState.Partial ? bytes.Length : header?.Length ?? 0) > ProxyHeader.MostBytes || state == ProxyHeaderState.Whole != header is not null)
        {
            throw new InvalidOperationException($"{state}, {header?.Length} of {bytes.Length} bytes");
        }

        if (state == ProxyHeaderState.Whole && (ProxyHeader.TryRead(bytes.AsSpan(0, length), out var again) != state || again != header))
        {
            throw new InvalidOperationException($"{header} is {again} without what is behind it");
        }

        if (state != ProxyHeaderState.Malformed && length > 0
            && ProxyHeader.TryRead(bytes.AsSpan(0, length - 1), out _) != ProxyHeaderState.Partial)
        {
            throw new InvalidOperationException($"{state} with {length} bytes, but not partial with one less");
        }

        return (state, header?.Source?.AddressFamily, header?.Length % 16);
    }

    private static object Forwarded(byte[] bytes)
    {
        var said = ForwardedHeaders.Decide(Origin, [.. Trusted], new HeaderDictionary { ["X-Forwarded-For"] = Text.Of(bytes) });
        return said.Client.IsNone ? throw new InvalidOperationException("nobody") : (said.Client.IsV4, said.Client == Origin.Peer);
    }

    private static IEnumerable<byte[]> Headers()
    {
        yield return "PROXY TCP4 192.0.2.7 203.0.113.9 12345 443\r\nGET"u8.ToArray();
        yield return "PROXY TCP6 2001:db8::1 2001:db8::2 12345 443\r\n"u8.ToArray();
        yield return "PROXY UNKNOWN\r\n"u8.ToArray();
        byte[] signature = [.. "\r\n\r\n\0\r\nQUIT\n"u8];
        yield return [.. signature, 0x21, 0x11, 0, 12, 192, 0, 2, 7, 203, 0, 113, 9, 0x30, 0x39, 1, 0xbb];
        yield return [.. signature, 0x21, 0x21, 0, 40, .. new byte[40], 1];
        yield return [.. signature, 0x20, 0, 0, 0];
    }
}
