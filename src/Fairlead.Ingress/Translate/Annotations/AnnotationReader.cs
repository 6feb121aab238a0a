using Fairlead.Cluster.Model;
using Fairlead.State;

namespace Fairlead.Ingress.Translate.Annotations;

/// <summary>
/// Reads the annotations of ingress-nginx (docs/user-guide/nginx-configuration/annotations.md there), under its prefix or our own; docs/ingress.md
/// lists them. What cannot be read is off and found; a guard that cannot be read keeps the Ingress from being served.
/// </summary>
public static class AnnotationReader
{
    private const string Size = "a size as nginx writes them (8m, 1g, 0)";
    private const string Seconds = "a number of seconds";
    private const string Bool = "true or false";
    private const string Url = "an absolute http or https URL with no variables but $scheme, $host, $http_host, $request_uri and $escaped_request_uri";

    /// <summary>What the annotations of an Ingress say. Never throws.</summary>
    public static IngressAnnotations Read(IngressRow ingress)
    {
        var set = new AnnotationSet(ingress.Annotations);
        if (set.IsEmpty)
        {
            return IngressAnnotations.None;
        }

        var target = set.Option<RewriteTarget?>("rewrite-target", RewriteTarget.TryParse, null, "a path that ends with $1 to $9 or has no variable");
        var useRegex = set.Option<bool>("use-regex", Values.Bool, false, Bool);
        var canary = set.Option<bool>("canary", Values.Bool, false, Bool);
        var options = GuardReader.Read(set, Redirects(set, Upstream(set, Headers(set))));
        OtherAnnotations.Find(set);
        FindPaths(set, ingress, target, useRegex);
        if (canary)
        {
            set.Find("AnnotationRefused", "a canary takes a part of another Ingress's requests, which nothing here does: none of its paths is served");
        }

        options = options with { Refused = set.Refused };
        return new IngressAnnotations(options == RouteOptions.Default ? RouteOptions.Default : options, set.Findings, target, useRegex) { IsCanary = canary };
    }

    private static RouteOptions Headers(AnnotationSet set) => new()
    {
        Sticky = Sticky(set),
        Cors = Cors(set),
        UpstreamHost = set.Option("upstream-vhost", Values.Authority, "", "a host, or host:port"),
        ForwardedPrefix = set.Option("x-forwarded-prefix", Values.Path, "", "a path"),
        Aliases = set.Option<ValueArray<string>>("server-alias", Values.Hosts, default, "a list of hosts (expressions are never evaluated)"),
    };

    private static RouteOptions Upstream(AnnotationSet set, RouteOptions options) => options with
    {
        MaxBodyBytes = set.Option<long>("proxy-body-size", Values.Size, 0, Size),
        ConnectTimeout = set.Option<TimeSpan>("proxy-connect-timeout", Values.Seconds, Seconds),
        ActivityTimeout = Longer(set.Option<TimeSpan>("proxy-read-timeout", Values.Seconds, Seconds), set.Option<TimeSpan>("proxy-send-timeout", Values.Seconds, Seconds)),
        Protocol = set.Option<UpstreamProtocol>("backend-protocol", Values.Protocol, default, "HTTP, HTTPS, GRPC, GRPCS or AUTO_HTTP"),
    };

    private static TimeSpan? Longer(TimeSpan? one, TimeSpan? other) => one is null || other > one ? other : one;

    private static RouteOptions Redirects(AnnotationSet set, RouteOptions options)
    {
        var permanent = set.Option<UrlTemplate?>("permanent-redirect", UrlTemplate.TryParse, null, Url);
        var temporal = set.Option<UrlTemplate?>("temporal-redirect", UrlTemplate.TryParse, null, Url);
        var permanentCode = set.Option<int>("permanent-redirect-code", Values.RedirectCode, 301, "a code from 300 to 308");
        var temporalCode = set.Option<int>("temporal-redirect-code", Values.RedirectCode, 302, "a code from 300 to 308");
        return options with
        {
            AppRoot = set.Option("app-root", Values.PathAndQuery, "", "a path"),
            SslRedirect = set.Option<bool>("ssl-redirect", Values.Bool, Bool),
            ForceSslRedirect = set.Option<bool>("force-ssl-redirect", Values.Bool, false, Bool),
            Redirect = temporal is not null ? new RedirectTarget(temporal, temporalCode) : permanent is not null ? new RedirectTarget(permanent, permanentCode) : null,
        };
    }

