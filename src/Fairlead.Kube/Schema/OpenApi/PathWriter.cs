using System.Text.Json;

namespace Fairlead.Kube.Schema.OpenApi;

/// <summary>Writes the paths of a kind with their operations, as kubectl looks for them.</summary>
internal sealed class PathWriter(Utf8JsonWriter writer, SchemaCatalog catalog, SchemaWriter schemas)
{
    private const string Json = "application/json";

    private static readonly string[] PatchTypes =
        ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml"];

    private static readonly Parameter DryRun = new("dryRun", "string", "All: do everything but store the outcome.");
    private static readonly Parameter FieldManager = new("fieldManager", "string", "Name of who makes the change.");
    private static readonly Parameter FieldValidation = new(
        "fieldValidation", "string", "Ignore, Warn or Strict: what unknown and doubled fields lead to: nothing, a warning, or a refusal.");

    private static readonly Parameter[] WriteQuery = [DryRun, FieldManager, FieldValidation];

    private static readonly Parameter[] ListQuery =
    [
        new("allowWatchBookmarks", "boolean", "Whether a watch sends bookmarks."),
        new("continue", "string", "Token of the next part of a list."),
        new("fieldSelector", "string", "Only objects with these values of fields."),
        new("labelSelector", "string", "Only objects with these labels."),
        new("limit", "integer", "Most items in one answer."),
        new("resourceVersion", "string", "Version to list or to watch from."),
        new("resourceVersionMatch", "string", "How resourceVersion is meant: Exact or NotOlderThan."),
        new("sendInitialEvents", "boolean", "Whether a watch begins with all objects."),
        new("timeoutSeconds", "integer", "Seconds after which the call ends."),
        new("watch", "boolean", "Watch for changes instead of listing."),
    ];

    private static readonly Parameter[] DeleteQuery =
    [
        DryRun,
        new("gracePeriodSeconds", "integer", "Seconds the object may take to end; 0 removes it at once."),
        new("propagationPolicy", "string", "Orphan, Background or Foreground: what becomes of dependents."),
    ];

    private readonly ObjectSchema _patch = catalog.Types.Single(type => type.Name == "Patch");

    /// <summary>Writes the paths of one kind: collections, objects, subresources.</summary>
    public void Write(OpenApiResource resource)
    {
        var type = resource.Type;
        var root = type.Group.Length == 0 ? $"/api/{type.Version}" : $"/apis/{type.Group}/{type.Version}";
        var kind = new Kind(type.Group, type.Version, type.Kind);
        if (type.Namespaced)
        {
            Path($"{root}/{type.Plural}", [], resource.Verbs.Contains("list") ? [Get("list", kind, ListQuery, type.ListKind)] : []);
            root += "/namespaces/{namespace}";
        }

        Path($"{root}/{type.Plural}", type.Namespaced ? ["namespace"] : [], Collection(resource, kind));
        string[] named = type.Namespaced ? ["name", "namespace"] : ["name"];
        Path($"{root}/{type.Plural}/{{name}}", named, Item(resource.Verbs, kind));
        foreach (var subresource in resource.Subresources)
        {
            var subkind = new Kind(subresource.Group, subresource.Version, subresource.Kind);
            Path($"{root}/{type.Plural}/{{name}}/{subresource.Name}", named, Item(subresource.Verbs, subkind));
        }
    }

    private IEnumerable<Operation> Collection(OpenApiResource resource, Kind kind)
    {
        if (resource.Verbs.Contains("list"))
        {
            yield return Get("list", kind, ListQuery, resource.Type.ListKind);
        }

        if (resource.Verbs.Contains("create"))
        {
            yield return Post(kind);
        }

        if (resource.Verbs.Contains("deletecollection"))
        {
            yield return new("delete", "deletecollection", kind, [.. DeleteQuery, .. ListQuery], Find("v1", "DeleteOptions"), [Json], Find("v1", "Status"));
        }
    }

