using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text;
using Fairlead.Pods.Lifecycle;

namespace Fairlead.Pods.Streaming.PortForward;

/// <summary>
/// Serves <c>v4.channel.k8s.io</c>: the ports are named in the query; the n-th one has channel 2n for data and 2n + 1 for errors, each of which begins with the
/// port's number, low byte first (k8s.io/kubelet pkg/cri/streaming/portforward).
/// </summary>
internal sealed class ChannelForwarder(PodWorker pod, WebSocket socket, IReadOnlyList<int> ports, TimeProvider time) : IDisposable
{
    /// <summary>Most ports of one request: a channel is one byte.</summary>
    internal const int MostPorts = 128;

    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly Pipe[] _inputs = [.. ports.Select(_ => ForwardedPort.NewQueue())];
    private readonly SemaphoreSlim _sending = new(1, 1);

    /// <inheritdoc/>
    public void Dispose() => _sending.Dispose();

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var connections = Task.WhenAll(ports.Select((_, index) => CarryAsync(index, end.Token)));
        var reading = ReadAsync(end.Token);
        if (await Task.WhenAny(connections, reading) == connections)
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", end.Token);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(end.Token);
            await Task.WhenAny(reading, Task.Delay(Farewell, time, patience.Token));
            await patience.CancelAsync();
        }

        await end.CancelAsync();
        await Task.WhenAll(connections, reading);
    }

    private async Task CarryAsync(int index, CancellationToken cancellationToken)
    {
        var (data, error) = ((byte)(2 * index), (byte)((2 * index) + 1));
        var number = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(number, (ushort)ports[index]);
        try
        {
            await SendAsync(data, number, cancellationToken);
            await SendAsync(error, number, cancellationToken);
            var problem = await new ForwardedPort(pod).CarryAsync(
                ports[index], _inputs[index].Reader, (bytes, end) => SendAsync(data, bytes, end), cancellationToken);
            if (problem.Length > 0)
            {
                await SendAsync(error, Encoding.UTF8.GetBytes(problem), cancellationToken);
            }
        }
        catch (Exception e) when (Hangup.Is(e))
        {
            return;
        }
    }

    private async ValueTask SendAsync(byte channel, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        byte[] message = [channel, .. data.Span];
        await _sending.WaitAsync(cancellationToken);
        try
        {
            await socket.SendAsync(message.AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        Pipe? input = null;
        var begins = true;
        try
        {
            ValueWebSocketReceiveResult received;
            while ((received = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken)).MessageType != WebSocketMessageType.Close)
            {
                // The first byte of a message is its channel; what comes on others than those for data is not ours to read.
                var skip = begins && received.Count > 0 ? 1 : 0;
                input = skip == 0 ? input : buffer[0] % 2 == 0 && buffer[0] / 2 < _inputs.Length ? _inputs[buffer[0] / 2] : null;
                begins = received.EndOfMessage || (begins && received.Count == 0);
                if (input is not null && received.Count > skip)
                {
                    await input.Writer.WriteAsync(buffer.AsMemory(skip, received.Count - skip), cancellationToken);
                }
            }
        }
        catch (Exception e) when (Hangup.Is(e))
        {
            return;
        }
        finally
        {
            Array.ForEach(_inputs, queue => queue.Writer.Complete(new IOException("the client hung up")));
        }
    }
}
