using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Fairlead.Kube.Schema;
using ValueType = Fairlead.Kube.Schema.ValueType;

namespace Fairlead.ControlPlane.Apply;

/// <summary>Server-side apply (KEP-555): merges a configuration into an object, and takes away what its manager no longer applies.</summary>
internal static class ServerSideApply
{
    private const string BeforeFirst = "before-first-apply";

    private const string Kubectl = "kubectl";

    /// <summary>The configuration with what is no part of it left out: server's fields stay for the merge, status goes where it is written apart.</summary>
    public static JsonObject Configuration(KindDefinition kind, JsonObject body, string subresource)
    {
        var applied = body.DeepClone().AsObject();
        if (subresource.Length == 0 && kind.StatusSubresource)
        {
            applied.Remove("status");
        }
        else if (subresource == "status")
        {
            applied.Remove("spec");
        }

        return applied;
    }

    /// <summary>The object with the configuration merged in and its managed fields set.</summary>
    /// <exception cref="StatusException">409 naming each field that another manager has with another value, unless forced.</exception>
    public static JsonObject Apply(
        KindDefinition kind, JsonObject old, JsonObject applied, string subresource, WriteOptions options, DateTimeOffset now)
    {
        var time = SystemMetadata.Time(now);
        var mine = new FieldManagerEntry(options.FieldManager, FieldManagerEntry.Apply, kind.Type.ApiVersion, subresource)
        {
            Time = time,
            Fields = [.. options.AppliedFields!],
        };
        var entries = FieldManagerEntry.ReadAll(old);
        if (entries.Count == 0)
        {
            entries = [new(BeforeFirst, FieldManagerEntry.Update, kind.Type.ApiVersion, "")
            {
                Time = time, Fields = [.. FieldWalk.Fields(kind, old, subresource).Keys],
            }];
        }

        var last = entries.FirstOrDefault(entry => entry.SameAs(mine));
        var others = entries.Where(entry => !entry.SameAs(mine)).ToList();
        var merged = MergeObject(FieldWalk.Schema(kind), old.DeepClone().AsObject(), applied);
        Prune(merged, last?.Fields.Except(mine.Fields) ?? [], [.. others.SelectMany(entry => entry.Fields)]);
        var (changed, removed) = FieldTracker.Compare(kind, old, merged, subresource);
        if (!options.Force)
        {
            Demand(kind, others, options.FieldManager == Kubectl ? [.. changed.Except(LastApplied(kind, old))] : changed);
        }

        var unchanged = last is not null && changed.Count == 0 && removed.Count == 0 && last.Fields.SetEquals(mine.Fields);
        FieldManagerEntry.WriteAll(
            ObjectMeta.Of(merged), [.. FieldTracker.Taken(others, changed, removed), unchanged ? last! : mine]);
        return merged;
    }

    /// <summary>
    /// Fields that kubectl's client-side apply left as they are: who goes over to server-side apply has them already, whoever they are booked to.
    /// </summary>
    private static IEnumerable<string> LastApplied(KindDefinition kind, JsonObject old)
    {
        if (old.Text("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration") is not { } text)
        {
            return [];
        }

        try
        {
            var live = FieldWalk.Fields(kind, old, "");
            return JsonNode.Parse(text) is JsonObject last
                ? FieldWalk.Fields(kind, last, "").Where(pair => JsonNode.DeepEquals(live.GetValueOrDefault(pair.Key), pair.Value)).Select(pair => pair.Key)
                : [];
        }
        catch (JsonException)
        {
            // An annotation that is no configuration says nothing about who has what.
            return [];
        }
    }

    private static void Demand(KindDefinition kind, List<FieldManagerEntry> others, HashSet<string> changed)
    {
        var conflicts = others
            .Select(entry => (Who: entry.Describe(), Fields: entry.Fields.Where(changed.Contains).Select(FieldsV1.Describe).Order(StringComparer.Ordinal).ToList()))
            .Where(pair => pair.Fields.Count > 0).OrderBy(pair => pair.Who, StringComparer.Ordinal).ToList();
        var count = conflicts.Sum(pair => pair.Fields.Count);
        if (count == 0)
        {
            return;
        }

        var text = count == 1
            ? $"Apply failed with 1 conflict: conflict with {conflicts[0].Who}: {conflicts[0].Fields[0]}"
            : $"Apply failed with {count} conflicts: "
                + string.Join('\n', conflicts.Select(pair => $"conflicts with {pair.Who}:\n{string.Join('\n', pair.Fields.Select(field => $"- {field}"))}"));
        var causes = conflicts.SelectMany(pair => pair.Fields.Select(field => (JsonNode)new JsonObject
        {
            ["reason"] = "FieldManagerConflict",
            ["message"] = $"conflict with {pair.Who}",
            ["field"] = field,
        }));
        throw new StatusException(409, "Conflict", text, new JsonObject { ["kind"] = kind.Type.Plural, ["causes"] = new JsonArray([.. causes]) });
    }

