using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Streaming;
using Fairlead.ControlPlane.Tokens;
using Microsoft.AspNetCore.Http;

namespace Fairlead.ControlPlane.Http;

/// <summary>Requests on objects: finds the kind, authorises, and calls the registry's verb.</summary>
internal sealed class ResourceHandler(ApiRegistry registry, PodStreams streams, ServiceAccountTokens tokens, CancellationToken stopping)
{
    private static readonly TimeSpan ShortestDefaultWatch = TimeSpan.FromMinutes(30);

    /// <summary>Answers a request.</summary>
    /// <exception cref="StatusException">A refusal, nothing written yet.</exception>
    public async Task HandleAsync(HttpContext context, Caller caller, ApiPath path)
    {
        if (!await AbsentKinds.TryListAsync(context, caller, path, registry.Reader.Revision))
        {
            await ServeAsync(context, caller, path);
        }
    }

    // As upstream: who lists or watches one object by its name needs the right to that object alone.
    private static string NameOf(string verb, HttpRequest request, KindDefinition kind, ApiPath path) =>
        path.Name.Length == 0 && verb is "list" or "watch" && RequestQuery.List(request.Query).FieldSelector is { Length: > 0 } fields
            ? new Selection(kind, path.Namespace, "", fields).OnlyName
            : path.Name;

    private Task ServeAsync(HttpContext context, Caller caller, ApiPath path)
    {
        var kind = KindTable.Find(path.Group, path.Version, path.Plural) ?? throw StatusException.NoSuchPath();
        if ((!kind.Type.Namespaced && path.Namespace.Length > 0) || (kind.Type.Namespaced && path is { Namespace: "", Name.Length: > 0 }))
        {
            throw StatusException.NoSuchPath();
        }

        var served = path.Subresource is "" || PodStreams.Serves(kind, path.Subresource)
            || (path.Subresource != "proxy" && kind.Subresources.Any(sub => sub.Name == path.Subresource));
        if (!served)
        {
            throw StatusException.NoSuchPath();
        }

        var verb = Verb(context.Request, path);
        var resource = path.Subresource.Length > 0 ? $"{path.Plural}/{path.Subresource}" : path.Plural;
        Authorizer.Demand(caller, new AccessRequest(verb, path.Group, resource, path.Namespace, NameOf(verb, context.Request, kind, path)));
        if (kind.Deprecation is { } deprecation)
        {
            Answer.Warn(context, [deprecation]);
        }

        if (PodStreams.Serves(kind, path.Subresource))
        {
            return streams.HandleAsync(context, kind, path);
        }

        // Before anything is done: a write whose answer cannot be given must not happen.
        var renderer = Renderer(context, kind, Negotiation.Of(context.Request.Headers.Accept.ToString()));
        return verb switch
        {
            "list" => ListAsync(context, kind, path, renderer),
            "watch" => WatchAsync(context, kind, path, renderer),
            "get" => GetAsync(context, kind, path, renderer),
            "create" => CreateAsync(context, kind, path, renderer),
            "update" => UpdateAsync(context, kind, path, renderer),
            "patch" => PatchAsync(context, kind, path, renderer),
            "delete" => DeleteAsync(context, kind, path, renderer),
            _ => DeleteCollectionAsync(context, kind, path, renderer),
        };
    }

    private static string Verb(HttpRequest request, ApiPath path) => (request.Method, path.Name.Length > 0) switch
    {
        ("GET", _) when path.Subresource.Length == 0 && RequestQuery.IsWatch(request.Query) => "watch",
        ("GET", true) => "get",
        ("GET", false) => "list",
        ("POST", false) => "create",
        ("POST", true) when path.Subresource.Length > 0 => "create",
        ("PUT", true) => "update",
        ("PATCH", true) => "patch",
        ("DELETE", true) when path.Subresource.Length == 0 => "delete",
        ("DELETE", false) => "deletecollection",
        _ => throw StatusException.MethodNotAllowed(),
    };

    private ObjectRenderer Renderer(HttpContext context, KindDefinition kind, Negotiation negotiation) =>
        new(kind, negotiation, RequestQuery.Include(context.Request.Query), registry.Time);

