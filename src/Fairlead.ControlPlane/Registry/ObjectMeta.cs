using System.Text.Json.Nodes;
using Fairlead.Kube.Selectors;

namespace Fairlead.ControlPlane;

/// <summary>Reads and writes <c>metadata</c> of a document (meta/v1 ObjectMeta).</summary>
internal static class ObjectMeta
{
    /// <summary>The object's metadata, added when missing.</summary>
    public static JsonObject Of(JsonObject value)
    {
        if (value["metadata"] is not JsonObject metadata)
        {
            value["metadata"] = metadata = [];
        }

        return metadata;
    }

    public static string Name(JsonObject value) => Text(value, "name");

    public static string Namespace(JsonObject value) => Text(value, "namespace");

    public static string Uid(JsonObject value) => Text(value, "uid");

    public static bool IsDeleting(JsonObject value) => Text(value, "deletionTimestamp").Length > 0;

    /// <summary>A text of the metadata; empty when missing or not a text.</summary>
    public static string Text(JsonObject value, string field) =>
        value["metadata"] is JsonObject metadata && metadata[field] is JsonValue text && text.TryGetValue<string>(out var found) ? found : "";

    /// <summary>The labels; values that are no texts are left out.</summary>
    public static Labels Labels(JsonObject value) => Pairs((value["metadata"] as JsonObject)?["labels"] as JsonObject);

    public static IReadOnlyList<string> Finalizers(JsonObject value) =>
        (value["metadata"] as JsonObject)?["finalizers"] is JsonArray array
            ? [.. array.OfType<JsonValue>().Select(item => item.TryGetValue<string>(out var text) ? text : "").Where(text => text.Length > 0)]
            : [];

    private static Labels Pairs(JsonObject? map) => map is null
        ? Kube.Selectors.Labels.Empty
        : Kube.Selectors.Labels.From(
            from pair in map
            let text = pair.Value is JsonValue item && item.TryGetValue<string>(out var found) ? found : null
            where text is not null
            select new KeyValuePair<string, string>(pair.Key, text));
}
