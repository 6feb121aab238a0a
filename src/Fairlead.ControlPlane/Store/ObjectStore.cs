using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Store;

/// <summary>
/// Every object of the cluster, in memory and on disk, under one revision that grows by one per write. A write is acknowledged and becomes visible
/// only after its transaction is committed; writes that wait at the same time share one transaction. Reads never touch the disk.
/// </summary>
internal sealed class ObjectStore : IAsyncDisposable
{
    private readonly Dictionary<string, ResourceBucket> _buckets = [];
    private readonly StoreWriter _writer;
    private readonly int _window;
    private readonly long _loaded;
    private long _revision;

    private ObjectStore(SqliteFile file, IObjectIndex index, int window)
    {
        _window = window;
        Index = index;
        _revision = _loaded = file.Revision;
        file.Load(Restore);
        _writer = new StoreWriter(this, file);
    }

    /// <summary>The revision of the latest write.</summary>
    public long Revision
    {
        get
        {
            lock (Gate)
            {
                return _revision;
            }
        }
    }

    /// <summary>Why the last write did not reach the disk; null while writes do.</summary>
    public string? Failure => _writer.Failure;

    internal Lock Gate { get; } = new();

    internal long RevisionUnderLock => _revision;

    internal IObjectIndex Index { get; }

    /// <summary>Opens or creates the store in <paramref name="path"/>.</summary>
    /// <param name="path">The database file; its directory must exist.</param>
    /// <param name="index">What to select objects by.</param>
    /// <param name="window">Events kept in memory per resource; a watcher further behind gets 410.</param>
    /// <exception cref="StoreException">The file is in use, damaged or not ours.</exception>
    public static ObjectStore Open(string path, IObjectIndex index, int window)
    {
        var file = SqliteFile.Open(path);
        try
        {
            return new ObjectStore(file, index, window);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The object, or null.</summary>
    public StoredObject? Get(ObjectId id)
    {
        lock (Gate)
        {
            return Bucket(id.Resource).Objects.GetValueOrDefault(id.Path);
        }
    }

    /// <summary>All objects of a resource, and the revision at which this holds.</summary>
    public ResourceSnapshot Snapshot(string resource)
    {
        lock (Gate)
        {
            return new ResourceSnapshot(Bucket(resource).Objects, _revision);
        }
    }

    /// <summary>All objects of a resource as they were at an earlier revision, or null when that is no longer known.</summary>
    public ResourceSnapshot? SnapshotAt(string resource, long revision)
    {
        lock (Gate)
        {
            return Bucket(resource).At(revision, _revision) is { } objects ? new ResourceSnapshot(objects, revision) : null;
        }
    }

    /// <summary>
    /// Writes an object if it still is at <paramref name="expected"/> (0: must not exist). The value becomes the store's; its resourceVersion is set.
    /// </summary>
    /// <param name="id">Which object.</param>
    /// <param name="expected">The revision that the writer has read.</param>
    /// <param name="value">The new object, or null to delete it.</param>
    /// <exception cref="StoreException">The disk is full or failing; nothing was written.</exception>
    public Task<WriteResult> WriteAsync(ObjectId id, long expected, JsonObject? value) => _writer.SubmitAsync(new PendingWrite(id, expected, value));

    /// <summary>Watches a resource from after <paramref name="revision"/>; null when the window has passed that revision.</summary>
    public WatchCursor? Watch(string resource, long revision)
    {
        lock (Gate)
        {
            var bucket = Bucket(resource);
            if (revision < bucket.Compacted)
            {
                return null;
            }

            var cursor = new WatchCursor(this, bucket, bucket.PositionAfter(revision));
            bucket.Add(cursor.Wake);
            return cursor;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _writer.DisposeAsync();

    /// <summary>Makes a batch of durable changes visible, in order, and wakes the watchers.</summary>
    internal void Publish(IReadOnlyList<AppliedWrite> batch)
    {
        lock (Gate)
        {
            foreach (var (old, now, deleted) in batch)
            {
                Bucket(now.Id.Resource).Apply(old, now, deleted);
                _revision = now.Revision;
            }

            foreach (var resource in batch.Select(write => write.New.Id.Resource).Distinct())
            {
                Bucket(resource).Ring();
            }
        }
    }

    internal StoredObject Describe(ObjectId id, long revision, JsonObject value, byte[] json) =>
        new(id, ObjectMeta.Uid(value), revision, json, ObjectMeta.Labels(value), Index.Fields(id.Resource, value));

    private void Restore(string resource, IReadOnlyList<StoredRow> rows)
    {
        var builder = ImmutableSortedDictionary.CreateBuilder<ObjectPath, StoredObject>();
        foreach (var row in rows)
        {
            builder.Add(row.Id.Path, Describe(row.Id, row.Revision, row.Value, row.Json));
        }

        lock (Gate)
        {
            Bucket(resource).Load(builder.ToImmutable());
        }
    }

    private ResourceBucket Bucket(string resource)
    {
        if (!_buckets.TryGetValue(resource, out var bucket))
        {
            bucket = new ResourceBucket(_window, _loaded);
            _buckets.Add(resource, bucket);
        }

        return bucket;
    }
}
