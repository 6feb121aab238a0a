using System.Net;
using System.Net.Sockets;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Server;

/// <summary>Serves one UDP socket with several receivers; each has its buffers and uses them again.</summary>
internal sealed class UdpServer(Socket socket, DnsHandler handler, DnsCounters counters)
{
    private const int MaxQuery = 4096;
    private static readonly int Receivers = Math.Clamp(Environment.ProcessorCount, 1, 4);

    /// <summary>Serves until cancelled. The socket stays open: it is its owner's.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, Receivers).Select(_ => Task.Run(() => ReceiveAsync(cancellationToken), cancellationToken)));

    private async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        var query = new byte[MaxQuery];
        var reply = new byte[DnsQuery.MaxUdp];
        var client = new SocketAddress(socket.AddressFamily);
        while (true)
        {
            try
            {
                var length = await socket.ReceiveFromAsync(query, SocketFlags.None, client, cancellationToken);
                var handled = handler.Handle(query.AsSpan(0, length), AddressOf(client), reply, tcp: false);
                if (handled.Pending is { } pending)
                {
                    _ = FinishAsync(pending, Copy(client), cancellationToken);
                }
                else if (handled.Length > 0)
                {
                    // Not cancelled: a query that was taken is answered, by whoever took it.
                    await socket.SendToAsync(reply.AsMemory(0, handled.Length), SocketFlags.None, client, CancellationToken.None);
                }
            }
            catch (SocketException)
            {
                // A client that cannot be reached is its own trouble: no reply, and on with the next.
                counters.CountDropped();
            }
        }
    }

    private async Task FinishAsync(PendingQuery pending, SocketAddress client, CancellationToken cancellationToken)
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
    }

    // sockaddr_in: family, port, address; sockaddr_in6: family, port, flow label, address (ip(7), ipv6(7)).
    private static IpAddr AddressOf(SocketAddress address) => address.Family == AddressFamily.InterNetwork
        ? IpAddr.FromBytes(address.Buffer.Span.Slice(4, 4))
        : IpAddr.FromBytes(address.Buffer.Span.Slice(8, 16));

    private static SocketAddress Copy(SocketAddress address)
    {
        var copy = new SocketAddress(address.Family, address.Size);
        address.Buffer.Span[..address.Size].CopyTo(copy.Buffer.Span);
        return copy;
    }
}
