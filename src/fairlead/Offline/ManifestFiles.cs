using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Yaml;

namespace Fairlead.Offline;

/// <summary>Reads manifests: files, folders with all below them, <c>-</c> for standard input.</summary>
internal static class ManifestFiles
{
    private static readonly string[] Extensions = [".yaml", ".yml", ".json"];

    /// <summary>Every object of the paths, in order; the items of lists one by one.</summary>
    /// <param name="paths">Files and folders.</param>
    /// <param name="input">What <c>-</c> reads.</param>
    /// <param name="problems">Takes what cannot be read.</param>
    public static IReadOnlyList<ManifestObject> Read(IEnumerable<string> paths, TextReader input, SourceProblems problems) =>
        [.. paths.SelectMany(path => Expand(path, problems)).Distinct().SelectMany(file => ReadFile(file, input, problems))];

    /// <summary>The documents of one file and where their values are.</summary>
    /// <param name="file">The file, or <c>-</c>.</param>
    /// <param name="input">What <c>-</c> reads.</param>
    /// <param name="problems">Takes what cannot be read.</param>
    public static IReadOnlyList<ManifestObject> ReadFile(string file, TextReader input, SourceProblems problems)
    {
        try
        {
            using var text = file == "-" ? null : new StreamReader(file);
            return [.. YamlReader.ReadAllPlaced(text ?? input).SelectMany(one => Objects(one.Document, file, one.Place, problems))];
        }
        catch (Exception e) when (e is IOException or FormatException or UnauthorizedAccessException)
        {
            problems.Add(file, e.Message);
            return [];
        }
    }

    private static List<string> Expand(string path, SourceProblems problems)
    {
        if (path == "-" || File.Exists(path))
        {
            return [path];
        }

        if (!Directory.Exists(path))
        {
            problems.Add(path, "there is no such file or folder");
            return [];
        }

        var files = Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(file => Extensions.Contains(Path.GetExtension(file))).Order(StringComparer.Ordinal).ToList();
        if (files.Count == 0)
        {
            problems.Add(path, "there is no file in it that ends with .yaml, .yml or .json");
        }

        return files;
    }

    private static IEnumerable<ManifestObject> Objects(JsonNode document, string file, YamlPlace place, SourceProblems problems)
    {
        if (document is not JsonObject item)
        {
            problems.Add(new SourcePlace(file, place.Line, place.Column), "a document is no object");
            yield break;
        }

        if (item["items"] is not JsonArray items || !item.Text("kind").EndsWith("List", StringComparison.Ordinal))
        {
            yield return new ManifestObject(item, file, place);
            yield break;
        }

        for (var i = 0; i < items.Count; i++)
        {
            var where = place.Find($"items[{i}]");
            foreach (var one in items[i] is { } inner ? Objects(inner, file, where, problems) : [])
            {
                yield return one;
            }
        }
    }
}