    private static StickyCookie? Sticky(AnnotationSet set)
    {
        var affinity = set.Option("affinity", Values.Word("cookie"), "", "cookie, the only affinity there is");
        _ = set.Option("affinity-mode", Values.Word("balanced", "persistent"), "", "balanced or persistent");
        var expires = set.Option<TimeSpan>("session-cookie-expires", Values.Seconds, Seconds);
        var cookie = new StickyCookie(
            set.Option("session-cookie-name", Values.Token, "INGRESSCOOKIE", "the name of a cookie"),
            set.Option("session-cookie-path", Values.Path, "", "a path"),
            set.Option<TimeSpan>("session-cookie-max-age", Values.Seconds, Seconds) ?? expires)
        {
            Domain = set.Option("session-cookie-domain", Values.CookieDomain, "", "a domain"),
            SameSite = set.Option("session-cookie-samesite", Values.SameSite, "", "Strict, Lax or None"),
            Secure = set.Option<bool>("session-cookie-secure", Values.Bool, Bool),
            ChangeOnFailure = set.Option<bool>("session-cookie-change-on-failure", Values.Bool, false, Bool),
        };
        return affinity.Length > 0 ? cookie : null;
    }

    private static CorsRules? Cors(AnnotationSet set)
    {
        var enabled = set.Option<bool>("enable-cors", Values.Bool, false, Bool);
        var rules = new CorsRules();

        // What cannot be read must not become what is widest: then no origin is allowed, and no credentials.
        var (asksOrigins, asksCredentials) = (set.Has("cors-allow-origin"), set.Has("cors-allow-credentials"));
        var origins = set.Option("cors-allow-origin", Values.Origins, asksOrigins ? default : rules.Origins, "a list of origins, so none is allowed");
        var methods = set.Option<ValueArray<string>>("cors-allow-methods", Values.Methods, default, "a list of methods");
        var headers = set.Option<ValueArray<string>>("cors-allow-headers", Values.Headers, default, "a list of headers");
        rules = rules with
        {
            Origins = origins,
            Methods = methods.Count > 0 ? string.Join(", ", methods.AsEnumerable()) : rules.Methods,
            Headers = headers.Count > 0 ? string.Join(", ", headers.AsEnumerable()) : rules.Headers,
            ExposedHeaders = string.Join(", ", set.Option<ValueArray<string>>("cors-expose-headers", Values.Headers, default, "a list of headers").AsEnumerable()),
            Credentials = set.Option<bool>("cors-allow-credentials", Values.Bool, !asksCredentials, Bool),
            MaxAgeSeconds = set.Option<int>("cors-max-age", Values.Count, rules.MaxAgeSeconds, Seconds),
        };
        return enabled && origins.Count > 0 ? rules : null;
    }

    private static void FindPaths(AnnotationSet set, IngressRow ingress, RewriteTarget? target, bool useRegex)
    {
        foreach (var rule in ingress.Rules)
        {
            foreach (var path in rule.Paths)
            {
                if (PathForms.Read(path.Path, path.Type, target, useRegex) is null)
                {
                    var shown = $"{AnnotationSet.Shown(rule.Host)}{AnnotationSet.Shown(path.Path)}";
                    var rewrite = target is null ? "" : $" with rewrite-target {AnnotationSet.Shown(target.Before)}{(target.Group > 0 ? $"${target.Group}" : "")}";
                    set.Find("RegexRefused", $"{shown}{rewrite} is a regular expression of none of the shapes that are recognised, and none is evaluated: the path is not served");
                }
            }
        }
    }
}
