using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Naming;
using Fairlead.Kube.Documents;

namespace Fairlead.Offline;

/// <summary>What makes pods.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Key">Its namespace and name.</param>
internal readonly record struct WorkloadName(EndKind Kind, ObjectKey Key)
{
    /// <summary>As people write it: <c>deploy/front.shop</c>.</summary>
    public override string ToString() => $"{new ConnectionEnd(Kind, Key.Name, Key.Namespace)}";

    /// <summary>By the kind of an owner reference; null for what is no workload.</summary>
    public static EndKind? KindOf(string kind) => kind switch
    {
        "Deployment" => EndKind.Deployment,
        "ReplicaSet" => EndKind.ReplicaSet,
        "StatefulSet" => EndKind.StatefulSet,
        "DaemonSet" => EndKind.DaemonSet,
        "Job" => EndKind.Job,
        "CronJob" => EndKind.CronJob,
        _ => null,
    };
}

/// <summary>
/// The pods that a workload's manifest stands for. Of interchangeable ones two, as the first is to the others what any is to any; of a StatefulSet, whose
/// pods have names and labels of their own, every one.
/// </summary>
internal static class Workloads
{
    private const int Interchangeable = 2;
    private const int MostOfSet = 100;

    /// <summary>Whether the object is a workload.</summary>
    public static EndKind? KindOf(ManifestObject item) => item.ApiVersion switch
    {
        "apps/v1" when item.Kind is "Deployment" or "ReplicaSet" or "StatefulSet" or "DaemonSet" => WorkloadName.KindOf(item.Kind),
        "batch/v1" when item.Kind is "Job" or "CronJob" => WorkloadName.KindOf(item.Kind),
        _ => null,
    };

    /// <summary>Where its template stands.</summary>
    public static string TemplatePath(EndKind kind) => kind == EndKind.CronJob ? "spec.jobTemplate.spec.template" : "spec.template";

    /// <summary>Its pods, not yet completed.</summary>
    public static IEnumerable<JsonObject> Pods(EndKind kind, ManifestObject item)
    {
        var spec = item.Document.Object("spec");
        var template = kind == EndKind.CronJob ? spec.Object("jobTemplate", "spec", "template") : spec.Object("template");
        var replicas = spec.Number(1, kind == EndKind.Job ? "parallelism" : "replicas");
        var count = kind switch
        {
            EndKind.StatefulSet => Math.Min(replicas, MostOfSet),
            EndKind.CronJob => 1,
            EndKind.DaemonSet => Interchangeable,
            _ => Math.Min(replicas, Interchangeable),
        };
        var first = spec.Number(0, "ordinals", "start");
        return Enumerable.Range(0, Math.Max(count, 0)).Select(i => Pod(kind, item, template, kind == EndKind.StatefulSet ? first + i : i));
    }

    private static JsonObject Pod(EndKind kind, ManifestObject item, JsonObject? template, int number)
    {
        var index = number.ToString(CultureInfo.InvariantCulture);
        var metadata = template.Object("metadata")?.DeepClone().AsObject() ?? [];
        metadata["name"] = $"{item.Key.Name}-{index}";
        metadata["namespace"] = item.Key.Namespace;
        if (kind == EndKind.StatefulSet)
        {
            // What the controller sets; policies may select by them.
            var labels = metadata.Object("labels")?.DeepClone().AsObject() ?? [];
            labels["statefulset.kubernetes.io/pod-name"] = $"{item.Key.Name}-{index}";
            labels["apps.kubernetes.io/pod-index"] = index;
            metadata["labels"] = labels;
        }

        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Pod", ["metadata"] = metadata, ["spec"] = template.Object("spec")?.DeepClone() };
    }
}
