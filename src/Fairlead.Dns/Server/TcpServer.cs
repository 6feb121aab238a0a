using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Fairlead.Dns.Server;

/// <summary>
/// Serves one listening TCP socket (RFC 7766). A connection that is idle, or sends or takes a message too slowly, is closed. When there are too many, the one
/// that has been without a query for longest makes room; an address that has too many itself is refused.
/// </summary>
internal sealed class TcpServer(Socket listener, DnsHandler handler, TimeProvider time, DnsCounters counters, ILogger log)
{
    /// <summary>Connections at once.</summary>
    public const int MaxConnections = 1024;

    /// <summary>Connections at once from one address, so that one pod cannot take them all.</summary>
    public const int MaxPerClient = 64;

    // An accept that fails is tried again after this, then after twice as long, up to the longest.
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(1);

    private readonly TcpConnections _connections = new(MaxConnections, MaxPerClient);

    /// <summary>Serves until cancelled. The listening socket stays open: it is its owner's.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var retry = FirstRetry;
        while (true)
        {
            try
            {
                var client = await listener.AcceptAsync(cancellationToken);
                retry = FirstRetry;
                _ = ServeAsync(client, cancellationToken);
            }
            catch (SocketException e)
            {
                // Gone before it was accepted, or no descriptor free: the next one may do better. Told of once, when it was not for a moment only.
                counters.CountDropped();
                if (retry > FirstRetry && retry <= 2 * FirstRetry)
                {
                    log.AcceptFails($"{listener.LocalEndPoint}", e.Message);
                }

                await Task.Delay(retry, time, cancellationToken);
                retry = TimeSpan.FromTicks(Math.Min(2 * retry.Ticks, LastRetry.Ticks));
            }
        }
    }

    private async Task ServeAsync(Socket socket, CancellationToken cancellationToken)
    {
        using var connection = new TcpConnection(socket, handler, _connections, time, counters);
        if (!_connections.TryEnter(connection, out var replaced))
        {
            counters.CountTcpRefused();
            return;
        }

        if (replaced is not null)
        {
            counters.CountTcpReplaced();
            replaced.End();
        }

        try
        {
            await connection.RunAsync(cancellationToken);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            counters.CountDropped();
        }
        finally
        {
            _connections.Leave(connection);
        }
    }
}
