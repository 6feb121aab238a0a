using System.Buffers;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Pods.Streaming;

/// <summary>A WebSocket that carries the channels of a remote command.</summary>
internal sealed class ChannelSocket : IDisposable
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly WebSocket _socket;
    private readonly string _protocol;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly CancellationTokenSource _gone;
    private readonly Task _reading;

    private ChannelSocket(WebSocket socket, string protocol, TimeProvider time, CancellationToken cancellationToken)
    {
        (_socket, _protocol, _time) = (socket, protocol, time);
        _gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Gone = _gone.Token;
        _reading = ReadAsync();
    }

    /// <summary>What the client says.</summary>
    internal ClientInput Input { get; } = new();

    /// <summary>Cancelled when the client has gone, or everything ends.</summary>
    internal CancellationToken Gone { get; }

    /// <summary>Accepts the client.</summary>
    /// <exception cref="StreamRefusal">400: not a WebSocket of a protocol we speak.</exception>
    internal static async Task<ChannelSocket> AcceptAsync(HttpContext http, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!http.WebSockets.IsWebSocketRequest)
        {
            throw new StreamRefusal(400, "exec and attach are served over WebSocket only");
        }

        var protocol = ChannelProtocol.Choose(http.WebSockets.WebSocketRequestedProtocols);
        return new ChannelSocket(await http.WebSockets.AcceptWebSocketAsync(protocol), protocol, time, cancellationToken);
    }

    internal async Task SendAsync(byte channel, ReadOnlyMemory<byte> data)
    {
        var message = ArrayPool<byte>.Shared.Rent(data.Length + 1);
        await _sending.WaitAsync(Gone);
        try
        {
            message[0] = channel;
            data.CopyTo(message.AsMemory(1));
            await _socket.SendAsync(message.AsMemory(0, data.Length + 1), WebSocketMessageType.Binary, endOfMessage: true, Gone);
        }
        finally
        {
            _sending.Release();
            ArrayPool<byte>.Shared.Return(message);
        }
    }

    /// <summary>Sends the status that ends the command and says goodbye.</summary>
    internal async Task FinishAsync(byte[] status)
    {
        await SendAsync(ChannelProtocol.Status, status);
        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", Gone);
        using var patience = new CancellationTokenSource(Farewell, _time);
        await Task.WhenAny(_reading, Task.Delay(Timeout.InfiniteTimeSpan, _time, patience.Token));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        _gone.Dispose();
        _sending.Dispose();
    }

    private async Task ReadAsync()
    {
        var messages = new ChannelMessages(_protocol);
        try
        {
            while (true)
            {
                // Input is queued as it came, so each piece gets a buffer of its own.
                var buffer = new byte[ClientInput.PieceBytes];
                var received = await _socket.ReceiveAsync(buffer.AsMemory(), Gone);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }

                await Input.TakeAsync(messages.Take(buffer.AsMemory(0, received.Count), received.EndOfMessage), Gone);
            }
        }
        catch (InvalidDataException e)
        {
            Input.Fault = e.Message;
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            Input.Fault = "the client hung up";
        }

        Input.End();
        await TellGoneAsync();
    }

    private async Task TellGoneAsync()
    {
        try
        {
            await _gone.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            Input.Fault = "the stream has ended";
        }
    }
}
