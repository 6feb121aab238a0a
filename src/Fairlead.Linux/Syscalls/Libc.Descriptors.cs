using System.Runtime.InteropServices;

namespace Fairlead.Linux.Syscalls;

/// <summary>The system calls, by aspect. Results are the C library's; errors are in the thread's last P/Invoke error.</summary>
internal static partial class Libc
{
    private const string Library = "libc";

    internal const int F_DUPFD_CLOEXEC = 1030;
    internal const int F_SETFD = 2;
    internal const int FD_CLOEXEC = 1;
    internal const int F_GETFL = 3;
    internal const int F_SETFL = 4;
    internal const nint SYS_close_range = 436;
    internal const nint CLOSE_RANGE_CLOEXEC = 4;
    internal const int O_RDONLY = 0;
    internal const int O_WRONLY = 1;
    internal const int O_RDWR = 2;
    internal const int O_CREAT = 0x40;
    internal const int O_EXCL = 0x80;
    internal const int O_NOCTTY = 0x100;
    internal const int O_NONBLOCK = 0x800;
    internal const int O_CLOEXEC = 0x80000;
    internal const int O_PATH = 0x200000;


    /// <summary>Differs between architectures (<c>asm/fcntl.h</c>).</summary>
    internal static int O_NOFOLLOW => IsArm64 ? 0x8000 : 0x20000;

    /// <summary>close(2). Never retried on EINTR: on Linux the descriptor is gone.</summary>
    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    /// <summary>open(2).</summary>
    [LibraryImport(Library, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, uint mode);

    /// <summary>fcntl(2) with an integer argument.</summary>
    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int Fcntl(SafeFd descriptor, int command, int argument);
}
