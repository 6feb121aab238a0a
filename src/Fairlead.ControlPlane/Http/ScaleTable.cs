using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;

namespace Fairlead.ControlPlane.Http;

/// <summary>A Scale as Table or as metadata alone, with the columns a real API server has for it.</summary>
internal static class ScaleTable
{
    private static readonly TableColumn[] Columns =
    [
        TableColumn.ObjectName,
        new("Desired", "integer", Description: "Pods wanted."),
        new("Available", "integer", Description: "Pods there are."),
        TableColumn.Age,
    ];

    public static JsonObject Of(JsonObject scale, Negotiation negotiation, IncludeObject include, DateTimeOffset now)
    {
        var version = $"meta.k8s.io/{negotiation.MetaVersion}";
        var partial = new JsonObject
        {
            ["kind"] = "PartialObjectMetadata",
            ["apiVersion"] = version,
            ["metadata"] = scale["metadata"]!.DeepClone(),
        };
        if (negotiation.Shape == Shape.Metadata)
        {
            return partial;
        }

        var row = new JsonObject
        {
            ["cells"] = new JsonArray(
                Print.Name(scale), scale.Number("spec", "replicas") ?? 0, scale.Number("status", "replicas") ?? 0, Print.Age(scale, now)),
        };
        if (include != IncludeObject.None)
        {
            row["object"] = include == IncludeObject.Object ? scale : partial;
        }

        return new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = version,
            ["metadata"] = new JsonObject { ["resourceVersion"] = scale.Text("metadata", "resourceVersion") },
            ["columnDefinitions"] = new JsonArray([.. Columns.Select(Definition)]),
            ["rows"] = new JsonArray(row),
        };
    }

    private static JsonObject Definition(TableColumn column) => new()
    {
        ["name"] = column.Name,
        ["type"] = column.Type,
        ["format"] = column.Format,
        ["description"] = column.Description,
        ["priority"] = column.Priority,
    };
}
