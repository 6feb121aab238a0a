using System.Globalization;
using System.Net;
using Fairlead.Linux.Addresses;
using Fairlead.State;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Fairlead.Ingress.Listening;

/// <summary>What is known of a request's way here by who sent it, before its headers are looked at.</summary>
/// <param name="Peer">Who sent it: the peer of the connection, or whom its PROXY header names.</param>
/// <param name="IsHttps">It came over TLS.</param>
/// <param name="Host">Its Host, with port when it has one.</param>
internal readonly record struct RequestOrigin(IpAddr Peer, bool IsHttps, string Host);

/// <summary>
/// What an endpoint is told of who asked, how and for what. Of a trusted proxy what it says is believed and its address put behind X-Forwarded-For; whatever
/// others say is replaced, so that no client can pass for another.
/// </summary>
internal sealed record ForwardedHeaders
{
    private const string Https = "https";
    private const string Http = "http";

    // Every name by which an endpoint may be told of the way of a request: those written here and those of other proxies.
    private static readonly string[] Names =
    [
        "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Scheme", "X-Forwarded-Prefix",
        "X-Forwarded-Server", "X-Forwarded-Ssl", "X-Forwarded-Protocol", "X-Original-Forwarded-For", "X-Real-IP", "X-Scheme",
    ];

    /// <summary>Who asked: for limits and lists of allowed clients. The right-most of X-Forwarded-For that is no trusted proxy.</summary>
    public required IpAddr Client { get; init; }

    /// <summary>X-Forwarded-For.</summary>
    public required string For { get; init; }

    /// <summary>X-Forwarded-Host.</summary>
    public required string Host { get; init; }

    /// <summary>X-Forwarded-Proto and X-Forwarded-Scheme, <c>http</c> or <c>https</c>: what the client speaks, for redirects too.</summary>
    public required string Proto { get; init; }

    /// <summary>X-Forwarded-Port: the port that the client asked for.</summary>
    public required string Port { get; init; }

    /// <summary>What the incoming headers say beside is believed and goes on; otherwise it is removed.</summary>
    public required bool Keeps { get; init; }

    /// <summary>Whether a header of this name is removed when it is not believed.</summary>
    public static bool IsReplaced(string name) => Names.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Decides.</summary>
    /// <param name="origin">Where the request came from.</param>
    /// <param name="trusted">Proxies that are believed.</param>
    /// <param name="incoming">The request's headers.</param>
    public static ForwardedHeaders Decide(RequestOrigin origin, ValueArray<IpNet> trusted, IHeaderDictionary incoming)
    {
        var own = origin.IsHttps ? Https : Http;
        var ownPort = PortOf(origin);
        if (!trusted.Holds(origin.Peer))
        {
            return new ForwardedHeaders { Client = origin.Peer, For = origin.Peer.ToString(), Host = origin.Host, Proto = own, Port = ownPort, Keeps = false };
        }

        var chain = incoming["X-Forwarded-For"];
        var proto = Known(incoming["X-Forwarded-Proto"]) ?? own;
        return new ForwardedHeaders
        {
            Client = FindClient(origin.Peer, trusted, chain),
            For = Joined(chain) is { Length: > 0 } before ? $"{before}, {origin.Peer}" : origin.Peer.ToString(),
            Host = Single(incoming["X-Forwarded-Host"]) ?? origin.Host,
            Proto = proto,
            Port = Single(incoming["X-Forwarded-Port"]) is { } port && ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _)
                ? port
                : proto == own ? ownPort : UsualPort(proto),
            Keeps = true,
        };
    }

    /// <summary>Puts them in place of what the request says.</summary>
    /// <param name="headers">The request's headers, on their way to an endpoint.</param>
    public void Apply(IHeaderDictionary headers)
    {
        if (!Keeps)
        {
            foreach (var name in Names)
            {
                headers.Remove(name);
            }
        }

        headers["X-Forwarded-For"] = For;

        // HTTP/1.0 may do without; an empty value is no header.
        headers["X-Forwarded-Host"] = Host.Length > 0 ? Host : StringValues.Empty;
        headers["X-Forwarded-Proto"] = Proto;
        headers["X-Forwarded-Scheme"] = Proto;
        headers["X-Forwarded-Port"] = Port;
        headers["X-Real-IP"] = Keeps ? Client.ToString() : For;
    }

    // The port that the client asked for, which stands in Host unless it is the scheme's own (RFC 9110 §4.2): the one listened on here is a container's, behind a
    // Service, and nobody outside knows it.
    private static string PortOf(RequestOrigin origin) =>
        new HostString(origin.Host).Port is { } port ? port.ToString(CultureInfo.InvariantCulture) : UsualPort(origin.IsHttps ? Https : Http);

    private static string UsualPort(string proto) => proto == Https ? "443" : "80";

    // From the right each trusted proxy says who came to it; the first that is none is the client. What cannot be read was not written by a proxy: whoever
    // passed it on is the last that is known.
    private static IpAddr FindClient(IpAddr peer, ValueArray<IpNet> trusted, StringValues chain)
    {
        var client = peer;
        for (var line = chain.Count - 1; line >= 0; line--)
        {
            var rest = chain[line].AsSpan();
            while (!rest.IsEmpty)
            {
                var comma = rest.LastIndexOf(',');
                if (!TryReadAddress(rest[(comma + 1)..].Trim(), out var address))
                {
                    return client;
                }

                client = address;
                if (!trusted.Holds(client))
                {
                    return client;
                }

                rest = rest[..Math.Max(comma, 0)];
            }
        }

        return client;
    }

    // 192.0.2.1, 192.0.2.1:4711, 2001:db8::1, [2001:db8::1] and [2001:db8::1]:4711 are all written by some proxy.
    private static bool TryReadAddress(ReadOnlySpan<char> text, out IpAddr address)
    {
        address = default;
        if (text is ['[', ..] && text.IndexOf(']') is > 0 and var end)
        {
            text = text[1..end];
        }
        else if (text.Count(':') == 1)
        {
            text = text[..text.IndexOf(':')];
        }

        if (text.Contains('%') || !IPAddress.TryParse(text, out var parsed))
        {
            return false;
        }

        var mapped = parsed.IsIPv4MappedToIPv6;
        address = IpAddr.From(mapped ? parsed.MapToIPv4() : parsed);
        return mapped || !address.IsV4 || address.ToString().AsSpan().SequenceEqual(text);
    }

    private static string Joined(StringValues values) => values.Count <= 1 ? values.ToString() : string.Join(", ", values.Where(value => !string.IsNullOrEmpty(value)));

    private static string? Single(StringValues values) => values is [{ Length: > 0 } value] ? value : null;

    private static string? Known(StringValues values) => Single(values) switch
    {
        { } value when value.Equals(Https, StringComparison.OrdinalIgnoreCase) => Https,
        { } value when value.Equals(Http, StringComparison.OrdinalIgnoreCase) => Http,
        _ => null,
    };
}
