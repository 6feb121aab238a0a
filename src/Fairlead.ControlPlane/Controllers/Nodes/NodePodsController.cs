using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Controllers;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.ControlPlane.Controllers.Nodes;

/// <summary>
/// What becomes of the pods of a node: on a lost one they are not ready, so that no traffic goes there; when it speaks again they are what their
/// containers are; and taints with effect NoExecute drive them away once their tolerations run out.
/// </summary>
internal sealed class NodePodsController : IController, IDisposable
{
    private const string Lost = "NodeLost";

    private readonly ControllerContext _context;
    private readonly EventRecorder _events;
    private readonly ReconcileLoop<string> _loop;

    public NodePodsController(ControllerContext context)
    {
        _context = context;
        _events = context.Recorder("taint-eviction-controller");

        _loop = context.Loop<string>(Name, ReconcileAsync, 1);
        context.Nodes.Changed += (old, node) =>
        {
            if (node is null || old is null || node.Ready != old.Ready || node.Taints != old.Taints)
            {
                _loop.Queue.Add((node ?? old)!.Name);
            }
        };
        context.Pods.Changed += (old, pod) =>
        {
            if (pod is { NodeName.Length: > 0 } && (pod.NodeName != old?.NodeName || pod.IsReady != old.IsReady))
            {
                _loop.Queue.Add(pod.NodeName);
            }
        };
    }

    public string Name => "nodepods";

    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync([_context.Nodes.Synced, _context.Pods.Synced], cancellationToken);

    public void Dispose() => _loop.Dispose();

    private async Task ReconcileAsync(string name, CancellationToken cancellationToken)
    {
        var now = _context.Time.GetUtcNow();
        var node = _context.Nodes.Get(new ObjectKey("", name));
        var taints = node?.Taints.Where(taint => taint.Effect == "NoExecute").ToList() ?? [];
        if (node is null || (taints.Count == 0 && node.Ready is not ("Unknown" or "True")))
        {
            return;
        }

        foreach (var pod in _context.PodsByNode[name].Where(pod => !pod.IsTerminating).ToList())
        {
            await SayReadyAsync(node, pod, now, cancellationToken);
            if (NodePodsPlan.GoesAt(pod, taints, now) is { } due)
            {
                await EvictAsync(pod, due, now, cancellationToken);
            }
        }
    }

    private async Task SayReadyAsync(NodeInfo node, PodInfo pod, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (node.Ready == "Unknown" && pod.IsReady)
        {
            await PatchReadyAsync(pod, "False", Lost, now, cancellationToken);
        }
        else if (node.Ready == "True" && !pod.IsReady && pod.NotReadyReason == Lost)
        {
            // The node's own word comes later and counts more; until then its containers are believed to be as they were.
            await PatchReadyAsync(pod, pod.ContainersReady ? "True" : "False", null, now, cancellationToken);
        }
    }

    private async Task PatchReadyAsync(PodInfo pod, string status, string? reason, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var condition = new JsonObject { ["type"] = "Ready", ["status"] = status, ["reason"] = reason, ["lastTransitionTime"] = now.ToApiTime() };
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = pod.Meta.Uid },
            ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) },
        };
        try
        {
            var key = pod.Meta.Key;
            _context.Pods.Observe(await _context.Api.PatchAsync(
                ResourceTypes.Pods, key.Namespace, key.Name, "status", PatchKind.Strategic, patch, cancellationToken));
        }
        catch (KubeException e) when (e.Code is 404 or 409)
        {
            // Gone, or another pod by now: the watch brings whatever is there.
            _context.Pods.ObserveGone(pod.Meta.Key, pod.Meta.Uid);
        }
    }

    private async Task EvictAsync(PodInfo pod, DateTimeOffset due, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (due > now)
        {
            _loop.Queue.AddAfter(pod.NodeName, due - now);
            return;
        }

        var message = $"Marking for deletion Pod {pod.Meta.Key.Namespace}/{pod.Meta.Key.Name}";
        await _events.NormalAsync(EventSubject.Of(ResourceTypes.Pods, pod.Meta), "TaintManagerEviction", message, cancellationToken);
        await Deletion.DeleteAsync(_context.Api, ResourceTypes.Pods, pod.Meta, _context.Pods, cancellationToken);
    }
}
