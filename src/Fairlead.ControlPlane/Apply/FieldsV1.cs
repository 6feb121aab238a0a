using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Apply;

/// <summary>
/// Sets of fields and the form they have in <c>managedFields</c> (KEP-555). A path is its elements, each behind a line feed: <c>f:</c> and a name,
/// <c>k:</c> and the keys of a list's item, <c>v:</c> and the value of a list's item.
/// </summary>
internal static class FieldsV1
{
    /// <summary>What stands before each element of a path; no element contains it.</summary>
    public const char Separator = '\n';

    /// <summary>The paths of a document of type FieldsV1.</summary>
    public static HashSet<string> Read(JsonObject? fields)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        if (fields is not null)
        {
            Read(fields, "", paths);
        }

        return paths;
    }

    /// <summary>The document of a set of paths.</summary>
    public static JsonObject Write(IEnumerable<string> paths)
    {
        var root = new JsonObject();
        foreach (var path in paths.Order(StringComparer.Ordinal))
        {
            var node = root;
            foreach (var element in Elements(path))
            {
                if (node[element] is not JsonObject child)
                {
                    node[element] = child = [];
                }
                else if (child.Count == 0)
                {
                    // It was a member by itself, and stays one beside what is below it.
                    child["."] = new JsonObject();
                }

                node = child;
            }
        }

        return root;
    }

    /// <summary>The elements of a path.</summary>
    public static string[] Elements(string path) => path.Length == 0 ? [] : path[1..].Split(Separator);

    /// <summary>A path as people read it, such as <c>.spec.containers[name="web"].image</c>.</summary>
    public static string Describe(string path) => string.Concat(Elements(path).Select(element => (element[..2], element[2..]) switch
    {
        ("f:", var name) => $".{name}",
        ("k:", var keys) => $"[{string.Join(',', JsonNode.Parse(keys)!.AsObject().Select(pair => $"{pair.Key}={pair.Value?.ToJsonString()}"))}]",
        (_, var value) => $"[={value}]",
    }));

    private static void Read(JsonObject node, string path, HashSet<string> into)
    {
        foreach (var (name, value) in node)
        {
            if (name == ".")
            {
                into.Add(path);
            }
            else if (name.Length > 2 && value is JsonObject { Count: > 0 } below)
            {
                Read(below, $"{path}{Separator}{name}", into);
            }
            else if (name.Length > 2)
            {
                into.Add($"{path}{Separator}{name}");
            }
        }
    }
}
