using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Allocation;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Store;

namespace Fairlead.ControlPlane.Registry;

/// <summary>The object as deleted, or as it is while it waits; <see cref="Gone"/> says which.</summary>
internal sealed record DeleteReply(StoredObject Object, bool Gone);

/// <summary>Deletion: at once, after a grace period (pods), or after the finalizers.</summary>
internal sealed class ObjectDeleter(ObjectStore store, WriteAllocation allocation, TimeProvider time)
{
    private const int MostAttempts = 16;
    private const string Foreground = "foregroundDeletion";
    private const string Orphan = "orphan";

    /// <summary>Deletes an object or begins to.</summary>
    /// <exception cref="StatusException">403, 404, 409, 422.</exception>
    public async Task<DeleteReply> DeleteAsync(KindDefinition kind, string ns, string name, DeleteOptions options)
    {
        NamespaceGate.CheckDelete(kind, name);
        var id = new ObjectId(KindIndex.Resource(kind.StorageType), ns, name);
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var stored = store.Get(id) ?? throw StatusException.NotFound(kind.Type, name);
            CheckPreconditions(kind, stored, options);
            var value = stored.Parse();
            Mark(kind, value, options);
            var gone = ObjectWriter.MayGo(kind, value);
            if (options.DryRun || (!gone && JsonNode.DeepEquals(value, stored.Parse())))
            {
                return new DeleteReply(stored, false);
            }

            var result = await store.WriteAsync(id, stored.Revision, gone ? null : value);
            if (result.Outcome == WriteOutcome.Done)
            {
                if (gone)
                {
                    allocation.Release(kind, stored.Parse());
                }

                return new DeleteReply(result.Written!, gone);
            }
        }

        throw StatusException.Modified(kind.Type, name);
    }

    private static void CheckPreconditions(KindDefinition kind, StoredObject stored, DeleteOptions options)
    {
        if (options.Uid.Length > 0 && options.Uid != stored.Uid)
        {
            throw SystemMetadata.PreconditionUid(kind.Type, stored.Id.Name, options.Uid, stored.Uid);
        }

        var found = ObjectMeta.Text(stored.Parse(), "resourceVersion");
        if (options.ResourceVersion.Length > 0 && options.ResourceVersion != found)
        {
            throw StatusException.Conflict(
                kind.Type, stored.Id.Name,
                $"Precondition failed: ResourceVersion in precondition: {options.ResourceVersion}, ResourceVersion in object meta: {found}");
        }
    }

    private static void SetFinalizers(JsonObject metadata, Propagation? propagation)
    {
        if (propagation is null)
        {
            return;
        }

        var wanted = propagation switch { Propagation.Foreground => Foreground, Propagation.Orphan => Orphan, _ => "" };
        var finalizers = new JsonArray([.. metadata.List("finalizers").Texts().Where(item => item is not (Foreground or Orphan)).Select(item => (JsonNode)item)]);
        if (wanted.Length > 0)
        {
            finalizers.Add((JsonNode)wanted);
        }

        if (finalizers.Count > 0)
        {
            metadata["finalizers"] = finalizers;
        }
        else
        {
            metadata.Remove("finalizers");
        }
    }

    private static long Grace(KindDefinition kind, JsonObject value, DeleteOptions options)
    {
        if (kind.GracePeriodSeconds == 0)
        {
            return 0;
        }

        // Nobody stops a pod that runs nowhere or has ended, so nobody would confirm its end either.
        if (string.IsNullOrEmpty(value.Text("spec", "nodeName")) || value.Text("status", "phase") is "Succeeded" or "Failed")
        {
            return 0;
        }

        var grace = options.GracePeriodSeconds ?? value.Number("spec", "terminationGracePeriodSeconds") ?? kind.GracePeriodSeconds;
        return grace < 0 ? 1 : grace;
    }

    private void Mark(KindDefinition kind, JsonObject value, DeleteOptions options)
    {
        var metadata = ObjectMeta.Of(value);
        SetFinalizers(metadata, options.Propagation);
        var grace = Grace(kind, value, options);
        if (ObjectMeta.IsDeleting(value))
        {
            // A second delete can only shorten the wait.
            var left = metadata.Number("deletionGracePeriodSeconds") ?? 0;
            if (grace >= left || (options.GracePeriodSeconds is null && grace > 0))
            {
                return;
            }
        }
        else if (kind.CountsGeneration)
        {
            metadata["generation"] = (metadata.Number("generation") ?? 0) + 1;
        }

        metadata["deletionTimestamp"] = SystemMetadata.Time(time.GetUtcNow() + TimeSpan.FromSeconds(grace));
        metadata["deletionGracePeriodSeconds"] = grace;
        if (kind.Type.Kind == "Namespace")
        {
            value.Ensure("status")["phase"] = "Terminating";
        }
    }
}
