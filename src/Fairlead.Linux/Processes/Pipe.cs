using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Processes;

/// <summary>A pipe's two ends, close-on-exec. Each is closed or given away by whoever uses it.</summary>
public sealed class Pipe : IDisposable
{
    private Pipe(SafeFd reader, SafeFd writer)
    {
        Reader = reader;
        Writer = writer;
    }

    /// <summary>The end to read.</summary>
    public SafeFd Reader { get; }

    /// <summary>The end to write.</summary>
    public SafeFd Writer { get; }

    /// <summary>Makes a pipe.</summary>
    /// <exception cref="LinuxException">No descriptor left.</exception>
    public static Pipe Open()
    {
        Span<int> ends = stackalloc int[2];
        LinuxException.Check(Libc.Pipe(ends, Libc.O_CLOEXEC), "pipe2");
        return new Pipe(new SafeFd(ends[0]), new SafeFd(ends[1]));
    }

    /// <summary>Closes the ends that are still open.</summary>
    public void Dispose()
    {
        Reader.Dispose();
        Writer.Dispose();
    }
}
