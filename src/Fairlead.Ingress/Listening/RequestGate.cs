using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fairlead.Ingress.Listening;

/// <summary>
/// Refuses requests that Kestrel takes but that an endpoint behind could read as something else than what was routed: framing that says two things, paths whose
/// dots appear when they are decoded once more, names that stand for others. Runs before anything else looks at the request.
/// </summary>
internal static class RequestGate
{
    private const string EncodedSlash = "%2F";

    private static readonly SearchValues<char> MayHideDots = SearchValues.Create("%\\;");
    private static readonly SearchValues<char> Controls =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Where(c => c != '\t').Append(0x7F).Select(c => (char)c)]);

    private static readonly SearchValues<char> NameLetters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>Why the request is refused, as the text of a 400; null: it is not. A connection of HTTP/1 that was refused is closed after its answer.</summary>
    public static string? Fault(HttpContext context)
    {
        var http1 = HttpProtocol.IsHttp11(context.Request.Protocol) || HttpProtocol.IsHttp10(context.Request.Protocol);
        var fault = (http1 ? OfFraming(context.Request) : OfConnection(context.Request.Headers)) ?? OfTarget(context) ?? OfHeaders(context.Request.Headers);
        if (fault is not null && http1)
        {
            context.Response.Headers.Connection = "close";
        }

        return fault;
    }

    private static string? OfFraming(HttpRequest request)
    {
        if (request.Headers.TransferEncoding.Count == 0)
        {
            return null;
        }

        // Kestrel takes a Content-Length beside Transfer-Encoding for this one.
        if (request.Headers.ContainsKey("X-Content-Length") || request.Headers.ContentLength is not null)
        {
            return "Content-Length and Transfer-Encoding in one request";
        }

        if (HttpProtocol.IsHttp10(request.Protocol))
        {
            return "Transfer-Encoding in a request of HTTP/1.0";
        }

        return request.Headers.TransferEncoding is [var coding] && string.Equals(coding, "chunked", StringComparison.OrdinalIgnoreCase)
            ? null
            : "a transfer coding other than chunked";
    }

    // HTTP/2 has frames for what these say (RFC 9113, 8.2.2); Kestrel itself looks at Connection and TE alone.
    private static string? OfConnection(IHeaderDictionary headers) =>
        headers.TransferEncoding.Count > 0 || headers.Upgrade.Count > 0 || headers.KeepAlive.Count > 0 || headers.ContainsKey("Proxy-Connection")
            ? "a header of the connection in a request of HTTP/2"
            : null;

    private static string? OfTarget(HttpContext context)
    {
        if (HttpMethods.IsConnect(context.Request.Method) && context.Features.Get<IHttpExtendedConnectFeature>()?.IsExtendedConnect != true)
        {
            return "CONNECT: this is no proxy of the client's choosing";
        }

        var raw = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        if (raw.AsSpan().ContainsAny(Controls) || raw.Contains('\t', StringComparison.Ordinal))
        {
            return "a control character in the target";
        }

        if (raw.Contains('#', StringComparison.Ordinal))
        {
            // An endpoint may cut it off, and so take another path than the one that was compared.
            return "a fragment in the target";
        }

        var path = context.Request.Path.Value ?? "";
        if (path.Length == 0 || path[0] != '/')
        {
            return "a target that is no path";
        }

        if (!path.AsSpan().ContainsAny(MayHideDots) && !path.Contains("/.", StringComparison.Ordinal))
        {
            return null;
        }

        if (path.Contains('\\', StringComparison.Ordinal) && raw.Contains('\\', StringComparison.Ordinal))
        {
            return "a backslash in the path";
        }

        return HidesDots(path) ? "a path that leads upwards when it is decoded again" : null;
    }

    // Kestrel has resolved what were dot segments as written; these become some where %2F or a backslash separates, or where parameters of an element are cut off.
    private static bool HidesDots(ReadOnlySpan<char> path)
    {
        while (!path.IsEmpty)
        {
            var end = path.IndexOfAny('/', '\\');
            end = end < 0 ? path.Length : end;
            var encoded = path[..end].IndexOf(EncodedSlash, StringComparison.OrdinalIgnoreCase);
            var (length, separator) = encoded < 0 ? (end, 1) : (encoded, EncodedSlash.Length);
            var element = path[..length];
            var parameters = element.IndexOf(';');
            if ((parameters < 0 ? element : element[..parameters]) is "." or "..")
            {
                return true;
            }

            path = path[Math.Min(path.Length, length + separator)..];
        }

        return false;
    }

    private static string? OfHeaders(IHeaderDictionary headers)
    {
        foreach (var (name, values) in headers)
        {
            if (name.AsSpan().ContainsAnyExcept(NameLetters))
            {
                return "a header whose name is none";
            }

            if (name.Contains('_', StringComparison.Ordinal) && ForwardedHeaders.IsReplaced(name.Replace('_', '-')))
            {
                // CGI and its heirs read both as the same.
                return $"the header {name}, which an endpoint may take for {name.Replace('_', '-')}";
            }

            foreach (var value in values)
            {
                if (value.AsSpan().ContainsAny(Controls))
                {
                    return $"a control character in the header {name}";
                }
            }
        }

        return null;
    }
}
