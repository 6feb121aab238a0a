using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;

namespace Fairlead.ControlPlane.Allocation;

/// <summary>Allocation as the registry sees it: of all kinds, only Services take anything. Without an allocator nothing is given.</summary>
internal sealed class WriteAllocation(ServiceAllocation? services)
{
    /// <summary>Completes a document that is about to be written; null when there is nothing to commit.</summary>
    public Reservation? Prepare(KindDefinition kind, JsonObject value, JsonObject? old, WriteContext context, FieldErrors errors) =>
        kind is ServiceKind ? services?.Prepare(value, old, context, errors) : null;

    /// <summary>Frees what an object held that is gone.</summary>
    public void Release(KindDefinition kind, JsonObject gone)
    {
        if (kind is ServiceKind)
        {
            services?.Release(gone);
        }
    }
}
