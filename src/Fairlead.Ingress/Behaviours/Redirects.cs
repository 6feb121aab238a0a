using Fairlead.Ingress.Translate;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Ingress.Behaviours;

/// <summary>Sends clients elsewhere: app-root, ssl-redirect and force-ssl-redirect, permanent-redirect and temporal-redirect, in this order.</summary>
/// <param name="options">Whether HTTP is redirected to HTTPS where the Ingress does not say.</param>
public sealed class Redirects(IngressOptions options)
{
    // Who proves that a host is theirs to get its first certificate must be reached without one (RFC 8555 §8.3); ingress-nginx leaves it out too.
    private const string AcmeChallenge = "/.well-known/acme-challenge";

    /// <summary>Answers a request that belongs elsewhere; false: it is served here.</summary>
    /// <param name="context">The request. Its scheme and host are those that the client sees.</param>
    /// <param name="route">Its route.</param>
    /// <param name="hasCertificate">Its host has a certificate.</param>
    public bool Answer(HttpContext context, Route route, bool hasCertificate)
    {
        var (request, response) = (context.Request, context.Response);
        if (route.Options.AppRoot.Length > 0 && request.Path == "/")
        {
            return response.Redirected(StatusCodes.Status302Found, route.Options.AppRoot);
        }

        if (!request.IsHttps && IsForHttps(route, hasCertificate))
        {
            // Without a host there is nowhere to send it to, and it must not pass in clear. The port of HTTPS outside is 443, whatever it is in here.
            return request.Host.HasValue
                ? response.Redirected(StatusCodes.Status308PermanentRedirect, $"https://{new HostString(request.Host.Host).ToUriComponent()}{request.Parts().PathAndQuery}")
                : response.Answered(StatusCodes.Status400BadRequest);
        }

        return route.Options.Redirect is { } redirect && response.Redirected(redirect.Code, redirect.Location.Expand(request.Parts()));
    }

    private bool IsForHttps(Route route, bool hasCertificate) =>
        (route.Options.ForceSslRedirect || (hasCertificate && (route.Options.SslRedirect ?? options.SslRedirect)))
        && !route.Path.StartsWith(AcmeChallenge, StringComparison.Ordinal);
}
