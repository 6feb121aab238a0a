using System.Text;
using Fairlead.Ingress.Behaviours;
using Fairlead.Ingress.Listening;
using Fairlead.Ingress.Metrics;
using Fairlead.Ingress.Translate;
using Fairlead.Linux.Addresses;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Ingress.Hosting;

/// <summary>Answers requests from outside: finds the route, does what its Ingress asks for beside, and forwards.</summary>
internal sealed class IngressHandler(IngressOptions options, IngressTables tables, RequestForwarder forwarder, IngressMetrics metrics, AccessLog? log, TimeProvider time) : IDisposable
{
    private readonly Redirects _redirects = new(options);
    private readonly RateLimiter _limiter = new(time);
    private readonly AuthCheck _auth = new(time, AuthCheck.DefaultTimeout);
    private readonly StickyCookies _sticky = new();

    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        metrics.Began();
        var started = time.GetTimestamp();
        var exchange = new Exchange();
        try
        {
            await AnswerAsync(context, exchange);
        }
        catch (BadHttpRequestException e)
        {
            exchange.Reason = e.Message;
            Refuse(context, e.StatusCode);
        }
        finally
        {
            var took = time.GetElapsedTime(started);
            metrics.Ended(exchange.Route?.Ingress, context.Response.StatusCode, took, exchange.Retries);
            log?.Write((context, exchange, Now: time.GetUtcNow(), took), static (what, line) => AccessEntry.Write(line, what.context, what.exchange, what.Now, what.took));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _auth.Dispose();

    private async ValueTask AnswerAsync(HttpContext context, Exchange exchange)
    {
        exchange.Client = PeerOf(context);
        if (RequestGate.Fault(context) is { } fault)
        {
            await SayAsync(context, exchange, StatusCodes.Status400BadRequest, fault);
            return;
        }

        var request = context.Request;
        var forwarded = ForwardedHeaders.Decide(
            new RequestOrigin(exchange.Client, request.IsHttps, request.Host.Value ?? ""), options.TrustedProxies, request.Headers);
        exchange.Client = forwarded.Client;
        var route = exchange.Route = tables.Routes.Match(HostOf(request.Host), request.Path.Value);
        if (route is null)
        {
            await SayAsync(context, exchange, StatusCodes.Status404NotFound, OwnAnswers.NoRule);
        }
        else if (route.Options.Refused.Length > 0)
        {
            await SayAsync(context, exchange, StatusCodes.Status503ServiceUnavailable, OwnAnswers.Guarded);
        }
        else
        {
            // What the client speaks, where a trusted proxy has ended its TLS: for redirects and cookies.
            request.Scheme = forwarded.Proto;
            forwarded.Apply(request.Headers);
            await GuardAsync(context, exchange, route);
        }
    }

    /// <summary>What the Ingress asks for beside, in the order that it must hold in; what passes is forwarded.</summary>
    private async ValueTask GuardAsync(HttpContext context, Exchange exchange, Route route)
    {
        if (_redirects.Answer(context, route, HasCertificate(context, route)))
        {
            exchange.Reason = "redirected";
            return;
        }

        if (SourceFilter.Answer(context, route.Options, exchange.Client))
        {
            exchange.Reason = "the client is not among those allowed";
            return;
        }

        if (_limiter.Answer(context, route, exchange.Client, out var lease))
        {
            exchange.Reason = "the client asks too often";
            return;
        }

        using (lease)
        {
            if (Cors.Answer(context, route.Options.Cors))
            {
                exchange.Reason = "preflight";
            }
            else if (await _auth.AnswerAsync(context, route, exchange.Client))
            {
                exchange.Reason = "auth-url did not let it pass";
            }
            else if (Limit(context, route.Options.MaxBodyBytes))
            {
                exchange.Reason = "the body is larger than proxy-body-size";
            }
            else
            {
                await ForwardAsync(context, exchange, route);
            }
        }
    }

    private async ValueTask ForwardAsync(HttpContext context, Exchange exchange, Route route)
    {
        await forwarder.ForwardAsync(context, exchange, route, _sticky.Begin(context, route));
        if (exchange.Endpoint is null)
        {
            await SayAsync(context, exchange, StatusCodes.Status503ServiceUnavailable, OwnAnswers.NothingReady);
            exchange.Reason = route.Backend.State.Missing;
        }
    }

    /// <summary>True when the request says already that it is too large; otherwise it ends where it becomes so.</summary>
    private static bool Limit(HttpContext context, long bytes)
    {
        if (bytes == 0)
        {
            return false;
        }

        if (context.Request.ContentLength is not { } length)
        {
            context.Request.Body = new BoundedBody(context.Request.Body, bytes);
        }
        else if (length > bytes)
        {
            Refuse(context, StatusCodes.Status413PayloadTooLarge);
            return true;
        }

        return false;
    }

    // Only asked where it decides something.
    private bool HasCertificate(HttpContext context, Route route) => !context.Request.IsHttps && (route.Options.SslRedirect ?? options.SslRedirect)
        && tables.HasCertificate(HostOf(context.Request.Host));

    private static IpAddr PeerOf(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } peer ? IpAddr.From(peer.Unmapped()) : default;

    private static ReadOnlySpan<char> HostOf(HostString host)
    {
        var text = host.Value.AsSpan();
        var colon = text.LastIndexOf(':');
        return colon < 0 || text.EndsWith("]", StringComparison.Ordinal) ? text : text[..colon];
    }

    private static void Refuse(HttpContext context, int code)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.StatusCode = code;
        }
    }

    private static Task SayAsync(HttpContext context, Exchange exchange, int code, string text)
    {
        exchange.Reason = text;
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        var body = Encoding.UTF8.GetBytes(text + "\n");
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }
}
