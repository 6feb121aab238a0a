using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Lifecycle;

/// <summary>What a container may use, as variables and files show it (the downward API, resourceFieldRef).</summary>
internal static class PodResource
{
    /// <summary>A limit or request in units of the reference's divisor, rounded up, as kubelet tells it.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="reference">The resourceFieldRef.</param>
    /// <param name="container">The container meant where the reference names none.</param>
    /// <param name="allocatable">What the node has: the limit of a container that has none.</param>
    /// <exception cref="ContainerConfigFailure">No such container or resource.</exception>
    internal static string Of(PodSpec pod, JsonObject reference, string container, JsonObject allocatable)
    {
        var named = reference.TextOr(container, "containerName");
        var spec = pod.Containers.Concat(pod.InitContainers).FirstOrDefault(candidate => candidate.Name == named)
            ?? throw new ContainerConfigFailure($"container {named} not found");
        var (kind, resource) = reference.Text("resource").Split('.', 2) is [("limits" or "requests") and var first, var second] ? (first, second)
            : throw new ContainerConfigFailure($"unsupported container resource : {reference.Text("resource")}");
        var resources = spec.Document.Object("resources");
        var amount = Amount(resources.Object(kind), resource) is > 0 and var said ? said
            : kind == "requests" ? Amount(resources.Object("limits"), resource) : Amount(allocatable, resource);
        var divisor = Amount(reference, "divisor") is > 0 and var given ? given : 1;

        // Processors are counted in thousandths, all else in whole units.
        var scale = resource == "cpu" ? 1000 : 1;
        return Math.Ceiling(Math.Ceiling(amount * scale) / Math.Ceiling(divisor * scale)).ToString(CultureInfo.InvariantCulture);
    }

    private static decimal Amount(JsonObject? amounts, string name) => amounts?[name] is JsonValue value ? MemoryQuantity.Value(value.ToString()) : 0;
}
