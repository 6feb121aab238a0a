using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Selectors;

namespace Fairlead.ControlPlane.Controllers.Rows;

/// <summary>status of a ReplicaSet.</summary>
internal sealed record ReplicaSetStatus
{
    public long ObservedGeneration { get; init; }

    public int Replicas { get; init; }

    public int FullyLabeled { get; init; }

    public int Ready { get; init; }

    public int Available { get; init; }

    /// <summary>Why the last creation or deletion of a pod failed; empty when it did not.</summary>
    public string Failure { get; init; } = "";
}

/// <summary>A ReplicaSet (apps/v1). <see cref="Template"/> is its pod template in canonical JSON.</summary>
internal sealed record ReplicaSetInfo : IObjectRow
{
    public required RowMeta Meta { get; init; }

    public int Replicas { get; init; } = 1;

    /// <summary>Null when the selector is malformed or empty: the ReplicaSet is left alone.</summary>
    public LabelSelector? Selector { get; init; }

    public string Template { get; init; } = "{}";

    public Labels TemplateLabels { get; init; } = Labels.Empty;

    public int MinReadySeconds { get; init; }

    public ReplicaSetStatus Status { get; init; } = new();

    public static ReplicaSetInfo Read(JsonObject set)
    {
        var (spec, status) = (set.At("spec"), set.At("status"));
        var failure = status.Objects("conditions").FirstOrDefault(condition => condition.Text("type") == "ReplicaFailure" && condition.Text("status") == "True");
        return new ReplicaSetInfo
        {
            Meta = RowMeta.From(set),
            Replicas = spec.Number(1, "replicas"),
            Selector = SelectorJsonReader.Read(spec.At("selector")),
            Template = CanonicalJson.Write(spec.At("template")),
            TemplateLabels = spec.Labels("template", "metadata", "labels"),
            MinReadySeconds = spec.Number(0, "minReadySeconds"),
            Status = new ReplicaSetStatus
            {
                ObservedGeneration = status.Number("observedGeneration") ?? 0,
                Replicas = status.Number(0, "replicas"),
                FullyLabeled = status.Number(0, "fullyLabeledReplicas"),
                Ready = status.Number(0, "readyReplicas"),
                Available = status.Number(0, "availableReplicas"),
                Failure = failure.Text("message"),
            },
        };
    }
}
