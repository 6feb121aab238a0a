using Fairlead.Ingress;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Serving;

/// <summary>What probes and Prometheus ask the ingress role: that it is there, whether it knows what to serve, and its metrics.</summary>
internal sealed class IngressPages(IngressTables tables, PrometheusText metrics)
{
    private const string PlainText = "text/plain; charset=utf-8";

    /// <summary>Answers one request. Ready is who has compiled the Ingresses once: before that every host would be unknown.</summary>
    public Task AnswerAsync(HttpContext context) => context.Request.Path.Value switch
    {
        "/metrics" => Replies.TextAsync(context, StatusCodes.Status200OK, metrics.Write(), PrometheusText.ContentType),
        "/healthz" => Replies.TextAsync(context, StatusCodes.Status200OK, "ok", PlainText),
        "/readyz" when tables.Served.Initialized => Replies.TextAsync(context, StatusCodes.Status200OK, "ok", PlainText),
        "/readyz" => Replies.TextAsync(context, StatusCodes.Status503ServiceUnavailable, "the cluster's Ingresses are not known yet\n", PlainText),
        _ => Replies.TextAsync(context, StatusCodes.Status404NotFound, "see /metrics, /healthz and /readyz\n", PlainText),
    };
}
