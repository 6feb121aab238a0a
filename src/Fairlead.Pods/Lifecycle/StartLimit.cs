namespace Fairlead.Pods.Lifecycle;

/// <summary>How many sandboxes, plugs and containers of one node are made at once: more would only slow each other down until their limits pass.</summary>
internal sealed class StartLimit(int places) : IDisposable
{
    private readonly SemaphoreSlim _places = new(places);

    /// <inheritdoc/>
    public void Dispose() => _places.Dispose();

    /// <inheritdoc cref="RunAsync{T}"/>
    internal Task RunAsync(Func<Task> body, CancellationToken cancellationToken) => RunAsync(
        async () =>
        {
            await body();
            return true;
        },
        cancellationToken);

    /// <summary>Waits for a place, runs <paramref name="body"/> and gives the place back however it ends. Not to be nested.</summary>
    internal async Task<T> RunAsync<T>(Func<Task<T>> body, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            return await body();
        }
        finally
        {
            _places.Release();
        }
    }
}
