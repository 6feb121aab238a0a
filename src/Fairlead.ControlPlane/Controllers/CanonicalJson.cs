using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Controllers;

/// <summary>One text per meaning: members sorted, nulls left out. What two clients write differently but mean alike compares equal.</summary>
internal static class CanonicalJson
{
    // Go clients write these when empty, others leave them out; both mean the same.
    private static readonly HashSet<string> EmptyMeansAbsent = ["resources", "securityContext", "metadata", "annotations", "labels"];

    public static string Write(JsonNode? node)
    {
        var text = new StringBuilder();
        Write(text, node);
        return text.ToString();
    }

    private static void Write(StringBuilder text, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                WriteMap(text, map);
                break;
            case JsonArray list:
                text.Append('[');
                for (var i = 0; i < list.Count; i++)
                {
                    text.Append(i == 0 ? "" : ",");
                    Write(text, list[i]);
                }

                text.Append(']');
                break;
            case JsonValue value when value.TryGetValue<string>(out var literal):
                WriteString(text, literal);
                break;
            default:
                text.Append(node?.ToJsonString() ?? "null");
                break;
        }
    }

    private static void WriteMap(StringBuilder text, JsonObject map)
    {
        text.Append('{');
        var first = true;
        foreach (var (key, value) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (value is null || (value is JsonObject { Count: 0 } && EmptyMeansAbsent.Contains(key)))
            {
                continue;
            }

            text.Append(first ? "" : ",");
            WriteString(text, key);
            text.Append(':');
            Write(text, value);
            first = false;
        }

        text.Append('}');
    }

    private static void WriteString(StringBuilder text, string value) => text.Append('"').Append(JsonEncodedText.Encode(value).Value).Append('"');
}
