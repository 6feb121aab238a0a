using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fairlead.Ingress.Hosting;

/// <summary>The path and query that an endpoint is asked for.</summary>
internal static class RequestTarget
{
    /// <summary>
    /// As the client wrote it, so that no escape becomes another; with dot segments as they were resolved when the route was chosen: an endpoint is never
    /// asked for another path than the one that was compared.
    /// </summary>
    public static string Of(HttpContext context)
    {
        var raw = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        var query = raw.IndexOf('?', StringComparison.Ordinal);
        var path = query < 0 ? raw.AsSpan() : raw.AsSpan(0, query);
        return path.Length > 0 && path[0] == '/' && !MayHaveDots(path) ? raw : context.Request.Path.ToUriComponent() + context.Request.QueryString.Value;
    }

    private static bool MayHaveDots(ReadOnlySpan<char> path) =>
        path.Contains("/.", StringComparison.Ordinal) || path.Contains("%2e", StringComparison.OrdinalIgnoreCase) || path.Contains('\\');
}
