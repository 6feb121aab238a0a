namespace Fairlead.Serving;

/// <summary>Servers that come and go with what asks for them.</summary>
/// <param name="serve">Serves for one of the keys until cancelled.</param>
internal sealed class HttpServers<TKey>(Func<TKey, CancellationToken, Task> serve) : IAsyncDisposable
    where TKey : notnull
{
    private readonly Dictionary<TKey, (CancellationTokenSource Stop, Task Done)> _serving = [];

    /// <summary>Ends those that are not wanted any more, and then starts those that are new.</summary>
    public async Task SetAsync(IReadOnlySet<TKey> wanted)
    {
        foreach (var gone in _serving.Keys.Except(wanted).ToList())
        {
            await EndAsync(_serving[gone]);
            _serving.Remove(gone);
        }

        foreach (var key in wanted.Except(_serving.Keys).ToList())
        {
            var stop = new CancellationTokenSource();
            _serving[key] = (stop, serve(key, stop.Token));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in _serving.Values)
        {
            await EndAsync(server);
        }
    }

    private static async Task EndAsync((CancellationTokenSource Stop, Task Done) server)
    {
        await server.Stop.CancelAsync();
        await server.Done.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        server.Stop.Dispose();
    }
}
