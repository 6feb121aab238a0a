using System.Collections.Immutable;
using Fairlead.State;

namespace Fairlead.ControlPlane.Store;

/// <summary>
/// One resource in memory: its objects, and a ring of its latest events that every watcher reads at its own pace. The ring is the only queue
/// there is: a watcher slower than the ring has missed events and is told so. All members are called under the store's lock.
/// </summary>
internal sealed class ResourceBucket(int window, long compacted)
{
    private readonly List<Wake> _watchers = [];
    private readonly StoreEvent?[] _ring = new StoreEvent?[window];
    private long _next;

    /// <summary>The objects now.</summary>
    public ImmutableSortedDictionary<ObjectPath, StoredObject> Objects { get; private set; } =
        ImmutableSortedDictionary<ObjectPath, StoredObject>.Empty;

    /// <summary>Events up to and including this revision are no longer known.</summary>
    public long Compacted { get; private set; } = compacted;

    /// <summary>Sets the objects found on disk.</summary>
    public void Load(ImmutableSortedDictionary<ObjectPath, StoredObject> objects) => Objects = objects;

    /// <summary>Applies one durable change.</summary>
    public void Apply(StoredObject? old, StoredObject now, bool deleted)
    {
        Objects = deleted ? Objects.Remove(now.Id.Path) : Objects.SetItem(now.Id.Path, now);
        var slot = (int)(_next % _ring.Length);
        if (_ring[slot] is { } evicted)
        {
            Compacted = evicted.Revision;
        }

        _ring[slot] = new StoreEvent(now.Revision, old, now, deleted, Objects);
        _next++;
    }

    /// <summary>Wakes everyone who watches the resource.</summary>
    public void Ring()
    {
        foreach (var watcher in _watchers)
        {
            watcher.Ring();
        }
    }

    public void Add(Wake watcher) => _watchers.Add(watcher);

    public void Remove(Wake watcher) => _watchers.Remove(watcher);

    /// <summary>The position after the last event whose revision is at most <paramref name="revision"/>.</summary>
    public long PositionAfter(long revision)
    {
        var (low, high) = (Oldest, _next);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            (low, high) = At(middle).Revision <= revision ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>Moves events from <paramref name="position"/> on to <paramref name="into"/>; false when some have been overwritten.</summary>
    public bool Read(ref long position, List<StoreEvent> into, int most)
    {
        if (position < Oldest)
        {
            return false;
        }

        for (; position < _next && into.Count < most; position++)
        {
            into.Add(At(position));
        }

        return true;
    }

    /// <summary>The objects at an earlier revision, or null when that is no longer known.</summary>
    public ImmutableSortedDictionary<ObjectPath, StoredObject>? At(long revision, long current)
    {
        if (revision < Compacted || revision > current)
        {
            return null;
        }

        var after = PositionAfter(revision);
        if (after == _next)
        {
            return Objects;
        }

        return after > Oldest ? At(after - 1).After : Before(At(after));
    }

    private long Oldest => Math.Max(0, _next - _ring.Length);

    private static ImmutableSortedDictionary<ObjectPath, StoredObject> Before(StoreEvent first) =>
        first.Old is null ? first.After.Remove(first.New.Id.Path) : first.After.SetItem(first.Old.Id.Path, first.Old);

    private StoreEvent At(long position) => _ring[(int)(position % _ring.Length)]!;
}
