using System.Buffers.Binary;
using Fairlead.Dns.Wire;
using Fairlead.Linux;
using Fairlead.Linux.Packets;

namespace Fairlead.Dns.Server;

/// <summary>
/// One thread's part of the UDP server: it sleeps until a socket has queries, takes all of them (up to 64) by one system call, answers those it can from the
/// tables by another, and hands the others on. Nothing is allocated for a query that the tables answer.
/// </summary>
internal sealed class UdpWorker(IReadOnlyList<UdpSocket> sockets, DnsHandler handler, DnsCounters counters, Action<PendingQuery, UdpSocket, ReadOnlySpan<byte>> handOn)
    : IDisposable
{
    /// <summary>Datagrams taken at once.</summary>
    public const int Batch = 64;

    // The longest that is welcome is what our replies offer (1232); a longer one of no more than a link's 1500 is read all the same.
    private const int MaxQuery = 1500;

    // Batches of one socket before the others are looked at.
    private const int MaxRounds = 8;

    private readonly SocketWait _wait = new([.. sockets.Select(socket => socket.Socket)]);
    private readonly DatagramBatch _batch = new(Batch, MaxQuery, DnsQuery.MaxUdp);

    /// <summary>Serves until stopped. What was taken out of a socket is answered first.</summary>
    public void Run()
    {
        Span<int> ready = stackalloc int[sockets.Count];
        while (_wait.Wait(ready) is var count && count > 0)
        {
            foreach (var index in ready[..count])
            {
                Serve(sockets[index]);
            }
        }
    }

    /// <summary>Ends <see cref="Run"/>; from any thread.</summary>
    public void Stop() => _wait.Stop();

    /// <inheritdoc/>
    public void Dispose() => _wait.Dispose();

    private void Serve(UdpSocket socket)
    {
        // A full batch says that more waits: it is taken without asking first.
        var rounds = 0;
        int count;
        do
        {
            count = _batch.Receive(socket.Socket, out var error);
            if (error is not (Errno.None or Errno.EAGAIN or Errno.EINTR))
            {
                counters.CountDropped();
            }

            for (var i = 0; i < count; i++)
            {
                Answer(socket, i);
            }

            counters.CountDropped(_batch.Send(socket.Socket));
        }
        while (count == Batch && ++rounds < MaxRounds);
        if (count == Batch)
        {
            counters.CountUdpLost(socket.NewlyLost());
        }
    }

    // The third and fourth byte of a socket address of either family (ip(7), ipv6(7)).
    private static ushort PortOf(ReadOnlySpan<byte> sender) => sender.Length >= 4 ? BinaryPrimitives.ReadUInt16BigEndian(sender[2..]) : (ushort)0;

    private void Answer(UdpSocket socket, int index)
    {
        if (_batch.IsCut(index))
        {
            counters.CountDropped();
            return;
        }

        var handled = handler.Handle(_batch.Data(index), _batch.SenderAddress(index), _batch.NextReply, tcp: false, PortOf(_batch.Sender(index)));
        if (handled.Pending is { } pending)
        {
            handOn(pending, socket, _batch.Sender(index));
        }
        else if (handled.Length > 0)
        {
            _batch.Answer(index, handled.Length);
        }
    }
}
