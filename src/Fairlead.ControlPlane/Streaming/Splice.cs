namespace Fairlead.ControlPlane.Streaming;

/// <summary>Joins an upgraded client to what answers it, byte for byte, until either of them is done.</summary>
internal static class Splice
{
    /// <summary>Runs until one side is done.</summary>
    /// <param name="client">The client.</param>
    /// <param name="server">What answers.</param>
    /// <param name="first">What the server has said already.</param>
    /// <param name="cancellationToken">Ends both.</param>
    public static async Task RunAsync(Stream client, Stream server, ReadOnlyMemory<byte> first, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await client.WriteAsync(first, cancellationToken);
        await client.FlushAsync(cancellationToken);
        var down = CopyAsync(server, client, end.Token);
        var up = CopyAsync(client, server, end.Token);
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
