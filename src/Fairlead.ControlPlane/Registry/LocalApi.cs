using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Store;
using Fairlead.ControlPlane.Tokens;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Registry;

/// <summary>The API without the wire, for controllers in the control plane's process: same rules, same errors, no authorization.</summary>
internal sealed class LocalApi(ApiRegistry registry, ServiceAccountTokens? tokens = null) : IKubeApi
{
    public Task<JsonObject> GetAsync(ResourceType type, string ns, string name, CancellationToken cancellationToken) => Translate(() =>
    {
        var kind = Kind(type);
        return Task.FromResult(ObjectWriter.External(kind, registry.Reader.Get(kind, ns, name)));
    });

    public Task<JsonObject> ListAsync(ResourceType type, string ns, ListOptions options, CancellationToken cancellationToken) => Translate(() =>
    {
        var kind = Kind(type);
        var list = registry.Reader.List(kind, ns, Query(options));
        var metadata = new JsonObject { ["resourceVersion"] = list.Revision.ToString(CultureInfo.InvariantCulture) };
        if (list.Continue.Length > 0)
        {
            metadata["continue"] = list.Continue;
        }

        return Task.FromResult(new JsonObject
        {
            ["kind"] = type.ListKind,
            ["apiVersion"] = type.ApiVersion,
            ["metadata"] = metadata,
            ["items"] = new JsonArray([.. list.Items.Select(item => ObjectWriter.External(kind, item))]),
        });
    });

    public async IAsyncEnumerable<WatchEvent> WatchAsync(
        ResourceType type, string ns, ListOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var kind = Kind(type);
        await using var items = registry.Reader.WatchAsync(kind, ns, Query(options) with { Bookmarks = true }, cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        while (await Translate(() => items.MoveNextAsync().AsTask()))
        {
            var item = items.Current;
            yield return new WatchEvent(
                item.Type switch
                {
                    WatchItemType.Added => "ADDED",
                    WatchItemType.Modified => "MODIFIED",
                    WatchItemType.Deleted => "DELETED",
                    _ => "BOOKMARK",
                },
                item.Object is { } stored ? ObjectWriter.External(kind, stored) : Bookmark(type, item.Revision));
        }
    }

    public Task<JsonObject> CreateAsync(ResourceType type, string ns, JsonObject body, CancellationToken cancellationToken) => Translate(async () =>
    {
        var kind = Kind(type);
        return Written(kind, await registry.CreateAsync(kind, ns, Typed(kind, body), WriteOptions.Internal));
    });

    public Task<JsonObject> UpdateAsync(
        ResourceType type, string ns, string name, string subresource, JsonObject body, CancellationToken cancellationToken) => Translate(async () =>
    {
        var kind = Kind(type);
        if (subresource == "binding")
        {
            return Written(kind, await registry.BindAsync(kind, ns, name, body, WriteOptions.Internal));
        }

        if (subresource == "token")
        {
            return tokens?.Issue(ns, name, body) ?? throw StatusException.MethodNotAllowed();
        }

        var document = subresource == "scale" ? body : Typed(kind, body);
        var reply = await registry.UpdateAsync(kind, ns, name, subresource, document, WriteOptions.Internal);
        return subresource == "scale" ? ScaleView.Of(reply.Object.Parse()) : Written(kind, reply);
    });

    public Task<JsonObject> PatchAsync(
        ResourceType type, string ns, string name, string subresource, PatchKind patchKind, JsonNode patch, CancellationToken cancellationToken) =>
        Translate(async () =>
        {
            var kind = Kind(type);
            var reply = await registry.PatchAsync(kind, ns, name, subresource, patchKind, patch, WriteOptions.Internal);
            return subresource == "scale" ? ScaleView.Of(reply.Object.Parse()) : Written(kind, reply);
        });

    public Task<JsonObject> DeleteAsync(
        ResourceType type, string ns, string name, JsonObject? deleteOptions, CancellationToken cancellationToken) => Translate(async () =>
    {
        var kind = Kind(type);
        var reply = await registry.DeleteAsync(kind, ns, name, new DeleteOptions().Read(deleteOptions));
        return ObjectWriter.External(kind, reply.Object);
    });

    private static KindDefinition Kind(ResourceType type) => KindTable.Find(type)
        ?? throw new KubeException(404, "NotFound", $"no kind is served at {type.ApiVersion} {type.Plural}");

    /// <summary>A controller's typing errors are faults of ours, found here and not by whoever reads the object.</summary>
    private static JsonObject Typed(KindDefinition kind, JsonObject body)
    {
        body["kind"] = kind.Type.Kind;
        body["apiVersion"] = kind.Type.ApiVersion;
        SchemaGate.Decode(kind, body, [], FieldValidation.Strict);
        return body;
    }

    private static JsonObject Written(KindDefinition kind, WriteReply reply) => ObjectWriter.External(kind, reply.Object);

    private static JsonObject Bookmark(ResourceType type, long revision) => new()
    {
        ["kind"] = type.Kind,
        ["apiVersion"] = type.ApiVersion,
        ["metadata"] = new JsonObject { ["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture) },
    };

    private static ListQuery Query(ListOptions options) => new()
    {
        LabelSelector = options.LabelSelector,
        FieldSelector = options.FieldSelector,
        ResourceVersion = options.ResourceVersion,
        Limit = options.Limit,
        Continue = options.Continue,
    };

    private static async Task<T> Translate<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (StatusException e)
        {
            throw new KubeException(e.Code, e.Reason, e.Message, e.ToStatus());
        }
        catch (StoreException e)
        {
            throw new KubeException(500, "InternalError", e.Message);
        }
    }
}
