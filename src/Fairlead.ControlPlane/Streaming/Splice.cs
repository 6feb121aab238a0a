namespace Fairlead.ControlPlane.Streaming;

/// <summary>Joins an upgraded client to the pods role, byte for byte, until either of them is done.</summary>
internal static class Splice
{
    public static async Task RunAsync(Stream client, PodsConnection pods, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await client.WriteAsync(pods.TakeRest(), cancellationToken);
        await client.FlushAsync(cancellationToken);
        var down = CopyAsync(pods.Stream, client, end.Token);
        var up = CopyAsync(client, pods.Stream, end.Token);
        await Task.WhenAny(down, up);
        await end.CancelAsync();
        await Task.WhenAll(down, up);
    }

    private static async Task CopyAsync(Stream from, Stream to, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            int read;
            while ((read = await from.ReadAsync(buffer, cancellationToken)) > 0)
            {
                await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                await to.FlushAsync(cancellationToken);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // One side hung up; the other is told by closing it, and neither has a place to report to.
            return;
        }
    }
}
