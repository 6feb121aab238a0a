using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fairlead.Kube.Schema;

/// <summary>
/// Brings a document into the form in which Kubernetes stores it, in place: unknown fields, nulls and empty optional lists and maps go,
/// amounts and times take their canonical text. Reports unknown fields and the first value of a wrong type.
/// </summary>
public sealed class DocumentDecoder
{
    private const string QuantityRule = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

    private readonly List<string> _unknown = [];

    private string? _typeError;

    private DocumentDecoder()
    {
    }

    /// <summary>Decodes <paramref name="document"/> by <paramref name="schema"/>. After a type error the document is not to be used.</summary>
    public static DecodeReport Decode(ObjectSchema schema, JsonObject document)
    {
        var decoder = new DocumentDecoder();
        decoder.Walk(schema, document, "", "");
        return new DecodeReport(decoder._unknown, decoder._typeError);
    }

    private void Walk(ObjectSchema schema, JsonObject obj, string path, string goPath)
    {
        if (schema.IsOpen)
        {
            return;
        }

        foreach (var (name, value) in obj.ToArray())
        {
            var field = schema.Field(name);
            var fieldPath = path.Length == 0 ? name : $"{path}.{name}";
            if (field is null)
            {
                _unknown.Add(fieldPath);
                obj.Remove(name);
                continue;
            }

            if (value is null || (value is JsonArray { Count: 0 } or JsonObject { Count: 0 } && !field.Required && field.Type.Element is not null))
            {
                obj.Remove(name);
                continue;
            }

            var place = new Place(fieldPath, goPath.Length == 0 ? name : $"{goPath}.{name}", schema.Name);
            if (Value(field.Type, value, place) is { } canonical)
            {
                obj[name] = canonical;
            }
        }
    }

    /// <summary>Checks one value; returns what is to stand in its place, or null to leave it.</summary>
    private JsonValue? Value(ValueType type, JsonNode value, Place place)
    {
        switch (type.Shape)
        {
            case ValueShape.Object when value is JsonObject obj:
                Walk(type.Object!, obj, place.Path, place.GoPath);
                return null;
            case ValueShape.Map when value is JsonObject map:
                WalkMap(type.Element!, map, place);
                return null;
            case ValueShape.List when value is JsonArray list:
                WalkList(type.Element!, list, place);
                return null;
            case ValueShape.Any:
                return null;
            default:
                return Scalar(type, value, place);
        }
    }

    private void WalkMap(ValueType element, JsonObject map, Place place)
    {
        foreach (var (key, value) in map.ToArray())
        {
            if (value is null)
            {
                // A map of texts holds an empty text where the client wrote null, as in Go.
                map[key] = element.Shape is ValueShape.String or ValueShape.Bytes ? "" : element.Shape is ValueShape.Quantity ? "0" : null;
            }
            else if (Value(element, value, place with { Path = $"{place.Path}.{key}" }) is { } canonical)
            {
                map[key] = canonical;
            }
        }
    }

    private void WalkList(ValueType element, JsonArray list, Place place)
    {
        for (var index = 0; index < list.Count; index++)
        {
            var itemPath = string.Create(CultureInfo.InvariantCulture, $"{place.Path}[{index}]");
            var item = list[index];
            if (item is null)
            {
                list[index] = element.Shape is ValueShape.Object ? new JsonObject() : element.Shape is ValueShape.String ? "" : null;
            }
            else if (Value(element, item, place with { Path = itemPath }) is { } canonical)
            {
                list[index] = canonical;
            }
        }
    }

