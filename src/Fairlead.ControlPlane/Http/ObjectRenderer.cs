using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Store;

namespace Fairlead.ControlPlane.Http;

/// <summary>How much of each object a Table's rows carry (<c>includeObject</c>).</summary>
internal enum IncludeObject
{
    Metadata,
    None,
    Object,
}

/// <summary>Writes objects and lists of one kind in the shape a client asked for.</summary>
internal sealed class ObjectRenderer(KindDefinition kind, Negotiation negotiation, IncludeObject include, TimeProvider time)
{
    /// <summary>One object, or a Table of one row.</summary>
    public void WriteObject(Utf8JsonWriter writer, StoredObject stored)
    {
        switch (negotiation.Shape)
        {
            case Shape.Table:
                WriteTable(writer, [stored], stored.Revision, "", null, columns: true);
                break;
            case Shape.Metadata:
                WriteMetadata(writer, stored);
                break;
            default:
                WriteWhole(writer, stored);
                break;
        }
    }

    /// <summary>The Scale of a Deployment or ReplicaSet, or a Table of it.</summary>
    public void WriteScale(Utf8JsonWriter writer, StoredObject owner)
    {
        var scale = ScaleView.Of(owner.Parse());
        if (negotiation.Shape == Shape.Object)
        {
            scale.WriteTo(writer);
        }
        else
        {
            ScaleTable.Of(scale, negotiation, include, time.GetUtcNow()).WriteTo(writer);
        }
    }

    /// <summary>A list of objects.</summary>
    public void WriteList(Utf8JsonWriter writer, ListReply list)
    {
        if (negotiation.Shape == Shape.Table)
        {
            WriteTable(writer, list.Items, list.Revision, list.Continue, list.Remaining, columns: true);
            return;
        }

        writer.WriteStartObject();
        if (negotiation.Shape == Shape.Metadata)
        {
            WriteType(writer, "PartialObjectMetadataList", $"meta.k8s.io/{negotiation.MetaVersion}");
        }
        else
        {
            WriteType(writer, kind.Type.Kind + "List", KindTable.ApiVersion(kind.Type));
        }

        WriteListMetadata(writer, list.Revision, list.Continue, list.Remaining);
        writer.WriteStartArray("items");
        foreach (var stored in list.Items)
        {
            if (negotiation.Shape == Shape.Metadata)
            {
                WriteMetadata(writer, stored);
            }
            else
            {
                WriteWhole(writer, stored);
            }
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>One event of a watch; only the first Table of a watch names its columns.</summary>
    public void WriteEvent(Utf8JsonWriter writer, WatchItem item, bool first)
    {
        writer.WriteStartObject();
        writer.WriteString("type", item.Type switch
        {
            WatchItemType.Added => "ADDED",
            WatchItemType.Modified => "MODIFIED",
            WatchItemType.Deleted => "DELETED",
            _ => "BOOKMARK",
        });
        writer.WritePropertyName("object");
        if (item.Object is not { } stored)
        {
            WriteBookmark(writer, item);
        }
        else if (negotiation.Shape == Shape.Table)
        {
            WriteTable(writer, [stored], stored.Revision, "", null, columns: first);
        }
        else
        {
            WriteObject(writer, stored);
        }

        writer.WriteEndObject();
    }

    private static void WriteType(Utf8JsonWriter writer, string type, string apiVersion)
    {
        writer.WriteString("kind", type);
        writer.WriteString("apiVersion", apiVersion);
    }

    private static void WriteListMetadata(Utf8JsonWriter writer, long revision, string continuation, long? remaining)
    {
        writer.WriteStartObject("metadata");
        writer.WriteString("resourceVersion", revision.ToString(CultureInfo.InvariantCulture));
        if (continuation.Length > 0)
        {
            writer.WriteString("continue", continuation);
        }

        if (remaining is { } count)
        {
            writer.WriteNumber("remainingItemCount", count);
        }

        writer.WriteEndObject();
    }

    private void WriteWhole(Utf8JsonWriter writer, StoredObject stored)
    {
        if (kind.Type == kind.StorageType)
        {
            writer.WriteRawValue(stored.Json, skipInputValidation: true);
        }
        else
        {
            ObjectWriter.External(kind, stored).WriteTo(writer);
        }
    }

    private void WriteMetadata(Utf8JsonWriter writer, StoredObject stored)
    {
        using var document = JsonDocument.Parse(stored.Json);
        writer.WriteStartObject();
        WriteType(writer, "PartialObjectMetadata", $"meta.k8s.io/{negotiation.MetaVersion}");
        writer.WritePropertyName("metadata");
        document.RootElement.GetProperty("metadata").WriteTo(writer);
        writer.WriteEndObject();
    }

    private void WriteTable(
        Utf8JsonWriter writer, IReadOnlyList<StoredObject> items, long revision, string continuation, long? remaining, bool columns)
    {
        writer.WriteStartObject();
        WriteType(writer, "Table", $"meta.k8s.io/{negotiation.MetaVersion}");
        WriteListMetadata(writer, revision, continuation, remaining);
        if (columns)
        {
            WriteColumns(writer);
        }
        else
        {
            writer.WriteNull("columnDefinitions");
        }

        writer.WriteStartArray("rows");
        foreach (var stored in items)
        {
            WriteRow(writer, stored);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private void WriteColumns(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("columnDefinitions");
        foreach (var column in kind.Columns)
        {
            writer.WriteStartObject();
            writer.WriteString("name", column.Name);
            writer.WriteString("type", column.Type);
            writer.WriteString("format", column.Format);
            writer.WriteString("description", column.Description);
            writer.WriteNumber("priority", column.Priority);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private void WriteRow(Utf8JsonWriter writer, StoredObject stored)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("cells");
        foreach (var cell in kind.Row(ObjectWriter.External(kind, stored), time.GetUtcNow()))
        {
            WriteNode(writer, cell);
        }

        writer.WriteEndArray();
        if (include == IncludeObject.Metadata)
        {
            writer.WritePropertyName("object");
            WriteMetadata(writer, stored);
        }
        else if (include == IncludeObject.Object)
        {
            writer.WritePropertyName("object");
            WriteWhole(writer, stored);
        }

        writer.WriteEndObject();
    }

    private void WriteBookmark(Utf8JsonWriter writer, WatchItem item)
    {
        var metadata = new JsonObject { ["resourceVersion"] = item.Revision.ToString(CultureInfo.InvariantCulture), ["creationTimestamp"] = null };
        if (item.Type == WatchItemType.InitialEnd)
        {
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        }

        var partial = negotiation.Shape != Shape.Object;
        var bookmark = new JsonObject
        {
            ["kind"] = partial ? "PartialObjectMetadata" : kind.Type.Kind,
            ["apiVersion"] = partial ? $"meta.k8s.io/{negotiation.MetaVersion}" : KindTable.ApiVersion(kind.Type),
            ["metadata"] = metadata,
        };
        if (negotiation.Shape != Shape.Table)
        {
            bookmark.WriteTo(writer);
            return;
        }

        writer.WriteStartObject();
        WriteType(writer, "Table", $"meta.k8s.io/{negotiation.MetaVersion}");
        WriteListMetadata(writer, item.Revision, "", null);
        writer.WriteNull("columnDefinitions");
        writer.WritePropertyName("rows");
        new JsonArray(new JsonObject { ["cells"] = new JsonArray(), ["object"] = bookmark }).WriteTo(writer);
        writer.WriteEndObject();
    }

    private static void WriteNode(Utf8JsonWriter writer, JsonNode? node)
    {
        if (node is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            node.WriteTo(writer);
        }
    }
}
