using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Schema;
using ValueType = Fairlead.Kube.Schema.ValueType;

namespace Fairlead.ControlPlane.Apply;

/// <summary>The fields of a document, each with its value, by the list and map types of its schema.</summary>
internal static class FieldWalk
{
    /// <summary>Types that are owned as a whole (<c>x-kubernetes-map-type: atomic</c>).</summary>
    private static readonly HashSet<string> AtomicTypes = new(StringComparer.Ordinal)
    {
        "ConfigMapKeySelector", "LabelSelector", "LocalObjectReference", "NodeSelector", "NodeSelectorTerm", "ObjectFieldSelector",
        "ObjectReference", "OwnerReference", "ResourceFieldSelector", "SecretKeySelector", "SecretReference", "TypedLocalObjectReference",
    };

    private static readonly HashSet<string> ServerOwned = new(
        ((string[])["name", "namespace", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "uid", "generation",
            "managedFields", "resourceVersion"]).Select(name => $"\nf:metadata\nf:{name}").Concat(["\nf:apiVersion", "\nf:kind", "\nf:metadata"]),
        StringComparer.Ordinal);

    /// <summary>
    /// Path and value of every field that somebody can own; null stands for a member with fields below it. Left out are the fields of the server,
    /// and the status where it is written apart.
    /// </summary>
    public static Dictionary<string, JsonNode?> Fields(KindDefinition kind, JsonObject document, string subresource)
    {
        var all = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        WalkObject(Schema(kind), document, "", all);
        var skipsStatus = subresource is "" or "scale" && kind.StatusSubresource;
        foreach (var path in all.Keys.ToList())
        {
            var ofServer = ServerOwned.Contains(path) || path.StartsWith("\nf:metadata\nf:managedFields", StringComparison.Ordinal);
            var ofStatus = path == "\nf:status" || path.StartsWith("\nf:status\n", StringComparison.Ordinal);
            if (ofServer || (skipsStatus && ofStatus))
            {
                all.Remove(path);
            }
        }

        return all;
    }

    public static ObjectSchema Schema(KindDefinition kind) => SchemaCatalog.Default.Find(kind.Type)!;

    /// <summary>True when the fields of a value have owners of their own.</summary>
    public static bool IsGranular(ValueType type, FieldSchema? field) => type.Shape switch
    {
        ValueShape.Object => !type.Object!.IsOpen && !AtomicTypes.Contains(type.Object.Name),
        ValueShape.Map => field?.ListType != "atomic",
        ValueShape.List => field?.ListType is "map" or "set",
        _ => false,
    };

    /// <summary>The element of a path that names an item of a list.</summary>
    public static string ItemElement(FieldSchema field, JsonNode? item)
    {
        if (field.ListType == "set" || item is not JsonObject entry)
        {
            return $"v:{item?.ToJsonString() ?? "null"}";
        }

        var keys = new JsonObject();
        foreach (var key in field.MapKeys.Order(StringComparer.Ordinal))
        {
            if (KeyOf(entry, key) is { } value)
            {
                keys[key] = value.DeepClone();
            }
        }

        return $"k:{keys.ToJsonString()}";
    }

    /// <summary>The value of a key; a protocol that is left out is TCP.</summary>
    public static JsonNode? KeyOf(JsonObject item, string key) => item[key] ?? (key == "protocol" ? JsonValue.Create("TCP") : null);

    private static void WalkObject(ObjectSchema schema, JsonObject value, string path, Dictionary<string, JsonNode?> into)
    {
        foreach (var (name, child) in value)
        {
            if (schema.Field(name) is not { } field)
            {
                continue;
            }

            var below = $"{path}\nf:{name}";
            Walk(field.Type, field, child, below, into);
            if (child is null or JsonObject { Count: 0 })
            {
                into[below] = child;
            }
        }
    }

    private static void Walk(ValueType type, FieldSchema? field, JsonNode? value, string path, Dictionary<string, JsonNode?> into)
    {
        switch (type.Shape)
        {
            case ValueShape.Object when IsGranular(type, field) && value is JsonObject structure:
                WalkObject(type.Object!, structure, path, into);
                break;
            case ValueShape.Map when IsGranular(type, field) && value is JsonObject map:
                foreach (var (name, child) in map)
                {
                    Member(type.Element!, child, $"{path}\nf:{name}", into);
                }

                break;
            case ValueShape.List when IsGranular(type, field) && value is JsonArray list:
                foreach (var item in list)
                {
                    Member(type.Element!, item, $"{path}\n{ItemElement(field!, item)}", into);
                }

                break;
            default:
                into[path] = value;
                break;
        }
    }

    private static void Member(ValueType type, JsonNode? value, string path, Dictionary<string, JsonNode?> into)
    {
        into[path] = null;
        Walk(type, null, value, path, into);
    }
}
