using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Selectors;
using Fairlead.State;

namespace Fairlead.Cluster.Controllers;

/// <summary>One entry of metadata.ownerReferences (meta/v1 OwnerReference).</summary>
public sealed record OwnerReference(string ApiVersion, string Kind, string Name, string Uid, bool IsController, bool BlockOwnerDeletion)
{
    /// <summary>The entry as the API writes it.</summary>
    public JsonObject ToJson() => new()
    {
        ["apiVersion"] = ApiVersion,
        ["kind"] = Kind,
        ["name"] = Name,
        ["uid"] = Uid,
        ["controller"] = IsController,
        ["blockOwnerDeletion"] = BlockOwnerDeletion,
    };
}

/// <summary>What every row of an informer carries.</summary>
public interface IObjectRow
{
    /// <summary>The object's metadata.</summary>
    RowMeta Meta { get; }
}

/// <summary>metadata of an API object (meta/v1 ObjectMeta), as far as controllers need it.</summary>
public sealed record RowMeta
{
    /// <summary>Namespace and name.</summary>
    public required ObjectKey Key { get; init; }

    /// <summary>metadata.uid.</summary>
    public string Uid { get; init; } = "";

    /// <summary>metadata.resourceVersion as a number; 0 when the server's is none.</summary>
    public ulong ResourceVersion { get; init; }

    /// <summary>metadata.generation.</summary>
    public long Generation { get; init; }

    /// <summary>metadata.creationTimestamp.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>metadata.deletionTimestamp; null unless the object is being deleted.</summary>
    public DateTimeOffset? Deleted { get; init; }

    /// <summary>metadata.labels.</summary>
    public Labels Labels { get; init; } = Labels.Empty;

    /// <summary>metadata.annotations.</summary>
    public Labels Annotations { get; init; } = Labels.Empty;

    /// <summary>metadata.ownerReferences.</summary>
    public ValueArray<OwnerReference> Owners { get; init; }

    /// <summary>metadata.finalizers.</summary>
    public ValueArray<string> Finalizers { get; init; }

    /// <summary>The owner that manages the object; null when nobody does.</summary>
    public OwnerReference? Controller => Owners.FirstOrDefault(owner => owner.IsController);

    /// <summary>Reads the metadata of <paramref name="item"/>.</summary>
    public static RowMeta From(JsonNode item)
    {
        var meta = item.At("metadata");
        return new RowMeta
        {
            Key = new ObjectKey(meta.Text("namespace"), meta.Text("name")),
            Uid = meta.Text("uid"),
            ResourceVersion = ulong.TryParse(meta.Text("resourceVersion"), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0,
            Generation = meta.Number("generation") ?? 0,
            Created = meta.Time("creationTimestamp") ?? default,
            Deleted = meta.Time("deletionTimestamp"),
            Labels = meta.Labels("labels"),
            Annotations = meta.Labels("annotations"),
            Owners = meta.Objects("ownerReferences").Select(Owner).ToValueArray(),
            Finalizers = meta.Texts("finalizers").ToValueArray(),
        };
    }

    private static OwnerReference Owner(JsonObject owner) => new(
        owner.Text("apiVersion"), owner.Text("kind"), owner.Text("name"), owner.Text("uid"), owner.Flag("controller"), owner.Flag("blockOwnerDeletion"));
}