    private IEnumerable<Operation> Item(IReadOnlyList<string> verbs, Kind kind)
    {
        if (verbs.Contains("get"))
        {
            yield return Get("get", kind, [], kind.Name);
        }

        if (verbs.Contains("create"))
        {
            yield return Post(kind);
        }

        if (verbs.Contains("update"))
        {
            yield return new("put", "put", kind, WriteQuery, Find(kind), [Json], Find(kind));
        }

        if (verbs.Contains("patch"))
        {
            Parameter[] parameters = [.. WriteQuery, new("force", "boolean", "Take over fields of other managers.")];
            yield return new("patch", "patch", kind, parameters, _patch, PatchTypes, Find(kind));
        }

        if (verbs.Contains("delete"))
        {
            yield return new("delete", "delete", kind, DeleteQuery, Find("v1", "DeleteOptions"), [Json], Find("v1", "Status"));
        }
    }

    private Operation Get(string action, Kind kind, Parameter[] parameters, string answer) =>
        new("get", action, kind, parameters, null, [], Find(kind with { Name = answer }));

    private Operation Post(Kind kind) => new("post", "post", kind, WriteQuery, Find(kind), [Json], Find(kind));

    private ObjectSchema? Find(Kind kind) => Find(kind.Group.Length == 0 ? kind.Version : $"{kind.Group}/{kind.Version}", kind.Name);

    private ObjectSchema? Find(string apiVersion, string kind) => catalog.Find(apiVersion, kind);

    private void Path(string path, string[] names, IEnumerable<Operation> operations)
    {
        writer.WriteStartObject(path);
        foreach (var operation in operations)
        {
            WriteOperation(operation);
        }

        if (names.Length > 0)
        {
            writer.WriteStartArray("parameters");
            foreach (var name in names)
            {
                WriteParameter(new(name, "string", $"The {name} of the object."), "path");
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private void WriteOperation(Operation operation)
    {
        writer.WriteStartObject(operation.Method);
        WriteParameters(operation.Parameters);
        if (operation.Body is { } body)
        {
            writer.WriteStartObject("requestBody");
            WriteContent(body, operation.BodyTypes);
            writer.WriteEndObject();
        }

        writer.WriteStartObject("responses");
        writer.WriteStartObject("200");
        writer.WriteString("description", "OK");
        if (operation.Answer is { } answer)
        {
            WriteContent(answer, [Json]);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteString("x-kubernetes-action", operation.Action);
        writer.WritePropertyName("x-kubernetes-group-version-kind");
        schemas.WriteKind(operation.Kind.Group, operation.Kind.Version, operation.Kind.Name);
        writer.WriteEndObject();
    }

    private void WriteParameters(Parameter[] parameters)
    {
        if (parameters.Length == 0)
        {
            return;
        }

        writer.WriteStartArray("parameters");
        foreach (var parameter in parameters.DistinctBy(parameter => parameter.Name))
        {
            WriteParameter(parameter, "query");
        }

        writer.WriteEndArray();
    }

    private void WriteParameter(Parameter parameter, string place)
    {
        writer.WriteStartObject();
        writer.WriteString("name", parameter.Name);
        writer.WriteString("in", place);
        writer.WriteString("description", parameter.Description);
        if (place == "path")
        {
            writer.WriteBoolean("required", true);
        }

        writer.WriteStartObject("schema");
        writer.WriteString("type", parameter.Type);
        writer.WriteBoolean("uniqueItems", true);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void WriteContent(ObjectSchema schema, IReadOnlyList<string> mediaTypes)
    {
        writer.WriteStartObject("content");
        foreach (var mediaType in mediaTypes)
        {
            writer.WriteStartObject(mediaType);
            writer.WriteStartObject("schema");
            schemas.Reference(schema);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private sealed record Parameter(string Name, string Type, string Description);

    private sealed record Kind(string Group, string Version, string Name);

    private sealed record Operation(
        string Method, string Action, Kind Kind, Parameter[] Parameters, ObjectSchema? Body, IReadOnlyList<string> BodyTypes, ObjectSchema? Answer);
}
