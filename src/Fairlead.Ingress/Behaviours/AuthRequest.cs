using System.Collections.Frozen;
using Fairlead.Ingress.Translate;
using Fairlead.Linux.Addresses;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Ingress.Behaviours;

/// <summary>The question that a service of auth-url is asked: the request's headers, and what it was asked for in headers of ingress-nginx's names.</summary>
internal static class AuthRequest
{
    public const string SentFrom = "X-Sent-From";
    public const string Sender = "fairlead-ingress";

    // About the connection and the body (RFC 9110 §7.6.1), which the question does not share; and what we say ourselves, whatever the client says.
    private static readonly FrozenSet<string> Left = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Expect", "Forwarded", "Host", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
        "X-Auth-Request-Redirect", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Method", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Uri",
        "X-Original-Method", "X-Original-URL", "X-Real-IP", SentFrom);

    public static HttpRequestMessage Of(HttpRequest request, ExternalAuth auth, IpAddr client)
    {
        var parts = request.Parts();

        // The client chooses the port of its Host, but not whom we ask.
        var url = auth.Url.Expand(parts with { Host = parts.HostName });
        var question = new HttpRequestMessage(auth.Method.Length > 0 ? new HttpMethod(auth.Method) : HttpMethod.Get, new Uri(url, UriKind.Absolute));
        var named = request.Headers.Connection.ToArray().SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, values) in request.Headers)
        {
            if (!Left.Contains(name) && !named.Contains(name) && name is [not ':', ..])
            {
                question.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        Add(question, "X-Original-URL", $"{parts.Scheme}://{parts.Host}{parts.PathAndQuery}");
        Add(question, "X-Original-Method", request.Method);
        Add(question, "X-Real-IP", client.ToString());
        Add(question, "X-Forwarded-For", client.ToString());
        Add(question, "X-Forwarded-Host", parts.Host);
        Add(question, "X-Forwarded-Proto", parts.Scheme);
        Add(question, "X-Forwarded-Method", request.Method);
        Add(question, "X-Forwarded-Uri", parts.PathAndQuery);
        Add(question, "X-Auth-Request-Redirect", auth.RequestRedirect?.Expand(parts) ?? parts.PathAndQuery);
        Add(question, SentFrom, Sender);
        return question;
    }

    private static void Add(HttpRequestMessage question, string name, string value) => question.Headers.TryAddWithoutValidation(name, value);
}
