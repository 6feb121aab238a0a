using System.Text.Json.Nodes;
using Fairlead.Kube.Schema;

namespace Fairlead.Kube.Patch;

/// <summary>
/// Strategic merge patch, as kubectl sends for built-in kinds: a merge patch that merges lists by key where the schema says so, with directives
/// <c>$patch</c>, <c>$retainKeys</c>, <c>$setElementOrder/FIELD</c> and <c>$deleteFromPrimitiveList/FIELD</c>
/// (sig-api-machinery's strategic-merge-patch.md).
/// </summary>
public static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string OrderPrefix = "$setElementOrder/";
    private const string DeletePrefix = "$deleteFromPrimitiveList/";
    private const int Deepest = 64;

    /// <summary>The patched document; neither argument is changed.</summary>
    /// <exception cref="PatchException">The patch is malformed.</exception>
    public static JsonObject Apply(JsonObject target, JsonNode patch, IMergeKeys keys) => patch is JsonObject changes
        ? Merge(target.DeepClone().AsObject(), changes, keys, 0)
        : throw new PatchException("a strategic merge patch is an object");

    private static JsonObject Merge(JsonObject target, JsonObject patch, IMergeKeys? keys, int depth)
    {
        if (depth > Deepest)
        {
            throw new PatchException("the patch is nested too deeply");
        }

        switch (DirectiveOf(patch))
        {
            case "replace":
                target = [];
                break;
            case "delete":
                return [];
        }

        var before = new Dictionary<string, JsonArray>();
        foreach (var (name, value) in patch)
        {
            if (name.StartsWith(OrderPrefix, StringComparison.Ordinal) && target[name[OrderPrefix.Length..]] is JsonArray list)
            {
                before[name] = list.DeepClone().AsArray();
            }
        }

        foreach (var (name, value) in patch)
        {
            if (name.StartsWith(DeletePrefix, StringComparison.Ordinal))
            {
                RemoveItems(target, name[DeletePrefix.Length..], List(name, value));
            }
            else if (!IsDirective(name))
            {
                MergeField(target, name, value, keys?.Rule(name), depth);
            }
        }

        Reorder(target, patch, before, keys);
        Retain(target, patch);
        return target;
    }

    private static bool IsDirective(string name) => name is Directive or RetainKeys || name.StartsWith(OrderPrefix, StringComparison.Ordinal);

    private static string DirectiveOf(JsonObject patch) => patch[Directive] switch
    {
        null => "merge",
        JsonValue value when value.TryGetValue<string>(out var text) && text is "merge" or "replace" or "delete" => text,
        var other => throw new PatchException($"$patch: {other.ToJsonString()} is none of merge, replace, delete"),
    };

    private static JsonArray List(string name, JsonNode? value) =>
        value as JsonArray ?? throw new PatchException($"{name} must be a list");

    private static void MergeField(JsonObject target, string name, JsonNode? value, MergeRule? rule, int depth)
    {
        switch (value)
        {
            case null:
                target.Remove(name);
                break;
            case JsonObject changes when DirectiveOf(changes) == "delete":
                target.Remove(name);
                break;
            case JsonObject changes:
                var old = target[name] as JsonObject ?? [];
                target.Remove(name);
                target[name] = Merge(old, changes, rule?.Element, depth + 1);
                break;
            case JsonArray items when rule is { MergesList: true }:
                target[name] = MergeList(target[name] as JsonArray ?? [], items, rule, depth);
                break;
            default:
                target[name] = value.DeepClone();
                break;
        }
    }

    private static JsonArray MergeList(JsonArray target, JsonArray patch, MergeRule rule, int depth)
    {
        var replaces = patch.OfType<JsonObject>().Any(item => DirectiveOf(item) == "replace");
        var result = replaces ? [] : target.DeepClone().AsArray();
        foreach (var item in patch)
        {
            if (rule.MergeKey.Length == 0)
            {
                AddToSet(result, item);
            }
            else
            {
                MergeItem(result, item as JsonObject ?? throw new PatchException($"items of a list merged by {rule.MergeKey} must be objects"), rule, depth);
            }
        }

        return result;
    }

    private static void AddToSet(JsonArray result, JsonNode? item)
    {
        if (!result.Any(present => JsonNode.DeepEquals(present, item)))
        {
            result.Add(item?.DeepClone());
        }
    }

    private static void MergeItem(JsonArray result, JsonObject item, MergeRule rule, int depth)
    {
        var directive = DirectiveOf(item);
        var key = item[rule.MergeKey];
        if (key is null)
        {
            if (directive == "replace")
            {
                return;
            }

            throw new PatchException($"an item of the patch lacks {rule.MergeKey}, by which its list is merged");
        }

        var index = IndexOf(result, rule.MergeKey, key);
        if (directive == "delete")
        {
            if (index >= 0)
            {
                result.RemoveAt(index);
            }
        }
        else if (index >= 0)
        {
            result[index] = Merge(result[index]!.DeepClone().AsObject(), item, rule.Element, depth + 1);
        }
        else
        {
            result.Add((JsonNode)Merge([], item, rule.Element, depth + 1));
        }
    }

    private static int IndexOf(JsonArray list, string mergeKey, JsonNode? key)
    {
        for (var index = 0; index < list.Count; index++)
        {
            var own = mergeKey.Length == 0 ? list[index] : (list[index] as JsonObject)?[mergeKey];
            if (JsonNode.DeepEquals(own, key))
            {
                return index;
            }
        }

        return -1;
    }

    private static void RemoveItems(JsonObject target, string name, JsonArray doomed)
    {
        if (target[name] is JsonArray list)
        {
            target[name] = new JsonArray(
                [.. list.Where(item => !doomed.Any(gone => JsonNode.DeepEquals(gone, item))).Select(item => item?.DeepClone())]);
        }
    }

    private static void Retain(JsonObject target, JsonObject patch)
    {
        if (patch[RetainKeys] is not { } value)
        {
            return;
        }

        var kept = List(RetainKeys, value).Select(item => item?.ToString() ?? "").ToHashSet();
        foreach (var name in target.Select(pair => pair.Key).Where(name => !kept.Contains(name)).ToArray())
        {
            target.Remove(name);
        }
    }

    private static void Reorder(JsonObject target, JsonObject patch, Dictionary<string, JsonArray> before, IMergeKeys? keys)
    {
        foreach (var (name, value) in patch)
        {
            if (!name.StartsWith(OrderPrefix, StringComparison.Ordinal))
            {
                continue;
            }

            var field = name[OrderPrefix.Length..];
            if (target[field] is JsonArray list)
            {
                target[field] = Ordered(list, List(name, value), before.GetValueOrDefault(name, []), keys?.Rule(field)?.MergeKey ?? "");
            }
        }
    }

    /// <summary>
    /// The items named by <paramref name="order"/> in that order; the others, which only the server knows, stay before those that they came before.
    /// </summary>
    private static JsonArray Ordered(JsonArray list, JsonArray order, JsonArray before, string mergeKey)
    {
        JsonNode? Key(JsonNode? item) => mergeKey.Length == 0 ? item : (item as JsonObject)?[mergeKey];

        // kubectl names the items of an order by objects that hold the merge key alone.
        var items = list.Select(item => (Item: item, Was: IndexOf(before, mergeKey, Key(item)), Rank: IndexOf(order, mergeKey, Key(item)))).ToList();
        var named = items.Where(item => item.Rank >= 0).OrderBy(item => item.Rank).ToList();
        var others = items.Where(item => item.Rank < 0).ToList();
        var result = new JsonArray();
        var (i, j) = (0, 0);
        while (i < others.Count || j < named.Count)
        {
            var otherFirst = j == named.Count || (i < others.Count && named[j].Was >= 0 && others[i].Was < named[j].Was);
            result.Add((otherFirst ? others[i++] : named[j++]).Item?.DeepClone());
        }

        return result;
    }
}
