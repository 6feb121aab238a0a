using System.Text;
using Fairlead.Linux;
using Fairlead.Linux.Processes;
using Fairlead.Pods.Containers;
using Fairlead.Pods.Lifecycle;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Pods.Streaming;

/// <summary>Answers <c>kubectl exec</c>.</summary>
internal sealed class ExecStream(PodsContext context, PodWorker pod, ContainerRecord container)
{
    private const int CannotExecute = 126;

    // A client with a terminal says its size at once; a program that asks for it first thing should not be told 0 by 0.
    private static readonly TimeSpan SizePatience = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan DrainPatience = TimeSpan.FromMilliseconds(100);

    internal async Task ServeAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var options = RemoteCommandOptions.Parse(http.Request.Query, needsCommand: true);
        using var socket = await ChannelSocket.AcceptAsync(http, context.Time, cancellationToken);
        ExecProcess process;
        try
        {
            var (inside, launch) = await PlaceAsync(cancellationToken);
            launch = launch with
            {
                Command = options.Command,
                Tty = options.Tty,
                Environment = Environment(launch, options.Tty),
                Size = options.Tty ? await FirstSizeAsync(socket) : null,
            };
            process = ExecProcess.Start(inside, launch, options, context.Reactor);
        }
        catch (StreamRefusal e)
        {
            // Refused before the upgrade, kubectl would try SPDY and show the refusal of that instead.
            await socket.FinishAsync(ExitReport.Failure(e.Message));
            return;
        }
        catch (ContainerFailure e)
        {
            var code = e is ExecutableMissing ? ExecutableMissing.ShellCode : CannotExecute;
            var text = $"exec failed: unable to start container process: {e.Message}{(options.Tty ? "\r\n" : "\n")}";
            await socket.SendAsync(options.Stderr && !options.Tty ? ChannelProtocol.Stderr : ChannelProtocol.Stdout, Encoding.UTF8.GetBytes(text));
            await socket.FinishAsync(ExitReport.Of(code));
            return;
        }
        catch (LinuxException e)
        {
            await socket.FinishAsync(ExitReport.Failure($"cannot execute in container {container.Spec.Name}: {e.Message}"));
            return;
        }

        await using (process)
        {
            await RunAsync(socket, process);
        }
    }

    private static IReadOnlyList<string> Environment(ContainerLaunch launch, bool tty) =>
        tty && !launch.Environment.Any(variable => variable.StartsWith("TERM=", StringComparison.Ordinal)) ? [.. launch.Environment, "TERM=xterm"] : launch.Environment;

    /// <summary>The process whose namespaces are entered, and what the container was started with.</summary>
    private async Task<(ChildProcess Inside, ContainerLaunch Launch)> PlaceAsync(CancellationToken cancellationToken)
    {
        if (container.StandIn is not null)
        {
            try
            {
                var (holder, launch) = await pod.Holders.OfAsync(container, cancellationToken);
                return (holder.Process, launch);
            }
            catch (ContainerFailure e)
            {
                throw new StreamRefusal(500, e.Message);
            }
        }

        var process = container.Process ?? throw new StreamRefusal(
            500, $"container \"{container.Spec.Name}\" of pod \"{pod.Spec.Name}\" is not running: {(container.Ended is { } ended ? ended.Reason : container.WaitingReason)}");
        return (process.Process, container.Launch ?? await pod.Plan.LaunchAsync(container.Spec, ["sh"], cancellationToken));
    }

    private async Task<TerminalSize?> FirstSizeAsync(ChannelSocket socket)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(socket.Gone);
        using var timer = new CancellationTokenSource(SizePatience, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, socket.Gone);
        try
        {
            return await socket.Input.Sizes.WaitToReadAsync(either.Token) && socket.Input.Sizes.TryRead(out var size) ? size : null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private async Task RunAsync(ChannelSocket socket, ExecProcess process)
    {
        using var over = new CancellationTokenSource();
        var exit = process.Child.WaitAsync(context.Reactor, CancellationToken.None);
        var output = Task.WhenAll(process.Outputs.Select(pair => PumpAsync(socket, pair.Stream, pair.Channel, over.Token)).ToArray());
        var input = FeedAsync(socket, process, over.Token);
        var sizes = ResizeAsync(socket, process, over.Token);
        var gone = Task.Delay(Timeout.InfiniteTimeSpan, context.Time, socket.Gone);
        if (await Task.WhenAny(exit, gone) != exit)
        {
            await ProcessSession.EndAsync(process.Child.Id, exit, context.Time);
        }

        var status = await exit;
        await over.CancelAsync();
        await Task.WhenAll(output, input, sizes);
        if (!socket.Gone.IsCancellationRequested)
        {
            await socket.FinishAsync(ExitReport.Of(status.ShellCode));
        }
    }

    private async Task PumpAsync(ChannelSocket socket, DescriptorStream from, byte channel, CancellationToken over)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            int count;
            while ((count = await ReadAsync(from, buffer, over)) > 0)
            {
                await socket.SendAsync(channel, buffer.AsMemory(0, count));
            }
        }
        catch (Exception e) when (Hangup.Is(e))
        {
            // The client has gone, and the process is ended for it.
            return;
        }
    }

    /// <summary>Once the process is over, what it wrote is there to be read at once; others that hold its output open are not waited for.</summary>
    private async ValueTask<int> ReadAsync(DescriptorStream from, byte[] buffer, CancellationToken over)
    {
        try
        {
            return await from.ReadAsync(buffer, over);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            using var patience = new CancellationTokenSource(DrainPatience, context.Time);
            try
            {
                return await from.ReadAsync(buffer, patience.Token);
            }
            catch (OperationCanceledException)
            {
                return 0;
            }
        }
    }

    private static async Task FeedAsync(ChannelSocket socket, ExecProcess process, CancellationToken over)
    {
        try
        {
            await foreach (var data in socket.Input.Data.ReadAllAsync(over))
            {
                if (process.Input is { } input && !await TryWriteAsync(input, data, over))
                {
                    await process.CloseInputAsync();
                }
            }

            await process.CloseInputAsync();
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            return;
        }
    }

    /// <summary>False when the process has closed its input: what else comes is read over.</summary>
    private static async Task<bool> TryWriteAsync(DescriptorStream input, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        try
        {
            await input.WriteAsync(data, cancellationToken);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task ResizeAsync(ChannelSocket socket, ExecProcess process, CancellationToken over)
    {
        try
        {
            await foreach (var size in socket.Input.Sizes.ReadAllAsync(over))
            {
                process.Resize(size);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or LinuxException)
        {
            return;
        }
    }
}
