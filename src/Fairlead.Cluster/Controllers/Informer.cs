using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Watch;

namespace Fairlead.Cluster.Controllers;

/// <summary>
/// The rows of one kind, kept by a reflector and read by controllers. Indexes make a lookup cost as much as what it finds.
/// <see cref="Changed"/> is raised under the informer's lock, in order: a handler may only look up rows and add keys to queues, and lookups in
/// other informers must go one way round (nodes, pods, ReplicaSets, Deployments; pods, Services).
/// </summary>
/// <remarks>
/// A controller that has written an object gives the server's answer to <see cref="Observe"/>, so that its next pass does not decide from rows that
/// lack its own last action. The watch stays the only source of truth: an answer the watch has already passed is not taken.
/// </remarks>
public sealed class Informer<TRow> : IReflectorSink
    where TRow : class, IObjectRow
{
    private readonly Func<JsonObject, TRow> _read;
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, TRow> _rows = [];
    private readonly List<InformerIndex<TRow>> _indexes = [];
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _seen;

    /// <summary>An empty informer whose rows are made by <paramref name="read"/>.</summary>
    public Informer(Func<JsonObject, TRow> read) => _read = read;

    /// <summary>Old and new row of a change; null for "was not there" and "is gone".</summary>
    public event Action<TRow?, TRow?>? Changed;

    /// <summary>Completes once everything has been listed.</summary>
    public Task Synced => _synced.Task;

    /// <summary>Every row as of now.</summary>
    public IReadOnlyList<TRow> Rows
    {
        get
        {
            lock (_gate)
            {
                return [.. _rows.Values];
            }
        }
    }

    /// <summary>The row of <paramref name="key"/>, or null.</summary>
    public TRow? Get(ObjectKey key)
    {
        lock (_gate)
        {
            return _rows.GetValueOrDefault(key);
        }
    }

    /// <summary>Adds an index by the values that <paramref name="values"/> gives for a row; before the informer runs.</summary>
    public InformerIndex<TRow> AddIndex(Func<TRow, IEnumerable<string>> values)
    {
        lock (_gate)
        {
            var index = new InformerIndex<TRow>(_gate, _rows, values);
            _indexes.Add(index);
            return index;
        }
    }

    /// <summary>Takes the server's answer to a write, unless the watch has already shown that state or a later one.</summary>
    public void Observe(JsonObject answer)
    {
        var row = _read(answer);
        lock (_gate)
        {
            if (row.Meta.ResourceVersion > _seen && (!_rows.TryGetValue(row.Meta.Key, out var known) || known.Meta.ResourceVersion < row.Meta.ResourceVersion))
            {
                Put(row);
            }
        }
    }

    /// <summary>Takes it that the object is gone, when the server said so to a delete.</summary>
    public void ObserveGone(ObjectKey key, string uid)
    {
        lock (_gate)
        {
            if (_rows.TryGetValue(key, out var row) && row.Meta.Uid == uid)
            {
                Remove(key);
            }
        }
    }

    /// <inheritdoc/>
    public void Replace(IReadOnlyList<JsonObject> items)
    {
        lock (_gate)
        {
            var wanted = items.Select(_read).ToDictionary(row => row.Meta.Key);
            foreach (var key in _rows.Keys.Where(key => !wanted.ContainsKey(key)).ToList())
            {
                Remove(key);
            }

            foreach (var row in wanted.Values)
            {
                See(row);
                Put(row);
            }
        }

        _synced.TrySetResult();
    }

    /// <inheritdoc/>
    public void Upsert(JsonObject item)
    {
        var row = _read(item);
        lock (_gate)
        {
            See(row);

            // An answer that was observed may be ahead of the watch; it must not go back in time.
            if (!_rows.TryGetValue(row.Meta.Key, out var known) || known.Meta.Uid != row.Meta.Uid || known.Meta.ResourceVersion <= row.Meta.ResourceVersion)
            {
                Put(row);
            }
        }
    }

    /// <inheritdoc/>
    public void Delete(JsonObject item)
    {
        var row = _read(item);
        lock (_gate)
        {
            See(row);
            if (_rows.TryGetValue(row.Meta.Key, out var known) && known.Meta.Uid == row.Meta.Uid)
            {
                Remove(row.Meta.Key);
            }
        }
    }

    private void See(TRow row) => _seen = Math.Max(_seen, row.Meta.ResourceVersion);

    private void Put(TRow row)
    {
        _rows.TryGetValue(row.Meta.Key, out var old);
        if (row.Equals(old))
        {
            return;
        }

        _rows[row.Meta.Key] = row;
        foreach (var index in _indexes)
        {
            index.Move(old, row);
        }

        Changed?.Invoke(old, row);
    }

    private void Remove(ObjectKey key)
    {
        if (_rows.Remove(key, out var old))
        {
            foreach (var index in _indexes)
            {
                index.Move(old, null);
            }

            Changed?.Invoke(old, null);
        }
    }
}
