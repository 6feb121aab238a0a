using System.Net;
using Fairlead.Ingress.Behaviours;
using Fairlead.Ingress.Translate;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace Fairlead.Ingress.Hosting;

/// <summary>Sends a request to an endpoint of its route, and to another where that is safe.</summary>
internal sealed class RequestForwarder(IHttpForwarder forwarder, UpstreamClients clients, EndpointHealth health, IngressOptions options)
{
    /// <summary>To how many endpoints a request is sent at most.</summary>
    private const int Attempts = 3;

    /// <summary>Forwards; the answer is the endpoint's, or 502 or 504 when none gave one. Without any endpoint nothing is answered, and the exchange names none.</summary>
    /// <param name="context">The request.</param>
    /// <param name="exchange">Told of what becomes of it.</param>
    /// <param name="route">Its route.</param>
    /// <param name="session">Where its client belongs; null: anywhere.</param>
    public async ValueTask ForwardAsync(HttpContext context, Exchange exchange, Route route, StickySession? session)
    {
        var state = route.Backend.State;
        var protocol = ProtocolOf(route.Options.Protocol, state.Protocol);
        var client = clients.For(route.Options.ConnectTimeout ?? options.ConnectTimeout);
        var config = Configure(protocol, route.Options.ActivityTimeout ?? options.ActivityTimeout);
        List<BackendEndpoint>? tried = null;
        var endpoint = session?.Chosen ?? EndpointPicker.Next(route.Backend, state.Endpoints.AsSpan(), health, tried);
        while (endpoint is not null)
        {
            exchange.Endpoint = endpoint;
            session?.Serving = endpoint;
            var request = new ForwardedRequest(route, endpoint, protocol);
            var error = await forwarder.SendAsync(context, request.Destination, client, config, request);
            if (error == ForwarderError.None)
            {
                return;
            }

            var isEndpoints = EndpointFault.Is(error, context.GetForwarderErrorFeature()?.Exception);
            if (isEndpoints)
            {
                health.Failed(endpoint);
            }

            if (!isEndpoints || !MayRetry(context, error))
            {
                Explain(context, exchange, error);
                return;
            }

            (tried ??= []).Add(endpoint);
            endpoint = tried.Count < Attempts ? EndpointPicker.Next(route.Backend, route.Backend.State.Endpoints.AsSpan(), health, tried) : null;
            if (endpoint is null)
            {
                Explain(context, exchange, error);
                return;
            }

            exchange.Retries++;
            context.Features.Set<IForwarderErrorFeature>(null);
            context.Response.Clear();
        }
    }

    /// <summary>What a request is sent by, where the Ingress does not say: by what the Service's port says (KEP-3726, and ingress-nginx's names).</summary>
    internal static UpstreamProtocol ProtocolOf(UpstreamProtocol asked, string appProtocol) => asked != UpstreamProtocol.ByPort
        ? asked
        : appProtocol.ToLowerInvariant() switch
        {
            "kubernetes.io/h2c" or "grpc" or "h2c" or "http2" => UpstreamProtocol.Grpc,
            "https" => UpstreamProtocol.Https,
            "grpcs" => UpstreamProtocol.Grpcs,
            _ => UpstreamProtocol.Http,
        };

    private static void Explain(HttpContext context, Exchange exchange, ForwarderError error)
    {
        var cause = context.GetForwarderErrorFeature()?.Exception;
        exchange.Reason = cause is null ? $"{error}" : $"{error}: {(EndpointUnreachableException.CauseOf(cause) ?? cause.GetBaseException()).Message}";

        // The client's body was too large, too slow or broken: that is no fault of the endpoint's.
        if (cause?.GetBaseException() is BadHttpRequestException bad && !context.Response.HasStarted)
        {
            context.Response.StatusCode = bad.StatusCode;
        }
    }

    private static ForwarderRequestConfig Configure(UpstreamProtocol protocol, TimeSpan activity) => new()
    {
        ActivityTimeout = activity,
        Version = protocol is UpstreamProtocol.Grpc or UpstreamProtocol.Grpcs ? HttpVersion.Version20 : HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    /// <summary>
    /// Safe is what the endpoint cannot have begun to do: no connection was made; or what does no harm when it is done twice (RFC 9110 §9.2.2) and has no
    /// body that is gone by now. Never after the answer has begun.
    /// </summary>
    private static bool MayRetry(HttpContext context, ForwarderError error)
    {
        if (context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
        {
            return false;
        }

        if (EndpointUnreachableException.CauseOf(context.GetForwarderErrorFeature()?.Exception) is not null)
        {
            return true;
        }

        return error == ForwarderError.Request && (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) || HttpMethods.IsOptions(context.Request.Method))
            && context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true };
    }
}
