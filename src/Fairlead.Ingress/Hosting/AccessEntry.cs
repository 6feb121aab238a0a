using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Fairlead.Ingress.Hosting;

/// <summary>
/// What is logged of a request: the combined log format, so that what reads nginx's and Apache's logs reads these, and then seconds, host, Ingress, Service,
/// endpoint, how many endpoints failed before, and why no endpoint answered.
/// </summary>
internal static class AccessEntry
{
    public static void Write(AccessLine line, HttpContext context, Exchange exchange, DateTimeOffset now, TimeSpan took)
    {
        var (request, response) = (context.Request, context.Response);
        line.Plain(exchange.Client.ToString()).Plain(" - - [").Value(now.UtcDateTime, "dd/MMM/yyyy:HH:mm:ss").Plain(" +0000] \"")
            .Foreign(request.Method).Plain(" ").Foreign(context.Features.Get<IHttpRequestFeature>()?.RawTarget).Plain(" ").Foreign(request.Protocol).Plain("\" ")
            .Value(response.StatusCode).Plain(" ");
        if (response.ContentLength is { } length)
        {
            line.Value(length);
        }
        else
        {
            line.Plain("-");
        }

        Quoted(line, request.Headers.Referer);
        Quoted(line, request.Headers.UserAgent);
        line.Plain(" ").Value(took.TotalSeconds, "0.000").Plain(" ").Foreign(request.Host.Value).Plain(" ");
        if (exchange.Route is { } route)
        {
            line.Plain(route.Ingress.Namespace).Plain("/").Plain(route.Ingress.Name).Plain(" ").Plain(route.Backend.Key.Service.Name).Plain(":").Plain(route.Backend.Key.Port);
        }
        else
        {
            line.Plain("- -");
        }

        line.Plain(" ").Plain(exchange.Endpoint?.Authority ?? "-").Plain(" ").Value(exchange.Retries);
        Quoted(line, exchange.Reason);
    }

    private static void Quoted(AccessLine line, StringValues text) => line.Plain(" \"").Foreign(text.ToString()).Plain("\"");
}
