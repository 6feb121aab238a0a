using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Watch;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Lifecycle;

/// <summary>Gives every pod bound to one of our nodes a worker.</summary>
internal sealed class PodDirectory(PodsContext context, CancellationToken cancellationToken) : IReflectorSink
{
    private readonly ConcurrentDictionary<string, (PodWorker Worker, Task Run)> _workers = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public void Replace(IReadOnlyList<JsonObject> items)
    {
        var uids = items.Select(item => item["metadata"].Text("uid")).ToHashSet(StringComparer.Ordinal);
        foreach (var (uid, entry) in _workers.Where(pair => !uids.Contains(pair.Key)))
        {
            entry.Worker.Stop(TimeSpan.Zero, gone: true);
        }

        foreach (var item in items)
        {
            Upsert(item);
        }
    }

    /// <inheritdoc/>
    public void Upsert(JsonObject item)
    {
        var uid = item["metadata"].Text("uid");
        if (!_workers.TryGetValue(uid, out var entry))
        {
            var spec = new PodSpec(item);
            if (context.Options.Nodes.FirstOrDefault(node => node.Name == spec.NodeName) is not { } node)
            {
                return;
            }

            var worker = new PodWorker(context, node, spec);
            entry = (worker, Task.Run(() => LeadAsync(uid, worker), CancellationToken.None));
            _workers[uid] = entry;
        }

        entry.Worker.Observe(item);
        if (item["metadata"].Text("deletionTimestamp").Length > 0)
        {
            entry.Worker.Stop(TimeSpan.FromSeconds(item["metadata"].Number(30, "deletionGracePeriodSeconds")), gone: false);
        }
    }

    /// <inheritdoc/>
    public void Delete(JsonObject item)
    {
        if (_workers.TryGetValue(item["metadata"].Text("uid"), out var entry))
        {
            entry.Worker.Stop(TimeSpan.Zero, gone: true);
        }
    }

    /// <summary>Those there are now.</summary>
    internal IReadOnlyList<PodWorker> Workers => [.. _workers.Values.Select(entry => entry.Worker)];

    internal PodWorker? Find(string ns, string name) =>
        _workers.Values.Select(entry => entry.Worker).LastOrDefault(worker => worker.Spec.Namespace == ns && worker.Spec.Name == name);

    internal Task WaitAsync() => Task.WhenAll(_workers.Values.Select(entry => entry.Run));

    private async Task LeadAsync(string uid, PodWorker worker)
    {
        try
        {
            await worker.RunAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // The loop's owner: one pod's failure must not reach another's.
            context.Log.PodFailed(worker.Spec.Key, e.ToString());
        }
        finally
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                _workers.TryRemove(uid, out _);
                worker.Dispose();
            }
        }
    }
}
