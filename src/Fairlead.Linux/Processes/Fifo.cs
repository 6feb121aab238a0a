using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Processes;

/// <summary>
/// Named pipes. A child that holds one open for reading and writing survives whoever reads its output: no SIGPIPE reaches it, and a later reader
/// takes up where the earlier one stopped.
/// </summary>
public static class Fifo
{
    private const uint OwnerOnly = 0x180;

    /// <summary>Makes one, replacing a file of that name; readable by its owner only.</summary>
    /// <exception cref="LinuxException">The directory is missing.</exception>
    public static void Create(string path)
    {
        File.Delete(path);
        LinuxException.Check(Libc.MakeNode(path, Libc.S_IFIFO | OwnerOnly, 0), $"mkfifo {path}");
    }

    /// <summary>Opens one for reading and writing, as a child's descriptor. Never waits for the other side.</summary>
    /// <exception cref="LinuxException">No such file.</exception>
    public static SafeFd Open(string path) => new(LinuxException.Check(Libc.Open(path, Libc.O_RDWR | Libc.O_CLOEXEC, 0), $"open {path}"));

    /// <summary>Opens one for reading. Reading ends when the last descriptor that can write is closed.</summary>
    /// <exception cref="LinuxException">No such file.</exception>
    public static SafeFd OpenReader(string path) =>
        new(LinuxException.Check(Libc.Open(path, Libc.O_RDONLY | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0), $"open {path}"));
}
