using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.ControlPlane.Controllers.Rows;

namespace Fairlead.ControlPlane.Controllers.Workloads;

/// <summary>Rolls Deployments out through ReplicaSets. The decisions are <see cref="DeploymentPlan"/>'s.</summary>
internal sealed class DeploymentController : IController, IDisposable
{
    private readonly ControllerContext _context;
    private readonly EventRecorder _events;
    private readonly InformerIndex<ReplicaSetInfo> _orphans;
    private readonly ReconcileLoop<ObjectKey> _loop;

    public DeploymentController(ControllerContext context)
    {
        _context = context;
        _events = context.Recorder("deployment-controller");
        _orphans = context.ReplicaSets.AddIndex(set => set.Meta.Controller is null ? [set.Meta.Key.Namespace] : []);
        _loop = context.Loop<ObjectKey>(Name, ReconcileAsync, 4);
        context.Deployments.Changed += (_, deployment) =>
        {
            if (deployment is not null)
            {
                _loop.Queue.Add(deployment.Meta.Key);
            }
        };
        context.ReplicaSets.Changed += (old, set) =>
        {
            Enqueue(old);
            Enqueue(set);
        };
        context.Pods.Changed += OnPod;
    }

    public string Name => "deployment";

    public Task RunAsync(CancellationToken cancellationToken) =>
        _loop.RunAsync([_context.Pods.Synced, _context.ReplicaSets.Synced, _context.Deployments.Synced], cancellationToken);

    public void Dispose() => _loop.Dispose();

    private void Enqueue(ReplicaSetInfo? set)
    {
        switch (set)
        {
            case null:
                return;
            case { Meta.Controller: { Kind: "Deployment" } owner }:
                _loop.Queue.Add(new ObjectKey(set.Meta.Key.Namespace, owner.Name));
                return;
            case { Meta.Controller: null }:
                foreach (var deployment in _context.Deployments.Rows)
                {
                    if (deployment.Meta.Key.Namespace == set.Meta.Key.Namespace && deployment.Selector?.Matches(set.Meta.Labels) == true)
                    {
                        _loop.Queue.Add(deployment.Meta.Key);
                    }
                }

                return;
        }
    }

    /// <summary>A pod that is gone may be what Recreate waits for.</summary>
    private void OnPod(PodInfo? old, PodInfo? pod)
    {
        if (pod is null && old?.Meta.Controller is { Kind: "ReplicaSet" } owner)
        {
            Enqueue(_context.ReplicaSets.Get(new ObjectKey(old.Meta.Key.Namespace, owner.Name)));
        }
    }

    private async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_context.Deployments.Get(key) is not { Selector: not null } deployment)
        {
            return;
        }

        var sets = _context.SetsByOwner[deployment.Meta.Uid].Concat(_orphans[key.Namespace]).ToList();
        var living = sets.Where(set => _context.PodsByOwner[set.Meta.Uid].Any(pod => !pod.IsFinished)).Select(set => set.Meta.Uid).ToHashSet();
        var plan = DeploymentPlan.For(deployment, sets, living, _context.Time.GetUtcNow());
        await new DeploymentExecutor(_context, _events, deployment).RunAsync(plan, cancellationToken);
        if (plan.Deadline is { } deadline)
        {
            _loop.Queue.AddAfter(key, deadline - _context.Time.GetUtcNow());
        }
    }
}
