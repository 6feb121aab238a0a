namespace Fairlead.Proxy;

/// <summary>How far the tables have been taken in.</summary>
internal readonly record struct Revisions(long Services, long Slices, long Nodes, long ServiceCidrs, long Addresses)
{
    public bool Covers(Revisions other) => Services >= other.Services && Slices >= other.Slices && Nodes >= other.Nodes
        && ServiceCidrs >= other.ServiceCidrs && Addresses >= other.Addresses;
}

/// <summary>Lets others wait until revisions of the tables are in the kernel.</summary>
internal sealed class CommitProgress
{
    private readonly Lock _gate = new();
    private Revisions _reached = new(-1, -1, -1, -1, -1);
    private TaskCompletionSource _advance = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Reach(Revisions revisions)
    {
        TaskCompletionSource waiting;
        lock (_gate)
        {
            _reached = revisions;
            waiting = _advance;
            _advance = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        waiting.SetResult();
    }

    /// <summary>Those revisions are in the kernel.</summary>
    public bool Covers(Revisions wanted)
    {
        lock (_gate)
        {
            return _reached.Covers(wanted);
        }
    }

    public async Task WaitAsync(Revisions wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task next;
            lock (_gate)
            {
                if (_reached.Covers(wanted))
                {
                    return;
                }

                next = _advance.Task;
            }

            await next.WaitAsync(cancellationToken);
        }
    }
}

/// <summary>
/// Lets others read rows and kernel as one: between two of the room's passes both say the same. Nobody waits for a reader; a reader that a pass came in
/// between reads again.
/// </summary>
internal sealed class CommitPasses
{
    private readonly Lock _gate = new();
    private long _begun;
    private TaskCompletionSource? _under;

    /// <summary>A pass begins unless one is under way: from here on rows and kernel may differ.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            _begun += _under is null ? 1 : 0;
            _under ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>They agree again; or what they differ in is told by the rows.</summary>
    public void End()
    {
        lock (_gate)
        {
            _under?.SetResult();
            _under = null;
        }
    }

    /// <summary>Waits until no pass is under way.</summary>
    /// <returns>A number for <see cref="IsStill"/>.</returns>
    public async Task<long> QuietAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task under;
            lock (_gate)
            {
                if (_under is null)
                {
                    return _begun;
                }

                under = _under.Task;
            }

            await under.WaitAsync(cancellationToken);
        }
    }

    /// <summary>No pass has begun since.</summary>
    public bool IsStill(long number)
    {
        lock (_gate)
        {
            return _begun == number;
        }
    }
}
