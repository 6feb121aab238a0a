using Fairlead.Composition;
using Fairlead.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Serving;

/// <summary>When an agent gives memory back: once it has started, and when it has grown by a quarter since.</summary>
public sealed class HeapTrimTests
{
    private const long Megabyte = 1024 * 1024;

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task It_trims_after_the_start_and_after_growth_and_never_for_nothing()
    {
        var (size, held, trims) = (400 * Megabyte, 100 * Megabyte, 0);
        var looks = new SemaphoreSlim(0);
        var started = new TaskCompletionSource();
        using var stop = new CancellationTokenSource();
        var trim = new HeapTrim(_time, Look, () => (trims, size) = (trims + 1, held));
        var running = trim.RunAsync(started.Task, stop.Token);
        Assert.Equal(0, trims);
        started.SetResult();
        await looks.WaitAsync(Deadline.Token());
        Assert.Equal(1, trims);
        await TickAsync();
        await looks.WaitAsync(Deadline.Token());
        Assert.Equal(2, trims);

        size = (125 * Megabyte) + HeapTrim.Slack;
        await TickAsync();
        Assert.Equal(2, trims);

        (size, held) = ((125 * Megabyte) + HeapTrim.Slack + 1, 120 * Megabyte);
        await TickAsync();
        await looks.WaitAsync(Deadline.Token());
        Assert.Equal(3, trims);

        // What is held now is what counts from now on.
        size = (150 * Megabyte) + HeapTrim.Slack;
        await TickAsync();
        Assert.Equal(3, trims);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        long Look()
        {
            // Read before the test goes on and changes it.
            var seen = size;
            looks.Release();
            return seen;
        }

        Task TickAsync()
        {
            _time.Advance(HeapTrim.Interval);
            return looks.WaitAsync(Deadline.Token());
        }
    }
}
