using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Reads and defaults fields of a document; a field that is absent or of another JSON type reads as null.</summary>
internal static class Doc
{
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            node = node is JsonObject obj && obj.TryGetPropertyValue(name, out var child) ? child : null;
        }

        return node;
    }

    public static JsonObject? Object(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonObject;

    public static JsonArray? List(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonArray;

    public static string? Text(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path).AsText();

    public static long? Number(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path).AsNumber();

    public static bool? Flag(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;

    public static bool Has(this JsonNode? node, string name) =>
        node is JsonObject obj && obj.TryGetPropertyValue(name, out var child) && child is not null;

    public static string? AsText(this JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public static long? AsNumber(this JsonNode? node) => node is not JsonValue value ? null
        : value.TryGetValue<long>(out var number) ? number
        : value.TryGetValue<int>(out var small) ? small
        : null;

    /// <summary>The objects of a list; other items are passed over, indices stay those of the list.</summary>
    public static IEnumerable<(int Index, JsonObject Item)> Items(this JsonArray? list)
    {
        for (var index = 0; index < (list?.Count ?? 0); index++)
        {
            if (list![index] is JsonObject item)
            {
                yield return (index, item);
            }
        }
    }

    /// <summary>The texts of a list; other items are passed over.</summary>
    public static IEnumerable<string> Texts(this JsonArray? list)
    {
        foreach (var item in list ?? [])
        {
            if (item.AsText() is { } text)
            {
                yield return text;
            }
        }
    }

    /// <summary>The text values of a map.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Pairs(this JsonObject? map)
    {
        foreach (var (key, value) in map ?? [])
        {
            if (value.AsText() is { } text)
            {
                yield return new(key, text);
            }
        }
    }

    /// <summary>The object at <paramref name="name"/>, made when absent.</summary>
    public static JsonObject Ensure(this JsonObject obj, string name)
    {
        if (obj.Object(name) is { } found)
        {
            return found;
        }

        var made = new JsonObject();
        obj[name] = made;
        return made;
    }

    /// <summary>Sets a field that is absent or null.</summary>
    public static void Fill(this JsonObject obj, string name, JsonNode value)
    {
        if (!obj.Has(name))
        {
            obj[name] = value;
        }
    }

    /// <summary>Sets a text field that is absent, null or empty.</summary>
    public static void FillText(this JsonObject obj, string name, string value)
    {
        if (string.IsNullOrEmpty(obj.Text(name)))
        {
            obj[name] = value;
        }
    }

    /// <summary>Removes a field that is null or an empty text, map or list, as an omitempty field of Kubernetes is.</summary>
    public static void DropEmpty(this JsonObject obj, string name)
    {
        if (obj.At(name) is null or JsonObject { Count: 0 } or JsonArray { Count: 0 } || obj.Text(name) is "")
        {
            obj.Remove(name);
        }
    }

    public static bool Same(JsonNode? left, JsonNode? right) => JsonNode.DeepEquals(left, right);
}
