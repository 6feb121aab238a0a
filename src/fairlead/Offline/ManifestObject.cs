using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Yaml;

namespace Fairlead.Offline;

/// <summary>An object of a manifest, and where it stands.</summary>
/// <param name="Document">The object; as written, until <see cref="ManifestGate"/> has completed it.</param>
/// <param name="File">The file as it was named.</param>
/// <param name="Place">Where its values are.</param>
internal sealed record ManifestObject(JsonObject Document, string File, YamlPlace Place)
{
    /// <summary>Its kind; empty when it says none.</summary>
    public string Kind => Document.Text("kind");

    /// <summary>Its apiVersion.</summary>
    public string ApiVersion => Document.Text("apiVersion");

    /// <summary>Its namespace, <c>default</c> where it says none, and its name. Cluster-scoped objects have none.</summary>
    public ObjectKey Key => new(Document.TextOr(IsClusterScoped ? "" : "default", "metadata", "namespace"), Document.Text("metadata", "name"));

    /// <summary>As <c>kubectl</c> names it: <c>networkpolicy/api</c>.</summary>
    public string Name => $"{Kind.ToLowerInvariant()}/{Document.Text("metadata", "name")}";

    /// <summary>Where a field of it stands; of a field that defaulting has made, what is around it.</summary>
    public SourcePlace At(string path)
    {
        var place = Place.Find(path);
        return new SourcePlace(File, place.Line, place.Column);
    }

    /// <summary>Whether it is of this kind.</summary>
    public bool Is(ResourceType type) => Kind == type.Kind && ApiVersion == type.ApiVersion;

    private bool IsClusterScoped => Kind is "Namespace" or "Node" or "ClusterNetworkPolicy";
}
