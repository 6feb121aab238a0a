using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fairlead.Pods.Spec;

/// <summary>Reads documents defensively: what is missing or of another type is the default.</summary>
internal static class JsonRead
{
    internal static string Text(this JsonNode? node, string name, string otherwise = "") =>
        (node as JsonObject)?[name] is JsonValue value && value.TryGetValue(out string? text) ? text : otherwise;

    internal static int Number(this JsonNode? node, string name, int otherwise = 0) =>
        (node as JsonObject)?[name] is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out int number)
            ? number : otherwise;

    internal static int? OptionalNumber(this JsonNode? node, string name) =>
        (node as JsonObject)?[name] is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out int number)
            ? number : null;

    internal static bool Flag(this JsonNode? node, string name) =>
        (node as JsonObject)?[name] is JsonValue value && value.TryGetValue(out bool flag) && flag;

    internal static JsonObject? Object(this JsonNode? node, string name) => (node as JsonObject)?[name] as JsonObject;

    internal static IEnumerable<JsonObject> Objects(this JsonNode? node, string name) =>
        (node as JsonObject)?[name] is JsonArray array ? array.OfType<JsonObject>() : [];

    internal static IReadOnlyList<string> Texts(this JsonNode? node, string name) =>
        (node as JsonObject)?[name] is JsonArray array
            ? [.. array.OfType<JsonValue>().Select(value => value.TryGetValue(out string? text) ? text : "")] : [];

    internal static IReadOnlyDictionary<string, string> Map(this JsonNode? node, string name) =>
        (node as JsonObject)?[name] is JsonObject map
            ? map.ToDictionary(pair => pair.Key, pair => map.Text(pair.Key), StringComparer.Ordinal)
            : new Dictionary<string, string>(StringComparer.Ordinal);
}
