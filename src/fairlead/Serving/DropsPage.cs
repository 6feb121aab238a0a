using System.Text.Json;
using Fairlead.Cluster;
using Fairlead.Linux.Addresses;
using Fairlead.Observe;
using Fairlead.Policy.Drops;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Serving;

/// <summary>What `fairlead observe` asks an agent: <c>GET /drops</c>. Line by line; one who follows gets each record as it comes, until he leaves.</summary>
internal sealed class DropsPage(DropLog drops, ClusterTables cluster, string nodeName, TimeProvider time)
{
    private static readonly byte[] LineEnd = "\n"u8.ToArray();

    /// <summary>Answers one request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        var (query, cancellationToken) = (DropsQuery.Of(context.Request.Query), context.RequestAborted);
        var (kept, follower) = drops.Follow();
        using (follower)
        {
            var (now, run) = (time.GetUtcNow(), drops.Since.ToUnixTimeMilliseconds());
            var back = (now - drops.Oldest(kept)).TotalSeconds;
            var head = new DropsHead(
                nodeName, run, query.Since == default ? back : Math.Min(back, query.Since.TotalSeconds), kept.Count == 0 ? 0 : kept[^1].Id, drops.Problem,
                [.. Unknown(query.Filter, kept)]);
            context.Response.ContentType = "application/jsonl";
            await JsonSerializer.SerializeAsync(context.Response.Body, head, ObserveJson.Default.DropsHead, cancellationToken);
            await context.Response.Body.WriteAsync(LineEnd, cancellationToken);
            foreach (var record in query.Choose(kept, run, now))
            {
                await WriteAsync(context, new DropsLine(0, record));
            }

            await context.Response.Body.FlushAsync(cancellationToken);
            var missed = 0L;
            while (query.Follows)
            {
                var next = await follower.NextAsync(cancellationToken);
                missed += next.Missed;
                if (query.Filter.Takes(next.Record))
                {
                    await WriteAsync(context, new DropsLine(missed, next.Record));
                    await context.Response.Body.FlushAsync(cancellationToken);
                    missed = 0;
                }
            }
        }
    }

    private static async Task WriteAsync(HttpContext context, DropsLine line)
    {
        await JsonSerializer.SerializeAsync(context.Response.Body, line, ObserveJson.Default.DropsLine, context.RequestAborted);
        await context.Response.Body.WriteAsync(LineEnd, context.RequestAborted);
    }

    /// <summary>Names that are neither the cluster's nor a record's: most likely mistyped. None is unknown before the cluster is listed.</summary>
    private IEnumerable<string> Unknown(DropFilter filter, IReadOnlyList<DropRecord> kept)
    {
        if (filter.Namespace.Length > 0 && cluster.Namespaces.Initialized && cluster.Namespaces.Get(filter.Namespace) is null
            && !kept.Any(record => record.From.Namespace == filter.Namespace || record.To.Namespace == filter.Namespace))
        {
            yield return $"namespace {filter.Namespace}";
        }

        foreach (var pod in new[] { filter.Pod, filter.From, filter.To })
        {
            if (pod.Length > 0 && (pod == filter.Pod || !IpAddr.TryParse(pod, out _)) && cluster.Pods.Initialized
                && !cluster.Pods.Snapshot().Keys.Any(key => filter.Named(pod, key.Namespace, key.Name))
                && !kept.Any(record => new[] { record.From, record.To }.Any(end => end.Pod is not null && filter.Named(pod, end.Namespace!, end.Pod))))
            {
                yield return $"pod {pod}";
            }
        }

        if (filter.Policy.Length > 0 && cluster.Policies.Initialized
            && !cluster.Policies.Snapshot().Keys.Any(key => filter.Named(filter.Policy, key.Namespace, key.Name))
            && cluster.ClusterPolicies.Get(filter.Policy) is null
            && !kept.Any(record => record.Policies.Any(policy => filter.Named(filter.Policy, policy.Namespace, policy.Name))))
        {
            yield return $"policy {filter.Policy}";
        }
    }
}
