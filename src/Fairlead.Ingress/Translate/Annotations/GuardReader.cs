using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Ingress.Translate.Annotations;

/// <summary>
/// The annotations that keep requests out. One that is not understood, and one that nothing here does, keeps all of them out: the Ingress's author would
/// rather see it not work than work for everybody.
/// </summary>
internal static class GuardReader
{
    private const string Ranges = "a list of addresses and ranges";
    private const string Number = "a whole number";
    private const string ComeBack = "$pass_access_scheme://$http_host$escaped_request_uri";

    // What frames a message, and what is about one connection (RFC 9110 §7.6.1, RFC 9112 §6): copied from another answer it would change where the request ends.
    private static readonly FrozenSet<string> Framing = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "Connection", "Content-Length", "Host", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade");

    // Of nginx's directives those that keep requests out, by their words: whether one does is not looked into.
    private static readonly string[] GuardWords =
        ["deny", "allow ", "auth_", "limit_", "satisfy", "internal", "return 4", "access_by", "valid_referers", "secure_link", "ssl_verify"];

    public static RouteOptions Read(AnnotationSet set, RouteOptions options)
    {
        RefuseUnserved(set);
        RefuseSnippets(set);
        return options with
        {
            AllowedSources = Allowed(set),
            DeniedSources = set.Guard<ValueArray<IpNet>>("denylist-source-range", Values.Nets, default, Ranges),
            Limits = Limits(set),
            Auth = Auth(set),
        };
    }

    private static ValueArray<IpNet> Allowed(AnnotationSet set)
    {
        var asked = set.Has("allowlist-source-range");
        var allowed = set.Guard<ValueArray<IpNet>>("allowlist-source-range", Values.Nets, default, Ranges);
        var older = set.Guard<ValueArray<IpNet>>("whitelist-source-range", Values.Nets, default, Ranges);
        return asked ? allowed : older;
    }

    private static RateLimits? Limits(AnnotationSet set)
    {
        var whitelist = set.Guard<ValueArray<IpNet>>("limit-whitelist", Values.Nets, default, Ranges);
        var allowlist = set.Guard<ValueArray<IpNet>>("limit-allowlist", Values.Nets, default, Ranges);
        var limits = new RateLimits(
            set.Guard<int>("limit-rps", Values.Count, 0, Number),
            set.Guard<int>("limit-rpm", Values.Count, 0, Number),
            set.Guard<int>("limit-connections", Values.Count, 0, Number),
            set.Guard<int>("limit-burst-multiplier", Values.Count, 5, Number))
        {
            Exempt = allowlist.Count > 0 ? allowlist : whitelist,
        };
        return limits is { PerSecond: 0, PerMinute: 0, Connections: 0 } ? null : limits;
    }

    private static ExternalAuth? Auth(AnnotationSet set)
    {
        var url = set.Guard<UrlTemplate?>("auth-url", UrlTemplate.TryParse, null, "an absolute http or https URL");
        var method = set.Guard("auth-method", Values.Token, "", "a method");
        var headers = set.Guard<ValueArray<string>>("auth-response-headers", ResponseHeaders, default, "a list of headers that may be copied");
        var parameter = set.Option("auth-signin-redirect-param", Values.Token, "rd", "the name of a parameter");
        var signIn = set.Option<UrlTemplate?>(
            "auth-signin", (string text, [MaybeNullWhen(false)] out UrlTemplate? template) => SignIn(text, parameter, out template), null, "an absolute http or https URL");
        var redirect = set.Option<UrlTemplate?>("auth-request-redirect", UrlTemplate.TryParseOrPath, null, "a URL or a path");
        return url is null ? null : new ExternalAuth(url) { Method = method, SignIn = signIn, ResponseHeaders = headers, RequestRedirect = redirect };
    }

    private static bool ResponseHeaders(string text, out ValueArray<string> headers) => Values.Headers(text, out headers) && !headers.Any(Framing.Contains);

    // As ingress-nginx: where to come back to is put behind, unless the URL says it itself.
    private static bool SignIn(string text, string parameter, [NotNullWhen(true)] out UrlTemplate? template)
    {
        if (!UrlTemplate.TryParse(text, out template))
        {
            return false;
        }

        var query = text.IndexOf('?', StringComparison.Ordinal);
        var says = query >= 0 && text[(query + 1)..].Split('&').Any(pair => pair.StartsWith(parameter + "=", StringComparison.Ordinal));
        return says || UrlTemplate.TryParse($"{text}{(query < 0 ? '?' : '&')}{parameter}={ComeBack}", out template);
    }

    private static void RefuseUnserved(AnnotationSet set)
    {
        foreach (var name in set.Names.Where(IsUnservedGuard))
        {
            var annotation = set.Take(name)!;
            if (!IsOff(name, annotation.Value))
            {
                set.Refuse("AnnotationRefused", $"{AnnotationSet.Shown(annotation)} is a guard that nothing here does");
            }
        }
    }

    private static bool IsUnservedGuard(string name) =>
        name is "auth-type" or "auth-secret" or "satisfy" or "enable-modsecurity" or "enable-owasp-core-rules" or "proxy-ssl-verify"
        || name.StartsWith("auth-tls-", StringComparison.Ordinal) || name.StartsWith("global-rate-limit", StringComparison.Ordinal);

    // The values by which they ask for nothing. A blank auth-type may be one that a template failed to fill.
    private static bool IsOff(string name, string value) => name switch
    {
        "satisfy" => value == "all",
        "proxy-ssl-verify" => value == "off",
        "enable-modsecurity" or "enable-owasp-core-rules" => Values.Bool(value, out var on) && !on,
        "auth-tls-pass-certificate-to-upstream" => Values.Bool(value, out var pass) && !pass,
        _ => false,
    };

    private static void RefuseSnippets(AnnotationSet set)
    {
        foreach (var name in set.Names.Where(name => name.EndsWith("-snippet", StringComparison.Ordinal)))
        {
            var annotation = set.Take(name)!;
            var message = $"{AnnotationSet.Shown(annotation)} is configuration of nginx, which is never run";
            if (MayGuard(annotation.Value))
            {
                set.Refuse("AnnotationRefused", $"{message}; it may keep requests out");
            }
            else
            {
                set.Find("AnnotationRefused", $"{message}; it is ignored");
            }
        }
    }

    private static bool MayGuard(string snippet) => GuardWords.Any(word => snippet.Contains(word, StringComparison.OrdinalIgnoreCase));
}
