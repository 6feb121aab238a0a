using Fairlead.Ingress.Translate;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace Fairlead.Ingress.Hosting;

/// <summary>How one request looks to its endpoint.</summary>
internal sealed class ForwardedRequest(Route route, BackendEndpoint endpoint, UpstreamProtocol protocol) : HttpTransformer
{
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>Where it goes, <c>scheme://address:port</c>.</summary>
    public string Destination { get; } =
        (protocol is UpstreamProtocol.Https or UpstreamProtocol.Grpcs ? "https://" : "http://") + endpoint.Authority;

    /// <inheritdoc/>
    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        proxyRequest.RequestUri = new Uri(destinationPrefix + TargetOf(route, httpContext), AsWritten);
        if (route.Options.UpstreamHost.Length > 0)
        {
            proxyRequest.Headers.Host = route.Options.UpstreamHost;
        }

        if (route.Options.ForwardedPrefix.Length > 0)
        {
            proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Prefix", route.Options.ForwardedPrefix);
        }
    }

    /// <summary>The path and query that an endpoint of a route is asked for.</summary>
    internal static string TargetOf(Route route, HttpContext context)
    {
        if (route.Options.Rewrite is not { } rewrite)
        {
            return RequestTarget.Of(context);
        }

        var path = context.Request.Path.Value ?? "/";
        var rest = rewrite.KeepsRest && path.Length > route.Path.Length ? path[route.Path.Length..].TrimStart('/') : "";
        return new PathString(rewrite.Before + rest).ToUriComponent() + context.Request.QueryString.Value;
    }
}
