using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Allocation;
using Fairlead.ControlPlane.Apply;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Store;

namespace Fairlead.ControlPlane.Registry;

/// <summary>Turns the object as it is (a private copy, in the version of the request) into what it shall be.</summary>
internal delegate JsonObject Change(JsonObject old);

/// <summary>Create, update and everything that is an update underneath: patches, status, scale, binding, finalize.</summary>
/// <param name="store">Where objects are.</param>
/// <param name="allocation">Addresses and ports of Services.</param>
/// <param name="said">What is said of what is written.</param>
/// <param name="time">The clock.</param>
/// <param name="deniesExternalIPs">Services may take no external addresses.</param>
internal sealed class ObjectWriter(ObjectStore store, WriteAllocation allocation, WriteWarnings said, TimeProvider time, bool deniesExternalIPs)
{
    private const int MostAttempts = 16;

    /// <summary>Creates an object; a generated name that is taken is generated again.</summary>
    /// <exception cref="StatusException">400, 403, 404 (no such namespace), 409, 422.</exception>
    public async Task<WriteReply> CreateAsync(KindDefinition kind, string ns, JsonObject body, WriteOptions options)
    {
        NamespaceGate.Check(store, kind, ns, ObjectMeta.Name(body));
        for (var attempt = 0; ; attempt++)
        {
            var value = body.DeepClone().AsObject();
            SystemMetadata.Create(value, kind.Type, ns, time.GetUtcNow());
            var name = ObjectMeta.Name(value);
            var id = new ObjectId(KindIndex.Resource(kind.StorageType), ns, name);
            if (ObjectMeta.Name(body).Length > 0 && store.Get(id) is not null)
            {
                // Said before the addresses that the object itself holds are found taken.
                throw StatusException.AlreadyExists(kind.Type, name);
            }

            AccountAdmission.Admit(store, kind, ns, value);
            IngressClassAdmission.Admit(store, kind, value);
            using var reservation = Complete(kind, value, null, "", options);
            Refuse(kind, value, null, "");
            FieldTracker.Created(kind, value, options, time.GetUtcNow());
            var warnings = said.Of(kind, value, null);
            var written = store.Get(id) is null ? await StoreAsync(kind, id, value, null, options) : null;
            if (written is not null)
            {
                reservation?.Commit();
                return new WriteReply(written, warnings, Created: true);
            }

            if (ObjectMeta.Name(body).Length > 0 || attempt == MostAttempts)
            {
                throw StatusException.AlreadyExists(kind.Type, name);
            }
        }
    }

    /// <summary>Changes an object. The change runs again when another writer came between, unless the result insists on a revision.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="ns">Its namespace, or empty.</param>
    /// <param name="name">Its name.</param>
    /// <param name="subresource">What is written: empty for the object itself.</param>
    /// <param name="change">Makes the new document; called once per attempt.</param>
    /// <param name="options">Options of the request.</param>
    /// <exception cref="StatusException">400, 404, 409, 422.</exception>
    public async Task<WriteReply> UpdateAsync(
        KindDefinition kind, string ns, string name, string subresource, Change change, WriteOptions options)
    {
        var id = new ObjectId(KindIndex.Resource(kind.StorageType), ns, name);
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var stored = store.Get(id) ?? throw StatusException.NotFound(kind.Type, name);
            var old = External(kind, stored);
            var value = change(old.DeepClone().AsObject());
            var asked = ObjectMeta.Text(value, "resourceVersion");
            var found = ObjectMeta.Text(old, "resourceVersion");
            if (asked.Length > 0 && asked != found)
            {
                throw StatusException.Modified(kind.Type, name);
            }

            SystemMetadata.Update(value, old, kind.Type, ns, name);
            using var reservation = Complete(kind, value, old, subresource, options);
            Refuse(kind, value, old, subresource);
            FieldTracker.Updated(kind, value, old, subresource, options, time.GetUtcNow());
            var warnings = said.Of(kind, value, old);
            if (await ReplaceAsync(kind, stored, old, value, options) is { } written)
            {
                if (MayGo(kind, value) && !options.DryRun)
                {
                    allocation.Release(kind, old);
                }
                else
                {
                    reservation?.Commit();
                }

                return new WriteReply(written, warnings);
            }
        }

        throw StatusException.Modified(kind.Type, name);
    }

    /// <summary>The document in the version of the kind.</summary>
    public static JsonObject External(KindDefinition kind, StoredObject stored)
    {
        var value = stored.Parse();
        if (kind.Type != kind.StorageType)
        {
            kind.FromStorage(value);
        }

        return value;
    }

    /// <summary>True when nothing holds back a deleted object any more.</summary>
    public static bool MayGo(KindDefinition kind, JsonObject value) =>
        ObjectMeta.IsDeleting(value)
        && ObjectMeta.Finalizers(value).Count == 0
        && (value.Number("metadata", "deletionGracePeriodSeconds") ?? 0) == 0
        && (kind.Type.Kind != "Namespace" || (value.List("spec", "finalizers")?.Count ?? 0) == 0);

    private Reservation? Complete(KindDefinition kind, JsonObject value, JsonObject? old, string subresource, WriteOptions options)
    {
        var context = new WriteContext { Subresource = subresource, DryRun = options.DryRun, Now = time.GetUtcNow() };
        kind.Default(value);
        kind.Prepare(value, old, context);
        var refused = new FieldErrors();
        var reservation = allocation.Prepare(kind, value, old, context, refused);
        var errors = kind.Validate(value, old, context);
        errors.AddRange(refused);
        if (!errors.IsEmpty)
        {
            reservation?.Dispose();
            throw StatusException.Invalid(kind.Type.Group, kind.Type.Kind, ObjectMeta.Name(value), errors);
        }

        return reservation;
    }

    /// <summary>What is valid and yet not to be.</summary>
    private void Refuse(KindDefinition kind, JsonObject value, JsonObject? old, string subresource)
    {
        if (deniesExternalIPs && subresource.Length == 0)
        {
            ExternalAddressAdmission.Check(kind, value, old);
        }
    }

    private async Task<StoredObject?> ReplaceAsync(KindDefinition kind, StoredObject stored, JsonObject old, JsonObject value, WriteOptions options)
    {
        ObjectMeta.Of(value)["resourceVersion"] = ObjectMeta.Text(old, "resourceVersion");
        if (JsonNode.DeepEquals(old, value))
        {
            return stored;
        }

        if (MayGo(kind, value) && !options.DryRun)
        {
            var gone = await store.WriteAsync(stored.Id, stored.Revision, null);
            return gone.Outcome == WriteOutcome.Done ? gone.Written : null;
        }

        return await StoreAsync(kind, stored.Id, value, stored, options);
    }

    private async Task<StoredObject?> StoreAsync(KindDefinition kind, ObjectId id, JsonObject value, StoredObject? old, WriteOptions options)
    {
        if (kind.Type != kind.StorageType)
        {
            kind.ToStorage(value);
        }

        if (options.DryRun)
        {
            return store.Describe(id, old?.Revision ?? 0, value, JsonBytes.Of(value));
        }

        var result = await store.WriteAsync(id, old?.Revision ?? 0, value);
        return result.Outcome == WriteOutcome.Done ? result.Written : null;
    }
}
