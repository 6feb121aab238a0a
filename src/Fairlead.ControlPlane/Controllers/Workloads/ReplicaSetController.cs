using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.ControlPlane.Controllers.Workloads;

/// <summary>Keeps as many pods as each ReplicaSet asks for. The decisions are <see cref="ReplicaSetPlan"/>'s.</summary>
internal sealed class ReplicaSetController : IController, IDisposable
{
    private readonly ControllerContext _context;
    private readonly EventRecorder _events;
    private readonly ReconcileLoop<ObjectKey> _loop;

    public ReplicaSetController(ControllerContext context)
    {
        _context = context;
        _events = context.Recorder("replicaset-controller");
        _loop = context.Loop<ObjectKey>(Name, ReconcileAsync, 4);
        context.ReplicaSets.Changed += (_, set) =>
        {
            if (set is not null)
            {
                _loop.Queue.Add(set.Meta.Key);
            }
        };
        context.Pods.Changed += (old, pod) =>
        {
            Enqueue(old);
            Enqueue(pod);
        };
    }

    public string Name => "replicaset";

    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync([_context.Pods.Synced, _context.ReplicaSets.Synced], cancellationToken);

    public void Dispose() => _loop.Dispose();

    private void Enqueue(PodInfo? pod)
    {
        switch (pod)
        {
            case null:
                return;
            case { Meta.Controller: { Kind: "ReplicaSet" } owner }:
                _loop.Queue.Add(new ObjectKey(pod.Meta.Key.Namespace, owner.Name));
                return;
            case { Meta.Controller: null } when pod.Meta.Labels.Count > 0:
                // It may be up for adoption.
                foreach (var set in _context.SetsByNamespace[pod.Meta.Key.Namespace])
                {
                    if (set.Selector?.Matches(pod.Meta.Labels) == true)
                    {
                        _loop.Queue.Add(set.Meta.Key);
                    }
                }

                return;
        }
    }

    private async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_context.ReplicaSets.Get(key) is not { Selector: not null } set)
        {
            return;
        }

        var pods = _context.PodsByOwner[set.Meta.Uid].Concat(_context.OrphanPods[key.Namespace]);
        var plan = ReplicaSetPlan.For(set, pods, Siblings(set), _context.Time.GetUtcNow());
        await AdoptAsync(set, plan, cancellationToken);
        var failure = "";
        try
        {
            await CreateAsync(set, plan.Create, cancellationToken);
            await DeleteAsync(set, plan.Delete, cancellationToken);
        }
        catch (KubeException e)
        {
            failure = e.Message;
            throw;
        }
        finally
        {
            await WriteStatusAsync(set, plan.Status with { Failure = failure }, cancellationToken);
        }

        if (plan.NextAvailable is { } next)
        {
            _loop.Queue.AddAfter(key, next - _context.Time.GetUtcNow());
        }
    }

    /// <summary>Pods per node of every ReplicaSet of the same Deployment.</summary>
    private Dictionary<string, int> Siblings(ReplicaSetInfo set)
    {
        var sets = set.Meta.Controller is { } owner ? _context.SetsByOwner[owner.Uid] : [set];
        return sets.SelectMany(sibling => _context.PodsByOwner[sibling.Meta.Uid]).Where(pod => pod.IsActive).CountBy(pod => pod.NodeName).ToDictionary();
    }

    private async Task AdoptAsync(ReplicaSetInfo set, ReplicaSetPlan plan, CancellationToken cancellationToken)
    {
        foreach (var pod in plan.Adopt)
        {
            await OwnAsync(pod, [.. pod.Meta.Owners, Owner(set)], cancellationToken);
        }

        foreach (var pod in plan.Release)
        {
            await OwnAsync(pod, [.. pod.Meta.Owners.Where(owner => owner.Uid != set.Meta.Uid)], cancellationToken);
        }
    }

    private async Task OwnAsync(PodInfo pod, IReadOnlyList<OwnerReference> owners, CancellationToken cancellationToken) =>
        _context.Pods.Observe(await _context.Api.PatchAsync(
            ResourceTypes.Pods, pod.Meta.Key.Namespace, pod.Meta.Key.Name, "", PatchKind.Merge, Ownership.Patch(pod.Meta, owners), cancellationToken));

    private async Task CreateAsync(ReplicaSetInfo set, int count, CancellationToken cancellationToken)
    {
        var subject = EventSubject.Of(ResourceTypes.ReplicaSets, set.Meta);
        var space = set.Meta.Key.Namespace;
        try
        {
            await Batch.RunAsync(Enumerable.Range(0, count), async (_, token) =>
            {
                var pod = await _context.Api.CreateAsync(
                    ResourceTypes.Pods, space, PodTemplate.NewPod(set.Template, set.Meta.Key.Name, space, Owner(set)), token);
                _context.Pods.Observe(pod);
                await _events.NormalAsync(subject, "SuccessfulCreate", $"Created pod: {pod.Text("metadata", "name")}", token);
            }, cancellationToken);
        }
        catch (KubeException e) when (!e.Message.Contains("being terminated", StringComparison.Ordinal))
        {
            await _events.WarningAsync(subject, "FailedCreate", $"Error creating: {e.Message}", cancellationToken);
            throw;
        }
    }

    private async Task DeleteAsync(ReplicaSetInfo set, IReadOnlyList<PodInfo> pods, CancellationToken cancellationToken)
    {
        var subject = EventSubject.Of(ResourceTypes.ReplicaSets, set.Meta);
        await Batch.RunAsync(pods, async (pod, token) =>
        {
            await Deletion.DeleteAsync(_context.Api, ResourceTypes.Pods, pod.Meta, _context.Pods, token);
            await _events.NormalAsync(subject, "SuccessfulDelete", $"Deleted pod: {pod.Meta.Key.Name}", token);
        }, cancellationToken);
    }

    private async Task WriteStatusAsync(ReplicaSetInfo set, ReplicaSetStatus status, CancellationToken cancellationToken)
    {
        if (status == set.Status)
        {
            return;
        }

        var body = new JsonObject
        {
            ["replicas"] = status.Replicas,
            ["fullyLabeledReplicas"] = status.FullyLabeled,
            ["readyReplicas"] = status.Ready,
            ["availableReplicas"] = status.Available,
            ["observedGeneration"] = status.ObservedGeneration,
            ["conditions"] = status.Failure.Length == 0 ? null : new JsonArray(FailureCondition(status.Failure)),
        };
        var (space, name) = set.Meta.Key;
        var patch = new JsonObject { ["status"] = body };
        _context.ReplicaSets.Observe(await _context.Api.PatchAsync(
            ResourceTypes.ReplicaSets, space, name, "status", PatchKind.Merge, patch, cancellationToken));
    }

    private JsonObject FailureCondition(string message) => new()
    {
        ["type"] = "ReplicaFailure",
        ["status"] = "True",
        ["reason"] = "FailedCreate",
        ["message"] = message,
        ["lastTransitionTime"] = _context.Time.GetUtcNow().ToApiTime(),
    };

    private static OwnerReference Owner(ReplicaSetInfo set) => new("apps/v1", "ReplicaSet", set.Meta.Key.Name, set.Meta.Uid, true, true);
}
