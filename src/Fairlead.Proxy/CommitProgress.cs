namespace Fairlead.Proxy;

/// <summary>How far the tables have been taken in.</summary>
internal readonly record struct Revisions(long Services, long Slices, long Nodes)
{
    public bool Covers(Revisions other) => Services >= other.Services && Slices >= other.Slices && Nodes >= other.Nodes;
}

/// <summary>Lets others wait until revisions of the tables are in the kernel.</summary>
internal sealed class CommitProgress
{
    private readonly Lock _gate = new();
    private Revisions _reached = new(-1, -1, -1);
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
