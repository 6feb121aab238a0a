using Fairlead.Linux;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Processes;
using Fairlead.Pods.Containers;

namespace Fairlead.Pods.Streaming;

/// <summary>A further process in a container, with our ends of its input and output.</summary>
internal sealed class ExecProcess : IAsyncDisposable
{
    private readonly Pty? _terminal;

    private ExecProcess(ChildProcess child, Pty? terminal) => (Child, _terminal) = (child, terminal);

    internal ChildProcess Child { get; }

    internal bool Tty => _terminal is not null;

    internal DescriptorStream? Input { get; private set; }

    /// <summary>Streams to be read to their end, with the channel each belongs to.</summary>
    internal List<(DescriptorStream Stream, byte Channel)> Outputs { get; } = [];

    /// <exception cref="ContainerFailure">No such executable, or it cannot be executed.</exception>
    /// <exception cref="LinuxException">The container has ended, or no descriptor is left.</exception>
    internal static ExecProcess Start(ChildProcess container, ContainerLaunch launch, RemoteCommandOptions options, Reactor reactor)
    {
        using var stdin = Pipe.Open();
        using var stdout = Pipe.Open();
        using var stderr = Pipe.Open();
        SpawnOptions Wire(SpawnOptions spawn)
        {
            spawn = options.Stdin ? spawn.Pass(stdin.Reader, 0) : spawn.Open(0, "/dev/null", FileAccess.Read);
            spawn = options.Stdout ? spawn.Pass(stdout.Writer, 1) : spawn.Open(1, "/dev/null", FileAccess.Write);
            return options.Stderr ? spawn.Pass(stderr.Writer, 2) : spawn.Open(2, "/dev/null", FileAccess.Write);
        }

        var (child, terminal) = OwnThread.Run(() => ContainerStarter.Enter(container, launch, Wire));
        var process = new ExecProcess(child, terminal);
        if (terminal is not null)
        {
            process.Input = new DescriptorStream(reactor, terminal.Master.Duplicate(), FileAccess.ReadWrite);
            process.Outputs.Add((process.Input, ChannelProtocol.Stdout));
            return process;
        }

        process.Input = options.Stdin ? new DescriptorStream(reactor, stdin.Writer.Duplicate(), FileAccess.Write) : null;
        foreach (var (wanted, pipe, channel) in ((bool, Pipe, byte)[])[(options.Stdout, stdout, ChannelProtocol.Stdout), (options.Stderr, stderr, ChannelProtocol.Stderr)])
        {
            if (wanted)
            {
                process.Outputs.Add((new DescriptorStream(reactor, pipe.Reader.Duplicate(), FileAccess.Read), channel));
            }
        }

        return process;
    }

    internal void Resize(TerminalSize size) => _terminal?.Resize(size.Columns, size.Rows);

    /// <summary>The process reads the end of its input; a terminal has no such end.</summary>
    internal async ValueTask CloseInputAsync()
    {
        if (!Tty && Input is { } input)
        {
            Input = null;
            await input.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseInputAsync();
        foreach (var (stream, _) in Outputs)
        {
            await stream.DisposeAsync();
        }

        _terminal?.Dispose();
        Child.Dispose();
    }
}
