using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Kube.Schema;

namespace Fairlead.Kube.Patch;

/// <summary>
/// JSON patch (RFC 6902) over JSON pointers (RFC 6901): all of its operations are applied, or none. What copies add up to is bounded, as a few of them can
/// make a small document as large as anybody likes.
/// </summary>
public sealed class JsonPatch
{
    private const int MostOperations = 10_000;

    // Upstream's limit of the copies of one patch: that of a request.
    private const int MostCopied = 3 << 20;
    private const int MostMoved = 64 << 20;

    // What a value takes in memory beside its text.
    private const int NodeSize = 64;

    // A holder makes the whole document a member like any other, so that the empty pointer needs no code of its own.
    private readonly JsonObject _holder;
    private long _copied;
    private long _moved;

    private JsonPatch(JsonNode? target) => _holder = new JsonObject { [""] = target?.DeepClone() };

    /// <summary>The patched value; neither argument is changed.</summary>
    /// <exception cref="PatchException">An operation is malformed or does not fit the document.</exception>
    public static JsonNode? Apply(JsonNode? target, JsonNode patch)
    {
        if (patch is not JsonArray operations)
        {
            throw new PatchException("a JSON patch is a list of operations");
        }

        if (operations.Count > MostOperations)
        {
            throw new PatchException($"a JSON patch may have at most {MostOperations} operations, this one has {operations.Count}");
        }

        var work = new JsonPatch(target);
        foreach (var operation in operations)
        {
            work.Apply(operation as JsonObject ?? throw new PatchException("an operation of a JSON patch is an object"));
        }

        var result = work._holder[""];
        work._holder.Remove("");
        return result;
    }

    private void Apply(JsonObject operation)
    {
        var path = Pointer(operation, "path");
        switch (Text(operation, "op"))
        {
            case "add":
                Add(path, Value(operation));
                break;
            case "remove":
                Take(path);
                break;
            case "replace":
                Take(path);
                Add(path, Value(operation));
                break;
            case "move":
                var from = Pointer(operation, "from");
                if (path.Length > from.Length && path.AsSpan(0, from.Length).SequenceEqual(from))
                {
                    throw new PatchException($"{Show(from)} cannot be moved into itself", misfit: true);
                }

                var moved = Take(from);
                Count(ref _moved, moved, MostMoved, "moves");
                Add(path, moved);
                break;
            case "copy":
                var original = Find(_holder, Pointer(operation, "from"));
                Count(ref _copied, original, MostCopied, "copies");
                Add(path, original?.DeepClone());
                break;
            case "test":
                if (!JsonNode.DeepEquals(Find(_holder, path), Value(operation)))
                {
                    throw new PatchException($"testing value {Show(path)} failed: test failed", misfit: true);
                }

                break;
            case var other:
                throw new PatchException($"'{other}' is no operation of a JSON patch: use add, remove, replace, move, copy or test");
        }
    }

    private static string Text(JsonObject operation, string name) =>
        operation[name] is JsonValue value && value.TryGetValue<string>(out var text)
            ? text
            : throw new PatchException($"an operation of a JSON patch needs the text '{name}'");

    private static JsonNode? Value(JsonObject operation) => operation.TryGetPropertyValue("value", out var value)
        ? value?.DeepClone()
        : throw new PatchException($"the operation {Text(operation, "op")} of a JSON patch needs a 'value'");

    /// <summary>The steps of a pointer, below the holder.</summary>
    private static string[] Pointer(JsonObject operation, string name)
    {
        var text = Text(operation, name);
        if (text.Length > 0 && text[0] != '/')
        {
            throw new PatchException($"'{text}' is no JSON pointer: it must begin with /");
        }

        return [.. text.Split('/').Select(step => step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
    }

    private static string Show(string[] path) => string.Join('/', path);

    private static JsonNode? Find(JsonNode holder, ReadOnlySpan<string> path)
    {
        JsonNode? node = holder;
        for (var i = 0; i < path.Length; i++)
        {
            node = node switch
            {
                JsonObject obj when obj.TryGetPropertyValue(path[i], out var child) => child,
                JsonArray list => list[Index(list, path[i], list.Count - 1)],
                _ => throw new PatchException($"the path {string.Join('/', path[..(i + 1)].ToArray())} does not exist", misfit: true),
            };
        }

        return node;
    }

    private static int Index(JsonArray list, string step, int most)
    {
        var plain = step is "0" || (step.Length > 0 && step[0] is >= '1' and <= '9');
        return plain && int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index <= most
            ? index
            : throw new PatchException($"'{step}' is no index of a list of {list.Count}", misfit: true);
    }

    private static void Count(ref long sum, JsonNode? value, int most, string what)
    {
        sum += SizeOf(value);
        if (sum > most)
        {
            throw new PatchException($"the {what} of a JSON patch may have {most >> 20} MiB in all");
        }
    }

    private static long SizeOf(JsonNode? node) => node switch
    {
        JsonObject obj => NodeSize + obj.Sum(pair => pair.Key.Length + SizeOf(pair.Value)),
        JsonArray list => NodeSize + list.Sum(SizeOf),
        JsonValue value when value.TryGetValue<string>(out var text) => NodeSize + text.Length,
        _ => NodeSize,
    };

    private static bool FitsInto(JsonNode? node, int depth) => node switch
    {
        JsonObject obj => depth > 0 && obj.All(pair => FitsInto(pair.Value, depth - 1)),
        JsonArray list => depth > 0 && list.All(item => FitsInto(item, depth - 1)),
        _ => true,
    };

    private void Add(string[] path, JsonNode? value)
    {
        if (!FitsInto(value, StrictJson.MaxDepth + 1 - path.Length))
        {
            throw new PatchException($"the patch nests the object deeper than {StrictJson.MaxDepth}");
        }

        switch (Find(_holder, path.AsSpan(0, path.Length - 1)))
        {
            case JsonObject obj:
                obj[path[^1]] = value;
                break;
            case JsonArray list:
                list.Insert(path[^1] == "-" ? list.Count : Index(list, path[^1], list.Count), value);
                break;
            default:
                throw new PatchException($"the path {Show(path)} is below a value that has no members", misfit: true);
        }
    }

    private JsonNode? Take(string[] path)
    {
        var value = Find(_holder, path);
        switch (Find(_holder, path.AsSpan(0, path.Length - 1)))
        {
            case JsonObject obj:
                obj.Remove(path[^1]);
                break;
            case JsonArray list:
                list.RemoveAt(Index(list, path[^1], list.Count - 1));
                break;
        }

        return value;
    }
}