    private Task ListAsync(HttpContext context, KindDefinition kind, ApiPath path, ObjectRenderer renderer)
    {
        var list = registry.Reader.List(kind, path.Namespace, RequestQuery.List(context.Request.Query));
        return Answer.RenderAsync(context, 200, writer => renderer.WriteList(writer, list));
    }

    private async Task WatchAsync(HttpContext context, KindDefinition kind, ApiPath path, ObjectRenderer renderer)
    {
        var query = RequestQuery.List(context.Request.Query);
        if (path.Name.Length > 0)
        {
            query = query with { FieldSelector = $"metadata.name={path.Name}" };
        }

        // Clients that do not say how long get 30 to 60 minutes, so that they do not all come back at once.
        var length = query.TimeoutSeconds > 0
            ? TimeSpan.FromSeconds(Math.Min(query.TimeoutSeconds, 24 * 3600))
            : ShortestDefaultWatch * (1 + Random.Shared.NextDouble());
        using var timeout = new CancellationTokenSource(length, registry.Time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopping, context.RequestAborted);
        await WatchAnswer.StreamAsync(
            context, renderer, registry.Reader.WatchAsync(kind, path.Namespace, query, end.Token), end.Token);
    }

    private Task GetAsync(HttpContext context, KindDefinition kind, ApiPath path, ObjectRenderer renderer)
    {
        var stored = registry.Reader.Get(kind, path.Namespace, path.Name);
        return path.Subresource == "scale"
            ? Answer.RenderAsync(context, 200, writer => renderer.WriteScale(writer, stored))
            : Answer.RenderAsync(context, 200, writer => renderer.WriteObject(writer, stored));
    }

    private async Task CreateAsync(HttpContext context, KindDefinition kind, ApiPath path, ObjectRenderer renderer)
    {
        var options = RequestQuery.Write(context.Request);
        if (path.Subresource.Length > 0)
        {
            await CreateSubresourceAsync(context, kind, path, options);
            return;
        }

        var (body, warnings) = DocumentReader.Read(kind, await RequestBody.ReadAsync(context), context.Request.ContentType, options.FieldValidation);
        await WrittenAsync(context, renderer, "", await registry.CreateAsync(kind, path.Namespace, body, options), warnings);
    }

