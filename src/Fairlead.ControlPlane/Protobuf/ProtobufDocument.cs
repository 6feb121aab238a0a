using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Protobuf;

/// <summary>
/// Reads documents in Kubernetes' protobuf encoding: kubectl from 1.32 on and controller-runtime send built-in kinds so. Answers stay JSON,
/// which these clients accept.
/// </summary>
internal static class ProtobufDocument
{
    private const int DeepestMessage = 48;

    private static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    /// <summary>The document, with its apiVersion and kind.</summary>
    /// <exception cref="FormatException">Not such a document, or of a kind that is not known.</exception>
    public static JsonObject Read(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith(Magic))
        {
            throw new FormatException("the prefix 'k8s' is missing");
        }

        var (apiVersion, kind) = ("", "");
        ReadOnlySpan<byte> raw = default;
        var envelope = new WireReader(bytes[Magic.Length..]);
        while (envelope.Read())
        {
            switch (envelope)
            {
                case { Number: 1, HasContent: true }:
                    (apiVersion, kind) = ReadType(envelope.Content);
                    break;
                case { Number: 2, HasContent: true }:
                    raw = envelope.Content;
                    break;
            }
        }

        var document = new JsonObject { ["kind"] = kind, ["apiVersion"] = apiVersion };
        Fill(document, raw, MessageOf(apiVersion, kind), 0);
        return document;
    }

    private static string MessageOf(string apiVersion, string kind)
    {
        if (kind == "DeleteOptions")
        {
            return "meta.DeleteOptions";
        }

        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? $"core.{kind}" : $"{apiVersion[..slash].Split('.')[0]}.{kind}";
    }

    private static (string ApiVersion, string Kind) ReadType(ReadOnlySpan<byte> bytes)
    {
        var (apiVersion, kind) = ("", "");
        var reader = new WireReader(bytes);
        while (reader.Read())
        {
            if (reader is { Number: 1, HasContent: true })
            {
                apiVersion = Encoding.UTF8.GetString(reader.Content);
            }
            else if (reader is { Number: 2, HasContent: true })
            {
                kind = Encoding.UTF8.GetString(reader.Content);
            }
        }

        return (apiVersion, kind);
    }

    private static void Fill(JsonObject into, ReadOnlySpan<byte> bytes, string message, int depth)
    {
        if (depth > DeepestMessage)
        {
            throw new FormatException("the message is nested too deeply");
        }

        var fields = MessageTable.Default.Find(message) ?? throw new FormatException($"there is no message {message}");
        var reader = new WireReader(bytes);
        while (reader.Read())
        {
            if (!fields.TryGetValue(reader.Number, out var field))
            {
                continue;
            }

            switch (field.Mark)
            {
                case '^':
                    Fill(into, reader.Content, field.Type, depth + 1);
                    break;
                case '%':
                    AddEntry(MapOf(into, field.Name), reader.Content, field.Type, depth);
                    break;
                case '*':
                    ListOf(into, field.Name).Add(Value(field, ref reader, depth) ?? Zero(field));
                    break;
                default:
                    if (Value(field, ref reader, depth) is { } value)
                    {
                        into[field.Name] = value;
                    }

                    break;
            }
        }
    }

    private static JsonObject MapOf(JsonObject owner, string name)
    {
        if (owner[name] is not JsonObject map)
        {
            owner[name] = map = [];
        }

        return map;
    }

    private static JsonArray ListOf(JsonObject owner, string name)
    {
        if (owner[name] is not JsonArray list)
        {
            owner[name] = list = [];
        }

        return list;
    }

    private static void AddEntry(JsonObject map, ReadOnlySpan<byte> bytes, string type, int depth)
    {
        var key = "";
        JsonNode? value = null;
        var field = new MessageField("", type, '!');
        var reader = new WireReader(bytes);
        while (reader.Read())
        {
            if (reader is { Number: 1, HasContent: true })
            {
                key = Encoding.UTF8.GetString(reader.Content);
            }
            else if (reader.Number == 2)
            {
                value = Value(field, ref reader, depth);
            }
        }

        map[key] = value ?? Zero(field);
    }

    /// <summary>What an item of a list or map is when the wire says nothing of it.</summary>
    private static JsonNode Zero(MessageField field) => field.Type switch
    {
        "string" or "bytes" => "",
        "int" => 0,
        "bool" => false,
        _ => new JsonObject(),
    };

    /// <summary>The field's value, or null where a zero means that it is not set.</summary>
    private static JsonNode? Value(MessageField field, ref WireReader reader, int depth)
    {
        var zeroIsValue = field.Mark == '!';
        switch (field.Type)
        {
            case "string":
                return reader.Content.IsEmpty && field.Mark is not ('!' or '*') ? null : Encoding.UTF8.GetString(reader.Content);
            case "bytes":
                return reader.Content.IsEmpty && !zeroIsValue ? null : Convert.ToBase64String(reader.Content);
            case "int":
                return reader.Value == 0 && !zeroIsValue ? null : (long)reader.Value;
            case "bool":
                return reader.Value == 0 && !zeroIsValue ? null : reader.Value != 0;
            case "meta.Time":
                return Time(reader.Content, "yyyy-MM-dd'T'HH:mm:ss'Z'");
            case "meta.MicroTime":
                return Time(reader.Content, "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'");
            case "resource.Quantity":
                return Text(reader.Content, 1);
            case "intstr.IntOrString":
                return IntOrString(reader.Content);
            case "authentication.ExtraValue" or "authorization.ExtraValue":
                var list = new JsonObject();
                Fill(list, reader.Content, field.Type, depth + 1);
                return list["items"]?.DeepClone();
            case "meta.FieldsV1" or "runtime.RawExtension":
                return Raw(reader.Content);
            default:
                var inner = new JsonObject();
                Fill(inner, reader.Content, field.Type, depth + 1);
                return inner;
        }
    }

    private static JsonNode? Time(ReadOnlySpan<byte> bytes, string format)
    {
        var (seconds, nanos) = (0L, 0L);
        var reader = new WireReader(bytes);
        while (reader.Read())
        {
            if (reader.Number == 1)
            {
                seconds = (long)reader.Value;
            }
            else if (reader.Number == 2)
            {
                nanos = (long)reader.Value;
            }
        }

        if ((seconds, nanos) is (0, 0))
        {
            return null;
        }

        if (seconds is < -62_135_596_800 or > 253_402_300_799 || nanos is < 0 or > 999_999_999)
        {
            throw new FormatException("a time is outside the years 1 to 9999");
        }

        var time = DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanos / 100);
        return time.UtcDateTime.ToString(format, CultureInfo.InvariantCulture);
    }

    private static JsonNode IntOrString(ReadOnlySpan<byte> bytes)
    {
        var (type, number, text) = (0UL, 0L, "");
        var reader = new WireReader(bytes);
        while (reader.Read())
        {
            switch (reader.Number)
            {
                case 1:
                    type = reader.Value;
                    break;
                case 2:
                    number = (long)reader.Value;
                    break;
                case 3:
                    text = Encoding.UTF8.GetString(reader.Content);
                    break;
            }
        }

        return type == 0 ? number : text;
    }

    private static string? Text(ReadOnlySpan<byte> bytes, int number)
    {
        var reader = new WireReader(bytes);
        while (reader.Read())
        {
            if (reader.Number == number && reader.HasContent)
            {
                return Encoding.UTF8.GetString(reader.Content);
            }
        }

        return null;
    }

    private static JsonNode? Raw(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        while (reader.Read())
        {
            if (reader is { Number: 1, HasContent: true, Content.IsEmpty: false })
            {
                try
                {
                    return JsonNode.Parse(reader.Content);
                }
                catch (JsonException e)
                {
                    throw new FormatException($"embedded JSON: {e.Message}", e);
                }
            }
        }

        return null;
    }
}
