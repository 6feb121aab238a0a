using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Server;

/// <summary>
/// Serves one listening TCP socket (RFC 7766). Queries of a connection are answered in their order. A connection that is idle, or sends or takes
/// a message too slowly, is closed; so is one too many, in all or from one address.
/// </summary>
internal sealed class TcpServer(Socket listener, DnsHandler handler, TimeProvider time, DnsCounters counters)
{
    /// <summary>Connections at once.</summary>
    public const int MaxConnections = 1024;

    /// <summary>Connections at once from one address, so that one pod cannot take them all.</summary>
    public const int MaxPerClient = 64;

    /// <summary>How long a connection may be without a query.</summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    /// <summary>How long one message may take, from its first byte to its last.</summary>
    public static readonly TimeSpan MessageTime = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<IPAddress, int> _clients = new();
    private int _connections;

    /// <summary>Serves until cancelled. The listening socket stays open: it is its owner's.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await listener.AcceptAsync(cancellationToken);
            }
            catch (SocketException)
            {
                // Gone before it was accepted, or no descriptor free: the next one may do better.
                counters.CountDropped();
                await Task.Delay(TimeSpan.FromMilliseconds(10), time, cancellationToken);
                continue;
            }

            _ = ServeAsync(client, cancellationToken);
        }
    }

    private async Task ServeAsync(Socket client, CancellationToken cancellationToken)
    {
        using var owned = client;
        var address = (client.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        var all = Interlocked.Increment(ref _connections);
        var own = _clients.AddOrUpdate(address, 1, (_, count) => count + 1);
        try
        {
            if (all > MaxConnections || own > MaxPerClient)
            {
                counters.CountTcpRefused();
                return;
            }

            client.NoDelay = true;
            await ServeQueriesAsync(client, IpAddr.From(address), cancellationToken);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            counters.CountDropped();
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
            Release(address);
        }
    }

    private void Release(IPAddress address)
    {
        if (_clients.AddOrUpdate(address, 0, (_, count) => count - 1) <= 0)
        {
            _clients.TryRemove(KeyValuePair.Create(address, 0));
        }
    }

    private async Task ServeQueriesAsync(Socket client, IpAddr address, CancellationToken cancellationToken)
    {
        var query = new byte[ushort.MaxValue];
        var reply = new byte[2 + DnsHandler.MaxReply];
        while (await ReadQueryAsync(client, query, cancellationToken) is var length && length > 0)
        {
            var handled = handler.Handle(query.AsSpan(0, length), address, reply.AsSpan(2), tcp: true);
            var size = handled.Pending is { } pending
                ? await handler.FinishAsync(pending, reply.AsMemory(2), cancellationToken)
                : handled.Length;
            if (size == 0)
            {
                return;
            }

            BinaryPrimitives.WriteUInt16BigEndian(reply, (ushort)size);
            await SendAsync(client, reply.AsMemory(0, 2 + size), cancellationToken);
        }
    }

    // Zero: the client has closed, or sent what can be no message.
    private async Task<int> ReadQueryAsync(Socket client, byte[] query, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(IdleTime, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var got = await client.ReceiveAsync(query.AsMemory(0, 2), SocketFlags.None, both.Token);
        deadline.CancelAfter(MessageTime);
        if (got == 0 || (got == 1 && await client.ReceiveAsync(query.AsMemory(1, 1), SocketFlags.None, both.Token) == 0))
        {
            return 0;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(query);
        if (length < DnsHeader.Length)
        {
            return 0;
        }

        for (var read = 0; read < length; read += got)
        {
            got = await client.ReceiveAsync(query.AsMemory(read, length - read), SocketFlags.None, both.Token);
            if (got == 0)
            {
                return 0;
            }
        }

        return length;
    }

    private async Task SendAsync(Socket client, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(MessageTime, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        for (var sent = 0; sent < message.Length;)
        {
            sent += await client.SendAsync(message[sent..], SocketFlags.None, both.Token);
        }
    }
}
