using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind ReplicaSet: a number of pods from a template.</summary>
internal sealed class ReplicaSetKind : KindDefinition
{
    public override ResourceType Type => ResourceTypes.ReplicaSets;

    public override IReadOnlyList<string> ShortNames => ["rs"];

    public override IReadOnlyList<string> Categories => ["all"];

    public override bool StatusSubresource => true;

    public override bool ScaleSubresource => true;

    public override bool CountsGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName,
        new("Desired", "integer", Description: "Pods wanted."),
        new("Current", "integer", Description: "Pods there are."),
        new("Ready", "integer", Description: "Pods that are ready."),
        TableColumn.Age,
        TableColumn.Wide("Containers", "Names of the containers."),
        TableColumn.Wide("Images", "Images of the containers."),
        TableColumn.Wide("Selector", "Labels of its pods."),
    ];

    protected override IEnumerable<KeyValuePair<string, Func<JsonObject, string>>> ExtraFieldSelectors =>
        [new("status.replicas", obj => (obj.Number("status", "replicas") ?? 0).ToString(System.Globalization.CultureInfo.InvariantCulture))];

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        spec.Fill("replicas", 1);
        PodDefaults.Spec(spec.Ensure("template").Ensure("spec"));
    }

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now) =>
    [
        Print.Name(obj),
        obj.Number("spec", "replicas") ?? 0,
        obj.Number("status", "replicas") ?? 0,
        obj.Number("status", "readyReplicas") ?? 0,
        Print.Age(obj, now),
        WorkloadRules.Containers(obj),
        WorkloadRules.Images(obj),
        Print.Selector(obj.Object("spec", "selector")),
    ];

    protected override void PrepareObject(JsonObject obj, JsonObject? old, WriteContext context) => obj.Ensure("status").Fill("replicas", 0);

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (!context.IsStatus)
        {
            WorkloadRules.Validate(obj, old, errors);
        }
    }
}
