using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Allocation;
using Fairlead.ControlPlane.Apply;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Client;
using Fairlead.Kube.Schema;

namespace Fairlead.ControlPlane.Registry;

/// <summary>The API's verbs over the store, the same for requests over HTTPS and for controllers in the process.</summary>
internal sealed class ApiRegistry(
    ObjectStore store, TimeProvider time, ServiceAllocation? services = null, PodSpecWarnings? podWarnings = null, ObjectWarnings? objectWarnings = null,
    bool deniesExternalIPs = false)
{
    private readonly ObjectWriter _writer = new(store, new WriteAllocation(services), new WriteWarnings(podWarnings, objectWarnings), time, deniesExternalIPs);
    private readonly ObjectDeleter _deleter = new(store, new WriteAllocation(services), time);

    public ObjectReader Reader { get; } = new(store, time);

    public TimeProvider Time => time;

    public Task<WriteReply> CreateAsync(KindDefinition kind, string ns, JsonObject body, WriteOptions options) =>
        _writer.CreateAsync(kind, ns, body, options);

    /// <summary>Replaces an object or one of its subresources.</summary>
    public async Task<WriteReply> UpdateAsync(
        KindDefinition kind, string ns, string name, string subresource, JsonObject body, WriteOptions options)
    {
        if (subresource.Length == 0 && kind.CreateOnUpdate && Find(kind, ns, name) is null)
        {
            ObjectMeta.Of(body).TryAdd("name", name);
            return await CreateAsync(kind, ns, body, options);
        }

        if (subresource.Length == 0 && !kind.UnconditionalUpdate && ObjectMeta.Text(body, "resourceVersion").Length == 0)
        {
            var errors = new FieldErrors();
            errors.Invalid(FieldPath.Metadata.Child("resourceVersion"), "", "must be specified for an update");
            throw StatusException.Invalid(kind.Type.Group, kind.Type.Kind, name, errors);
        }

        return await _writer.UpdateAsync(kind, ns, name, subresource, Replacement(subresource, body), options);
    }

    /// <summary>Patches an object or one of its subresources.</summary>
    public async Task<WriteReply> PatchAsync(
        KindDefinition kind, string ns, string name, string subresource, PatchKind patchKind, JsonNode patch, WriteOptions options)
    {
        IReadOnlyList<string> warnings = [];
        JsonObject Patched(JsonObject old)
        {
            if (subresource == "scale")
            {
                var keys = SchemaCatalog.Default.Find("autoscaling/v1", "Scale");
                return ScaleView.Apply(old, DocumentPatch.Apply(kind, patchKind, ScaleView.Of(old), keys, patch));
            }

            var result = DocumentPatch.Apply(kind, patchKind, old, SchemaCatalog.Default.Find(kind.Type), patch);
            warnings = SchemaGate.Decode(kind, result, [], options.FieldValidation);
            return result;
        }

        var reply = await _writer.UpdateAsync(kind, ns, name, subresource, Patched, options);
        return reply with { Warnings = [.. warnings, .. reply.Warnings] };
    }

    /// <summary>Applies a configuration (server-side apply): makes the object, or merges it in.</summary>
    /// <exception cref="StatusException">409 when another manager has a field with another value, and everything that an update refuses.</exception>
    public async Task<WriteReply> ApplyAsync(
        KindDefinition kind, string ns, string name, string subresource, JsonObject body, WriteOptions options)
    {
        var applied = ServerSideApply.Configuration(kind, body, subresource);
        var metadata = ObjectMeta.Of(applied);
        metadata.TryAdd("name", name);
        if (metadata["managedFields"] is not null)
        {
            throw StatusException.BadRequest("metadata.managedFields must be nil");
        }

        var all = options with { AppliedFields = FieldWalk.Fields(kind, applied, subresource).Keys };
        if (subresource.Length == 0 && Find(kind, ns, name) is null)
        {
            if (ObjectMeta.Uid(applied) is { Length: > 0 } uid)
            {
                throw SystemMetadata.PreconditionUid(kind.Type, name, uid, "");
            }

            if (ObjectMeta.Name(applied) != name)
            {
                throw StatusException.BadRequest($"the name of the object ({ObjectMeta.Name(applied)}) does not match the name on the URL ({name})");
            }

            return await CreateAsync(kind, ns, applied, all);
        }

        return await _writer.UpdateAsync(
            kind, ns, name, subresource, old => ServerSideApply.Apply(kind, old, applied, subresource, all, time.GetUtcNow()), all);
    }

    /// <summary>Assigns a pod to a node (core/v1 Binding).</summary>
    public Task<WriteReply> BindAsync(KindDefinition pods, string ns, string name, JsonObject binding, WriteOptions options) =>
        _writer.UpdateAsync(pods, ns, name, "binding", old => Binding.Apply(old, binding, time.GetUtcNow()), options);

    public Task<DeleteReply> DeleteAsync(KindDefinition kind, string ns, string name, DeleteOptions options) =>
        _deleter.DeleteAsync(kind, ns, name, options);

    /// <summary>Deletes what a list would show; objects that go meanwhile are as well.</summary>
    public async Task<ListReply> DeleteCollectionAsync(KindDefinition kind, string ns, ListQuery query, DeleteOptions options)
    {
        var list = Reader.List(kind, ns, query);
        foreach (var item in list.Items)
        {
            try
            {
                await _deleter.DeleteAsync(kind, item.Id.Namespace, item.Id.Name, options);
            }
            catch (StatusException e) when (e.Code == 404)
            {
                continue;
            }
        }

        return list;
    }

    /// <summary>The object, or null.</summary>
    public StoredObject? Find(KindDefinition kind, string ns, string name) =>
        store.Get(new ObjectId(KindIndex.Resource(kind.StorageType), ns, name));

    private static Change Replacement(string subresource, JsonObject body) => subresource switch
    {
        "scale" => old => ScaleView.Apply(old, body),
        "finalize" => old => Finalized(old, body),
        _ => _ => body.DeepClone().AsObject(),
    };

    /// <summary>A namespace with the finalizers of its specification as <paramref name="body"/> has them, and nothing else changed.</summary>
    private static JsonObject Finalized(JsonObject old, JsonObject body)
    {
        old.Ensure("spec")["finalizers"] = body.List("spec", "finalizers")?.DeepClone() ?? new JsonArray();
        if (ObjectMeta.Text(body, "resourceVersion") is { Length: > 0 } revision)
        {
            ObjectMeta.Of(old)["resourceVersion"] = revision;
        }

        return old;
    }
}
