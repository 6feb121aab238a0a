using System.Net.Sockets;

namespace Fairlead.Dns.Server;

/// <summary>Serves a set of sockets, which stay their owner's.</summary>
internal sealed class DnsServer(DnsHandler handler, TimeProvider time, DnsCounters counters)
{
    /// <summary>Serves until cancelled; then nothing of it uses the sockets any more.</summary>
    public async Task RunAsync(IReadOnlyList<Socket> sockets, CancellationToken cancellationToken)
    {
        var servers = sockets.Select(socket => socket.SocketType == SocketType.Dgram
            ? new UdpServer(socket, handler, counters).RunAsync(cancellationToken)
            : new TcpServer(socket, handler, time, counters).RunAsync(cancellationToken));
        await Task.WhenAll(servers);
    }
}
