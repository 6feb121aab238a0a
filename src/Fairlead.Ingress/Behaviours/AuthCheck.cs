using System.Net;
using System.Net.Sockets;
using System.Text;
using Fairlead.Ingress.Translate;
using Fairlead.Linux.Addresses;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Fairlead.Ingress.Behaviours;

/// <summary>
/// Asks the service of auth-url before each request, with the request's own headers and no body. 2xx lets it pass, 401 and 403 are the client's answer (or
/// 401 sends it to auth-signin); whatever else comes, or nothing, keeps it out: 500 for an answer that says neither, 503 where there is none.
/// </summary>
public sealed class AuthCheck : IDisposable
{
    /// <summary>How long the service has when nobody says how long.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    // What the service's refusal may say to the client; beyond, it says it without words.
    private const int MostBodyBytes = 64 * 1024;
    private const int MostHeaderKilobytes = 32;

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null,
        MaxResponseHeadersLength = MostHeaderKilobytes,
        // As the server reads the client's: what is no ASCII goes on as it came.
        RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
        // Names are looked up again: a Service's address may change under a connection that stays.
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
    });
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;

    /// <summary>Makes one.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="timeout">How long the service has for its whole answer.</param>
    public AuthCheck(TimeProvider time, TimeSpan timeout)
    {
        (_time, _timeout) = (time, timeout);
    }

    /// <summary>Answers a request that may not pass; false: it may, and has the headers of auth-response-headers from the service alone.</summary>
    /// <param name="context">The request, with its client's headers. Its scheme and host are those that the client sees.</param>
    /// <param name="route">Its route.</param>
    /// <param name="client">Whose it is.</param>
    public async ValueTask<bool> AnswerAsync(HttpContext context, Route route, IpAddr client)
    {
        if (route.Options.Auth is not { } auth)
        {
            return false;
        }

        RemoveSpoofed(context.Request.Headers, auth);
        if (!IsAskable(context.Request, route, auth))
        {
            return context.Response.Answered(StatusCodes.Status503ServiceUnavailable);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        await using var timer = _time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), stop, _timeout, Timeout.InfiniteTimeSpan);
        try
        {
            using var question = AuthRequest.Of(context.Request, auth, client);
            using var answer = await _client.SendAsync(question, stop.Token);
            return await TakeAsync(context, auth, answer, stop.Token);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException or OperationCanceledException or UriFormatException)
        {
            return context.Response.HasStarted || context.Response.Answered(StatusCodes.Status503ServiceUnavailable);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    // Where the host is anybody's choice, so would be who is asked. And a question that came round to a route that asks again would go round for ever.
    private static bool IsAskable(HttpRequest request, Route route, ExternalAuth auth) =>
        !(auth.Url.NamesHost && (route.Host.Length == 0 || !request.Host.HasValue)) && request.Headers[AuthRequest.SentFrom] != AuthRequest.Sender;

    // Endpoints may read "_" as "-" in names of headers (RFC 3875 §4.1.18), so neither writing gets through from the client.
    private static void RemoveSpoofed(IHeaderDictionary headers, ExternalAuth auth)
    {
        foreach (var name in auth.ResponseHeaders)
        {
            headers.Remove(name);
            foreach (var other in headers.Keys.Where(key => IsSame(key, name)).ToArray())
            {
                headers.Remove(other);
            }
        }
    }

    private static bool IsSame(string one, string other) =>
        one.Length == other.Length && one.Replace('_', '-').Equals(other.Replace('_', '-'), StringComparison.OrdinalIgnoreCase);

    private static async ValueTask<bool> TakeAsync(HttpContext context, ExternalAuth auth, HttpResponseMessage answer, CancellationToken cancel)
    {
        var response = context.Response;
        switch (answer.StatusCode)
        {
            case >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices:
                Copy(answer, auth, context);
                return false;
            case HttpStatusCode.Unauthorized when auth.SignIn is { } signIn:
                KeepCookies(response, Header(answer, "Set-Cookie"));
                return response.Redirected(StatusCodes.Status302Found, signIn.Expand(context.Request.Parts()));
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden:
                var body = await BodyAsync(answer, cancel);
                response.StatusCode = (int)answer.StatusCode;
                response.Headers.WWWAuthenticate = Header(answer, "WWW-Authenticate");
                response.Headers.ContentType = body.Length > 0 ? Header(answer, "Content-Type") : StringValues.Empty;
                KeepCookies(response, Header(answer, "Set-Cookie"));
                response.ContentLength = body.Length;
                await response.Body.WriteAsync(body, cancel);
                return true;
            default:
                return response.Answered(StatusCodes.Status500InternalServerError);
        }
    }

    private static void Copy(HttpResponseMessage answer, ExternalAuth auth, HttpContext context)
    {
        foreach (var name in auth.ResponseHeaders)
        {
            if (Header(answer, name) is { Count: > 0 } values)
            {
                context.Request.Headers[name] = values;
            }
        }

        // A session that the service renews: its cookies go to the client beside the endpoint's.
        if (Header(answer, "Set-Cookie") is { Count: > 0 } cookies)
        {
            context.Response.OnStarting(() =>
            {
                KeepCookies(context.Response, cookies);
                return Task.CompletedTask;
            });
        }
    }

    private static void KeepCookies(HttpResponse response, StringValues cookies) => response.Headers.SetCookie = StringValues.Concat(response.Headers.SetCookie, cookies);

    private static StringValues Header(HttpResponseMessage answer, string name) =>
        answer.Headers.NonValidated.TryGetValues(name, out var values) || answer.Content.Headers.NonValidated.TryGetValues(name, out values)
            ? new StringValues([.. values])
            : StringValues.Empty;

    private static async ValueTask<ReadOnlyMemory<byte>> BodyAsync(HttpResponseMessage answer, CancellationToken cancel)
    {
        var stream = await answer.Content.ReadAsStreamAsync(cancel);
        var buffer = new byte[MostBodyBytes + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        return length > MostBodyBytes ? ReadOnlyMemory<byte>.Empty : buffer.AsMemory(0, length);
    }
}
