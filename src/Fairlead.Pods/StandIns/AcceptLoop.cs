using System.Net.Sockets;

namespace Fairlead.Pods.StandIns;

/// <summary>Takes connections until cancelled. When there is none to be had, for want of descriptors perhaps, it waits before it asks again.</summary>
internal static class AcceptLoop
{
    internal static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Runs until cancelled or the listener is closed.</summary>
    /// <param name="accept">Waits for a connection.</param>
    /// <param name="serve">Takes it over; does not wait.</param>
    /// <param name="failed">Told why there was none.</param>
    /// <param name="time">The clock to wait by.</param>
    /// <param name="stop">When to end.</param>
    internal static async Task RunAsync(
        Func<CancellationToken, ValueTask<Socket>> accept, Action<Socket> serve, Action<string> failed, TimeProvider time, CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    serve(await accept(stop));
                }
                catch (SocketException e) when (!stop.IsCancellationRequested)
                {
                    failed(e.Message);
                    await Task.Delay(Pause, time, stop);
                }
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Asked to end: a failure otherwise is dealt with above.
        }
    }
}
