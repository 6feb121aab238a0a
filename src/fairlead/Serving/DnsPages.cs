using Fairlead.Dns;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Serving;

/// <summary>What CoreDNS answers by HTTP beside names: its metrics, whether it lives, and whether it is ready.</summary>
internal sealed class DnsPages(DnsRoom dns, PrometheusText metrics)
{
    private const string PlainText = "text/plain; charset=utf-8";
    private const string Fine = "OK";

    /// <summary>Answers one request.</summary>
    public Task AnswerAsync(HttpContext context) => AnswerAsync(context, DnsPageKinds.All);

    /// <summary>Answers one request where only some of the pages are.</summary>
    public Task AnswerAsync(HttpContext context, DnsPageKinds kinds) => context.Request.Path.Value switch
    {
        "/metrics" when kinds.HasFlag(DnsPageKinds.Metrics) => Replies.TextAsync(context, StatusCodes.Status200OK, metrics.Write(), PrometheusText.ContentType),
        "/health" when kinds.HasFlag(DnsPageKinds.Health) => Replies.TextAsync(context, StatusCodes.Status200OK, Fine, PlainText),
        "/ready" when kinds.HasFlag(DnsPageKinds.Ready) => AnswerReadyAsync(context),
        _ => Replies.TextAsync(context, StatusCodes.Status404NotFound, "see /metrics, /health and /ready\n", PlainText),
    };

    private Task AnswerReadyAsync(HttpContext context)
    {
        var missing = string.Join(',', dns.NotReady);
        return missing.Length == 0
            ? Replies.TextAsync(context, StatusCodes.Status200OK, Fine, PlainText)
            : Replies.TextAsync(context, StatusCodes.Status503ServiceUnavailable, missing, PlainText);
    }
}
