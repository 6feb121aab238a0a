using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Fairlead.Linux;
using Fairlead.Pods.Lifecycle;
using Fairlead.Pods.Sandbox;

namespace Fairlead.Pods.Streaming.PortForward;

/// <summary>Connects to a port on the pod's loopback addresses, as kubelet does, and carries bytes both ways.</summary>
internal sealed class ForwardedPort(PodWorker pod)
{
    private const int PieceBytes = 32 * 1024;

    // What a pod does not read stays in the queue; beyond this its client waits.
    private const int QueuedBytes = 1024 * 1024;

    /// <summary>A queue for what a client sends.</summary>
    internal static Pipe NewQueue() => new(new PipeOptions(pauseWriterThreshold: QueuedBytes, resumeWriterThreshold: QueuedBytes / 2, useSynchronizationContext: false));

    /// <summary>A port as a client writes it, 1 to 65535; null when it is none.</summary>
    internal static int? Parse(string? text) => ushort.TryParse(text, out var port) && port > 0 ? port : null;

    /// <summary>Carries until the pod has sent its last, or the client breaks off. Returns what kept it from connecting, for the user to read; else nothing.</summary>
    internal async Task<string> CarryAsync(
        int port, PipeReader input, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> send, CancellationToken cancellationToken)
    {
        try
        {
            using var socket = await ConnectAsync(port, cancellationToken);
            socket.NoDelay = true;
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAll(UpAsync(input, socket, over), DownAsync(socket, send, over));
            return "";
        }
        catch (Exception e) when (e is SocketException or LinuxException)
        {
            return $"error forwarding port {port} to pod {pod.Spec.Namespace}/{pod.Spec.Name}: {e.Message}";
        }
        finally
        {
            await input.CompleteAsync();
        }
    }

    private static async Task UpAsync(PipeReader input, Socket socket, CancellationTokenSource over)
    {
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: false);
            await input.CopyToAsync(stream, over.Token);

            // The client sends nothing more, and may still wait for the answer.
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (Hangup.Is(e) || e is SocketException)
        {
            await over.CancelAsync();
        }
    }

    private static async Task DownAsync(Socket socket, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> send, CancellationTokenSource over)
    {
        var piece = new byte[PieceBytes];
        try
        {
            int read;
            while ((read = await socket.ReceiveAsync(piece, over.Token)) > 0)
            {
                await send(piece.AsMemory(0, read), over.Token);
            }
        }
        catch (Exception e) when (Hangup.Is(e) || e is SocketException)
        {
            // A connection the pod resets has ended; the other connections of this client go on.
            return;
        }
        finally
        {
            await over.CancelAsync();
        }
    }

    /// <exception cref="SocketException">Neither loopback address answers; the reason is the one of IPv4.</exception>
    private async Task<Socket> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        var path = pod.Spec.HostNetwork ? pod.Node.NetworkNamespace : pod.Paths.Net;
        try
        {
            return await NetnsSocket.ConnectAsync(path, IPAddress.Loopback, port, cancellationToken);
        }
        catch (SocketException first)
        {
            try
            {
                return await NetnsSocket.ConnectAsync(path, IPAddress.IPv6Loopback, port, cancellationToken);
            }
            catch (SocketException second)
            {
                throw new SocketException((int)first.SocketErrorCode, $"127.0.0.1:{port}: {first.Message}; [::1]:{port}: {second.Message}");
            }
        }
    }
}
