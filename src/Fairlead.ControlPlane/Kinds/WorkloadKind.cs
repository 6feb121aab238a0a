using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>What Deployment and ReplicaSet share: a number of pods from a template, that can be scaled.</summary>
internal abstract class WorkloadKind : KindDefinition
{
    public sealed override IReadOnlyList<string> Categories => ["all"];

    public sealed override bool StatusSubresource => true;

    public sealed override bool ScaleSubresource => true;

    public sealed override bool CountsGeneration => true;

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        spec.Fill("replicas", 1);
        PodDefaults.Spec(spec.Ensure("template").Ensure("spec"));
    }

    public sealed override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now) =>
    [
        Print.Name(obj),
        .. Counts(obj),
        Print.Age(obj, now),
        WorkloadRules.Containers(obj),
        WorkloadRules.Images(obj),
        Print.Selector(obj.Object("spec", "selector")),
    ];

    /// <summary>The columns of a kind whose <see cref="Counts"/> are described by <paramref name="counts"/>.</summary>
    protected static IReadOnlyList<TableColumn> ColumnsWith(params IReadOnlyList<TableColumn> counts) =>
    [
        TableColumn.ObjectName,
        .. counts,
        TableColumn.Age,
        TableColumn.Wide("Containers", "Names of the containers."),
        TableColumn.Wide("Images", "Images of the containers."),
        TableColumn.Wide("Selector", "Labels of its pods."),
    ];

    /// <summary>The columns between the name and the age.</summary>
    protected abstract IReadOnlyList<JsonNode?> Counts(JsonObject obj);

    /// <summary>Faults of what this kind alone has.</summary>
    protected virtual void ValidateOwn(JsonObject? spec, FieldErrors errors)
    {
    }

    protected sealed override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        if (!context.IsStatus)
        {
            WorkloadRules.Validate(obj, old, errors);
            ValidateOwn(obj.Object("spec"), errors);
        }
    }
}
