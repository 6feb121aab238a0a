using System.Net;
using Fairlead.Ingress.Translate;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace Fairlead.Ingress.Hosting;

/// <summary>How one request looks to its endpoint.</summary>
internal sealed class ForwardedRequest(Route route, BackendEndpoint endpoint, UpstreamProtocol protocol) : HttpTransformer
{
    private const string ForwardedPrefix = "X-Forwarded-Prefix";

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
            // One: what a trusted proxy says of it is of the way to us.
            proxyRequest.Headers.Remove(ForwardedPrefix);
            proxyRequest.Headers.TryAddWithoutValidation(ForwardedPrefix, route.Options.ForwardedPrefix);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="HttpRequestException">The endpoint has gone over to another protocol though nobody asked for that: what follows is no HTTP, and the client would read it as such.</exception>
    public override ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken) =>
        proxyResponse?.StatusCode != HttpStatusCode.SwitchingProtocols || AsksForUpgrade(httpContext.Features)
            ? base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken)
            : throw new HttpRequestException("101 to a request that asks for no upgrade");

    private static bool AsksForUpgrade(IFeatureCollection features) =>
        features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } || features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    /// <summary>The path and query that an endpoint of a route is asked for.</summary>
    internal static string TargetOf(Route route, HttpContext context)
    {
        if (route.Options.Rewrite is not { } rewrite)
        {
            return RequestTarget.Of(context);
        }

        return new PathString(rewrite.Apply(route.Path, context.Request.Path.Value ?? "/")).ToUriComponent() + context.Request.QueryString.Value;
    }
}
