using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace Fairlead.Kube.Schema.OpenApi;

/// <summary>One OpenAPI v3 document, ready to be sent.</summary>
/// <param name="Json">The document as UTF-8.</param>
/// <param name="Hash">Names its content: upper-case hexadecimal, the same for the same content.</param>
public sealed record OpenApiDocument(ReadOnlyMemory<byte> Json, string Hash);

/// <summary>
/// The OpenAPI v3 documents of a server, one per group version, and their index (<c>GET /openapi/v3</c>). Written once, when first asked for.
/// </summary>
public sealed class OpenApiDocuments
{
    private readonly Lazy<IReadOnlyDictionary<string, OpenApiDocument>> _documents;

    private readonly Lazy<OpenApiDocument> _index;

    /// <summary>Prepares the documents of <paramref name="resources"/>; nothing is written yet.</summary>
    public OpenApiDocuments(SchemaCatalog catalog, IReadOnlyList<OpenApiResource> resources)
    {
        _documents = new(() => WriteAll(catalog, resources));
        _index = new(() => WriteIndex(_documents.Value));
    }

    /// <summary>The index: for every group version the address of its document, with its hash, under which it never changes.</summary>
    public OpenApiDocument Index => _index.Value;

    /// <summary>The document of a group version, by its path such as <c>api/v1</c> or <c>apis/apps/v1</c>; null when there is none.</summary>
    public OpenApiDocument? Find(string path) => _documents.Value.GetValueOrDefault(path);

    private static Dictionary<string, OpenApiDocument> WriteAll(SchemaCatalog catalog, IReadOnlyList<OpenApiResource> resources) => resources
        .GroupBy(resource => resource.Type.Group.Length == 0 ? $"api/{resource.Type.Version}" : $"apis/{resource.Type.Group}/{resource.Type.Version}")
        .ToDictionary(group => group.Key, group => Write(writer => WriteDocument(writer, catalog, [.. group])));

    private static void WriteDocument(Utf8JsonWriter writer, SchemaCatalog catalog, OpenApiResource[] resources)
    {
        var schemas = new SchemaWriter(writer);
        var paths = new PathWriter(writer, catalog, schemas);
        writer.WriteStartObject();
        writer.WriteString("openapi", "3.0.0");
        writer.WriteStartObject("info");
        writer.WriteString("title", "Kubernetes");
        writer.WriteString("version", "unversioned");
        writer.WriteEndObject();
        writer.WriteStartObject("paths");
        foreach (var resource in resources.OrderBy(resource => resource.Type.Plural, StringComparer.Ordinal))
        {
            paths.Write(resource);
        }

        writer.WriteEndObject();
        writer.WriteStartObject("components");
        writer.WriteStartObject("schemas");
        schemas.WriteAllUsed();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static OpenApiDocument WriteIndex(IReadOnlyDictionary<string, OpenApiDocument> documents) => Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartObject("paths");
        foreach (var (path, document) in documents.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            writer.WriteStartObject(path);
            writer.WriteString("serverRelativeURL", $"/openapi/v3/{path}?hash={document.Hash}");
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    private static OpenApiDocument Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            write(writer);
        }

        var json = buffer.WrittenMemory.ToArray();
        return new OpenApiDocument(json, Convert.ToHexString(SHA256.HashData(json)));
    }
}
