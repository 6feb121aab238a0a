using Fairlead.Kube.Client;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cluster.Controllers;

/// <summary>
/// Takes keys from a queue and reconciles each; failures are retried with back-off, and logged once they are more than a lost race.
/// </summary>
public sealed class ReconcileLoop<TKey> : IDisposable
    where TKey : notnull
{
    private readonly string _name;
    private readonly Func<TKey, CancellationToken, Task> _reconcile;
    private readonly int _workers;
    private readonly ILogger _logger;

    /// <summary>A loop named <paramref name="name"/> that works on up to <paramref name="workers"/> keys at a time.</summary>
    public ReconcileLoop(string name, Func<TKey, CancellationToken, Task> reconcile, int workers, TimeProvider time, ILogger logger)
    {
        _name = name;
        _reconcile = reconcile;
        _workers = workers;
        _logger = logger;
        Queue = new WorkQueue<TKey>(time);
    }

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
                Queue.Done(key);
            }
        }
    }
}
