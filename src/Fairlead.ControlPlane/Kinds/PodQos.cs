using System.Text.Json.Nodes;
using Fairlead.Kube.Schema;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The quality-of-service class of a pod, from the cpu and memory of its containers.</summary>
internal static class PodQos
{
    private static readonly string[] Counted = ["cpu", "memory"];

    public static string Of(JsonObject pod)
    {
        var containers = pod.List("spec", "containers").Items().Concat(pod.List("spec", "initContainers").Items()).Select(item => item.Item).ToArray();
        var any = containers.Any(container => Counted.Any(name => IsSet(container, "requests", name) || IsSet(container, "limits", name)));
        if (!any)
        {
            return "BestEffort";
        }

        return containers.All(container => Counted.All(name => IsSet(container, "limits", name) && Same(container, name))) ? "Guaranteed" : "Burstable";
    }

    private static bool IsSet(JsonObject container, string list, string name) =>
        Quantity.TryParse(container.Text("resources", list, name), out var quantity) && quantity.Sign > 0;

    private static bool Same(JsonObject container, string name) =>
        Quantity.TryParse(container.Text("resources", "limits", name), out var limit)
        && Quantity.TryParse(container.Text("resources", "requests", name), out var request) && limit == request;
}
