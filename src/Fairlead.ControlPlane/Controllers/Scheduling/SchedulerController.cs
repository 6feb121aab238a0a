using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.ControlPlane.Controllers.Scheduling;

/// <summary>Gives pods without a node one, through the binding subresource; says on the pod why it could not.</summary>
internal sealed class SchedulerController : IController, IDisposable
{
    private const string SchedulerName = "default-scheduler";

    private readonly ControllerContext _context;
    private readonly InformerIndex<PodInfo> _waiting;
    private readonly ReconcileLoop<ObjectKey> _loop;
    private readonly EventRecorder _events;

    public SchedulerController(ControllerContext context)
    {
        _context = context;
        _events = context.Recorder(SchedulerName);
        _waiting = context.Pods.AddIndex(pod => Wants(pod) ? [""] : []);

        // One worker: each choice counts the ones before it.
        _loop = context.Loop<ObjectKey>(Name, ScheduleAsync, 1);
        context.Pods.Changed += OnPod;
        context.Nodes.Changed += OnNode;
    }

    public string Name => "scheduler";

    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync([_context.Pods.Synced, _context.Nodes.Synced], cancellationToken);

    public void Dispose() => _loop.Dispose();

    private static bool Wants(PodInfo pod) => pod is { NodeName: "", SchedulerName: SchedulerName, IsActive: true, Gated: false };

    private void OnPod(PodInfo? old, PodInfo? pod)
    {
        if (pod is not null && Wants(pod))
        {
            _loop.Queue.Add(pod.Meta.Key);
        }
        else if (old is not null && old.NodeName.Length > 0 && (pod is null || pod.IsFinished))
        {
            // Room has been made: whoever found none may try again.
            Reconsider();
        }
    }

    private void OnNode(NodeInfo? old, NodeInfo? node)
    {
        if (node is not null && (old is null || old with { Meta = node.Meta } != node || !old.Meta.Labels.Equals(node.Meta.Labels)))
        {
            Reconsider();
        }
    }

    private void Reconsider()
    {
        foreach (var pod in _waiting[""])
        {
            _loop.Queue.Add(pod.Meta.Key);
        }
    }

    private async Task ScheduleAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_context.Pods.Get(key) is not { } pod || !Wants(pod))
        {
            return;
        }

        var result = Placement.Choose(pod, Candidates(pod));
        if (result.Node is null)
        {
            await SayUnschedulableAsync(pod, result.Reason, cancellationToken);
            return;
        }

        await _context.Api.UpdateAsync(ResourceTypes.Pods, key.Namespace, key.Name, "binding", Binding(pod, result.Node), cancellationToken);
        _context.Pods.Observe(await _context.Api.GetAsync(ResourceTypes.Pods, key.Namespace, key.Name, cancellationToken));
        var subject = EventSubject.Of(ResourceTypes.Pods, pod.Meta);
        await _events.NormalAsync(subject, "Scheduled", $"Successfully assigned {key} to {result.Node}", cancellationToken);
    }

    private List<Candidate> Candidates(PodInfo pod)
    {
        var siblings = pod.Meta.Controller is { } owner
            ? _context.PodsByOwner[owner.Uid].Where(other => !other.IsFinished).CountBy(other => other.NodeName).ToDictionary()
            : [];
        return [.. _context.Nodes.Rows.Select(node => new Candidate(node, _context.PodsByNode.Count(node.Name), port => PortTaken(node, port))
        {
            Siblings = siblings.GetValueOrDefault(node.Name),
        })];
    }

    private bool PortTaken(NodeInfo node, (string Protocol, int Port) port) =>
        _context.PodsByNode[node.Name].Any(other => other.HostPorts.Contains(port));

    private async Task SayUnschedulableAsync(PodInfo pod, string reason, CancellationToken cancellationToken)
    {
        if (pod.UnschedulableMessage == reason)
        {
            return;
        }

        var condition = new JsonObject
        {
            ["type"] = "PodScheduled",
            ["status"] = "False",
            ["reason"] = "Unschedulable",
            ["message"] = reason,
            ["lastTransitionTime"] = _context.Time.GetUtcNow().ToApiTime(),
        };
        var patch = new JsonObject { ["status"] = new JsonObject { ["phase"] = "Pending", ["conditions"] = new JsonArray(condition) } };
        var (space, name) = pod.Meta.Key;
        _context.Pods.Observe(await _context.Api.PatchAsync(ResourceTypes.Pods, space, name, "status", PatchKind.Strategic, patch, cancellationToken));
        await _events.WarningAsync(EventSubject.Of(ResourceTypes.Pods, pod.Meta), "FailedScheduling", reason, cancellationToken);
    }

    private static JsonObject Binding(PodInfo pod, string node) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Binding",
        ["metadata"] = new JsonObject { ["namespace"] = pod.Meta.Key.Namespace, ["name"] = pod.Meta.Key.Name, ["uid"] = pod.Meta.Uid },
        ["target"] = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Node", ["name"] = node },
    };
}
