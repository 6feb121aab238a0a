namespace Fairlead.Testing;

/// <summary>A loop under test: it runs until this is disposed, and must end by being stopped and by nothing else.</summary>
public sealed class RunningLoop : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly IDisposable? _owner;
    private readonly Task _running;

    /// <summary>Starts it.</summary>
    /// <param name="owner">Whose loop it is; disposed when the loop has ended; null for none.</param>
    /// <param name="run">The loop.</param>
    public RunningLoop(IDisposable? owner, Func<CancellationToken, Task> run)
    {
        _owner = owner;
        _running = run(_stopping.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _owner?.Dispose();
        _stopping.Dispose();
        if (!_running.IsCanceled)
        {
            await _running;
            throw new InvalidOperationException("the loop ended before it was stopped");
        }
    }
}