    private static JsonObject MergeObject(ObjectSchema schema, JsonObject live, JsonObject applied)
    {
        foreach (var (name, value) in applied)
        {
            var field = schema.Field(name);
            live[name] = field is null ? value?.DeepClone() : Merge(field.Type, field, live[name], value);
        }

        return live;
    }

    private static JsonNode? Merge(ValueType type, FieldSchema? field, JsonNode? live, JsonNode? applied)
    {
        var granular = FieldWalk.IsGranular(type, field);
        switch (live, applied)
        {
            case (JsonObject, JsonObject below) when granular && type.Shape == ValueShape.Object:
                return MergeObject(type.Object!, live.DeepClone().AsObject(), below);
            case (JsonObject, JsonObject below) when granular && type.Shape == ValueShape.Map:
                var map = live.DeepClone().AsObject();
                foreach (var (name, value) in below)
                {
                    map[name] = Merge(type.Element!, null, map[name], value);
                }

                return map;
            case (JsonArray items, JsonArray more) when granular:
                return MergeList(type, field!, items, more);
            default:
                return applied?.DeepClone();
        }
    }

    /// <summary>Items keep their places; when the configuration names them all, it says the order.</summary>
    private static JsonArray MergeList(ValueType type, FieldSchema field, JsonArray live, JsonArray applied)
    {
        var given = applied.Select(item => (Key: FieldWalk.ItemElement(field, item), Item: item)).DistinctBy(pair => pair.Key).ToList();
        var found = live.Select(item => (Key: FieldWalk.ItemElement(field, item), Item: item)).ToList();
        var merged = new JsonArray();
        JsonNode? Of(string key, JsonNode? item) => given.FirstOrDefault(pair => pair.Key == key) is { Key: not null } match
            ? Merge(type.Element!, null, item, match.Item)
            : item?.DeepClone();
        var ruled = found.Select(pair => pair.Key).ToHashSet(StringComparer.Ordinal).IsSubsetOf(given.Select(pair => pair.Key));
        var order = ruled ? [] : found.Select(pair => pair.Key).Distinct(StringComparer.Ordinal).ToList();
        foreach (var key in order.Concat(given.Select(pair => pair.Key).Where(key => !order.Contains(key))))
        {
            var items = found.Where(pair => pair.Key == key).Select(pair => pair.Item).DefaultIfEmpty(null);
            foreach (var item in items)
            {
                merged.Add(Of(key, item));
            }
        }

        return merged;
    }

    /// <summary>Takes away fields that nobody applies any more, with everything below them, and what is empty thereby.</summary>
    private static void Prune(JsonObject merged, IEnumerable<string> dropped, HashSet<string> kept)
    {
        foreach (var path in dropped.OrderBy(path => path.Length).ToList())
        {
            if (!IsKey(FieldsV1.Elements(path)) && !kept.Contains(path) && !kept.Any(other => other.StartsWith(path + FieldsV1.Separator, StringComparison.Ordinal)))
            {
                Remove(merged, FieldsV1.Elements(path));
            }
        }
    }

    /// <summary>A key goes with its item only; an item that stays needs it.</summary>
    private static bool IsKey(string[] elements) =>
        elements is [.., ['k', ':', .. var keys], ['f', ':', .. var name]] && JsonNode.Parse(keys)!.AsObject().ContainsKey(name);

    private static void Remove(JsonNode node, ReadOnlySpan<string> elements)
    {
        var element = elements[0];
        var rest = elements[1..];
        if (Find(node, element) is not { } found)
        {
            return;
        }

        if (rest.Length > 0 && found.Child is { } child)
        {
            Remove(child, rest);
            if (child is not (JsonObject { Count: 0 } or JsonArray { Count: 0 }) || element is "f:spec" or "f:metadata")
            {
                return;
            }
        }

        found.Remove();
    }

    private static (JsonNode? Child, Action Remove)? Find(JsonNode node, string element)
    {
        var (tag, rest) = (element[..2], element[2..]);
        if (tag == "f:")
        {
            return node is JsonObject value && value.TryGetPropertyValue(rest, out var child) ? (child, () => value.Remove(rest)) : null;
        }

        if (node is not JsonArray list)
        {
            return null;
        }

        var wanted = JsonNode.Parse(rest);
        var item = list.FirstOrDefault(item => tag == "v:"
            ? JsonNode.DeepEquals(item, wanted)
            : item is JsonObject entry && wanted is JsonObject keys && keys.All(pair => JsonNode.DeepEquals(FieldWalk.KeyOf(entry, pair.Key), pair.Value)));
        return item is null ? null : (item, () => list.Remove(item));
    }
}
