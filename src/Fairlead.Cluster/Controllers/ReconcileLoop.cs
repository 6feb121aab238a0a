using Fairlead.Kube.Client;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cluster.Controllers;

/// <summary>
/// Takes keys from a queue and reconciles each; failures are retried with back-off, and logged once they are more than a lost race.
/// </summary>
public sealed class ReconcileLoop<TKey> : IDisposable
    where TKey : notnull
{
    private static readonly TimeSpan ShortPass = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(1);

    private readonly string _name;
    private readonly Func<TKey, CancellationToken, Task> _reconcile;
    private readonly int _workers;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <summary>A loop named <paramref name="name"/> that works on up to <paramref name="workers"/> keys at a time.</summary>
    public ReconcileLoop(string name, Func<TKey, CancellationToken, Task> reconcile, int workers, TimeProvider time, ILogger logger)
    {
        _name = name;
        _reconcile = reconcile;
        _workers = workers;
        _time = time;
        _logger = logger;
        Queue = new WorkQueue<TKey>(time);
    }

    /// <summary>
    /// How many times as long as its pass took a key then rests (1 s at most); 0 for not at all. For keys whose pass costs as much as all they stand
    /// for, so that a storm of changes does not repeat it for each.
    /// </summary>
    public int Rest { get; init; }

    /// <summary>Where keys are added.</summary>
    public WorkQueue<TKey> Queue { get; }

    /// <summary>Waits until everything in <paramref name="synced"/> has been listed, then works until stopped.</summary>
    public async Task RunAsync(IEnumerable<Task> synced, CancellationToken cancellationToken)
    {
        await Task.WhenAll(synced).WaitAsync(cancellationToken);
        await Task.WhenAll(Enumerable.Range(0, _workers).Select(_ => WorkAsync(cancellationToken)));
    }

    /// <inheritdoc/>
    public void Dispose() => Queue.Dispose();

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var key = await Queue.TakeAsync(cancellationToken);
            var started = _time.GetTimestamp();
            try
            {
                await _reconcile(key, cancellationToken);
                Queue.Forget(key);
            }
            catch (KubeException e) when (e.Code is 404 or 409)
            {
                // Somebody was faster; the watch will say what became of it.
                ControllersLog.LostRace(_logger, _name, key, e.Message);
                Queue.Retry(key);
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                ControllersLog.Failed(_logger, e, _name, key);
                Queue.Retry(key);
            }
            finally
            {
                Queue.Done(key, RestAfter(_time.GetElapsedTime(started)));
            }
        }
    }

    /// <summary>A pass that was over at once needs no rest.</summary>
    private TimeSpan RestAfter(TimeSpan pass) =>
        Rest == 0 || pass < ShortPass ? TimeSpan.Zero : TimeSpan.FromTicks(Math.Min((pass * Rest).Ticks, LongestRest.Ticks));
}