    private JsonValue? Scalar(ValueType type, JsonNode value, Place place)
    {
        var kind = value.GetValueKind();
        var text = kind == JsonValueKind.String ? value.GetValue<string>() : null;
        switch (type.Shape)
        {
            case ValueShape.String when text is not null:
            case ValueShape.Bool when kind is JsonValueKind.True or JsonValueKind.False:
            case ValueShape.IntOrString when text is not null || IsInteger(value, int.MinValue, int.MaxValue):
            case ValueShape.Int32 when IsInteger(value, int.MinValue, int.MaxValue):
            case ValueShape.Int64 when IsInteger(value, long.MinValue, long.MaxValue):
                return null;
            case ValueShape.Bytes when text is not null:
                Require(IsBase64(text), place, () => "illegal base64 data");
                return null;
            case ValueShape.Quantity when text is not null || kind == JsonValueKind.Number:
                return CanonicalQuantity(text ?? value.ToJsonString(), kind, place);
            case ValueShape.Time or ValueShape.MicroTime when text is not null:
                return CanonicalTime(type.Shape, text, place);
            default:
                Require(false, place, () => WrongType(type, value, place));
                return null;
        }
    }

    private JsonValue? CanonicalQuantity(string text, JsonValueKind kind, Place place)
    {
        if (!Quantity.TryParse(text, out var quantity))
        {
            Require(false, place, () => QuantityRule);
            return null;
        }

        var canonical = quantity.ToString();
        return kind == JsonValueKind.String && canonical == text ? null : JsonValue.Create(canonical);
    }

    private JsonValue? CanonicalTime(ValueShape shape, string text, Place place)
    {
        if (text.Length < 20 || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var time))
        {
            Require(false, place, () => $"parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{text}\"");
            return null;
        }

        var format = shape == ValueShape.Time ? "yyyy-MM-ddTHH:mm:ssZ" : "yyyy-MM-ddTHH:mm:ss.ffffffZ";
        var canonical = time.ToString(format, CultureInfo.InvariantCulture);
        return canonical == text ? null : JsonValue.Create(canonical);
    }

    private void Require(bool condition, Place place, Func<string> fault)
    {
        if (!condition)
        {
            _typeError ??= $"{place.Path}: {fault()}";
        }
    }

    private static bool IsInteger(JsonNode value, long min, long max) =>
        value.GetValueKind() == JsonValueKind.Number && value is JsonValue number
        && (number.TryGetValue<long>(out var wide) || (number.TryGetValue<int>(out var narrow) && (wide = narrow) == narrow))
        && wide >= min && wide <= max;

    private static bool IsBase64(string text)
    {
        var buffer = new byte[((text.Length / 4) + 1) * 3];
        return Convert.TryFromBase64String(text, buffer, out _);
    }

    private static string WrongType(ValueType type, JsonNode value, Place place)
    {
        var found = value.GetValueKind() switch
        {
            JsonValueKind.String => "string",
            JsonValueKind.True or JsonValueKind.False => "bool",
            JsonValueKind.Array => "array",
            JsonValueKind.Object => "object",
            _ when type.Shape is ValueShape.Int32 or ValueShape.Int64 or ValueShape.IntOrString => "number " + value.ToJsonString(),
            _ => "number",
        };
        return $"json: cannot unmarshal {found} into Go struct field {place.Owner}.{place.GoPath} of type {GoType(type)}";
    }

    private static string GoType(ValueType type) => type.Shape switch
    {
        ValueShape.List => "[]" + GoType(type.Element!),
        ValueShape.Map => "map[string]" + GoType(type.Element!),
        ValueShape.Object => type.Object!.Package[(type.Object.Package.LastIndexOf('.') + 1)..] + "." + type.Object.Name,
        ValueShape.Int32 => "int32",
        ValueShape.Int64 => "int64",
        ValueShape.Bool => "bool",
        ValueShape.Bytes => "[]uint8",
        ValueShape.Quantity => "resource.Quantity",
        ValueShape.IntOrString => "intstr.IntOrString",
        ValueShape.Time => "v1.Time",
        ValueShape.MicroTime => "v1.MicroTime",
        _ => "string",
    };

    /// <summary>Where a value stands: its path with indices, its path without, and the type that holds the field.</summary>
    private sealed record Place(string Path, string GoPath, string Owner);
}
