using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Ingress.Status;

/// <summary>
/// Keeps status.loadBalancer.ingress of the Ingresses that are served here at the addresses of <see cref="IngressOptions.PublishService"/>, in their order. An
/// Ingress that is served here no longer loses them, if they are exactly what it shows; whatever else an Ingress shows that is not served here is left alone.
/// </summary>
/// <remarks>
/// Writes only where something differs; the work goes with what changes. What fails is tried again, later each time. Several replicas may run: they write the
/// same, and one that is behind takes nothing away that another has written.
/// </remarks>
public sealed class StatusWriter(IKubeApi api, ClusterTables cluster, IngressTables ingress, IngressOptions options, TimeProvider time, ILogger log)
{
    private const int Workers = 4;

    /// <summary>Writes until cancelled; nothing before Ingresses, Services and what is served have been read once, and nothing at all without a Service to publish.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (options.PublishService is not { } service)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
            return;
        }

        using var loop = new ReconcileLoop<ObjectKey>("ingress-status", (key, token) => WriteAsync(service, key, token), Workers, time, log);
        await Task.WhenAll(FollowAsync(service, loop.Queue, cancellationToken), loop.RunAsync([], cancellationToken));
    }

    private async Task FollowAsync(ObjectKey service, WorkQueue<ObjectKey> queue, CancellationToken cancellationToken)
    {
        using var served = ingress.Served.Subscribe();
        using var ingresses = cluster.Ingresses.Subscribe();
        using var services = cluster.Services.Subscribe();
        var wake = new Wake();
        served.Signalled += wake.Ring;
        ingresses.Signalled += wake.Ring;
        services.Signalled += wake.Ring;
        wake.Ring();
        var first = true;
        ValueArray<string> published = default;
        while (true)
        {
            await wake.WaitAsync(cancellationToken);
            if (!ingress.Served.Initialized || !cluster.Ingresses.Initialized || !cluster.Services.Initialized)
            {
                continue;
            }

            var addresses = Addresses(services.Take().Rows.GetValueOrDefault(service));
            foreach (var key in Due(served.Take(), ingresses.Take(), addresses, addresses != published, first))
            {
                queue.Add(key);
            }

            (published, first) = (addresses, false);
        }
    }

    private static IEnumerable<ObjectKey> Due(
        Take<ObjectKey, ServedIngressRow> served, Take<ObjectKey, IngressRow> ingresses, ValueArray<string> ours, bool moved, bool first)
    {
        // Who joins or leaves, or all when the addresses are others; findings alone make no difference.
        var joined = moved ? served.Rows.Keys : served.Changes.Where(change => change.Old is null).Select(change => change.Key);
        var left = served.Changes.Where(change => change.New is null).Select(change => change.Key);

        // Where somebody else has written. An Ingress that is not served shows our addresses when a replica that is ahead has written them, which is not to be
        // undone; but at the start, when it was served before we were.
        var shown = ingresses.Changes.Where(change => change.Old?.Addresses != change.New?.Addresses
            && (served.Rows.ContainsKey(change.Key) || (first && ours.Count > 0 && change.New?.Addresses == ours)));
        return joined.Concat(left).Concat(shown.Select(change => change.Key)).Distinct();
    }

    private async Task WriteAsync(ObjectKey service, ObjectKey key, CancellationToken cancellationToken)
    {
        if (cluster.Ingresses.Get(key) is not { } row)
        {
            return;
        }

        var ours = Addresses(cluster.Services.Get(service));
        if (ingress.Served.Get(key) is null)
        {
            await ClearAsync(row, ours, cancellationToken);
        }
        else if (row.Addresses != ours)
        {
            await PatchAsync(row, ours, "", cancellationToken);
            StatusLog.Reached(log, key, ours.Count == 0 ? "no address" : string.Join(", ", ours));
        }
    }

    private async Task ClearAsync(IngressRow row, ValueArray<string> ours, CancellationToken cancellationToken)
    {
        if (ours.Count == 0)
        {
            return;
        }

        // By what the API says, and bound to it: the row may lack our own last write, and another controller may have taken the Ingress over.
        var document = await api.GetAsync(ResourceTypes.Ingresses, row.Key.Namespace, row.Key.Name, cancellationToken);
        if (document.Objects("status", "loadBalancer", "ingress").Select(shown => shown.Text("ip")).SequenceEqual(ours))
        {
            await PatchAsync(row, [], document.Text("metadata", "resourceVersion"), cancellationToken);
            StatusLog.Left(log, row.Key);
        }
    }

    private async Task PatchAsync(IngressRow row, ValueArray<string> addresses, string resourceVersion, CancellationToken cancellationToken)
    {
        // By the uid: an Ingress that came under the same name meanwhile is another.
        var metadata = new JsonObject { ["uid"] = row.Uid };
        if (resourceVersion.Length > 0)
        {
            metadata["resourceVersion"] = resourceVersion;
        }

        var patch = new JsonObject
        {
            ["metadata"] = metadata,
            ["status"] = new JsonObject
            {
                ["loadBalancer"] = new JsonObject
                {
                    ["ingress"] = addresses.Count == 0 ? null : new JsonArray([.. addresses.Select(address => new JsonObject { ["ip"] = address })]),
                },
            },
        };
        await api.PatchAsync(ResourceTypes.Ingresses, row.Key.Namespace, row.Key.Name, "status", PatchKind.Merge, patch, cancellationToken);
    }

    private static ValueArray<string> Addresses(ServiceRow? service) => (service?.LoadBalancerIPs ?? default).Select(address => address.ToString()).ToValueArray();
}
