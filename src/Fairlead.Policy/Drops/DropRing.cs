namespace Fairlead.Policy.Drops;

/// <summary>
/// The last drops, and who follows them. Packets of one connection that are dropped alike are one record with a count. Bounded whatever comes. Any thread may
/// call.
/// </summary>
internal sealed class DropRing(int capacity = DropRing.Capacity)
{
    /// <summary>Records that are kept.</summary>
    public const int Capacity = 4096;

    /// <summary>A packet joins a record whose last packet is no older.</summary>
    public static readonly TimeSpan Joins = TimeSpan.FromSeconds(10);

    /// <summary>A record takes packets for so long.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Queue<Entry> _entries = new();
    private readonly Dictionary<DropFlow, Entry> _open = [];
    private readonly List<DropFollower> _followers = [];
    private long _ids;

    /// <summary>Adds a packet to the record of those like it; false when there is none that it could join, and it is a record of its own.</summary>
    public bool TryJoin(DropFlow flow, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (!_open.TryGetValue(flow, out var open) || now - open.Record.Last > Joins || now - open.Record.Time > Longest)
            {
                return false;
            }

            open.Record = open.Record with { Last = now, Count = open.Record.Count + 1 };
            return true;
        }
    }

    /// <summary>Takes a new record; the oldest goes when there are too many.</summary>
    /// <returns>The record with its place.</returns>
    public DropRecord Add(DropFlow flow, DropRecord record)
    {
        lock (_gate)
        {
            var entry = new Entry(flow, record with { Id = ++_ids });
            _open[flow] = entry;
            _entries.Enqueue(entry);
            if (_entries.Count > capacity && _entries.Dequeue() is var gone && ReferenceEquals(_open.GetValueOrDefault(gone.Flow), gone))
            {
                _open.Remove(gone.Flow);
            }

            _followers.ForEach(follower => follower.Take(entry.Record));
            return entry.Record;
        }
    }

    /// <summary>The records kept, the oldest first.</summary>
    public IReadOnlyList<DropRecord> Records()
    {
        lock (_gate)
        {
            return [.. _entries.Select(entry => entry.Record)];
        }
    }

    /// <summary>The records kept, and each one after them. Dispose it to stop.</summary>
    public (IReadOnlyList<DropRecord> Kept, DropFollower Follower) Follow()
    {
        lock (_gate)
        {
            var follower = new DropFollower(Remove);
            _followers.Add(follower);
            return ([.. _entries.Select(entry => entry.Record)], follower);
        }
    }

    private void Remove(DropFollower follower)
    {
        lock (_gate)
        {
            _followers.Remove(follower);
        }
    }

    private sealed class Entry(DropFlow flow, DropRecord record)
    {
        public DropFlow Flow { get; } = flow;

        public DropRecord Record { get; set; } = record;
    }
}
