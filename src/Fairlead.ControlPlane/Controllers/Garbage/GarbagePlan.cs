using Fairlead.Cluster.Controllers;

namespace Fairlead.ControlPlane.Controllers.Garbage;

/// <summary>What the garbage collector does with one object.</summary>
internal abstract record GarbagePlan
{
    public const string ForegroundFinalizer = "foregroundDeletion";
    public const string OrphanFinalizer = "orphan";

    /// <summary>Nothing to do.</summary>
    public sealed record Nothing : GarbagePlan;

    /// <summary>Delete the object with the given propagation policy.</summary>
    public record Delete(string Policy) : GarbagePlan;

    /// <summary>The object's owner waits for it and for its dependents, of which the graph knows none: delete it in the background.</summary>
    public sealed record DeleteLast() : Delete("Background");

    /// <summary>Take owners that are no more off the object.</summary>
    public sealed record Disown(IReadOnlyList<OwnerReference> Remaining) : GarbagePlan;

    /// <summary>The object waits for its dependents and none is left: let it go.</summary>
    public sealed record Unblock(string Finalizer) : GarbagePlan;

    /// <summary>The object is being deleted and its dependents must not be: take it off their owners first.</summary>
    public sealed record Orphan(IReadOnlyList<GraphNode> Dependents) : GarbagePlan;

    /// <summary>
    /// Plans for <paramref name="node"/>. <paramref name="absent"/> holds the uids of its owners that the server says do not exist;
    /// an owner the graph does not know, but the server was not asked about, counts as present.
    /// </summary>
    public static GarbagePlan For(GraphNode node, IReadOnlyList<GraphNode> dependents, Func<string, GraphNode?> find, IReadOnlySet<string> absent)
    {
        var meta = node.Meta;
        if (meta.Deleted is not null)
        {
            return meta.Finalizers.Contains(OrphanFinalizer) ? dependents.Count > 0 ? new Orphan(dependents) : new Unblock(OrphanFinalizer)
                : meta.Finalizers.Contains(ForegroundFinalizer) && !dependents.Any(dependent => Blocks(dependent, meta.Uid)) ? new Unblock(ForegroundFinalizer)
                : new Nothing();
        }

        if (meta.Owners.Count == 0)
        {
            return new Nothing();
        }

        var waiting = meta.Owners.Where(owner => find(owner.Uid) is { IsWaiting: true }).ToList();
        var solid = meta.Owners.Where(owner => !absent.Contains(owner.Uid) && find(owner.Uid) is not { IsWaiting: true }).ToList();
        if (solid.Count > 0)
        {
            return solid.Count == meta.Owners.Count ? new Nothing() : new Disown(solid);
        }

        // Only owners that wait for their dependents to go first, or none: it goes, and takes its own dependents along in the same manner.
        return waiting.Count == 0 ? new Delete("Background") : dependents.Count > 0 ? new Delete("Foreground") : new DeleteLast();
    }

    /// <summary>Whether a dependent that the graph has not seen yet would make the plan a wrong one.</summary>
    public bool CountsOnNoDependents => this is DeleteLast or Unblock;

    private static bool Blocks(GraphNode dependent, string uid) => dependent.Meta.Owners.Any(owner => owner.Uid == uid && owner.BlockOwnerDeletion);
}
