using System.Buffers;
using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Kube.Schema;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Fairlead.Kube.Yaml;

/// <summary>
/// YAML documents as JSON, read as kubectl reads them: plain scalars by the YAML 1.1 rules that Go's library keeps (true, false, null, numbers),
/// keys as text, doubled keys refused. Depth, nodes and aliases are bounded, so that a small file cannot become a large document.
/// </summary>
public static class YamlReader
{
    private const int MaxDepth = StrictJson.MaxDepth;
    private const int MaxNodes = 200_000;
    private static readonly SearchValues<char> RealCharacters = SearchValues.Create("0123456789.eE+-");

    /// <summary>Reads every document that is not empty, in order.</summary>
    /// <exception cref="FormatException">What is wrong, with line and column.</exception>
    public static IReadOnlyList<JsonNode> ReadAll(TextReader text)
    {
        var documents = new List<JsonNode>();
        Read(text, _ => null, (document, _) => documents.Add(document));
        return documents;
    }

    /// <summary>As <see cref="ReadAll"/>, with the place of every value.</summary>
    /// <exception cref="FormatException">What is wrong, with line and column.</exception>
    public static IReadOnlyList<(JsonNode Document, YamlPlace Place)> ReadAllPlaced(TextReader text)
    {
        var documents = new List<(JsonNode, YamlPlace)>();
        Read(text, Place, (document, place) => documents.Add((document, place!)));
        return documents;
    }

    private static void Read(TextReader text, Func<Mark, YamlPlace?> begin, Action<JsonNode, YamlPlace?> take)
    {
        try
        {
            var parser = new Parser(text);
            parser.Consume<StreamStart>();
            while (parser.TryConsume<DocumentStart>(out _))
            {
                var place = begin(parser.Current!.Start);
                if (new Document(parser).Read(MaxDepth, place) is { } document)
                {
                    take(document, place);
                }

                parser.Consume<DocumentEnd>();
            }
        }
        catch (YamlException e)
        {
            throw new FormatException($"line {e.Start.Line}, column {e.Start.Column}: {e.InnerException?.Message ?? e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            // The parser's own, on some texts that are no YAML.
            throw new FormatException($"it is not YAML: {e.Message}", e);
        }
    }

    private static YamlPlace Place(Mark mark) => new((int)mark.Line, (int)mark.Column);

    /// <summary>The value of a plain scalar: null, a truth value, a number or text.</summary>
    internal static JsonNode? Plain(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => null,
        "true" or "True" or "TRUE" => JsonValue.Create(true),
        "false" or "False" or "FALSE" => JsonValue.Create(false),
        _ => Number(text) ?? JsonValue.Create(text),
    };

    private static JsonValue? Number(string text)
    {
        if (!char.IsAsciiDigit(text[0]) && !(text.Length > 1 && text[0] is '-' or '+' or '.'))
        {
            return null;
        }

        var digits = text.AsSpan(text[0] is '-' or '+' ? 1 : 0);
        if (digits.StartsWith("0x", StringComparison.Ordinal) || digits.StartsWith("0o", StringComparison.Ordinal) || (digits.Length > 1 && digits[0] == '0' && char.IsAsciiDigit(digits[1])))
        {
            return Radix(text[0] == '-', digits);
        }

        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer))
        {
            return JsonValue.Create(integer);
        }

        return digits.ContainsAnyExcept(RealCharacters) ? null
            : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real) ? JsonValue.Create(real) : null;
    }

    /// <summary>Hexadecimal and octal, the latter with and without its letter (YAML 1.1: file modes such as 0644).</summary>
    private static JsonValue? Radix(bool negative, ReadOnlySpan<char> digits)
    {
        long value;
        if (digits[1] == 'x')
        {
            if (!long.TryParse(digits[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value))
            {
                return null;
            }
        }
        else
        {
            value = 0;
            foreach (var digit in digits[(digits[1] == 'o' ? 2 : 1)..])
            {
                if (digit is < '0' or > '7' || value > long.MaxValue >> 3)
                {
                    return null;
                }

                value = (value << 3) + (digit - '0');
            }
        }

        return JsonValue.Create(negative ? -value : value);
    }

    private sealed class Document(Parser parser)
    {
        private readonly Dictionary<AnchorName, (JsonNode? Node, YamlPlace? Place)> _anchors = [];
        private int _nodes;

        /// <summary>Reads one value; what is below it is added to its place, when places are wanted at all.</summary>
        public JsonNode? Read(int depth, YamlPlace? place)
        {
            var at = parser.Current!.Start;
            if (depth == 0 || ++_nodes > MaxNodes)
            {
                throw new YamlException(at, at, depth == 0 ? "nested too deeply" : "too large");
            }

            if (parser.TryConsume<AnchorAlias>(out var alias))
            {
                var (original, source) = _anchors.TryGetValue(alias.Value, out var known) ? known : throw new YamlException(at, at, $"unknown anchor {alias.Value}");
                _nodes += Count(original);
                place?.Share(source!);
                return _nodes > MaxNodes ? throw new YamlException(at, at, "too large once its aliases are written out") : original?.DeepClone();
            }

            var anchor = (parser.Current as NodeEvent ?? throw new YamlException(at, at, "a value is missing")).Anchor;
            var read = parser.TryConsume<Scalar>(out var scalar) ? Value(scalar)
                : parser.TryConsume<SequenceStart>(out _) ? ReadSequence(depth, place)
                : ReadMapping(depth, place);
            if (!anchor.IsEmpty)
            {
                _anchors[anchor] = (read, place);
            }

            return read;
        }

        private static JsonNode? Value(Scalar scalar) => scalar.Style == ScalarStyle.Plain && scalar.Tag.IsEmpty ? Plain(scalar.Value) : JsonValue.Create(scalar.Value);

        private static int Count(JsonNode? node) => node switch
        {
            JsonArray array => 1 + array.Sum(Count),
            JsonObject map => 1 + map.Sum(pair => Count(pair.Value)),
            _ => 1,
        };

        private JsonArray ReadSequence(int depth, YamlPlace? place)
        {
            var array = new JsonArray();
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                array.Add(Read(depth - 1, place?.AddItem(Place(parser.Current!.Start))));
            }

            return array;
        }

        private JsonObject ReadMapping(int depth, YamlPlace? place)
        {
            parser.Consume<MappingStart>();
            var map = new JsonObject();
            var merged = new List<(Scalar Key, JsonNode? Source, YamlPlace? Place)>();
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var key = parser.Consume<Scalar>();
                if (key.Value == "<<" && key.Style == ScalarStyle.Plain)
                {
                    var source = place is null ? null : Place(key.Start);
                    merged.Add((key, Read(depth - 1, source), source));
                }
                else if (!map.TryAdd(key.Value, Read(depth - 1, place?.AddMember(key.Value, Place(key.Start)))))
                {
                    throw new YamlException(key.Start, key.End, $"key \"{key.Value}\" is given twice");
                }
            }

            // Last, as what the mapping says itself wins.
            foreach (var (key, source, where) in merged)
            {
                Merge(map, source, key);
                place?.Merge(where!);
            }

            return map;
        }

        /// <summary>A YAML 1.1 merge key.</summary>
        private static void Merge(JsonObject map, JsonNode? other, Scalar key)
        {
            foreach (var source in other is JsonArray several ? several : [other?.DeepClone()])
            {
                foreach (var (name, value) in source as JsonObject ?? throw new YamlException(key.Start, key.End, "<< takes a mapping"))
                {
                    map.TryAdd(name, value?.DeepClone());
                }
            }
        }
    }
}
