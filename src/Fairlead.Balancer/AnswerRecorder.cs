using System.Text.Json.Nodes;
using Fairlead.Balancer.Announce;
using Fairlead.Cluster;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Reflectors;
using Fairlead.Kube.Client;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Balancer;

/// <summary>
/// Writes on each balanced Service which nodes answer for its addresses, so that a node that returns does not take back what another has taken over.
/// Nobody waits for it: nodes take over without it, it only remembers. One instance per cluster.
/// </summary>
/// <param name="api">The cluster.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Where it logs.</param>
public sealed class AnswerRecorder(IKubeApi api, TimeProvider time, ILogger logger) : IController
{
    /// <summary>The annotation it writes: <c>ADDRESS=NODE</c>, joined by commas.</summary>
    public const string Annotation = ServiceRow.AnsweredByAnnotation;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public string Name => "balancer-answers";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var tables = new ClusterTables();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] loops = [new ClusterReflectors(api, tables, time, logger).RunServicesAsync(ending.Token), RecordAsync(tables, ending.Token)];
        try
        {
            await await Task.WhenAny(loops);
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(loops).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private async Task RecordAsync(ClusterTables tables, CancellationToken cancellationToken)
    {
        var wake = new Wake();
        using var services = tables.Services.Subscribe();
        using var slices = tables.EndpointSlices.Subscribe();
        using var nodes = tables.Nodes.Subscribe();
        services.Signalled += wake.Ring;
        slices.Signalled += wake.Ring;
        nodes.Signalled += wake.Ring;
        using var timer = time.CreateTimer(_ => wake.Ring(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var compiler = new AnnouncementCompiler("");
        while (true)
        {
            await wake.WaitAsync(cancellationToken);
            if (!tables.Services.Initialized || !tables.EndpointSlices.Initialized || !tables.Nodes.Initialized)
            {
                continue;
            }

            var rows = compiler.Apply(services.Take().Changes, slices.Take().Changes, nodes.Take());
            foreach (var owners in rows.Values.GroupBy(row => row.Service))
            {
                if (tables.Services.Get(owners.Key) is { } service && !await TryWriteAsync(service, owners, cancellationToken))
                {
                    timer.Change(RetryAfter, Timeout.InfiniteTimeSpan);
                }
            }
        }
    }

    // False: to be tried again.
    private async Task<bool> TryWriteAsync(ServiceRow service, IEnumerable<AnnouncementRow> owners, CancellationToken cancellationToken)
    {
        var record = Election.Record(service, owners);
        if (record == service.AnsweredBy)
        {
            return true;
        }

        try
        {
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Annotation] = record } } };
            await api.PatchAsync(ResourceTypes.Services, service.Key.Namespace, service.Key.Name, "", PatchKind.Merge, patch, cancellationToken);
            return true;
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            return true;
        }
        catch (KubeException e)
        {
            BalancerLog.NotRecorded(logger, service.Key, e.Message);
            return false;
        }
    }
}
