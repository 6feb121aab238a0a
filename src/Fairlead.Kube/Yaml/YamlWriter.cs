using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fairlead.Kube.Yaml;

/// <summary>Writes documents as YAML in block style: what <see cref="YamlReader"/> reads back as the same document.</summary>
public static class YamlWriter
{
    /// <summary>The lines, without line ends.</summary>
    public static IReadOnlyList<string> Lines(JsonNode? node)
    {
        var lines = new List<string>();
        Add(lines, node, "", "");
        return lines;
    }

    /// <summary>Adds a node whose first line begins with <paramref name="first"/> and whose other lines begin with <paramref name="rest"/>.</summary>
    private static void Add(List<string> lines, JsonNode? node, string first, string rest)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } map:
                foreach (var (key, value) in map)
                {
                    AddMember(lines, Scalar(JsonValue.Create(key)), value, first, rest);
                    first = rest;
                }

                break;
            case JsonArray { Count: > 0 } items:
                foreach (var item in items)
                {
                    Add(lines, item, first + "- ", rest + "  ");
                    first = rest;
                }

                break;
            default:
                lines.Add(first + Scalar(node));
                break;
        }
    }

    private static void AddMember(List<string> lines, string key, JsonNode? value, string first, string rest)
    {
        if (value is JsonObject { Count: > 0 })
        {
            lines.Add($"{first}{key}:");
            Add(lines, value, rest + "  ", rest + "  ");
        }
        else if (value is JsonArray { Count: > 0 })
        {
            // As kubectl has it, a list is not indented below its key.
            lines.Add($"{first}{key}:");
            Add(lines, value, rest, rest);
        }
        else
        {
            lines.Add($"{first}{key}: {Scalar(value)}");
        }
    }

    private static string Scalar(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject => "{}",
        JsonArray => "[]",
        JsonValue value when value.GetValueKind() == JsonValueKind.String => Text(value.GetValue<string>()),
        _ => node.ToJsonString(),
    };

    /// <summary>Plain where that reads back as the same text, quoted as JSON otherwise.</summary>
    private static string Text(string text) => IsPlain(text) ? text : JsonValue.Create(text).ToJsonString(Readable);

    private static readonly JsonSerializerOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = TextOnly.Default };

    private static bool IsPlain(string text) =>
        text.Length > 0 && char.IsAsciiLetterOrDigit(text[0]) && text[^1] != ':' && text[^1] != ' '
        && text.All(letter => letter is >= ' ' and <= '~') && !text.Contains(": ", StringComparison.Ordinal) && !HasMarkAfterSpace(text)
        && text is not ("y" or "Y" or "n" or "N" or "yes" or "Yes" or "YES" or "no" or "No" or "NO" or "on" or "On" or "ON" or "off" or "Off" or "OFF")
        && YamlReader.Plain(text) is JsonValue value && value.GetValueKind() == JsonValueKind.String;

    // A comment begins so, and readers differ in what an anchor's or alias's mark there means in a key.
    private static bool HasMarkAfterSpace(string text)
    {
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i - 1] == ' ' && !char.IsAsciiLetterOrDigit(text[i]) && text[i] != ' ')
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>What a text alone needs to be written as JSON.</summary>
[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class TextOnly : System.Text.Json.Serialization.JsonSerializerContext;
