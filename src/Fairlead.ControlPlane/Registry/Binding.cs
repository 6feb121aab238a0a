using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Registry;

/// <summary>Binds a pod to a node, once.</summary>
internal static class Binding
{
    /// <summary>The pod with its node set and the condition PodScheduled true.</summary>
    /// <exception cref="StatusException">400: no node named; 409: bound already, or going.</exception>
    public static JsonObject Apply(JsonObject pod, JsonObject binding, DateTimeOffset now)
    {
        var name = ObjectMeta.Name(pod);
        var node = binding.Text("target", "name");
        if (string.IsNullOrEmpty(node) || binding.Text("target", "kind") is { Length: > 0 } and not "Node")
        {
            throw StatusException.BadRequest("target: a Binding names a Node: set target.kind to Node and target.name to its name");
        }

        if (ObjectMeta.IsDeleting(pod))
        {
            throw StatusException.Conflict(ResourceTypes.Pods, name, $"pod {name} is being deleted, cannot be assigned to a host");
        }

        if (pod.Text("spec", "nodeName") is { Length: > 0 } bound)
        {
            throw StatusException.Conflict(ResourceTypes.Pods, name, $"pod {name} is already assigned to node \"{bound}\"");
        }

        pod.Ensure("spec")["nodeName"] = node;
        var status = pod.Ensure("status");
        var conditions = new JsonArray(
            [.. status.List("conditions").Items().Select(pair => pair.Item).Where(item => item.Text("type") != "PodScheduled").Select(item => item.DeepClone())]);
        conditions.Add((JsonNode)new JsonObject
        {
            ["type"] = "PodScheduled",
            ["status"] = "True",
            ["lastProbeTime"] = null,
            ["lastTransitionTime"] = SystemMetadata.Time(now),
        });
        status["conditions"] = conditions;
        return pod;
    }
}
