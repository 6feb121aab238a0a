using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Fairlead.OneMachine;

/// <summary>
/// Carries DNS queries of the nodes' agents to the host's resolvers, from the host's network namespace. It understands nothing of a query but
/// the header it must answer with when no resolver can be reached: matching, retries and limits are the agents' business.
/// </summary>
internal sealed class DnsRelay : IDisposable
{
    /// <summary>A query or an answer over UDP, with EDNS0 at most this long here.</summary>
    private const int MaxDatagram = 4096;

    private const int MaxInFlight = 512;
    private static readonly TimeSpan QueryLife = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ConnectionLife = TimeSpan.FromSeconds(30);

    private readonly Func<IReadOnlyList<IPEndPoint>> _resolvers;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Socket _udp;
    private readonly Socket _tcp;
    private readonly SemaphoreSlim _slots = new(MaxInFlight);

    /// <summary>Opens the relay's sockets.</summary>
    /// <param name="address">The host's fabric address; the port is chosen by the kernel.</param>
    /// <param name="resolvers">The host's resolvers as of now, asked for each query, best first; none is allowed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where failures go.</param>
    /// <exception cref="SocketException">The address is not there.</exception>
    public DnsRelay(IPAddress address, Func<IReadOnlyList<IPEndPoint>> resolvers, TimeProvider time, ILogger log)
    {
        _resolvers = resolvers;
        _time = time;
        _log = log;
        _udp = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _udp.Bind(new IPEndPoint(address, 0));
        EndPoint = (IPEndPoint)_udp.LocalEndPoint!;
        _tcp = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _tcp.Bind(EndPoint);
        _tcp.Listen(64);
    }

    /// <summary>Where the agents send their queries, over UDP and TCP.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Serves until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(RunUdpAsync(cancellationToken), RunTcpAsync(cancellationToken));

    /// <inheritdoc/>
    public void Dispose()
    {
        _udp.Dispose();
        _tcp.Dispose();
        _slots.Dispose();
    }

    /// <summary>Turns a query into the answer "server failure" in place; false when it is no query.</summary>
    internal static bool ToServerFailure(Span<byte> message)
    {
        if (message.Length < 12 || (message[2] & 0x80) != 0)
        {
            return false;
        }

        // RFC 1035 §4.1.1: QR and RA set, opcode and RD kept, RCODE 2.
        message[2] |= 0x80;
        message[3] = 0x82;
        return true;
    }

    private async Task RunUdpAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxDatagram];
        var any = new IPEndPoint(_udp.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var received = await _udp.ReceiveFromAsync(buffer, any, cancellationToken);
                if (_slots.Wait(0, CancellationToken.None))
                {
                    _ = RelayDatagramAsync(buffer.AsSpan(0, received.ReceivedBytes).ToArray(), received.RemoteEndPoint, cancellationToken);
                }
            }
            catch (SocketException e)
            {
                // A client that went away reports itself here (ICMP); the next query is somebody else's.
                _log.RelayFailed(e.Message);
            }
        }
    }

    private async Task RelayDatagramAsync(byte[] query, EndPoint client, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await AskAsync(query, cancellationToken);
            if (answer.IsEmpty && ToServerFailure(query))
            {
                answer = query;
            }

            if (!answer.IsEmpty)
            {
                await _udp.SendToAsync(answer, client, cancellationToken);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            _log.RelayFailed(e.Message);
        }
        finally
        {
            _slots.Release();
        }
    }

    private async Task<ReadOnlyMemory<byte>> AskAsync(byte[] query, CancellationToken cancellationToken)
    {
        foreach (var resolver in _resolvers())
        {
            using var limit = new CancellationTokenSource(QueryLife, _time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            using var socket = new Socket(resolver.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                // Connected: the kernel takes answers from this resolver alone, and a random port each time.
                await socket.ConnectAsync(resolver, both.Token);
                await socket.SendAsync(query, both.Token);
                var answer = new byte[MaxDatagram];
                return answer.AsMemory(0, await socket.ReceiveAsync(answer, both.Token));
            }
            catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                _log.ResolverFailed(resolver, e.Message);
            }
        }

        return default;
    }

    private async Task RunTcpAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var client = await _tcp.AcceptAsync(cancellationToken);
            if (_slots.Wait(0, CancellationToken.None))
            {
                _ = RelayConnectionAsync(client, cancellationToken);
            }
            else
            {
                client.Dispose();
            }
        }
    }

    private async Task RelayConnectionAsync(Socket client, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(ConnectionLife, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using (client)
            {
                foreach (var resolver in _resolvers())
                {
                    using var upstream = new Socket(resolver.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                    await upstream.ConnectAsync(resolver, both.Token);
                    await Task.WhenAll(PumpAsync(client, upstream, both.Token), PumpAsync(upstream, client, both.Token));
                    return;
                }
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            _log.RelayFailed(e.Message);
        }
        finally
        {
            _slots.Release();
        }
    }

    private static async Task PumpAsync(Socket from, Socket to, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxDatagram];
        int read;
        while ((read = await from.ReceiveAsync(buffer, cancellationToken)) > 0)
        {
            await to.SendAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        to.Shutdown(SocketShutdown.Send);
    }
}
