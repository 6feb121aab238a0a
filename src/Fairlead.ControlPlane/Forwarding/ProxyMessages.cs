using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fairlead.ControlPlane.Forwarding;

/// <summary>Requests and answers on their way through the proxy: what of their headers and bodies goes on, and what is changed.</summary>
internal static class ProxyMessages
{
    /// <summary>Longer pages are passed on with their links as they are.</summary>
    private const int LongestPage = 4 * 1024 * 1024;

    /// <summary>Headers that mean one connection (RFC 9110 §7.6.1), and those that were for the API server alone.</summary>
    private static readonly FrozenSet<string> NotPassedOn = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Connection", "Expect", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding",
        "Upgrade", "Authorization", "Accept-Encoding", "Host", "Content-Length");

    /// <summary>The request as it goes to the target.</summary>
    public static HttpRequestMessage Request(HttpContext context, ProxyPath path, ProxyTarget target, bool upgrade)
    {
        var from = context.Request;
        var location = $"{target.Scheme}://{target.Authority}{(path.Rest.Length == 0 ? "/" : path.Rest)}{path.Query}";
        var request = new HttpRequestMessage(new HttpMethod(from.Method), new Uri(location, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }))
        {
            Version = System.Net.HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (!upgrade && context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
        {
            request.Content = new StreamContent(from.Body);
            request.Content.Headers.ContentLength = from.ContentLength;
        }

        foreach (var (name, values) in from.Headers)
        {
            // HTTP/2 has fields of its own, which begin with a colon.
            if (!NotPassedOn.Contains(name) && !name.StartsWith(':') && !name.StartsWith("Impersonate-", StringComparison.OrdinalIgnoreCase)
                && !request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
            }
        }

        AddOrigin(context, request, path, target, upgrade);
        return request;
    }

    /// <summary>Passes an answer on.</summary>
    public static async Task AnswerAsync(HttpContext context, HttpResponseMessage answer, LinkRewriter links, CancellationToken cancellationToken)
    {
        var to = context.Response;
        to.StatusCode = (int)answer.StatusCode;
        CopyHeaders(answer, to);
        if (to.Headers.Location.ToString() is { Length: > 0 } location)
        {
            to.Headers.Location = links.Rewrite(location);
        }

        if (context.Request.Method == "HEAD" || to.StatusCode is StatusCodes.Status204NoContent or StatusCodes.Status304NotModified)
        {
            return;
        }

        await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        if (answer.Content.Headers.ContentType?.MediaType == "text/html" && answer.Content.Headers.ContentEncoding.Count == 0)
        {
            await PageAsync(body, to, links, cancellationToken);
        }
        else
        {
            await CopyAsync(body, to, cancellationToken);
        }
    }

    /// <summary>Copies the headers of an answer that are the client's.</summary>
    public static void CopyHeaders(HttpResponseMessage answer, HttpResponse to)
    {
        foreach (var (name, values) in answer.Headers.NonValidated.Concat(answer.Content.Headers.NonValidated))
        {
            if (!NotPassedOn.Contains(name))
            {
                to.Headers[name] = values.ToArray();
            }
        }

        to.ContentLength = answer.Content.Headers.ContentLength;
    }

    private static void AddOrigin(HttpContext context, HttpRequestMessage request, ProxyPath path, ProxyTarget target, bool upgrade)
    {
        var headers = request.Headers;
        headers.Host = target.IsKubelet ? target.Node : context.Request.Host.Value;
        headers.TryAddWithoutValidation("X-Forwarded-For", context.Connection.RemoteIpAddress?.ToString());
        headers.TryAddWithoutValidation("X-Forwarded-Host", context.Request.Host.Value);
        headers.TryAddWithoutValidation("X-Forwarded-Proto", "https");
        headers.TryAddWithoutValidation("X-Forwarded-Uri", path.Prefix + path.Rest);
        if (upgrade)
        {
            headers.TryAddWithoutValidation("Connection", "Upgrade");
            headers.TryAddWithoutValidation("Upgrade", context.Request.Headers.Upgrade.ToString());
        }
    }

    private static async Task PageAsync(Stream body, HttpResponse to, LinkRewriter links, CancellationToken cancellationToken)
    {
        using var page = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while (page.Length <= LongestPage && (read = await body.ReadAsync(buffer, cancellationToken)) > 0)
        {
            page.Write(buffer.AsSpan(0, read));
        }

        if (page.Length > LongestPage)
        {
            await to.Body.WriteAsync(page.GetBuffer().AsMemory(0, (int)page.Length), cancellationToken);
            await CopyAsync(body, to, cancellationToken);
            return;
        }

        var rewritten = links.RewritePage(page.GetBuffer().AsSpan(0, (int)page.Length));
        to.ContentLength = rewritten.Length;
        await to.Body.WriteAsync(rewritten, cancellationToken);
    }

    /// <summary>Piece by piece, each sent at once: an answer may be a stream of events.</summary>
    private static async Task CopyAsync(Stream body, HttpResponse to, CancellationToken cancellationToken)
    {
        await to.StartAsync(cancellationToken);
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await body.ReadAsync(buffer, cancellationToken)) > 0)
        {
            await to.Body.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            await to.Body.FlushAsync(cancellationToken);
        }
    }
}
