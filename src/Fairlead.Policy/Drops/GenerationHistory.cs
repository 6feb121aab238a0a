namespace Fairlead.Policy.Drops;

/// <summary>
/// What the last generations were decided from, so that a packet is explained by what was in force when it was dropped. The worlds share what they have in
/// common. Any thread may call.
/// </summary>
internal sealed class GenerationHistory(TimeProvider time)
{
    /// <summary>How many generations are kept.</summary>
    public const int Kept = 16;

    private readonly Lock _gate = new();
    private readonly List<(Generation Generation, PolicyWorld? World)> _entries = [];
    private readonly ulong _epoch = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds();
    private uint _number;

    /// <summary>The generation begun last; number 0 before the first.</summary>
    public Generation Newest
    {
        get
        {
            lock (_gate)
            {
                return new Generation(_epoch, _number);
            }
        }
    }

    /// <summary>
    /// A new generation, before it is in the packet filter, so that its first packet is explained already.
    /// </summary>
    /// <param name="world">What it is decided from; null: nothing is known yet.</param>
    public Generation Begin(PolicyWorld? world)
    {
        lock (_gate)
        {
            var generation = new Generation(_epoch, ++_number);
            _entries.Add((generation, world));
            if (_entries.Count > Kept)
            {
                _entries.RemoveAt(0);
            }

            return generation;
        }
    }

    /// <summary>It did not come into force: it takes no place from those that did.</summary>
    public void Withdraw(Generation generation)
    {
        lock (_gate)
        {
            _entries.RemoveAll(entry => entry.Generation == generation);
        }
    }

    /// <summary>The newest generation goes on with another world, which decides alike as far as the packet filter can tell.</summary>
    public void GoOn(PolicyWorld? world)
    {
        lock (_gate)
        {
            if (_entries.Count > 0)
            {
                _entries[^1] = (_entries[^1].Generation, world);
            }
        }
    }

    /// <summary>
    /// What a generation was decided from, and after it what those beside it were: while a commit is being made, a packet may meet some of the one and some of
    /// the other. False: it is gone.
    /// </summary>
    public bool TryFind(Generation generation, out IReadOnlyList<PolicyWorld?> worlds)
    {
        lock (_gate)
        {
            var place = _entries.FindIndex(entry => entry.Generation == generation);
            worlds = place < 0 ? [] : [.. new[] { place, place - 1, place + 1 }.Where(at => at >= 0 && at < _entries.Count).Select(at => _entries[at].World)];
            return place >= 0;
        }
    }
}
