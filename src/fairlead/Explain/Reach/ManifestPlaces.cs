using System.Globalization;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Yaml;
using Fairlead.Offline;
using Fairlead.Policy.Evaluate;
using Fairlead.Terminal;

namespace Fairlead.Explain.Reach;

/// <summary>Where the fields of objects stand in the user's manifests.</summary>
internal sealed class ManifestPlaces
{
    private readonly Dictionary<(string Kind, ObjectKey Key), (string File, YamlPlace Place)> _places = [];

    /// <summary>Reads files and folders.</summary>
    /// <param name="paths">Files and folders.</param>
    /// <param name="ns">The namespace of objects that name none.</param>
    /// <exception cref="UserError">A file cannot be read.</exception>
    public static ManifestPlaces Read(IReadOnlyList<string> paths, string ns)
    {
        var (places, problems) = (new ManifestPlaces(), new SourceProblems());
        foreach (var item in ManifestFiles.Read(paths, Console.In, problems))
        {
            var space = item.Kind == RuleReference.ClusterNetworkPolicy ? "" : item.Document.TextOr(ns, "metadata", "namespace");
            places._places.TryAdd((item.Kind, new ObjectKey(space, item.Document.Text("metadata", "name"))), (item.File, item.Place));
        }

        problems.ThrowIfAny("-f takes the manifests that rules are to be found in");
        return places;
    }

    /// <summary><c>file:line</c> of a field; empty when no manifest has the object.</summary>
    public string Find(string kind, ObjectKey key, string path) =>
        _places.TryGetValue((kind, key), out var found) ? string.Create(CultureInfo.InvariantCulture, $"{found.File}:{found.Place.Find(path).Line}") : "";
}
