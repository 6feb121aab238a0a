using System.Globalization;
using System.Runtime.InteropServices;
using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Processes;

/// <summary>A process by its descriptor (pidfd), which never means another process, even after its number is used again.</summary>
public sealed class ChildProcess : IDisposable
{
    private ChildProcess(int id, SafeFd handle)
    {
        Id = id;
        Handle = handle;
    }

    /// <summary>Process id, in this process's PID namespace.</summary>
    public int Id { get; }

    /// <summary>The pidfd; readable once the process has ended.</summary>
    public SafeFd Handle { get; }

    /// <summary>Opens a running process, a child or any other.</summary>
    /// <exception cref="LinuxException">ESRCH: no such process.</exception>
    public static ChildProcess Open(int pid)
    {
        var number = (int)Libc.SystemCall(Libc.SYS_pidfd_open, pid, 0, 0, 0);
        return new ChildProcess(pid, new SafeFd(LinuxException.Check(number, $"pidfd_open {pid}")));
    }

    /// <summary>A second descriptor for the same process, with a life of its own.</summary>
    /// <exception cref="ObjectDisposedException">This one was disposed.</exception>
    /// <exception cref="LinuxException">No descriptor left.</exception>
    public ChildProcess Duplicate() => new(Id, Handle.Duplicate());

    /// <summary>Starts a process from the calling thread.</summary>
    /// <exception cref="LinuxException">See <see cref="PreparedProcess.Start"/>.</exception>
    public static ChildProcess Start(SpawnOptions options)
    {
        using var prepared = new PreparedProcess(options);
        return prepared.Start();
    }

    /// <summary>Sends a signal.</summary>
    /// <returns>False when the process has ended already.</returns>
    /// <exception cref="LinuxException">Not permitted, or no such signal.</exception>
    public bool Signal(int signal)
    {
        if (Libc.SystemCall(Libc.SYS_pidfd_send_signal, Handle.Number, signal, 0, 0) == 0)
        {
            return true;
        }

        var error = LinuxException.Last(string.Create(CultureInfo.InvariantCulture, $"signal {signal} to process {Id}"));
        return error.Errno == Errno.ESRCH ? false : throw error;
    }

    /// <summary>Waits until the process has ended and, if it is a child, takes its exit status, once.</summary>
    /// <param name="reactor">Who waits.</param>
    /// <param name="cancellationToken">Stops waiting; the process goes on.</param>
    /// <returns>The status; <see cref="ExitStatus.Unknown"/> for a process that is not a child or was waited for by somebody else.</returns>
    public async Task<ExitStatus> WaitAsync(Reactor reactor, CancellationToken cancellationToken)
    {
        using var watch = reactor.Watch(Handle);
        while (true)
        {
            if (TryReap(Libc.WEXITED | Libc.WNOHANG) is { } status)
            {
                return status;
            }

            await watch.ReadableAsync(cancellationToken);
        }
    }

    /// <summary>Takes the exit status of a child that is about to end, blocking the caller until it has.</summary>
    /// <returns>The status; <see cref="ExitStatus.Unknown"/> when it is not a child, or somebody else took it.</returns>
    public ExitStatus Reap() => TryReap(Libc.WEXITED) ?? ExitStatus.Unknown;

    /// <summary>Waits, blocking the caller, until the process, a child or any other, has ended.</summary>
    /// <param name="patience">How long at most.</param>
    /// <returns>Whether it has.</returns>
    public bool WaitUntilEnded(TimeSpan patience)
    {
        var poll = new PollFd { Descriptor = Handle.Number, Events = Libc.POLLIN };
        return Libc.Poll(ref poll, 1, (int)patience.TotalMilliseconds) > 0;
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    private ExitStatus? TryReap(int options)
    {
        var info = default(SigInfo);
        int result;
        do
        {
            result = Libc.WaitId(Libc.P_PIDFD, (uint)Handle.Number, ref info, options);
        }
        while (result < 0 && (Errno)Marshal.GetLastPInvokeError() == Errno.EINTR);

        if (result == 0)
        {
            return info.Pid == 0 ? null
                : info.Code == Libc.CLD_EXITED ? new ExitStatus(info.Status, 0)
                : new ExitStatus(0, info.Status);
        }

        // Not a child (of an earlier run, say): all that can be known is whether it still runs.
        return Libc.SystemCall(Libc.SYS_pidfd_send_signal, Handle.Number, 0, 0, 0) == 0 && !HasEnded() ? null : ExitStatus.Unknown;
    }

    // A zombie can still be signalled; its descriptor tells. Linux marks a pidfd readable when the process has ended.
    private bool HasEnded() => WaitUntilEnded(TimeSpan.Zero);
}
