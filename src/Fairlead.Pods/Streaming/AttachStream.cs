using Fairlead.Linux;
using Fairlead.Pods.Containers;
using Fairlead.Pods.Lifecycle;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Pods.Streaming;

/// <summary>Answers <c>kubectl attach</c>, and the attaching of <c>kubectl run -i</c>.</summary>
internal sealed class AttachStream(PodsContext context, PodWorker pod, ContainerRecord container)
{
    internal async Task ServeAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var options = RemoteCommandOptions.Parse(http.Request.Query, needsCommand: false);
        using var socket = await ChannelSocket.AcceptAsync(http, context.Time, cancellationToken);
        if (container.Process is not { } process)
        {
            // Refused before the upgrade, kubectl would try SPDY and show the refusal of that instead.
            await socket.FinishAsync(ExitReport.Failure(Absence()));
            return;
        }

        using var over = new CancellationTokenSource();
        var input = FeedAsync(socket, process, options.Stdin, over.Token);
        var sizes = ResizeAsync(socket, process, over.Token);
        await CopyAsync(socket, process, options);
        if (!socket.Gone.IsCancellationRequested)
        {
            await socket.FinishAsync(process.Log.Ended ? ExitReport.Of(0) : ExitReport.Failure("the client read more slowly than the container wrote; kubectl logs has it all"));
        }

        await over.CancelAsync();
        await Task.WhenAll(input, sizes);
    }

    private string Absence()
    {
        var name = $"container \"{container.Spec.Name}\" of pod \"{pod.Spec.Name}\"";
        return container.StandIn is null
            ? $"{name} is not running: {(container.Ended is { } ended ? ended.Reason : container.WaitingReason)}"
            : $"{name} is a stand-in: {PodWarnings.StandInReason(container.Spec)}. It has no process to attach to; kubectl exec works";
    }

    private static async Task CopyAsync(ChannelSocket socket, ContainerProcess process, RemoteCommandOptions options)
    {
        try
        {
            await foreach (var output in process.Hub.Listen().ReadAllAsync(socket.Gone))
            {
                if (output.Stream == ChannelProtocol.Stdout ? options.Stdout : options.Stderr)
                {
                    await socket.SendAsync((byte)output.Stream, output.Data);
                }
            }
        }
        catch (Exception e) when (Hangup.Is(e))
        {
            // The client has gone; the container does not mind.
            return;
        }
    }

    private async Task FeedAsync(ChannelSocket socket, ContainerProcess process, bool wanted, CancellationToken over)
    {
        try
        {
            await foreach (var data in socket.Input.Data.ReadAllAsync(over))
            {
                if (wanted && process.Input is { } input)
                {
                    await input.WriteAsync(data, over);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The container has ended, or closed its input.
            return;
        }

        if (wanted && container.Spec.StdinOnce)
        {
            await process.CloseInputAsync();
        }
    }

    private static async Task ResizeAsync(ChannelSocket socket, ContainerProcess process, CancellationToken over)
    {
        try
        {
            await foreach (var size in socket.Input.Sizes.ReadAllAsync(over))
            {
                process.Resize(size.Columns, size.Rows);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or LinuxException or ObjectDisposedException)
        {
            return;
        }
    }
}