    private async Task CreateSubresourceAsync(HttpContext context, KindDefinition kind, ApiPath path, WriteOptions options)
    {
        var body = DocumentReader.ReadPlain(await RequestBody.ReadAsync(context), context.Request.ContentType);
        switch (path.Subresource)
        {
            case "binding":
                await registry.BindAsync(kind, path.Namespace, path.Name, body, options);
                break;
            case "eviction":
                await registry.DeleteAsync(
                    kind, path.Namespace, path.Name, new DeleteOptions { DryRun = options.DryRun }.Read(body.Object("deleteOptions")));
                break;
            case "token":
                await Answer.JsonAsync(context, 201, tokens.Issue(path.Namespace, path.Name, body));
                return;
            default:
                throw StatusException.MethodNotAllowed();
        }

        await Answer.JsonAsync(context, 201, new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["code"] = 201,
        });
    }

    private async Task UpdateAsync(HttpContext context, KindDefinition kind, ApiPath path, ObjectRenderer renderer)
    {
        var options = RequestQuery.Write(context.Request);
        var bytes = await RequestBody.ReadAsync(context);
        var (body, warnings) = path.Subresource == "scale"
            ? (DocumentReader.ReadPlain(bytes, context.Request.ContentType), [])
            : DocumentReader.Read(kind, bytes, context.Request.ContentType, options.FieldValidation);
        var reply = await registry.UpdateAsync(kind, path.Namespace, path.Name, path.Subresource, body, options);
        await WrittenAsync(context, renderer, path.Subresource, reply, warnings);
    }

    private async Task PatchAsync(HttpContext context, KindDefinition kind, ApiPath path, ObjectRenderer renderer)
    {
        var options = RequestQuery.Write(context.Request);
        if (MediaType.Parse(context.Request.ContentType ?? "").Type == "application/apply-patch+yaml")
        {
            await ApplyAsync(context, kind, path, renderer, options);
            return;
        }

        if (options.Force)
        {
            throw StatusException.InvalidOption("PatchOptions", FieldErrorType.Forbidden, "force", "may not be specified for non-apply patch");
        }

        var patchKind = DocumentPatch.KindOf(context.Request.ContentType ?? "");
        var patch = DocumentPatch.Read(await RequestBody.ReadAsync(context));
        var reply = await registry.PatchAsync(kind, path.Namespace, path.Name, path.Subresource, patchKind, patch, options);
        await WrittenAsync(context, renderer, path.Subresource, reply, []);
    }

    private async Task ApplyAsync(HttpContext context, KindDefinition kind, ApiPath path, ObjectRenderer renderer, WriteOptions options)
    {
        if (RequestQuery.Text(context.Request.Query, "fieldManager").Length == 0)
        {
            throw StatusException.InvalidOption("PatchOptions", FieldErrorType.Required, "fieldManager", "is required for apply patch");
        }

        if (path.Subresource is not ("" or "status" or "scale"))
        {
            throw StatusException.UnsupportedMediaType("application/apply-patch+yaml", "application/merge-patch+json");
        }

        // Clients send JSON under this name, which as JSON is read strictly; YAML in flow style looks like it.
        var bytes = await RequestBody.ReadAsync(context);
        var type = IsJson(bytes) ? "application/json" : "application/yaml";
        var (body, warnings) = path.Subresource == "scale"
            ? (ScaleView.Configuration(kind.Type, path.Name, DocumentReader.ReadPlain(bytes, type)), [])
            : DocumentReader.Read(kind, bytes, type, options.FieldValidation);
        await WrittenAsync(
            context, renderer, path.Subresource,
            await registry.ApplyAsync(kind, path.Namespace, path.Name, path.Subresource, body, options), warnings);
    }

    private static bool IsJson(byte[] bytes)
    {
        var reader = new Utf8JsonReader(bytes);
        try
        {
            while (reader.Read())
            {
                // Only whether it can be read counts.
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private async Task DeleteAsync(HttpContext context, KindDefinition kind, ApiPath path, ObjectRenderer renderer)
    {
        var options = await ReadDeleteOptionsAsync(context);
        var reply = await registry.DeleteAsync(kind, path.Namespace, path.Name, options);
        if (!reply.Gone || kind.Type.Kind is "Pod" or "Service" or "ServiceAccount")
        {
            await Answer.RenderAsync(context, 200, writer => renderer.WriteObject(writer, reply.Object));
            return;
        }

        await Answer.JsonAsync(context, 200, new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["status"] = "Success",
            ["details"] = new JsonObject
            {
                ["name"] = path.Name,
                ["group"] = kind.Type.Group,
                ["kind"] = kind.Type.Plural,
                ["uid"] = reply.Object.Uid,
            },
        });
    }

    private async Task DeleteCollectionAsync(HttpContext context, KindDefinition kind, ApiPath path, ObjectRenderer renderer)
    {
        if (kind.Type.Namespaced && path.Namespace.Length == 0)
        {
            throw StatusException.MethodNotAllowed();
        }

        var options = await ReadDeleteOptionsAsync(context);
        var query = RequestQuery.List(context.Request.Query);
        var list = await registry.DeleteCollectionAsync(kind, path.Namespace, query, options);
        await Answer.RenderAsync(context, 200, writer => renderer.WriteList(writer, list));
    }

    private static async Task<DeleteOptions> ReadDeleteOptionsAsync(HttpContext context)
    {
        var bytes = await RequestBody.ReadAsync(context);
        var options = RequestQuery.Delete(context.Request.Query);
        return options.Read(bytes.Length == 0 ? null : DocumentReader.ReadPlain(bytes, context.Request.ContentType));
    }

    private static async Task WrittenAsync(HttpContext context, ObjectRenderer renderer, string subresource, WriteReply reply, IEnumerable<string> warnings)
    {
        Answer.Warn(context, warnings.Concat(reply.Warnings));
        var code = reply.Created ? 201 : 200;
        if (subresource == "scale")
        {
            await Answer.RenderAsync(context, code, writer => renderer.WriteScale(writer, reply.Object));
            return;
        }

        await Answer.RenderAsync(context, code, writer => renderer.WriteObject(writer, reply.Object));
    }
}
