using System.Text.Json;

namespace Fairlead.Kube.Schema.OpenApi;

/// <summary>
/// Writes types as OpenAPI v3 schemas, with the extensions by which kubectl merges and explains. A reference to a type makes it part of the document.
/// </summary>
internal sealed class SchemaWriter(Utf8JsonWriter writer)
{
    private const string IntOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
    private const string QuantityName = "io.k8s.apimachinery.pkg.api.resource.Quantity";
    private const string TimeName = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
    private const string MicroTimeName = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";

    private readonly SortedDictionary<string, Action> _scalars = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ObjectSchema> _used = [];
    private readonly Queue<ObjectSchema> _pending = [];

    /// <summary>Writes <c>"$ref"</c> to the type.</summary>
    public void Reference(ObjectSchema schema)
    {
        if (_used.TryAdd(schema.FullName, schema))
        {
            _pending.Enqueue(schema);
        }

        Reference(schema.FullName);
    }

    /// <summary>Writes every type referred to, and those they refer to, in the order of reference; scalars last.</summary>
    public void WriteAllUsed()
    {
        while (_pending.TryDequeue(out var schema))
        {
            writer.WritePropertyName(schema.FullName);
            WriteType(schema);
        }

        foreach (var write in _scalars.Values)
        {
            write();
        }
    }

    private void WriteType(ObjectSchema schema)
    {
        writer.WriteStartObject();
        writer.WriteString("description", schema.Description);
        if (!schema.IsOpen)
        {
            WriteRequired(schema);
            writer.WriteStartObject("properties");
            foreach (var field in schema.Fields.OrderBy(field => field.Name, StringComparer.Ordinal))
            {
                writer.WritePropertyName(field.Name);
                WriteField(field);
            }

            writer.WriteEndObject();
        }

        writer.WriteString("type", "object");
        if (schema.IsDocument)
        {
            writer.WriteStartArray("x-kubernetes-group-version-kind");
            WriteKind(schema.Group, schema.Version, schema.Name);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes the object that names a group, version and kind.</summary>
    public void WriteKind(string group, string version, string kind)
    {
        writer.WriteStartObject();
        writer.WriteString("group", group);
        writer.WriteString("kind", kind);
        writer.WriteString("version", version);
        writer.WriteEndObject();
    }

    private void WriteRequired(ObjectSchema schema)
    {
        if (schema.Fields.Any(field => field.Required))
        {
            writer.WriteStartArray("required");
            foreach (var field in schema.Fields.Where(field => field.Required))
            {
                writer.WriteStringValue(field.Name);
            }

            writer.WriteEndArray();
        }
    }

    private void WriteField(FieldSchema field)
    {
        writer.WriteStartObject();
        writer.WriteString("description", field.Description);
        WriteValue(field.Type, alone: false);
        if (field.ListType.Length > 0)
        {
            writer.WriteString(field.Type.Shape == ValueShape.Map ? "x-kubernetes-map-type" : "x-kubernetes-list-type", field.ListType);
        }

        if (field.ListType == "map")
        {
            writer.WriteStartArray("x-kubernetes-list-map-keys");
            foreach (var key in field.MapKeys)
            {
                writer.WriteStringValue(key);
            }

            writer.WriteEndArray();
        }

        if (field.MergeKey.Length > 0)
        {
            writer.WriteString("x-kubernetes-patch-merge-key", field.MergeKey);
        }

        if (field.Merges || field.RetainsKeys)
        {
            var strategy = field is { Merges: true, RetainsKeys: true } ? "merge,retainKeys" : field.Merges ? "merge" : "retainKeys";
            writer.WriteString("x-kubernetes-patch-strategy", strategy);
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes the members of a value's schema. A reference beside other members must be wrapped in <c>allOf</c> (OpenAPI 3.0).</summary>
    private void WriteValue(ValueType type, bool alone)
    {
        switch (type.Shape)
        {
            case ValueShape.List:
                writer.WriteString("type", "array");
                writer.WriteStartObject("items");
                WriteValue(type.Element!, alone: true);
                writer.WriteEndObject();
                break;
            case ValueShape.Map:
                writer.WriteString("type", "object");
                writer.WriteStartObject("additionalProperties");
                WriteValue(type.Element!, alone: true);
                writer.WriteEndObject();
                break;
            case ValueShape.Object or ValueShape.Quantity or ValueShape.IntOrString or ValueShape.Time or ValueShape.MicroTime:
                WriteReference(type, alone);
                break;
            case ValueShape.Any:
                break;
            default:
                WriteScalar(type.Shape);
                break;
        }
    }

    private void WriteReference(ValueType type, bool alone)
    {
        if (alone)
        {
            ReferenceTo(type);
            return;
        }

        writer.WriteStartArray("allOf");
        writer.WriteStartObject();
        ReferenceTo(type);
        writer.WriteEndObject();
        writer.WriteEndArray();
    }

    private void ReferenceTo(ValueType type)
    {
        switch (type.Shape)
        {
            case ValueShape.Object:
                Reference(type.Object!);
                break;
            case ValueShape.Quantity:
                Scalar(QuantityName, "An amount, such as 500m, 2 or 1Gi.", () => WriteOneOf("string", "number"));
                break;
            case ValueShape.IntOrString:
                Scalar(IntOrString, "A number or a text.", () =>
                {
                    writer.WriteString("format", "int-or-string");
                    WriteOneOf("integer", "string");
                });
                break;
            default:
                var name = type.Shape == ValueShape.Time ? TimeName : MicroTimeName;
                Scalar(name, "A time, as RFC 3339 writes it.", () =>
                {
                    writer.WriteString("format", "date-time");
                    writer.WriteString("type", "string");
                });
                break;
        }
    }

    private void Scalar(string name, string description, Action members)
    {
        _scalars.TryAdd(name, () =>
        {
            writer.WriteStartObject(name);
            writer.WriteString("description", description);
            members();
            writer.WriteEndObject();
        });
        Reference(name);
    }

    private void Reference(string name) => writer.WriteString("$ref", $"#/components/schemas/{name}");

    private void WriteOneOf(params ReadOnlySpan<string> types)
    {
        writer.WriteStartArray("oneOf");
        foreach (var type in types)
        {
            writer.WriteStartObject();
            writer.WriteString("type", type);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private void WriteScalar(ValueShape shape)
    {
        var (type, format) = shape switch
        {
            ValueShape.Int32 => ("integer", "int32"),
            ValueShape.Int64 => ("integer", "int64"),
            ValueShape.Bool => ("boolean", ""),
            ValueShape.Bytes => ("string", "byte"),
            _ => ("string", ""),
        };
        if (format.Length > 0)
        {
            writer.WriteString("format", format);
        }

        writer.WriteString("type", type);
    }
}
