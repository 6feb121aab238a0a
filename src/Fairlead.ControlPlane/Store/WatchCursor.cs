using Fairlead.State;

namespace Fairlead.ControlPlane.Store;

/// <summary>What a watcher finds when it looks: events, or none and the revision up to which it therefore has seen everything.</summary>
internal readonly record struct WatchBatch(IReadOnlyList<StoreEvent> Events, long SeenRevision, bool Lost);

/// <summary>One reader's place among the events of one resource. One reader at a time.</summary>
internal sealed class WatchCursor : IDisposable
{
    private const int BatchSize = 64;

    private readonly ObjectStore _store;
    private readonly ResourceBucket _bucket;
    private long _position;

    internal WatchCursor(ObjectStore store, ResourceBucket bucket, long position)
    {
        _store = store;
        _bucket = bucket;
        _position = position;
    }

    /// <summary>Rung when there may be something to read, and when the store closes.</summary>
    public Wake Wake { get; } = new();

    /// <summary>Takes the next events, at most 64; <see cref="WatchBatch.Lost"/> when the window has passed this reader.</summary>
    public WatchBatch Read()
    {
        var events = new List<StoreEvent>();
        lock (_store.Gate)
        {
            var kept = _bucket.Read(ref _position, events, BatchSize);
            return new WatchBatch(events, _store.RevisionUnderLock, !kept);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_store.Gate)
        {
            _bucket.Remove(Wake);
        }
    }
}
