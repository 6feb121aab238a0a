using System.Buffers;
using System.Globalization;
using System.Net;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Config;

/// <summary>The values of a Corefile: zones, times, servers.</summary>
internal static class CorefileValues
{
    private const int MostZones = 256;
    private const int DnsPort = 53;
    private const int TlsPort = 853;

    private static readonly SearchValues<char> NameLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

    private static readonly SearchValues<char> NumberLetters = SearchValues.Create("0123456789.");

    private static readonly (string Unit, double Milliseconds)[] Units =
        [("ns", 1e-6), ("us", 1e-3), ("µs", 1e-3), ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

    /// <summary>
    /// The zones of a word: a name, in lower case and without a dot at its end; for a range of addresses the reverse zones that hold it and nothing else,
    /// which are several when its prefix ends within a label. Null: it is neither.
    /// </summary>
    public static IReadOnlyList<string>? Zones(string text)
    {
        if (IpNet.TryParse(text, out var range))
        {
            return Reverse(range);
        }

        var name = text.EndsWith('.') ? text[..^1] : text;
        return name.AsSpan().IndexOfAnyExcept(NameLetters) < 0 && DnsName.TryEncode(name, out _) ? [name.ToLowerInvariant()] : null;
    }

    /// <summary>A time in Go's form: numbers with units, as <c>1m30s</c>, or 0; at most 24 days. Null: it is none.</summary>
    public static TimeSpan? Duration(string text)
    {
        if (text == "0")
        {
            return TimeSpan.Zero;
        }

        var total = 0d;
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(NumberLetters);
            if (digits <= 0 || digits > 12 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            rest = rest[digits..];
            var end = rest.IndexOfAny(NumberLetters) is var next and >= 0 ? next : rest.Length;
            var unit = rest[..end].ToString();
            var factor = Array.Find(Units, known => known.Unit == unit).Milliseconds;
            if (factor == 0)
            {
                return null;
            }

            total += number * factor;
            rest = rest[end..];
        }

        // What a timer takes (Timer: 2^32 - 2 ms, and half of it in places).
        return text.Length > 0 && total <= int.MaxValue ? TimeSpan.FromMilliseconds(total) : null;
    }

    /// <summary>A number within bounds; null: it is none.</summary>
    public static int? Number(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : null;

    /// <summary>A server to ask: an address with or without port, behind <c>dns://</c> or <c>tls://</c> or nothing. Null: it is none.</summary>
    public static ForwardTarget? Server(string text)
    {
        var tls = text.StartsWith("tls://", StringComparison.Ordinal);
        var rest = tls || text.StartsWith("dns://", StringComparison.Ordinal) ? text[6..] : text;
        var port = tls ? TlsPort : DnsPort;
        if (IpAddr.TryParse(rest, out var address))
        {
            return new ForwardTarget(new IPEndPoint(address.ToIPAddress(), port), "", tls);
        }

        var colon = rest.LastIndexOf(':');
        if (colon < 0 || Number(rest[(colon + 1)..], 1, ushort.MaxValue) is not { } given)
        {
            return null;
        }

        var host = rest[..colon];
        host = host is ['[', .., ']'] ? host[1..^1] : host.Contains(':', StringComparison.Ordinal) ? "" : host;
        return IpAddr.TryParse(host, out address) ? new ForwardTarget(new IPEndPoint(address.ToIPAddress(), given), "", tls) : null;
    }

    private static List<string>? Reverse(IpNet range)
    {
        // One label is a byte of IPv4 (RFC 1035 §3.5) and four bits of IPv6 (RFC 3596 §2.5).
        var bits = range.Address.IsV4 ? 8 : 4;
        var labels = (range.Prefix + bits - 1) / bits;
        var count = 1 << ((labels * bits) - range.Prefix);
        if (count > MostZones)
        {
            return null;
        }

        var step = UInt128.One << (range.Address.Family.Bits - Math.Max(labels * bits, 1));
        return [.. Enumerable.Range(0, count).Select(i => Reverse(labels == 0 ? range.Address : range.At((UInt128)i * step), labels, bits))];
    }

    private static string Reverse(IpAddr address, int labels, int bits)
    {
        var parts = Enumerable.Range(1, labels).Reverse().Select(i =>
        {
            var value = (uint)(address.Value >> (address.Family.Bits - (i * bits))) & ((1u << bits) - 1);
            return value.ToString(address.IsV4 ? "D" : "x", CultureInfo.InvariantCulture);
        });
        return string.Join('.', parts.Append(address.IsV4 ? "in-addr.arpa" : "ip6.arpa"));
    }
}
