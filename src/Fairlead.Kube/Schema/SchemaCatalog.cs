using Fairlead.Kube.Client;

namespace Fairlead.Kube.Schema;

/// <summary>The schemas of all documents the API takes, read once from the text embedded in the program.</summary>
public sealed class SchemaCatalog
{
    private static readonly string[] Parts = ["meta.schema", "core.schema", "pods.schema", "volumes.schema", "groups.schema"];

    private static readonly Lazy<SchemaCatalog> Shared = new(Load);

    private readonly Dictionary<(string ApiVersion, string Kind), ObjectSchema> _documents;

    private SchemaCatalog(IReadOnlyList<ObjectSchema> types)
    {
        Types = types;
        _documents = types.Where(type => type.IsDocument).ToDictionary(type => (type.ApiVersion, type.Name));
    }

    /// <summary>The catalog.</summary>
    public static SchemaCatalog Default => Shared.Value;

    /// <summary>Every type, documents and their parts.</summary>
    public IReadOnlyList<ObjectSchema> Types { get; }

    /// <summary>
    /// The schema of a document, or null. Status, DeleteOptions and the like are found in every group version, as Kubernetes registers them.
    /// </summary>
    public ObjectSchema? Find(string apiVersion, string kind) =>
        _documents.GetValueOrDefault((apiVersion, kind)) ?? (kind is "DeleteOptions" or "Status" ? _documents.GetValueOrDefault(("v1", kind)) : null);

    /// <summary>The schema of the objects of <paramref name="type"/>, or null.</summary>
    public ObjectSchema? Find(ResourceType type) => Find(type.ApiVersion, type.Kind);

    private static SchemaCatalog Load()
    {
        var reader = new SchemaReader();
        foreach (var part in Parts)
        {
            using var stream = typeof(SchemaCatalog).Assembly.GetManifestResourceStream(part)
                ?? throw new InvalidOperationException($"the schema text {part} is not in the program");
            using var text = new StreamReader(stream);
            reader.ReadTypes(text.ReadToEnd());
        }

        reader.ReadFields();
        return new SchemaCatalog(reader.Types);
    }
}
