using System.Globalization;
using System.Text.Json;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns;
using Fairlead.Dns.Metrics;
using Fairlead.Inspect;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Serving;

/// <summary>What `fairlead inspect dns` asks an agent: <c>GET /dns-status?most=N</c>. Clients get their pods' names from the tables as they are now.</summary>
internal sealed class DnsStatusPage(DnsRoom dns, ClusterTables cluster, string nodeName)
{
    /// <summary>Answers one request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        _ = int.TryParse(context.Request.Query["most"], NumberStyles.None, CultureInfo.InvariantCulture, out var most);
        var status = dns.Inspect(most);
        var answer = new DnsStatusAnswer { Node = nodeName, Status = status with { Missing = Named(status.Missing) } };
        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(context.Response.Body, answer, DnsStatusJson.Default.DnsStatusAnswer, context.RequestAborted);
    }

    private MissingNameStatus[] Named(IReadOnlyList<MissingNameStatus> missing)
    {
        var clients = missing.Select(one => one.Client).ToHashSet(StringComparer.Ordinal);
        var pods = new Dictionary<string, ObjectKey>();
        foreach (var pod in clients.Count == 0 ? [] : cluster.Pods.Snapshot().Select(pair => pair.Value))
        {
            foreach (var address in pod.NetworkIPs)
            {
                if (clients.Contains($"{address}"))
                {
                    pods[$"{address}"] = pod.Key;
                }
            }
        }

        return
        [
            .. missing.Select(one => pods.TryGetValue(one.Client, out var pod)
                ? one with { Pod = $"{pod}", Hint = SearchPath.HintOf(one.Name, pod.Namespace, dns.ClusterDomain) }
                : one),
        ];
    }
}
