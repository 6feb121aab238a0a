using Fairlead.Offline;

namespace Fairlead.Tests.Offline;

/// <summary>Clusters of manifests that a test writes down.</summary>
internal static class Manifest
{
    /// <summary>The cluster; a problem fails the test.</summary>
    public static ClusterView View(string yaml, bool dual = false)
    {
        var (view, problems, _) = Read(yaml, dual);
        Assert.Empty(problems);
        return view;
    }

    /// <summary>The cluster, what is wrong with it, and what is to be known of it. The file is called <c>m.yaml</c>.</summary>
    public static (ClusterView View, IReadOnlyList<string> Problems, IReadOnlyList<string> Warnings) Read(string yaml, bool dual = false)
    {
        var problems = new SourceProblems();
        var objects = ManifestFiles.ReadFile("-", new StringReader(yaml), problems).Select(item => item with { File = "m.yaml" }).ToList();
        var (view, warnings) = OfflineCluster.Of(objects, dual, problems, TimeProvider.System);
        return (view, problems.All, warnings);
    }

    /// <summary>A pod with its name as label <c>app</c>, on a port named <c>http</c>.</summary>
    public static string Pod(string name, string ns = "default", int port = 8080) =>
        $"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {ns}, labels: {{app: {name}}}}}\n"
        + $"spec: {{containers: [{{name: c, image: x, ports: [{{name: http, containerPort: {port}}}]}}]}}\n";

    /// <summary>A NetworkPolicy of namespace <c>default</c> about pods with a label <c>app</c>.</summary>
    public static string Policy(string name, string app, string rest) =>
        $"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: default}}\nspec:\n  podSelector: {{matchLabels: {{app: {app}}}}}\n{rest}\n";
}
