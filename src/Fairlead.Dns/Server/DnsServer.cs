using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Fairlead.Dns.Server;

/// <summary>Serves a set of sockets, which stay their owner's.</summary>
internal sealed class DnsServer(DnsHandler handler, TimeProvider time, DnsCounters counters, ILogger log)
{
    /// <summary>Serves until cancelled; then nothing of it uses the sockets any more.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task RunAsync(IReadOnlyList<Socket> sockets, CancellationToken cancellationToken)
    {
        var datagrams = sockets.Where(socket => socket.SocketType == SocketType.Dgram).ToList();
        var servers = sockets.Except(datagrams).Select(socket => new TcpServer(socket, handler, time, counters, log).RunAsync(cancellationToken)).ToList();
        if (datagrams.Count > 0)
        {
            servers.Add(new UdpServer(datagrams, handler, counters).RunAsync(cancellationToken));
        }

        await Task.WhenAll(servers);
    }
}
