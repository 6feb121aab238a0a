using System.Buffers.Text;
using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Fairlead.Ingress.Translate;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Ingress.Behaviours;

/// <summary>
/// Keeps a client with its endpoint by a cookie. The value is a hash of the endpoint under a key made of its Service's name and port: it is the same from
/// every replica and after a restart, shows no address, and fits no other Service. It is no secret: it lets a client choose among endpoints that it may
/// reach anyway, and nothing more.
/// </summary>
public sealed class StickyCookies
{
    private const int HashBytes = 16;

    // The values of the endpoints of one state of a backend: made once, and gone with it.
    private readonly ConditionalWeakTable<BackendState, FrozenDictionary<string, BackendEndpoint>> _values = [];

    /// <summary>Looks at the request's cookie, and sees to that of the answer; null: the route keeps nobody.</summary>
    public StickySession? Begin(HttpContext context, Route route)
    {
        if (route.Options.Sticky is not { } sticky)
        {
            return null;
        }

        var chosen = context.Request.Cookies.TryGetValue(sticky.Name, out var value) ? Values(route.Backend).GetValueOrDefault(value) : null;
        var session = new StickySession(chosen);

        // Once the endpoint has answered: before, it may not be known who does.
        context.Response.OnStarting(() =>
        {
            if (session.Serving is { } serving && (chosen is null || (chosen != serving && sticky.ChangeOnFailure)))
            {
                context.Response.Cookies.Append(sticky.Name, Value(route.Backend.Key, serving), Cookie(sticky, route, context.Request.IsHttps));
            }

            return Task.CompletedTask;
        });
        return session;
    }

    /// <summary>The value that names an endpoint of a backend: 22 characters of base64url.</summary>
    public static string Value(BackendKey backend, BackendEndpoint endpoint)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(Encoding.UTF8.GetBytes($"sticky {backend}"), Encoding.UTF8.GetBytes(endpoint.Authority), hash);
        return Base64Url.EncodeToString(hash[..HashBytes]);
    }

    private static CookieOptions Cookie(StickyCookie sticky, Route route, bool isHttps) => new()
    {
        Path = sticky.Path.Length > 0 ? sticky.Path : CookiePath(route.Path),
        Domain = sticky.Domain.Length > 0 ? sticky.Domain : null,
        MaxAge = sticky.MaxAge,
        HttpOnly = true,
        Secure = sticky.Secure ?? isHttps,
        SameSite = sticky.SameSite switch { "Strict" => SameSiteMode.Strict, "Lax" => SameSiteMode.Lax, "None" => SameSiteMode.None, _ => SameSiteMode.Unspecified },
    };

    // As browsers write it in requests; a semicolon would begin another attribute (RFC 6265 §4.1.1).
    private static string CookiePath(string path) => new PathString(path).ToUriComponent().Replace(";", "%3B", StringComparison.Ordinal);

    private FrozenDictionary<string, BackendEndpoint> Values(Backend backend) => _values.GetValue(
        backend.State,
        state => state.Endpoints.AsEnumerable().DistinctBy(endpoint => endpoint.Authority).ToFrozenDictionary(endpoint => Value(backend.Key, endpoint), StringComparer.Ordinal));
}

/// <summary>Where one request belongs, and where it goes.</summary>
/// <param name="Chosen">The endpoint that its cookie names; null: it names none that is there now, and any will do.</param>
public sealed record StickySession(BackendEndpoint? Chosen)
{
    /// <summary>Who is asked: set at each attempt. The answer's cookie names the last.</summary>
    public BackendEndpoint? Serving { get; set; }
}
