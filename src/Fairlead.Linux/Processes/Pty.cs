using System.Globalization;
using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Processes;

/// <summary>A pseudo-terminal: the master is ours, the slave is opened by the child (<see cref="SpawnOptions.OnTerminal"/>).</summary>
public sealed class Pty : IDisposable
{
    private Pty(SafeFd master, int number)
    {
        Master = master;
        SlavePath = string.Create(CultureInfo.InvariantCulture, $"/dev/pts/{number}");
    }

    /// <summary>The master's descriptor; give a duplicate of it to a <see cref="DescriptorStream"/>. The terminal hangs up when all are closed.</summary>
    public SafeFd Master { get; }

    /// <summary>The slave's path, in the mount namespace the master was opened in.</summary>
    public string SlavePath { get; }

    /// <summary>Opens a new terminal, as the calling thread sees the file system.</summary>
    /// <param name="multiplexer">The device; within a container with a devpts of its own, <c>/dev/pts/ptmx</c>.</param>
    /// <exception cref="LinuxException">No such device, or no terminal left.</exception>
    public static Pty Open(string multiplexer = "/dev/ptmx")
    {
        var flags = Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_CLOEXEC | Libc.O_NONBLOCK;
        var master = new SafeFd(LinuxException.Check(Libc.Open(multiplexer, flags, 0), $"open {multiplexer}"));
        var unlocked = 0;
        var number = 0;
        if (Libc.Ioctl(master, Libc.TIOCSPTLCK, ref unlocked) < 0 || Libc.Ioctl(master, Libc.TIOCGPTN, ref number) < 0)
        {
            var error = LinuxException.Last($"unlock terminal of {multiplexer}");
            master.Dispose();
            throw error;
        }

        return new Pty(master, number);
    }

    /// <summary>Sets the size in characters; a changed size sends SIGWINCH to the foreground process group.</summary>
    /// <exception cref="LinuxException">The terminal is gone.</exception>
    public void Resize(ushort columns, ushort rows)
    {
        var size = new WinSize { Columns = columns, Rows = rows };
        LinuxException.Check(Libc.Ioctl(Master, Libc.TIOCSWINSZ, ref size), $"resize {SlavePath}");
    }

    /// <inheritdoc/>
    public void Dispose() => Master.Dispose();
}
