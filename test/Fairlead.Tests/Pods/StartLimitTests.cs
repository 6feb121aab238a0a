using Fairlead.Pods.Lifecycle;

namespace Fairlead.Tests.Pods;

public sealed class StartLimitTests
{
    [Fact]
    public async Task No_more_start_at_once_than_there_are_places_and_all_start_in_the_end()
    {
        using var limit = new StartLimit(3);
        var ends = Enumerable.Range(0, 20).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).ToList();
        var (now, most, started) = (0, 0, 0);
        var runs = ends.ConvertAll(end => limit.RunAsync(
            async () =>
            {
                Interlocked.Increment(ref started);
                most = Math.Max(most, Interlocked.Increment(ref now));
                await end.Task;
                Interlocked.Decrement(ref now);
            },
            default));
        Assert.Equal(3, started);
        foreach (var (end, run) in ends.Zip(runs))
        {
            end.SetResult();
            await run;
        }

        Assert.Equal((3, 20), (most, started));
    }

    [Fact]
    public async Task A_failed_start_gives_its_place_back()
    {
        using var limit = new StartLimit(1);
        await Assert.ThrowsAsync<IOException>(() => limit.RunAsync(() => Task.FromException(new IOException("no")), default));
        Assert.Equal(7, await limit.RunAsync(() => Task.FromResult(7), default));
    }
}
