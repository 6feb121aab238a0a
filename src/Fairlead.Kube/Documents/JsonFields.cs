using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Kube.Selectors;

namespace Fairlead.Kube.Documents;

/// <summary>
/// Reads fields of an API object without trusting its shape: a missing field and one of the wrong type are both "not there".
/// An API server has validated what it serves; its readers must still not fall over what another server serves.
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

    /// <summary>The string at <paramref name="path"/>; otherwise empty.</summary>
    public static string Text(this JsonNode? node, params ReadOnlySpan<string> path) => AsText(node.At(path)) ?? "";

    /// <summary>The string at <paramref name="path"/> if it is not empty; otherwise <paramref name="fallback"/>.</summary>
    public static string TextOr(this JsonNode? node, string fallback, params ReadOnlySpan<string> path) =>
        AsText(node.At(path)) is { Length: > 0 } text ? text : fallback;

    /// <summary>The string at <paramref name="path"/>, or the digits of a whole number (util/intstr IntOrString); otherwise empty.</summary>
    public static string IntOrText(this JsonNode? node, params ReadOnlySpan<string> path) =>
        AsText(node.At(path)) ?? node.Number(path)?.ToString(CultureInfo.InvariantCulture) ?? "";

    /// <summary>The whole number at <paramref name="path"/>, or null.</summary>
    public static long? Number(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        && long.TryParse(value.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>The whole number at <paramref name="path"/> cut to 32 bits, or <paramref name="fallback"/>.</summary>
    public static int Number(this JsonNode? node, int fallback, params ReadOnlySpan<string> path) =>
        node.Number(path) is { } number ? (int)Math.Clamp(number, int.MinValue, int.MaxValue) : fallback;

    /// <summary>True when there is a <c>true</c> at <paramref name="path"/>.</summary>
    public static bool Flag(this JsonNode? node, params ReadOnlySpan<string> path) => node.Flag(false, path);

    /// <summary>The truth value at <paramref name="path"/>, or <paramref name="fallback"/>.</summary>
    public static bool Flag(this JsonNode? node, bool fallback, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : fallback;

    /// <summary>The time (RFC 3339) at <paramref name="path"/>, or null.</summary>
    public static DateTimeOffset? Time(this JsonNode? node, params ReadOnlySpan<string> path) =>
        DateTimeOffset.TryParse(node.Text(path), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : null;

    /// <summary>The object at <paramref name="path"/>, or null.</summary>
    public static JsonObject? Object(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonObject;

    /// <summary>The objects of the array at <paramref name="path"/>; other elements are left out.</summary>
    public static IEnumerable<JsonObject> Objects(this JsonNode? node, params ReadOnlySpan<string> path) =>
        (node.At(path) as JsonArray)?.OfType<JsonObject>() ?? [];

    /// <summary>The strings of the array at <paramref name="path"/>, empty ones too; other elements are left out.</summary>
    public static IReadOnlyList<string> Texts(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonArray array ? [.. array.Select(AsText).OfType<string>()] : [];

    /// <summary>The map of strings at <paramref name="path"/>; other values are left out.</summary>
    public static IReadOnlyDictionary<string, string> Map(this JsonNode? node, params ReadOnlySpan<string> path) =>
        new Dictionary<string, string>(Pairs(node.At(path)), StringComparer.Ordinal);

    /// <summary>The labels at <paramref name="path"/>; values other than strings are left out.</summary>
    public static Labels Labels(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonObject { Count: > 0 } map ? Selectors.Labels.From(Pairs(map)) : Selectors.Labels.Empty;

    /// <summary>A time as the API writes it: RFC 3339 in UTC with whole seconds (meta/v1 Time).</summary>
    public static string ToApiTime(this DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A time as Leases carry it: RFC 3339 in UTC with microseconds (meta/v1 MicroTime).</summary>
    public static string ToApiMicroTime(this DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>A map of strings as a JSON object.</summary>
    public static JsonObject ToJson(this Labels labels) => new(labels.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));

    /// <summary>An array of strings.</summary>
    public static JsonArray ToJson(this IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode?)text)]);

    private static string? AsText(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static IEnumerable<KeyValuePair<string, string>> Pairs(JsonNode? node)
    {
        foreach (var (key, value) in node as JsonObject ?? [])
        {
            if (AsText(value) is { } text)
            {
                yield return KeyValuePair.Create(key, text);
            }
        }
    }
}
