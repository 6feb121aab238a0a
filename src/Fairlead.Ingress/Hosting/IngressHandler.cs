using Fairlead.Ingress.Translate;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Ingress.Hosting;

/// <summary>Answers requests from outside: finds the route, does what its Ingress asks for beside, and forwards.</summary>
internal sealed class IngressHandler(RouteTable routes, RequestForwarder forwarder)
{
    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        var request = context.Request;
        var route = routes.Match(HostOf(request.Host), request.Path.Value);
        if (route is null)
        {
            await AnswerAsync(context, StatusCodes.Status404NotFound, "no Ingress has a rule for this host and path\n");
            return;
        }

        var endpoint = await forwarder.ForwardAsync(context, route, null);
        if (endpoint is null)
        {
            await AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, "nothing is ready to answer behind this host and path\n");
        }
    }

    private static ReadOnlySpan<char> HostOf(HostString host)
    {
        var text = host.Value.AsSpan();
        var colon = text.LastIndexOf(':');
        return colon < 0 || text.EndsWith("]", StringComparison.Ordinal) ? text : text[..colon];
    }

    private static Task AnswerAsync(HttpContext context, int code, string text)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text, context.RequestAborted);
    }
}
