using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Selectors;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers.Rows;

/// <summary>One condition of a workload's status.</summary>
internal sealed record StatusCondition(
    string Type, string Status, string Reason, string Message, DateTimeOffset Updated, DateTimeOffset Changed);

/// <summary>status of a Deployment.</summary>
internal sealed record DeploymentStatus
{
    public long ObservedGeneration { get; init; }

    public int Replicas { get; init; }

    public int Updated { get; init; }

    public int Ready { get; init; }

    public int Available { get; init; }

    public int Unavailable { get; init; }

    public int CollisionCount { get; init; }

    public ValueArray<StatusCondition> Conditions { get; init; }

    public StatusCondition? Condition(string type) => Conditions.FirstOrDefault(condition => condition.Type == type);
}

/// <summary>A Deployment (apps/v1). <see cref="Template"/> is its pod template in canonical JSON.</summary>
internal sealed record DeploymentInfo : IObjectRow
{
    public required RowMeta Meta { get; init; }

    public int Replicas { get; init; } = 1;

    /// <summary>Null when the selector is malformed or matches nothing: the Deployment is left alone.</summary>
    public LabelSelector? Selector { get; init; }

    /// <summary>The selector as written, for the ReplicaSets made from it.</summary>
    public string SelectorJson { get; init; } = "{}";

    public string Template { get; init; } = "{}";

    public bool Recreate { get; init; }

    /// <summary>A number or a percentage of the replicas.</summary>
    public string MaxSurge { get; init; } = "25%";

    /// <summary>A number or a percentage of the replicas.</summary>
    public string MaxUnavailable { get; init; } = "25%";

    public int MinReadySeconds { get; init; }

    public int RevisionHistoryLimit { get; init; } = 10;

    public int ProgressDeadlineSeconds { get; init; } = 600;

    public bool Paused { get; init; }

    public DeploymentStatus Status { get; init; } = new();

    public static DeploymentInfo Read(JsonObject deployment)
    {
        var spec = deployment.At("spec");
        return new DeploymentInfo
        {
            Meta = RowMeta.From(deployment),
            Replicas = spec.Number(1, "replicas"),
            Selector = SelectorJsonReader.Read(spec.At("selector")),
            SelectorJson = CanonicalJson.Write(spec.At("selector")),
            Template = CanonicalJson.Write(spec.At("template")),
            Recreate = spec.Text("strategy", "type") == "Recreate",
            MaxSurge = spec.IntOrText("strategy", "rollingUpdate", "maxSurge") is { Length: > 0 } surge ? surge : "25%",
            MaxUnavailable = spec.IntOrText("strategy", "rollingUpdate", "maxUnavailable") is { Length: > 0 } unavailable ? unavailable : "25%",
            MinReadySeconds = spec.Number(0, "minReadySeconds"),
            RevisionHistoryLimit = spec.Number(10, "revisionHistoryLimit"),
            ProgressDeadlineSeconds = spec.Number(600, "progressDeadlineSeconds"),
            Paused = spec.Flag("paused"),
            Status = ReadStatus(deployment.At("status")),
        };
    }

    private static DeploymentStatus ReadStatus(JsonNode? status) => new()
    {
        ObservedGeneration = status.Number("observedGeneration") ?? 0,
        Replicas = status.Number(0, "replicas"),
        Updated = status.Number(0, "updatedReplicas"),
        Ready = status.Number(0, "readyReplicas"),
        Available = status.Number(0, "availableReplicas"),
        Unavailable = status.Number(0, "unavailableReplicas"),
        CollisionCount = status.Number(0, "collisionCount"),
        Conditions = status.Objects("conditions").Select(condition => new StatusCondition(
            condition.Text("type"),
            condition.Text("status"),
            condition.Text("reason"),
            condition.Text("message"),
            condition.Time("lastUpdateTime") ?? default,
            condition.Time("lastTransitionTime") ?? default)).ToValueArray(),
    };
}
