using System.Net;
using System.Net.Sockets;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Server;

/// <summary>
/// Serves UDP sockets with a thread for each processor, up to eight. Every thread serves every socket: whichever sleeps is woken, no socket is left unread
/// whatever became of a thread, and how many sockets there are is their owner's choice.
/// </summary>
internal sealed class UdpServer(IReadOnlyList<Socket> sockets, DnsHandler handler, DnsCounters counters)
{
    /// <summary>Most threads.</summary>
    public const int MaxWorkers = 8;

    /// <summary>Queries that wait for an upstream at once; what comes beyond is dropped, since the client asks again and a queue would only grow.</summary>
    public const int MaxPending = 4096;

    private const int StackBytes = 512 * 1024;
    private readonly UdpSocket[] _sockets = [.. sockets.Select(socket => new UdpSocket(socket))];
    private int _pending;

    /// <summary>Serves until cancelled. The sockets stay open: they are their owner's.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var workers = Enumerable.Range(0, Math.Clamp(Environment.ProcessorCount, 1, MaxWorkers))
            .Select(_ => new UdpWorker(_sockets, handler, counters, (pending, socket, client) => HandOn(pending, socket, client, cancellationToken)))
            .ToList();
        try
        {
            using var stopping = cancellationToken.Register(() => workers.ForEach(worker => worker.Stop()));
            var running = workers.Select(StartAsync).ToList();

            // One that fails ends all: none of them is to be missing without notice.
            _ = await Task.WhenAny(running);
            workers.ForEach(worker => worker.Stop());
            await Task.WhenAll(running);
            cancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            workers.ForEach(worker => worker.Dispose());
        }
    }

    private static Task StartAsync(UdpWorker worker)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(
            () =>
            {
                try
                {
                    worker.Run();
                    ended.TrySetResult();
                }
                catch (Exception e) when (ended.TrySetException(e))
                {
                    // Thrown again where the end is awaited.
                }
            },
            StackBytes)
        { IsBackground = true, Name = "fairlead-dns" };
        thread.Start();
        return ended.Task;
    }

    // Called on a serving thread: what takes time goes to others.
    private void HandOn(PendingQuery pending, UdpSocket socket, ReadOnlySpan<byte> client, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _pending) > MaxPending)
        {
            Interlocked.Decrement(ref _pending);
            counters.CountDropped();
            return;
        }

        var copy = new SocketAddress(socket.Socket.AddressFamily, client.Length);
        client.CopyTo(copy.Buffer.Span);
        _ = Task.Run(() => FinishAsync(pending, socket.Socket, copy, cancellationToken), CancellationToken.None);
    }

    private async Task FinishAsync(PendingQuery pending, Socket socket, SocketAddress client, CancellationToken cancellationToken)
    {
        try
        {
            var reply = new byte[DnsQuery.MaxUdp];
            var length = await handler.FinishAsync(pending, reply, cancellationToken);
            await socket.SendToAsync(reply.AsMemory(0, length), SocketFlags.None, client, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            counters.CountDropped();
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
        }
    }
}
