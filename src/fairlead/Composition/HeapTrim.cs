namespace Fairlead.Composition;

/// <summary>
/// Gives memory back to the node. To list a large cluster, plan it and compare it with the kernel takes several times the memory that is held of it afterwards,
/// and a process that then does little would keep all of it: the runtime collects when it needs room, not when the work is done.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="size">Bytes of the node that the process has, with what nobody needs any more and what is free in between; as of now, not of the last collection.</param>
/// <param name="collect">Takes out what nobody needs and gives the room back. All threads stand still meanwhile: a tenth of a second for 100 MB.</param>
internal sealed class HeapTrim(TimeProvider time, Func<long> size, Action collect)
{
    /// <summary>How often to look: where something changes all the time, pauses must not add up.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>Growth that is not worth a pause: what is allocated between two collections of young objects.</summary>
    public const long Slack = 16 * 1024 * 1024;

    /// <summary>One that looks after this process.</summary>
    public static HeapTrim OfProcess(TimeProvider time) => new(
        time, () => Environment.WorkingSet, () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true));

    /// <summary>Trims when <paramref name="started"/> completes, once more at the first look, and from then on whenever the process has grown by a quarter since.</summary>
    public async Task RunAsync(Task started, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        await started;
        Trim();

        // Other parts may still have been starting: what is held shows at the first look.
        var held = 0L;
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            held = size() > held + (held / 4) + Slack ? Trim() : held;
        }
    }

    private long Trim()
    {
        collect();
        return size();
    }
}
