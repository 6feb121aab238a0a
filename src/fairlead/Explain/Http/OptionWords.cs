using System.Globalization;
using Fairlead.Ingress.Inspection;
using Fairlead.Ingress.Translate;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Explain.Http;

/// <summary>What annotations do to a request, in words. Pure.</summary>
internal static class OptionWords
{
    /// <summary>One line each; none where there is nothing beside.</summary>
    /// <param name="options">What the Ingress says.</param>
    /// <param name="answer">What becomes of the request; null: of no request in particular.</param>
    public static IEnumerable<string> Of(RouteOptions options, PlannedAnswer? answer) =>
        Guards(options).Concat(answer is null ? Redirects(options) : []).Concat(Upstream(options, answer)).Where(line => line.Length > 0);

    /// <summary>Which annotation has redirected a request.</summary>
    public static string Redirect(RouteOptions options, PlannedAnswer answer) =>
        options.AppRoot.Length > 0 && answer.Location == options.AppRoot ? "app-root"
        : answer.Code == 308 && answer.Location.StartsWith("https://", StringComparison.Ordinal) && (options.Redirect is not { } target || target.Code != 308)
            ? options.ForceSslRedirect ? "force-ssl-redirect" : "ssl-redirect"
        : "permanent-redirect or temporal-redirect";

    /// <summary>What an endpoint is spoken to with.</summary>
    public static string Protocol(UpstreamProtocol protocol) => protocol switch
    {
        UpstreamProtocol.Https => "HTTP/1.1 over TLS",
        UpstreamProtocol.Grpc => "HTTP/2 without TLS",
        UpstreamProtocol.Grpcs => "HTTP/2 over TLS",
        _ => "HTTP/1.1",
    };

    /// <summary>Who may be answered by the Ingress itself, so that not every request gets to an endpoint.</summary>
    public static bool MayAnswerItself(RouteOptions options) =>
        options.AllowedSources.Count > 0 || options.DeniedSources.Count > 0 || options.Limits is not null || options.Auth is not null;

    private static IEnumerable<string> Guards(RouteOptions options) =>
    [
        options.AllowedSources.Count > 0 ? $"allowlist-source-range: clients of {List(options.AllowedSources)} alone, 403 for others" : "",
        options.DeniedSources.Count > 0 ? $"denylist-source-range: 403 for clients of {List(options.DeniedSources)}" : "",
        options.Limits is { } limits ? $"limits for each client: {Limits(limits)}; 503 beyond" : "",
        options.Auth is { } auth ? $"auth-url: {auth.Url} is asked first, and lets pass or not{(auth.SignIn is null ? "" : $"; who is not known is sent to {auth.SignIn}")}" : "",
        options.Cors is { } cors ? $"enable-cors: preflights of {string.Join(", ", cors.Origins.AsEnumerable())} are answered without the endpoint" : "",
        options.MaxBodyBytes > 0 ? string.Create(CultureInfo.InvariantCulture, $"proxy-body-size: 413 for bodies of more than {options.MaxBodyBytes} bytes") : "",
    ];

    private static IEnumerable<string> Redirects(RouteOptions options) =>
    [
        options.Refused.Length > 0 ? $"{options.Refused}: every request is answered 503" : "",
        options.AppRoot.Length > 0 ? $"app-root: / is redirected to {options.AppRoot}" : "",
        options.ForceSslRedirect ? "force-ssl-redirect: HTTP is redirected to HTTPS" : options.SslRedirect is { } ssl ? $"ssl-redirect: HTTP is {(ssl ? "" : "not ")}redirected to HTTPS where the host has a certificate" : "",
        options.Redirect is { } redirect ? string.Create(CultureInfo.InvariantCulture, $"every request is redirected to {redirect.Location} ({redirect.Code})") : "",
        options.Aliases.Count > 0 ? $"server-alias: {string.Join(", ", options.Aliases.AsEnumerable())}" : "",
    ];

    private static IEnumerable<string> Upstream(RouteOptions options, PlannedAnswer? answer) =>
    [
        options.Rewrite is not { } rewrite ? ""
            : answer is null ? $"rewrite-target: the path becomes {rewrite.Before}{(rewrite.KeepsRest ? "…" : "")}" : $"rewrite-target: the endpoint is asked for {answer.Target}",
        options.Sticky is { } sticky ? $"affinity: cookie {sticky.Name} keeps a client with its endpoint" : "",
        options.UpstreamHost.Length > 0 ? $"upstream-vhost: the endpoint sees Host {options.UpstreamHost}" : "",
        options.ForwardedPrefix.Length > 0 ? $"x-forwarded-prefix: {options.ForwardedPrefix}" : "",
        options.ConnectTimeout is { } connect ? string.Create(CultureInfo.InvariantCulture, $"proxy-connect-timeout: {connect.TotalSeconds} s") : "",
        options.ActivityTimeout is { } activity ? string.Create(CultureInfo.InvariantCulture, $"proxy-read-timeout: {activity.TotalSeconds} s") : "",
        answer is null && options.Protocol != UpstreamProtocol.ByPort ? $"backend-protocol: {Protocol(options.Protocol)}" : "",
    ];

    private static string Limits(RateLimits limits) => string.Join(", ", ((string[])
    [
        limits.PerSecond > 0 ? $"{limits.PerSecond} requests a second" : "",
        limits.PerMinute > 0 ? $"{limits.PerMinute} a minute" : "",
        limits.Connections > 0 ? $"{limits.Connections} at once" : "",
    ]).Where(text => text.Length > 0));

    private static string List(ValueArray<IpNet> nets) => string.Join(", ", nets.AsEnumerable());
}
