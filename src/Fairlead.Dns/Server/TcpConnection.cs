using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Server;

/// <summary>
/// One TCP connection. Queries are answered as soon as they can be: one that waits for an upstream does not hold back those behind it (RFC 7766 §7). While
/// nothing comes, it holds no buffer; while a message comes, one that grows with what has come and not with what was announced.
/// </summary>
internal sealed class TcpConnection : IDisposable
{
    /// <summary>Queries of one connection that wait for an upstream at once; then it is not read on until one is answered.</summary>
    public const int MaxPending = 16;

    /// <summary>The longest query, in bytes: no honest one comes near. A longer one ends the connection.</summary>
    public const int MaxQuery = 16 * 1024;

    /// <summary>How long a connection may be without a query.</summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    /// <summary>How long one message may take, from its first byte to its last, in either direction.</summary>
    public static readonly TimeSpan MessageTime = TimeSpan.FromSeconds(5);

    private const int FirstBuffer = 512;
    private readonly ushort _port;
    private readonly Socket _socket;
    private readonly DnsHandler _handler;
    private readonly TcpConnections _connections;
    private readonly DnsCounters _counters;
    private readonly CancellationTokenSource _reading;
    private readonly CancellationTokenSource _writing;
    private readonly SemaphoreSlim _writer = new(1);
    private readonly SemaphoreSlim _pending = new(MaxPending);
    private readonly Lock _gate = new();
    private byte[] _buffer = [];
    private int _length;
    private bool _gone;

    /// <summary>Takes over a socket.</summary>
    public TcpConnection(Socket socket, DnsHandler handler, TcpConnections connections, TimeProvider time, DnsCounters counters)
    {
        (_socket, _handler, _connections, _counters) = (socket, handler, connections, counters);
        var remote = socket.RemoteEndPoint as IPEndPoint;
        (Client, _port) = (IpAddr.From(remote?.Address ?? IPAddress.None), (ushort)(remote?.Port ?? 0));
        _reading = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _writing = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
    }

    /// <summary>Who connected.</summary>
    public IpAddr Client { get; }

    /// <summary>Its place among those that may make room; null: it is not, or no longer, counted. Of <see cref="TcpConnections"/>.</summary>
    public LinkedListNode<TcpConnection>? Place { get; set; }

    /// <summary>Queries under way. Of <see cref="TcpConnections"/>.</summary>
    public int InFlight { get; set; }

    /// <summary>Stops reading: queries under way are answered, then it ends. From any thread, at any time.</summary>
    public void End()
    {
        lock (_gate)
        {
            if (!_gone)
            {
                _reading.Cancel();
            }
        }
    }

    /// <summary>Serves until the client closes, is too slow, or breaks the rules.</summary>
    /// <exception cref="SocketException">The connection broke.</exception>
    /// <exception cref="OperationCanceledException">It was ended, was too slow, or was cancelled.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var ending = cancellationToken.UnsafeRegister(static state => ((TcpConnection)state!).End(), this);
        try
        {
            _socket.NoDelay = true;
            await ReadAsync(cancellationToken);
        }
        finally
        {
            Return(_buffer);
            for (var i = 0; i < MaxPending; i++)
            {
                await _pending.WaitAsync(CancellationToken.None);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _gone = true;
        }

        _socket.Dispose();
        _reading.Dispose();
        _writing.Dispose();
        _writer.Dispose();
        _pending.Dispose();
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_length == 0)
            {
                await AwaitFirstByteAsync();
            }

            var got = await _socket.ReceiveAsync(_buffer.AsMemory(_length), SocketFlags.None, _reading.Token);
            if (got == 0)
            {
                return;
            }

