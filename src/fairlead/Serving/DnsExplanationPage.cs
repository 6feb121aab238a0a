using System.Text.Json;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns;
using Fairlead.Dns.Explain;
using Fairlead.Explain;
using Fairlead.Linux.Addresses;
using Fairlead.Policy;
using Fairlead.Policy.Evaluate;
using Fairlead.State;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Serving;

/// <summary>What `fairlead explain dns` asks an agent: <c>GET /dns?client=A&amp;name=N&amp;type=T</c>. It asks the node's DNS as the client would.</summary>
internal sealed class DnsExplanationPage(DnsRoom dns, ClusterTables cluster)
{
    private const ushort DnsPort = 53;

    /// <summary>Answers one request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        var query = context.Request.Query;
        if (!IpAddr.TryParse($"{query["client"]}", out var client))
        {
            await Replies.TextAsync(context, StatusCodes.Status400BadRequest, $"client={query["client"]} is no address", "text/plain; charset=utf-8");
            return;
        }

        var servers = cluster.Services.Get(PolicyWorld.DnsService)?.ClusterIPs ?? default;
        var answer = new DnsAnswer
        {
            Servers = [.. servers.Select(server => server.ToString())],
            DeniedBy = [.. DeniedBy(cluster, client, servers).Select(key => key.ToString())],
            Explanation = await dns.ExplainAsync(new NameQuestion(client, $"{query["name"]}", $"{query["type"]}"), context.RequestAborted),
        };
        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(context.Response.Body, answer, ExplainJson.Default.DnsAnswer, context.RequestAborted);
    }

    /// <summary>The policies that keep a client from its DNS; none: nothing does.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="client">The client's address.</param>
    /// <param name="servers">Addresses of the DNS.</param>
    public static ValueArray<ObjectKey> DeniedBy(ClusterTables cluster, IpAddr client, ValueArray<IpAddr> servers)
    {
        var world = PolicyWorld.Of(cluster);
        return servers.Where(server => server.Family == client.Family)
            .Select(server => PolicyEvaluator.Evaluate(world, client, server, IpProtocol.Udp, DnsPort).Egress)
            .FirstOrDefault(egress => !egress.Allowed)?.Isolating ?? default;
    }
}
