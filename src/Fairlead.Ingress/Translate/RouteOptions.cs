using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Ingress.Translate;

/// <summary>What endpoints are spoken to with.</summary>
public enum UpstreamProtocol
{
    /// <summary>What the Service's port says (appProtocol); HTTP/1.1 where it says nothing.</summary>
    ByPort,

    /// <summary>HTTP/1.1.</summary>
    Http,

    /// <summary>HTTP/1.1 or 2 over TLS; the endpoint's certificate is not looked at.</summary>
    Https,

    /// <summary>HTTP/2 without TLS.</summary>
    Grpc,

    /// <summary>HTTP/2 over TLS; the endpoint's certificate is not looked at.</summary>
    Grpcs,
}

/// <summary>What an Ingress says of its routes beside hosts and paths: its annotations, read and checked. Absent means not asked for.</summary>
public sealed record RouteOptions
{
    /// <summary>Nothing beside.</summary>
    public static RouteOptions Default { get; } = new();

    /// <summary>Why nothing is served: the Ingress asks for a guard that is not understood or not known here; every request is answered 503. Empty: it is served.</summary>
    public string Refused { get; init; } = "";

    /// <summary>Other hosts with the same routes, in lower case (server-alias); an Ingress's own rule for such a host comes first.</summary>
    public ValueArray<string> Aliases { get; init; }

    /// <summary>What the path becomes on its way to the endpoint (rewrite-target); null: it stays.</summary>
    public PathRewrite? Rewrite { get; init; }

    /// <summary>Where <c>/</c> is redirected to, a path (app-root), by 302; empty: nowhere.</summary>
    public string AppRoot { get; init; } = "";

    /// <summary>HTTP is redirected to HTTPS where the host has a certificate (ssl-redirect); null: as the controller is told.</summary>
    public bool? SslRedirect { get; init; }

    /// <summary>HTTP is redirected to HTTPS even where the host has none (force-ssl-redirect).</summary>
    public bool ForceSslRedirect { get; init; }

    /// <summary>Every request is redirected (permanent-redirect, temporal-redirect); null: none is.</summary>
    public RedirectTarget? Redirect { get; init; }

    /// <summary>Most bytes of a request's body (proxy-body-size); 0: any number.</summary>
    public long MaxBodyBytes { get; init; }

    /// <summary>How long a connection to an endpoint may take to be made (proxy-connect-timeout); null: as the controller is told.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>How long nothing may come from, or go to, an endpoint (the longer of proxy-read-timeout and proxy-send-timeout); null: as the controller is told.</summary>
    public TimeSpan? ActivityTimeout { get; init; }

    /// <summary>What endpoints are spoken to with (backend-protocol).</summary>
    public UpstreamProtocol Protocol { get; init; }

    /// <summary>A client stays with its endpoint by a cookie (affinity: cookie); null: it does not.</summary>
    public StickyCookie? Sticky { get; init; }

    /// <summary>Answers for browsers that ask from another origin (enable-cors); null: none.</summary>
    public CorsRules? Cors { get; init; }

    /// <summary>How much one client may ask for (limit-rps, limit-rpm, limit-connections); null: any amount.</summary>
    public RateLimits? Limits { get; init; }

    /// <summary>Who is asked before each request (auth-url); null: nobody.</summary>
    public ExternalAuth? Auth { get; init; }

    /// <summary>Clients that are served (whitelist-source-range, allowlist-source-range); empty: all.</summary>
    public ValueArray<IpNet> AllowedSources { get; init; }

    /// <summary>Clients that are not (denylist-source-range).</summary>
    public ValueArray<IpNet> DeniedSources { get; init; }

    /// <summary>The Host that endpoints see (upstream-vhost); empty: the request's.</summary>
    public string UpstreamHost { get; init; } = "";

    /// <summary>X-Forwarded-Prefix for endpoints (x-forwarded-prefix); empty: none.</summary>
    public string ForwardedPrefix { get; init; } = "";
}

/// <summary>Where requests are redirected to.</summary>
/// <param name="Location">An absolute URL.</param>
/// <param name="Code">300 to 308.</param>
public sealed record RedirectTarget(UrlTemplate Location, int Code);

/// <summary>The cookie that keeps a client with its endpoint.</summary>
/// <param name="Name">session-cookie-name.</param>
/// <param name="Path">session-cookie-path; empty: the route's path.</param>
/// <param name="MaxAge">session-cookie-max-age; null: until the browser is closed.</param>
public sealed record StickyCookie(string Name, string Path, TimeSpan? MaxAge)
{
    /// <summary>session-cookie-domain; empty: the request's host alone.</summary>
    public string Domain { get; init; } = "";

    /// <summary>session-cookie-samesite: Strict, Lax, None or empty.</summary>
    public string SameSite { get; init; } = "";

    /// <summary>session-cookie-secure; null: as the request came.</summary>
    public bool? Secure { get; init; }

    /// <summary>session-cookie-change-on-failure: a failed endpoint's clients get another for good.</summary>
    public bool ChangeOnFailure { get; init; }
}

/// <summary>What a browser is told of requests from other origins (the Fetch standard, CORS protocol).</summary>
public sealed record CorsRules
{
    /// <summary>cors-allow-origin: <c>*</c>, origins, or origins with one <c>*.</c> for any one label.</summary>
    public ValueArray<string> Origins { get; init; } = ["*"];

    /// <summary>cors-allow-methods.</summary>
    public string Methods { get; init; } = "GET, PUT, POST, DELETE, PATCH, OPTIONS";

    /// <summary>cors-allow-headers.</summary>
    public string Headers { get; init; } = "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization";

    /// <summary>cors-expose-headers; empty: none.</summary>
    public string ExposedHeaders { get; init; } = "";

    /// <summary>cors-allow-credentials.</summary>
    public bool Credentials { get; init; } = true;

    /// <summary>cors-max-age in seconds.</summary>
    public int MaxAgeSeconds { get; init; } = 1728000;
}

/// <summary>How much one client address may ask of the routes of one Ingress. 0: any amount.</summary>
/// <param name="PerSecond">limit-rps: requests per second.</param>
/// <param name="PerMinute">limit-rpm: requests per minute.</param>
/// <param name="Connections">limit-connections: requests at once.</param>
/// <param name="BurstMultiplier">limit-burst-multiplier: how many times the rate may come at once.</param>
public sealed record RateLimits(int PerSecond, int PerMinute, int Connections, int BurstMultiplier)
{
    /// <summary>limit-whitelist: clients that are not counted.</summary>
    public ValueArray<IpNet> Exempt { get; init; }
}

/// <summary>A service that is asked before each request whether it may pass.</summary>
/// <param name="Url">auth-url.</param>
public sealed record ExternalAuth(UrlTemplate Url)
{
    /// <summary>auth-method; empty: GET.</summary>
    public string Method { get; init; } = "";

    /// <summary>auth-signin, with where to come back to as auth-signin-redirect-param: where a client that is not known is sent; null: it gets the service's answer.</summary>
    public UrlTemplate? SignIn { get; init; }

    /// <summary>auth-request-redirect: what the service is told in X-Auth-Request-Redirect; null: the request's path and query.</summary>
    public UrlTemplate? RequestRedirect { get; init; }

    /// <summary>auth-response-headers: headers of the answer that go on to the endpoint; none of them is taken from the client.</summary>
    public ValueArray<string> ResponseHeaders { get; init; }
}
