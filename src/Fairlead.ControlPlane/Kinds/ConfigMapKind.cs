using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind ConfigMap: settings for pods.</summary>
internal sealed class ConfigMapKind : KindDefinition
{
    public override ResourceType Type => ResourceTypes.ConfigMaps;

    public override IReadOnlyList<string> ShortNames => ["cm"];

    public override IReadOnlyList<TableColumn> Columns { get; } =
        [TableColumn.ObjectName, new("Data", "integer", Description: "Number of values."), TableColumn.Age];

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now) =>
        [Print.Name(obj), (obj.Object("data")?.Count ?? 0) + (obj.Object("binaryData")?.Count ?? 0), Print.Age(obj, now)];

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        DataRules.Validate(obj, errors, "data", "binaryData");
        if (old is not null)
        {
            DataRules.ValidateUpdate(obj, old, errors, "data", "binaryData");
        }
    }
}
