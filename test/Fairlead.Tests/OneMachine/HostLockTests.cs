using Fairlead.OneMachine;

namespace Fairlead.Tests.OneMachine;

public sealed class HostLockTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-lock-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task One_holds_it_at_a_time_and_its_file_goes_with_the_last()
    {
        var path = Path.Combine(_directory, "lock");
        var (inside, most, turns) = (0, 0, 0);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var turn = 0; turn < 20; turn++)
            {
                using var hold = await HostLock.TakeAsync(path, TimeProvider.System);
                most = Math.Max(most, Interlocked.Increment(ref inside));
                turns++;
                await Task.Yield();
                Interlocked.Decrement(ref inside);
            }
        })));

        Assert.Equal((1, 160), (most, turns));
        Assert.Empty(Directory.GetFiles(_directory));
    }
}
