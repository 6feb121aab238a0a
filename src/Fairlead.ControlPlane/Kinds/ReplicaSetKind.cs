using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind ReplicaSet: a number of pods from a template.</summary>
internal sealed class ReplicaSetKind : WorkloadKind
{
    public override ResourceType Type => ResourceTypes.ReplicaSets;

    public override IReadOnlyList<string> ShortNames => ["rs"];

    public override IReadOnlyList<TableColumn> Columns { get; } = ColumnsWith(
        new("Desired", "integer", Description: "Pods wanted."),
        new("Current", "integer", Description: "Pods there are."),
        new("Ready", "integer", Description: "Pods that are ready."));

    protected override IEnumerable<KeyValuePair<string, Func<JsonObject, string>>> ExtraFieldSelectors =>
        [new("status.replicas", obj => (obj.Number("status", "replicas") ?? 0).ToString(System.Globalization.CultureInfo.InvariantCulture))];

    protected override IReadOnlyList<JsonNode?> Counts(JsonObject obj) =>
    [
        obj.Number("spec", "replicas") ?? 0,
        obj.Number("status", "replicas") ?? 0,
        obj.Number("status", "readyReplicas") ?? 0,
    ];

    protected override void PrepareObject(JsonObject obj, JsonObject? old, WriteContext context) => obj.Ensure("status").Fill("replicas", 0);
}
