using System.Text.Json;
using Fairlead.Inspect;
using Fairlead.Nftables;
using Fairlead.Policy;
using Fairlead.Proxy;
using Fairlead.Proxy.Inspection;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Serving;

/// <summary>
/// What `fairlead inspect` asks an agent, on a socket that only root can reach: <c>GET /services?namespace=N&amp;name=N&amp;depth=D</c>. Only reads. One at a
/// time, however many ask, and line by line, so that neither memory nor processor goes to it without bound. `fairlead explain` and `fairlead observe` ask at the same place, and `fairlead status` asks whose policies are in force (<c>GET /policy</c>).
/// </summary>
internal sealed class InspectionEndpoint(ProxyRoom proxy, INft nft, DnsExplanationPage names, DnsStatusPage dns, DropsPage drops, PolicyRoom policy) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Answers one request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Path.Value == "/dns")
        {
            await names.AnswerAsync(context);
            return;
        }

        if (context.Request.Path.Value == "/dns-status")
        {
            await dns.AnswerAsync(context);
            return;
        }

        if (context.Request.Path.Value == "/drops")
        {
            await drops.AnswerAsync(context);
            return;
        }

        if (context.Request.Path.Value == "/policy")
        {
            await Replies.TextAsync(context, StatusCodes.Status200OK, $"{policy.Standing}\n", "text/plain; charset=utf-8");
            return;
        }

        var query = context.Request.Query;
        if (context.Request.Path.Value != "/services" || !Enum.TryParse<InspectionDepth>(query["depth"], ignoreCase: true, out var depth))
        {
            await Replies.TextAsync(context, StatusCodes.Status404NotFound, "see /services?depth=services, frontends or endpoints\n", "text/plain; charset=utf-8");
            return;
        }

        await _turn.WaitAsync(context.RequestAborted);
        try
        {
            var found = await proxy.InspectAsync(nft, new InspectionQuery($"{query["namespace"]}", $"{query["name"]}", depth), context.RequestAborted);
            await WriteAsync(context, found);
        }
        catch (NftException e)
        {
            await Replies.TextAsync(context, StatusCodes.Status503ServiceUnavailable, e.Message, "text/plain; charset=utf-8");
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private static async Task WriteAsync(HttpContext context, NodeInspection found)
    {
        var (body, cancellationToken) = (context.Response.Body, context.RequestAborted);
        context.Response.ContentType = "application/jsonl";
        await JsonSerializer.SerializeAsync(body, new AnswerHead(found.Node, found.Problems), InspectJson.Default.AnswerHead, cancellationToken);
        await body.WriteAsync("\n"u8.ToArray(), cancellationToken);
        foreach (var service in found.Services)
        {
            await JsonSerializer.SerializeAsync(body, service, InspectJson.Default.InspectedService, cancellationToken);
            await body.WriteAsync("\n"u8.ToArray(), cancellationToken);
        }
    }
}
