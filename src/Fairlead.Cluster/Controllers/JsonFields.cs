using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Kube.Selectors;

namespace Fairlead.Cluster.Controllers;

/// <summary>
/// Reads fields of an API object without trusting its shape: a missing field and one of the wrong type are both "not there".
/// The API server has validated what it serves; a controller must still not fall over what another server serves.
/// </summary>
public static class JsonFields
{
    /// <summary>The node at <paramref name="path"/>, or null.</summary>
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            node = (node as JsonObject)?[step];
        }

        return node;
    }

    /// <summary>The string at <paramref name="path"/>; a number as its digits (IntOrString); otherwise empty.</summary>
    public static string Text(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        if (node.At(path) is not JsonValue value)
        {
            return "";
        }

        return value.TryGetValue<string>(out var text) ? text : Whole(value)?.ToString(CultureInfo.InvariantCulture) ?? "";
    }

    /// <summary>The whole number at <paramref name="path"/>, or null.</summary>
    public static long? Number(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) is JsonValue value ? Whole(value) : null;

    /// <summary>The whole number at <paramref name="path"/> cut to 32 bits, or <paramref name="fallback"/>.</summary>
    public static int Number(this JsonNode? node, int fallback, params ReadOnlySpan<string> path) =>
        node.Number(path) is { } number ? (int)Math.Clamp(number, int.MinValue, int.MaxValue) : fallback;

    /// <summary>True when there is a <c>true</c> at <paramref name="path"/>.</summary>
    public static bool Flag(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    /// <summary>The time (RFC 3339) at <paramref name="path"/>, or null.</summary>
    public static DateTimeOffset? Time(this JsonNode? node, params ReadOnlySpan<string> path) =>
        DateTimeOffset.TryParse(node.Text(path), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : null;

    /// <summary>The objects of the array at <paramref name="path"/>; other elements are left out.</summary>
    public static IEnumerable<JsonObject> Objects(this JsonNode? node, params ReadOnlySpan<string> path) =>
        (node.At(path) as JsonArray)?.OfType<JsonObject>() ?? [];

    /// <summary>The strings of the array at <paramref name="path"/>; other elements are left out.</summary>
    public static IEnumerable<string> Texts(this JsonNode? node, params ReadOnlySpan<string> path) =>
        (node.At(path) as JsonArray)?.Select(item => item.Text()).Where(text => text.Length > 0) ?? [];

    /// <summary>The map of strings at <paramref name="path"/>; other values are left out.</summary>
    public static Labels Labels(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) is JsonObject map
        ? Kube.Selectors.Labels.From(map.Where(pair => pair.Value is JsonValue).Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Text())))
        : Kube.Selectors.Labels.Empty;

    /// <summary>A time as the API writes it: RFC 3339 in UTC with whole seconds (meta/v1 Time).</summary>
    public static string ToApiTime(this DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A map of strings as a JSON object.</summary>
    public static JsonObject ToJson(this Labels labels) => new(labels.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));

    /// <summary>An array of strings.</summary>
    public static JsonArray ToJson(this IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode?)text)]);

    private static long? Whole(JsonValue value) =>
        value.TryGetValue<long>(out var number) ? number : value.TryGetValue<int>(out var small) ? small : null;
}
