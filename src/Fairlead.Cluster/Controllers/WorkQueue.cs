namespace Fairlead.Cluster.Controllers;

/// <summary>
/// Keys to be worked on. A key that is added several times before it is taken is worked on once; one that is added while it is worked on is worked
/// on again afterwards, never by two workers at a time. Retries back off per key: 10 ms, doubling, to 30 s at most.
/// </summary>
public sealed class WorkQueue<TKey> : IDisposable
    where TKey : notnull
{
    private const int FirstDelayMilliseconds = 10;
    private const int LongestDelayMilliseconds = 30_000;

    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Queue<TKey> _ready = new();
    private readonly HashSet<TKey> _dirty = [];
    private readonly HashSet<TKey> _taken = [];
    private readonly Dictionary<TKey, int> _failures = [];
    private readonly Dictionary<TKey, (DateTimeOffset Due, ITimer Timer)> _delayed = [];
    private readonly Dictionary<TKey, ITimer> _resting = [];
    private readonly SemaphoreSlim _available = new(0);

    /// <summary>An empty queue whose delays are measured by <paramref name="time"/>.</summary>
    public WorkQueue(TimeProvider time) => _time = time;

    /// <summary>True when nothing is waiting, delayed or being worked on.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate)
            {
                return _dirty.Count == 0 && _taken.Count == 0 && _delayed.Count == 0;
            }
        }
    }

    /// <summary>Adds a key. Never blocks.</summary>
    public void Add(TKey key)
    {
        lock (_gate)
        {
            if (_dirty.Add(key) && !_taken.Contains(key))
            {
                MakeReady(key);
            }
        }
    }

    /// <summary>Adds a key once <paramref name="delay"/> has passed; of several delays of one key the shortest counts.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }

        lock (_gate)
        {
            var due = _time.GetUtcNow() + delay;
            if (_delayed.TryGetValue(key, out var waiting))
            {
                if (waiting.Due <= due)
                {
                    return;
                }

                waiting.Timer.Dispose();
            }

            _delayed[key] = (due, _time.CreateTimer(_ => Ripen(key, due), null, delay, Timeout.InfiniteTimeSpan));
        }
    }

    /// <summary>Adds a key again after a failure, later each time.</summary>
    public void Retry(TKey key)
    {
        int failures;
        lock (_gate)
        {
            failures = _failures[key] = Math.Min(_failures.GetValueOrDefault(key) + 1, 20);
        }

        AddAfter(key, TimeSpan.FromMilliseconds(Math.Min((long)FirstDelayMilliseconds << (failures - 1), LongestDelayMilliseconds)));
    }

    /// <summary>Forgets a key's failures: the next retry is quick again.</summary>
    public void Forget(TKey key)
    {
        lock (_gate)
        {
            _failures.Remove(key);
        }
    }

    /// <summary>Waits for a key and takes it; <see cref="Done(TKey)"/> must follow.</summary>
    public async ValueTask<TKey> TakeAsync(CancellationToken cancellationToken)
    {
        await _available.WaitAsync(cancellationToken);
        lock (_gate)
        {
            var key = _ready.Dequeue();
            _dirty.Remove(key);
            _taken.Add(key);
            return key;
        }
    }

    /// <summary>Says that a taken key has been worked on, and that it is not to be taken again before <paramref name="rest"/> has passed.</summary>
    public void Done(TKey key, TimeSpan rest)
    {
        if (rest <= TimeSpan.Zero)
        {
            Done(key);
            return;
        }

        lock (_gate)
        {
            _resting[key] = _time.CreateTimer(_ => Wake(key), null, rest, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Says that a taken key has been worked on.</summary>
    public void Done(TKey key)
    {
        lock (_gate)
        {
            _taken.Remove(key);
            if (_dirty.Contains(key))
            {
                MakeReady(key);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var (_, timer) in _delayed.Values)
            {
                timer.Dispose();
            }

            foreach (var timer in _resting.Values)
            {
                timer.Dispose();
            }

            _delayed.Clear();
            _resting.Clear();
        }

        _available.Dispose();
    }

    private void MakeReady(TKey key)
    {
        _ready.Enqueue(key);
        _available.Release();
    }

    private void Wake(TKey key)
    {
        lock (_gate)
        {
            if (_resting.Remove(key, out var timer))
            {
                timer.Dispose();
                Done(key);
            }
        }
    }

    private void Ripen(TKey key, DateTimeOffset due)
    {
        lock (_gate)
        {
            // A timer that was replaced by a shorter one may still fire once.
            if (!_delayed.TryGetValue(key, out var waiting) || waiting.Due != due)
            {
                return;
            }

            waiting.Timer.Dispose();
            _delayed.Remove(key);
            if (_dirty.Add(key) && !_taken.Contains(key))
            {
                MakeReady(key);
            }
        }
    }
}