            _length += got;
            if (!await ServeWholeAsync(cancellationToken))
            {
                return;
            }
        }
    }

    // Holds no buffer meanwhile: a read of no bytes ends when there is something to read.
    private async Task AwaitFirstByteAsync()
    {
        Return(_buffer);
        _buffer = [];
        _reading.CancelAfter(IdleTime);
        await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, _reading.Token);
        _reading.CancelAfter(MessageTime);
        _buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    }

    // Answers the whole messages of the buffer and keeps the rest. False: what came can be no message.
    private async Task<bool> ServeWholeAsync(CancellationToken cancellationToken)
    {
        var used = 0;
        while (_length - used >= 2)
        {
            int size = BinaryPrimitives.ReadUInt16BigEndian(_buffer.AsSpan(used));
            if (size is < DnsHeader.Length or > MaxQuery)
            {
                return false;
            }

            if (_length - used < 2 + size)
            {
                break;
            }

            if (!await ServeAsync(_buffer.AsMemory(used + 2, size), cancellationToken))
            {
                return false;
            }

            used += 2 + size;
        }

        Keep(used);
        return true;
    }

    private void Keep(int used)
    {
        if (used > 0)
        {
            // Another message has begun.
            _length -= used;
            _buffer.AsSpan(used, _length).CopyTo(_buffer);
            _reading.CancelAfter(MessageTime);
        }
        else if (_length == _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(2 * _buffer.Length);
            _buffer.AsSpan(0, _length).CopyTo(larger);
            Return(_buffer);
            _buffer = larger;
        }
    }

    // False: no query, so that the client hears nothing and is left.
    private async Task<bool> ServeAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken)
    {
        _connections.Begin(this);
        ZoneTransfer? transfer = null;
        var handedOn = false;
        try
        {
            (var message, var pending, transfer) = Handle(query.Span);
            if (pending is null && transfer is null)
            {
                return !message.IsEmpty && await SendAsync(message, cancellationToken);
            }

            await _pending.WaitAsync(_reading.Token);
            handedOn = true;
            var (asked, given) = (pending, transfer);
            _ = Task.Run(() => asked is not null ? FinishAsync(asked, cancellationToken) : GiveAsync(given!, cancellationToken), CancellationToken.None);
            return true;
        }
        finally
        {
            if (!handedOn)
            {
                Release(transfer);
            }
        }
    }

    private (ReadOnlyMemory<byte> Message, PendingQuery? Pending, ZoneTransfer? Transfer) Handle(ReadOnlySpan<byte> query)
    {
        var room = ArrayPool<byte>.Shared.Rent(DnsHandler.MaxReply);
        var handled = _handler.Handle(query, Client, room.AsSpan(0, DnsHandler.MaxReply), tcp: true, _port);
        var message = handled.Length > 0 ? Message(room.AsSpan(0, handled.Length)) : default;
        Return(room);
        return (message, handled.Pending, handled.Transfer);
    }

    private async Task FinishAsync(PendingQuery pending, CancellationToken cancellationToken)
    {
        try
        {
            var result = await DnsHandler.AskAsync(pending, cancellationToken);
            var room = ArrayPool<byte>.Shared.Rent(DnsHandler.MaxReply);
            var message = Message(room.AsSpan(0, _handler.Finish(pending, result, room.AsSpan(0, DnsHandler.MaxReply))));
            Return(room);
            await SendAsync(message, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            _counters.CountDropped();
            End();
        }
        finally
        {
            _connections.End(this);
            _pending.Release();
        }
    }

    // Several messages, in their order; those of other queries may come between them (RFC 5936 §4.1). The next is made when the client has taken the last.
    private async Task GiveAsync(ZoneTransfer transfer, CancellationToken cancellationToken)
    {
        var room = ArrayPool<byte>.Shared.Rent(2 + ZoneTransfer.MaxMessage);
        try
        {
            while (transfer.Next(room.AsSpan(2, ZoneTransfer.MaxMessage)) is > 0 and var length)
            {
                BinaryPrimitives.WriteUInt16BigEndian(room, (ushort)length);
                await SendAsync(room.AsMemory(0, 2 + length), cancellationToken);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            _counters.CountDropped();
            End();
        }
        finally
        {
            Return(room);
            Release(transfer);
            _pending.Release();
        }
    }

    // A query is done with.
    private void Release(ZoneTransfer? transfer)
    {
        if (transfer is not null)
        {
            _handler.Finish(transfer);
        }

        _connections.End(this);
    }

    // Of its own size: a client that does not take its answers holds no more than them.
    private static ReadOnlyMemory<byte> Message(ReadOnlySpan<byte> reply)
    {
        var message = new byte[2 + reply.Length];
        BinaryPrimitives.WriteUInt16BigEndian(message, (ushort)reply.Length);
        reply.CopyTo(message.AsSpan(2));
        return message;
    }

    private async Task<bool> SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        await _writer.WaitAsync(cancellationToken);
        try
        {
            using var ending = cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _writing);
            _writing.CancelAfter(MessageTime);
            while (!message.IsEmpty)
            {
                message = message[await _socket.SendAsync(message, SocketFlags.None, _writing.Token)..];
            }

            _writing.CancelAfter(Timeout.InfiniteTimeSpan);
            return true;
        }
        finally
        {
            _writer.Release();
        }
    }

    private static void Return(byte[] buffer)
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
