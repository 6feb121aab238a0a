using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace Fairlead.Kube.Schema;

/// <summary>Reads JSON of bounded depth and tells which fields were written twice. The last of two wins, as everywhere in Kubernetes.</summary>
public static class StrictJson
{
    /// <summary>
    /// The deepest documents may be. No kind goes beyond 20; readers of JSON stop at 64 by default, so that what is stored can be read with what is put around it.
    /// </summary>
    public const int MaxDepth = 48;

    /// <summary>Reads one value.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="duplicates">Paths of fields written twice, such as <c>spec.ports[0].port</c>.</param>
    /// <returns>The value; null for the JSON null.</returns>
    /// <exception cref="JsonException">The text is not JSON in UTF-8, or too deep.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> utf8, out IReadOnlyList<string> duplicates)
    {
        // The reader does not look at bytes and escapes of a text until somebody asks for it.
        if (!Utf8.IsValid(utf8))
        {
            throw new JsonException("it is not UTF-8");
        }

        try
        {
            duplicates = FindDuplicates(utf8);
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("a text has half of a surrogate pair", e);
        }

        if (duplicates.Count == 0)
        {
            return JsonNode.Parse(utf8, documentOptions: new JsonDocumentOptions { MaxDepth = MaxDepth });
        }

        var reader = NewReader(utf8);
        reader.Read();
        return ReadLastOf(ref reader);
    }

    private static Utf8JsonReader NewReader(ReadOnlySpan<byte> utf8) => new(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });

    private static List<string> FindDuplicates(ReadOnlySpan<byte> utf8)
    {
        var duplicates = new List<string>();
        var levels = new Stack<Level>();
        var reader = NewReader(utf8);
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    NextItem(levels);
                    levels.Push(new Level(reader.TokenType == JsonTokenType.StartObject));
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    levels.Pop();
                    break;
                case JsonTokenType.PropertyName:
                    var level = levels.Peek();
                    level.Field = reader.GetString()!;
                    if (!level.Seen!.Add(level.Field))
                    {
                        duplicates.Add(Path(levels));
                    }

                    break;
                default:
                    if (reader is { TokenType: JsonTokenType.String, ValueIsEscaped: true })
                    {
                        reader.GetString();
                    }

                    NextItem(levels);
                    break;
            }
        }

        return duplicates;
    }

    private static void NextItem(Stack<Level> levels)
    {
        if (levels.TryPeek(out var level) && level.Seen is null)
        {
            level.Index++;
        }
    }

    private static string Path(Stack<Level> levels)
    {
        var path = new StringBuilder();
        foreach (var level in levels.Reverse())
        {
            if (level.Seen is null)
            {
                path.Append(CultureInfo.InvariantCulture, $"[{level.Index}]");
            }
            else
            {
                path.Append(path.Length == 0 ? "" : ".").Append(level.Field);
            }
        }

        return path.ToString();
    }

    private static JsonNode? ReadLastOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            var list = new JsonArray();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                list.Add(ReadLastOf(ref reader));
            }

            return list;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            using var value = JsonDocument.ParseValue(ref reader);
            return JsonNode.Parse(value.RootElement.GetRawText());
        }

        var obj = new JsonObject();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString()!;
            reader.Read();
            obj[name] = ReadLastOf(ref reader);
        }

        return obj;
    }

    private sealed class Level(bool isObject)
    {
        public HashSet<string>? Seen { get; } = isObject ? [] : null;

        public string Field { get; set; } = "";

        public int Index { get; set; } = -1;
    }
}
