using System.Net;
using Fairlead.ControlPlane.Http;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Streaming;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fairlead.ControlPlane.Forwarding;

/// <summary>
/// The <c>proxy</c> subresources of pods, Services and nodes: every method, path and query as the client wrote them; links and redirects of the answer
/// lead through the proxy again; WebSockets and other upgrades are handed through.
/// </summary>
internal sealed class ProxyHandler(ProxyTargets targets, ProxyTransport transport, CancellationToken stopping)
{
    /// <summary>Answers a request.</summary>
    /// <exception cref="StatusException">A refusal, nothing written yet.</exception>
    public async Task HandleAsync(HttpContext context, Caller caller, ProxyPath path)
    {
        var method = context.Request.Method;
        Authorizer.Demand(caller, new AccessRequest(Verb(method), "", $"{path.Plural}/proxy", path.Namespace, path.Id));
        var upgrade = context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } feature ? feature : null;
        if (path.Rest.Length == 0 && upgrade is null && method is "GET" or "HEAD")
        {
            // Relative links of the page would otherwise miss the last part of the path.
            context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            context.Response.Headers.Location = $"{path.Prefix}/{path.Query}";
            return;
        }

        var target = targets.Resolve(path);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, context.RequestAborted);
        using var request = ProxyMessages.Request(context, path, target, upgrade is not null);
        using var answer = await transport.SendAsync(request, target, end.Token);
        try
        {
            if (answer.StatusCode == HttpStatusCode.SwitchingProtocols && upgrade is not null)
            {
                await SpliceAsync(context, upgrade, answer, end.Token);
            }
            else
            {
                var links = new LinkRewriter(path.Prefix, target.Authority, context.Request.Host.Value ?? "");
                await ProxyMessages.AnswerAsync(context, answer, links, end.Token);
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException && context.Response.HasStarted)
        {
            // The answer broke off, and so must ours: an end that looks regular would pass half a file for a whole one.
            context.Abort();
        }
    }

    private static async Task SpliceAsync(HttpContext context, IHttpUpgradeFeature upgrade, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        ProxyMessages.CopyHeaders(answer, context.Response);
        context.Response.Headers.Upgrade = answer.Headers.Upgrade.ToString();
        await using var backend = await answer.Content.ReadAsStreamAsync(cancellationToken);
        await using var client = await upgrade.UpgradeAsync();
        await Splice.RunAsync(client, backend, ReadOnlyMemory<byte>.Empty, cancellationToken);
    }

    /// <summary>The verb of a method, as for other resources.</summary>
    private static string Verb(string method) => method switch
    {
        "GET" or "HEAD" => "get",
        "POST" => "create",
        "PUT" => "update",
        _ => method.ToLowerInvariant(),
    };
}
