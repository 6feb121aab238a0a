using System.Collections.Immutable;

namespace Fairlead.ControlPlane.Store;

/// <summary>
/// One change to one resource. <see cref="Old"/> null: created. <see cref="Deleted"/>: <see cref="New"/> is the last state, under the revision of
/// the deletion. <see cref="After"/> is the whole resource just after the change, so that a list can be continued at an earlier revision.
/// </summary>
internal sealed record StoreEvent(
    long Revision, StoredObject? Old, StoredObject New, bool Deleted, ImmutableSortedDictionary<ObjectPath, StoredObject> After);

/// <summary>All objects of one resource at one revision of the store.</summary>
internal readonly record struct ResourceSnapshot(ImmutableSortedDictionary<ObjectPath, StoredObject> Objects, long Revision);

/// <summary>How a write ended.</summary>
internal enum WriteOutcome
{
    /// <summary>It is on disk and visible.</summary>
    Done,

    /// <summary>The object is not at the revision the writer had read (or exists where it must not, or is gone).</summary>
    Stale,
}

/// <summary>The outcome of a write, and the object as written; for a deletion, its last state under the revision of the deletion.</summary>
internal readonly record struct WriteResult(WriteOutcome Outcome, StoredObject? Written);
