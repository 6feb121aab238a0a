using System.Runtime.InteropServices;

namespace Fairlead.Linux.Syscalls;

internal static partial class Libc
{
    internal const int EPOLL_CLOEXEC = 0x80000;
    internal const int EPOLL_CTL_ADD = 1;
    internal const int EPOLL_CTL_DEL = 2;
    internal const uint EPOLLIN = 0x1;
    internal const uint EPOLLOUT = 0x4;
    internal const uint EPOLLERR = 0x8;
    internal const uint EPOLLHUP = 0x10;
    internal const uint EPOLLRDHUP = 0x2000;
    internal const uint EPOLLEXCLUSIVE = 0x10000000;
    internal const uint EPOLLET = 0x80000000;
    internal const short POLLIN = 0x1;
    internal const short POLLOUT = 0x4;
    internal const int EFD_CLOEXEC = 0x80000;
    internal const nuint TIOCGPTN = 0x80045430;
    internal const nuint TIOCSPTLCK = 0x40045431;
    internal const nuint TIOCSWINSZ = 0x5414;
    internal const nuint TIOCGWINSZ = 0x5413;

    /// <summary>epoll_create1(2).</summary>
    [LibraryImport(Library, EntryPoint = "epoll_create1", SetLastError = true)]
    internal static partial int EpollCreate(int flags);

    /// <summary>epoll_ctl(2); the event is laid out by <see cref="EpollEvent"/>.</summary>
    [LibraryImport(Library, EntryPoint = "epoll_ctl", SetLastError = true)]
    internal static partial int EpollControl(SafeFd epoll, int operation, SafeFd descriptor, ReadOnlySpan<byte> epollEvent);

    /// <summary>epoll_ctl(2) of a socket.</summary>
    [LibraryImport(Library, EntryPoint = "epoll_ctl", SetLastError = true)]
    internal static partial int EpollControl(SafeFd epoll, int operation, System.Net.Sockets.SafeSocketHandle socket, ReadOnlySpan<byte> epollEvent);

    /// <summary>epoll_wait(2).</summary>
    [LibraryImport(Library, EntryPoint = "epoll_wait", SetLastError = true)]
    internal static partial int EpollWait(SafeFd epoll, Span<byte> events, int maxEvents, int timeout);

    /// <summary>poll(2).</summary>
    [LibraryImport(Library, EntryPoint = "poll", SetLastError = true)]
    internal static partial int Poll(ref PollFd descriptors, nuint count, int timeout);

    /// <summary>eventfd(2).</summary>
    [LibraryImport(Library, EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int EventFd(uint initial, int flags);

    /// <summary>pipe2(2).</summary>
    [LibraryImport(Library, EntryPoint = "pipe2", SetLastError = true)]
    internal static partial int Pipe(Span<int> descriptors, int flags);

    /// <summary>read(2).</summary>
    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(SafeFd descriptor, Span<byte> buffer, nuint length);

    /// <summary>write(2).</summary>
    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(SafeFd descriptor, ReadOnlySpan<byte> buffer, nuint length);

    /// <summary>ioctl(2) on an int.</summary>
    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Ioctl(SafeFd descriptor, nuint request, ref int argument);

    /// <summary>ioctl(2) on a struct winsize.</summary>
    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Ioctl(SafeFd descriptor, nuint request, ref WinSize argument);
}

/// <summary>struct winsize (<c>asm-generic/termios.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WinSize
{
    internal ushort Rows;
    internal ushort Columns;
    internal ushort PixelsX;
    internal ushort PixelsY;
}

/// <summary>struct epoll_event, which is packed to 12 bytes on x86-64 and 16 bytes elsewhere.</summary>
internal static class EpollEvent
{
    internal static readonly int Size = Libc.IsArm64 ? 16 : 12;

    private static readonly int DataOffset = Libc.IsArm64 ? 8 : 4;

    internal static void Write(Span<byte> target, uint events, ulong data)
    {
        MemoryMarshal.Write(target, events);
        MemoryMarshal.Write(target[DataOffset..], data);
    }

    internal static uint Events(ReadOnlySpan<byte> source) => MemoryMarshal.Read<uint>(source);

    internal static ulong Data(ReadOnlySpan<byte> source) => MemoryMarshal.Read<ulong>(source[DataOffset..]);
}

/// <summary>struct pollfd (<c>poll.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollFd
{
    internal int Descriptor;
    internal short Events;
    internal short Returned;
}
