using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Fairlead.ControlPlane.Store;

/// <summary>A write on its way to the disk.</summary>
internal sealed record PendingWrite(ObjectId Id, long Expected, JsonObject? Value)
{
    /// <summary>Completed after the commit.</summary>
    public TaskCompletionSource<WriteResult> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>A durable change, ready to become visible.</summary>
internal readonly record struct AppliedWrite(StoredObject? Old, StoredObject New, bool Deleted);

/// <summary>The only writer: takes whatever waits, checks it against what came before it, commits it as one transaction, publishes, acknowledges.</summary>
internal sealed class StoreWriter : IAsyncDisposable
{
    private const int MostPerCommit = 256;

    private readonly ObjectStore _store;
    private volatile string? _failure;
    private readonly SqliteFile _file;
    private readonly Task _loop;
    private readonly Channel<PendingWrite> _queue =
        Channel.CreateBounded<PendingWrite>(new BoundedChannelOptions(4096) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    public StoreWriter(ObjectStore store, SqliteFile file)
    {
        _store = store;
        _file = file;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Why the last write did not reach the disk; null once one has.</summary>
    public string? Failure => _failure;

    /// <summary>Queues a write; completes when it is on disk and visible, or refused.</summary>
    public async Task<WriteResult> SubmitAsync(PendingWrite write)
    {
        try
        {
            await _queue.Writer.WriteAsync(write);
        }
        catch (ChannelClosedException e)
        {
            throw new StoreException("the store is closing; nothing was written", e);
        }

        return await write.Done.Task;
    }

    /// <summary>Commits what waits, then closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _loop;
        _file.Dispose();
    }

    private async Task RunAsync()
    {
        var batch = new List<PendingWrite>(MostPerCommit);
        while (await _queue.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < MostPerCommit && _queue.Reader.TryRead(out var write))
            {
                batch.Add(write);
            }

            Commit(batch);
        }
    }

    private void Commit(List<PendingWrite> batch)
    {
        try
        {
            var plan = new BatchPlan(_store, _file.Revision);
            var results = batch.ConvertAll(plan.Add);
            if (plan.Applied.Count > 0)
            {
                _file.Commit(plan.Changes);
                _failure = null;
                _store.Publish(plan.Applied);
            }

            for (var i = 0; i < batch.Count; i++)
            {
                batch[i].Done.SetResult(results[i]);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Nothing of the batch is on disk; the writer goes on, since the next batch may fit (a full disk was cleared).
            _failure = e.Message;
            foreach (var write in batch)
            {
                write.Done.TrySetException(e);
            }
        }
    }

    /// <summary>The writes of one transaction, each checked against the state that the earlier ones lead to.</summary>
    private sealed class BatchPlan(ObjectStore store, long revision)
    {
        private readonly Dictionary<ObjectId, StoredObject?> _overlay = [];
        private long _revision = revision;

        public List<AppliedWrite> Applied { get; } = [];

        public List<(ObjectId Id, long Revision, byte[]? Json)> Changes { get; } = [];

        public WriteResult Add(PendingWrite write)
        {
            var old = _overlay.TryGetValue(write.Id, out var earlier) ? earlier : store.Get(write.Id);
            if ((old?.Revision ?? 0) != write.Expected || (old is null && write.Value is null))
            {
                return new WriteResult(WriteOutcome.Stale, old);
            }

            _revision++;
            var value = write.Value ?? old!.Parse();
            JsonBytes.Stamp(value, _revision);
            var json = JsonBytes.Of(value);
            var now = store.Describe(write.Id, _revision, value, json);
            var deleted = write.Value is null;
            _overlay[write.Id] = deleted ? null : now;
            Applied.Add(new AppliedWrite(old, now, deleted));
            Changes.Add((write.Id, _revision, deleted ? null : json));
            return new WriteResult(WriteOutcome.Done, now);
        }
    }
}
