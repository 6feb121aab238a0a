using System.Buffers;
using System.Net;
using Fairlead.Linux.Addresses;
using Fairlead.State;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Fairlead.Ingress.Listening;

/// <summary>
/// Gives each connection the address of its client, before anything else reads of it: what its PROXY header says when it comes from a load balancer that must
/// send one, otherwise its peer's, IPv4 as IPv4. Without a whole header in time the connection ends. Bytes of others are not looked at.
/// </summary>
/// <param name="proxies">Whose connections begin with a PROXY header.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Told why a connection ended.</param>
internal sealed class ClientAddress(ValueArray<IpNet> proxies, TimeProvider time, ILogger logger)
{
    /// <summary>How long a header may take to come.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>The connection's way through here to <paramref name="next"/>.</summary>
    public ConnectionDelegate Before(ConnectionDelegate next) => async connection =>
    {
        connection.RemoteEndPoint = Unmapped(connection.RemoteEndPoint);
        connection.LocalEndPoint = Unmapped(connection.LocalEndPoint);
        if (connection.RemoteEndPoint is IPEndPoint peer && proxies.Holds(IpAddr.From(peer.Address)))
        {
            var fault = await ReadHeaderAsync(connection);
            if (fault is not null)
            {
                ListeningLog.NoProxyHeader(logger, peer, fault);
                connection.Abort(new ConnectionAbortedException(fault));
                return;
            }
        }

        await next(connection);
    };

    private static EndPoint? Unmapped(EndPoint? end) =>
        end is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped ? new IPEndPoint(mapped.Address.Unmapped(), mapped.Port) : end;

    // Null when the header was read; otherwise why there is none.
    private async Task<string?> ReadHeaderAsync(ConnectionContext connection)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            while (true)
            {
                var read = await connection.Transport.Input.ReadAsync(patience.Token);
                var state = Take(connection, read.Buffer);
                if (state != ProxyHeaderState.Partial)
                {
                    return state == ProxyHeaderState.Whole ? null : "what it sent is no PROXY header";
                }

                if (read.IsCompleted)
                {
                    return "it ended before its PROXY header did";
                }
            }
        }
        catch (OperationCanceledException)
        {
            return "its PROXY header did not come in time";
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    private static ProxyHeaderState Take(ConnectionContext connection, ReadOnlySequence<byte> buffer)
    {
        var bytes = buffer.IsSingleSegment ? buffer.FirstSpan : buffer.Slice(0, Math.Min(buffer.Length, ProxyHeader.MostBytes)).ToArray();
        var state = ProxyHeader.TryRead(bytes, out var header);
        var consumed = buffer.GetPosition(header?.Length ?? 0);
        connection.Transport.Input.AdvanceTo(consumed, state == ProxyHeaderState.Partial ? buffer.End : consumed);
        if (header is { Source: { } source, Destination: { } destination })
        {
            connection.RemoteEndPoint = source;
            connection.LocalEndPoint = destination;
        }

        return state;
    }
}
