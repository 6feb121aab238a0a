using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Kubeconfig;
using Fairlead.Kube.Yaml;
using Fairlead.Terminal;

namespace Fairlead.OneMachine;

/// <summary>Applies manifests for `up -f` and the demo: creates what is missing, merges into what is there.</summary>
internal static class Manifests
{
    private static readonly ResourceType[] Kinds =
    [
        ResourceTypes.Namespaces, ResourceTypes.Pods, ResourceTypes.Services, ResourceTypes.Endpoints, ResourceTypes.EndpointSlices, ResourceTypes.ConfigMaps,
        ResourceTypes.Secrets, ResourceTypes.ServiceAccounts, ResourceTypes.NetworkPolicies, ResourceTypes.Ingresses, ResourceTypes.IngressClasses,
        ResourceTypes.ClusterNetworkPolicies, ResourceTypes.Deployments, ResourceTypes.ReplicaSets,
    ];

    /// <summary>Applies files in the order given; folders by file name.</summary>
    /// <exception cref="UserError">A file that cannot be read or an object that is refused, by name.</exception>
    public static async Task ApplyAsync(string cluster, IReadOnlyList<string> files, Output output, CancellationToken cancellationToken)
    {
        using var api = new KubeClient(KubeconfigReader.Read(new ClusterPaths(cluster).AdminKubeconfig)) { RefusesUnknownFields = true, Warned = output.Warn };
        foreach (var (document, origin) in files.SelectMany(Expand).SelectMany(Read))
        {
            output.Line(await ApplyAsync(api, document, origin, cancellationToken));
        }
    }

    private static IEnumerable<string> Expand(string path) => Directory.Exists(path)
        ? Directory.GetFiles(path).Where(file => Path.GetExtension(file) is ".yaml" or ".yml" or ".json").Order(StringComparer.Ordinal)
        : [path];

    private static List<(JsonObject Document, string Origin)> Read(string file)
    {
        try
        {
            using var text = new StreamReader(file);
            return [.. YamlReader.ReadAll(text).SelectMany(document => document is JsonObject item && item["items"] is JsonArray items && item.Text("kind").EndsWith("List", StringComparison.Ordinal)
                ? items.OfType<JsonObject>().Select(one => (one, file))
                : [(document as JsonObject ?? throw new FormatException("a document is no object"), file)])];
        }
        catch (Exception e) when (e is IOException or FormatException or UnauthorizedAccessException)
        {
            throw new UserError($"{file}: {e.Message}", "nothing of this file was applied");
        }
    }

    private static async Task<string> ApplyAsync(KubeClient api, JsonObject document, string origin, CancellationToken cancellationToken)
    {
        var (kind, version) = (document.Text("kind"), document.Text("apiVersion"));
        if (kind.Length == 0 || version.Length == 0)
        {
            throw new UserError($"{origin}: a document has no apiVersion and kind that are text");
        }

        var type = Array.Find(Kinds, type => type.Kind == kind && type.ApiVersion == version)
            ?? throw new UserError($"{origin}: kind {kind} of {version} is not served", "`kubectl api-resources` lists what is");
        var name = document.Text("metadata", "name");
        if (name.Length == 0)
        {
            throw new UserError($"{origin}: a {kind} has no metadata.name that is text");
        }

        var ns = type.Namespaced ? document.TextOr("default", "metadata", "namespace") : "";
        var what = $"{type.Kind.ToLowerInvariant()}/{name}";
        try
        {
            try
            {
                await api.CreateAsync(type, ns, document.DeepClone().AsObject(), cancellationToken);
                return $"{what} created";
            }
            catch (KubeException e) when (e.IsAlreadyExists)
            {
                await api.PatchAsync(type, ns, name, "", PatchKind.Strategic, document, cancellationToken);
                return $"{what} configured";
            }
        }
        catch (Exception e) when (e is KubeException or HttpRequestException)
        {
            throw new UserError($"{origin}: {what}: {e.Message}");
        }
    }
}
