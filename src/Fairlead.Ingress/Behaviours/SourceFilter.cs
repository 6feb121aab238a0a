using Fairlead.Ingress.Translate;
using Fairlead.Linux.Addresses;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Ingress.Behaviours;

/// <summary>Answers 503 where an Ingress has a guard that is not understood, and 403 to clients that denylist-source-range has or allowlist-source-range lacks.</summary>
public static class SourceFilter
{
    /// <summary>Answers a request that is kept out; false: it may go on.</summary>
    public static bool Answer(HttpContext context, RouteOptions options, IpAddr client)
    {
        if (options.Refused.Length > 0)
        {
            return context.Response.Answered(StatusCodes.Status503ServiceUnavailable);
        }

        client = client.Unmapped();
        var kept = options.DeniedSources.Holds(client) || (options.AllowedSources.Count > 0 && !options.AllowedSources.Holds(client));
        return kept && context.Response.Answered(StatusCodes.Status403Forbidden);
    }
}
