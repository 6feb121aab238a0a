using Fairlead.Linux;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Processes;
using Microsoft.Extensions.Logging;

namespace Fairlead.Pods.Containers;

/// <summary>A container's PID 1 with its input and output. Its namespaces are found through it.</summary>
internal sealed class ContainerProcess : IAsyncDisposable
{
    private readonly Reactor _reactor;
    private readonly Pty? _terminal;
    private readonly ILogger _log;
    private Task _output = Task.CompletedTask;

    private ContainerProcess(ChildProcess process, Reactor reactor, ContainerLog output, Pty? terminal, ILogger log)
    {
        Process = process;
        _reactor = reactor;
        _terminal = terminal;
        _log = log;
        Log = output;
    }

    internal ChildProcess Process { get; }

    internal ContainerLog Log { get; }

    internal OutputHub Hub { get; } = new();

    internal DescriptorStream? Input { get; private set; }

    internal bool Tty => _terminal is not null;

    /// <summary>Starts a container.</summary>
    /// <param name="launch">What to run.</param>
    /// <param name="pipes">Directory for the pipes its output goes through.</param>
    /// <param name="output">Where output goes.</param>
    /// <param name="reactor">Who waits.</param>
    /// <param name="log">Where failures go.</param>
    /// <exception cref="ContainerFailure">No such executable, or it cannot be executed.</exception>
    /// <exception cref="LinuxException">The kernel refused a namespace or a mount.</exception>
    internal static ContainerProcess Start(ContainerLaunch launch, string pipes, ContainerLog output, Reactor reactor, ILogger log)
    {
        Directory.CreateDirectory(launch.MountPoint);
        Directory.CreateDirectory(pipes);
        foreach (var name in (string[])["stdout", "stderr"])
        {
            Fifo.Create($"{pipes}/{name}");
        }

        using var stdin = Pipe.Open();
        using var stdout = Fifo.Open($"{pipes}/stdout");
        using var stderr = Fifo.Open($"{pipes}/stderr");
        var wire = (SpawnOptions options) =>
            (launch.Stdin ? options.Pass(stdin.Reader, 0) : options.Open(0, "/dev/null", FileAccess.Read)).Pass(stdout, 1).Pass(stderr, 2);
        var (child, terminal) = OwnThread.Run(() => ContainerStarter.Start(launch, wire));
        var container = new ContainerProcess(child, reactor, output, terminal, log);
        if (terminal is not null)
        {
            container.Input = new DescriptorStream(reactor, terminal.Master.Duplicate(), FileAccess.ReadWrite);
            container._output = container.PumpAsync(container.Input, 1);
            return container;
        }

        if (launch.Stdin)
        {
            container.Input = new DescriptorStream(reactor, stdin.Writer.Duplicate(), FileAccess.Write);
        }

        container.ReadPipes(pipes);
        return container;
    }

    /// <summary>Takes up a container that an earlier run of this program started.</summary>
    internal static ContainerProcess Adopt(ChildProcess process, string pipes, ContainerLog output, Reactor reactor, ILogger log)
    {
        var container = new ContainerProcess(process, reactor, output, null, log);
        if (File.Exists($"{pipes}/stdout"))
        {
            container.ReadPipes(pipes);
        }

        return container;
    }

    /// <summary>Waits for the end of the process and of its output.</summary>
    internal async Task<ExitStatus> WaitAsync(CancellationToken cancellationToken)
    {
        var status = await Process.WaitAsync(_reactor, cancellationToken);
        await _output.WaitAsync(cancellationToken);
        Log.End();
        Hub.End();
        return status;
    }

    internal void Resize(ushort columns, ushort rows) => _terminal?.Resize(columns, rows);

    /// <summary>The container reads the end of its input.</summary>
    internal async ValueTask CloseInputAsync()
    {
        if (_terminal is null && Input is { } input)
        {
            Input = null;
            await input.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Input is { } input)
        {
            await input.DisposeAsync();
        }

        _terminal?.Dispose();
        Process.Dispose();
    }

    private void ReadPipes(string pipes)
    {
        var readers = (int[])[1, 2];
        _output = Task.WhenAll(readers.Select(async stream =>
        {
            await using var reader = new DescriptorStream(_reactor, Fifo.OpenReader($"{pipes}/{(stream == 1 ? "stdout" : "stderr")}"), FileAccess.Read);
            await PumpAsync(reader, stream);
        }).ToArray());
    }

    private async Task PumpAsync(DescriptorStream reader, int stream)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            int count;
            while ((count = await reader.ReadAsync(buffer)) > 0)
            {
                Log.Append(stream == 1 ? "stdout" : "stderr", buffer.AsSpan(0, count));
                Hub.Publish(new Output(stream, buffer[..count]));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            _log.OutputFailed(Log.Path, e.Message);
        }
    }
}

/// <summary>A container could not be started: the reason and message containerd gives.</summary>
internal class ContainerFailure(string message) : Exception(message);

/// <summary>The container has no such executable.</summary>
internal sealed class ExecutableMissing(string message) : ContainerFailure(message)
{
    /// <summary>What a shell returns for it (POSIX, Exit Status for Commands).</summary>
    internal const int ShellCode = 127;
}
