using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Fairlead.Benchmarks;

/// <summary>
/// TCP by bare system calls. What the framework's sockets do besides (handles, addresses, completions) would be a good part of a short connection's cost and
/// hide that of its path. Everything belongs to the calling thread's network namespace.
/// </summary>
internal static partial class PathSyscalls
{
    private const int AF_INET = 2;
    private const int SOCK_STREAM_CLOEXEC = 1 | 0x80000;
    private const int SOL_SOCKET = 1;
    private const int SO_REUSEADDR = 2;
    private const int IPPROTO_TCP = 6;
    private const int TCP_NODELAY = 1;
    private const int CLOCK_THREAD_CPUTIME_ID = 3;
    private const int Backlog = 128;

    /// <summary>CPU time of the calling thread in nanoseconds: its own, the kernel's for it, and what of the packets' way is worked off on its back.</summary>
    public static long CpuTime()
    {
        GetTime(CLOCK_THREAD_CPUTIME_ID, out var time);
        return (time.Seconds * 1_000_000_000) + time.Nanoseconds;
    }

    /// <summary>Has the calling thread run on the machine's last processor only.</summary>
    public static void Pin()
    {
        Span<byte> set = stackalloc byte[128];
        set.Clear();
        var last = Environment.ProcessorCount - 1;
        set[last / 8] = (byte)(1 << (last % 8));
        Check(SetAffinity(0, (nuint)set.Length, set));
    }

    /// <summary>A socket that listens on every address.</summary>
    public static int Listen(ushort port)
    {
        var socket = Check(Socket(AF_INET, SOCK_STREAM_CLOEXEC, 0));
        SetOne(socket, SOL_SOCKET, SO_REUSEADDR);
        var address = new Address(0, port);
        Check(Bind(socket, in address, Marshal.SizeOf<Address>()));
        Check(Listen(socket, Backlog));
        return socket;
    }

    /// <summary>The next connection.</summary>
    public static int Accept(int listening) => Check(Accept(listening, 0, 0));

    /// <summary>A connection to an address in network order, without delay of small segments; null: refused or unreachable.</summary>
    public static int? TryConnect(uint address, ushort port)
    {
        var socket = Check(Socket(AF_INET, SOCK_STREAM_CLOEXEC, 0));
        var to = new Address(address, port);
        if (Connect(socket, in to, Marshal.SizeOf<Address>()) < 0)
        {
            Close(socket);
            return null;
        }

        return socket;
    }

    /// <summary>As <see cref="TryConnect"/>; that it fails ends the measurement.</summary>
    public static int Connect(uint address, ushort port) => TryConnect(address, port) ?? throw new Win32Exception();

    /// <summary>Sends small segments at once.</summary>
    public static void NoDelay(int socket) => SetOne(socket, IPPROTO_TCP, TCP_NODELAY);

    /// <summary>Sends all of it.</summary>
    public static void SendAll(int socket, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[Check((int)Send(socket, bytes, (nuint)bytes.Length, 0))..];
        }
    }

    /// <summary>What has come, at least a byte; 0 at the end.</summary>
    public static int Receive(int socket, Span<byte> bytes) => Check((int)Receive(socket, bytes, (nuint)bytes.Length, 0));

    /// <summary>Closes a socket.</summary>
    public static void Close(int socket) => _ = CloseFile(socket);

    private static void SetOne(int socket, int level, int option)
    {
        var one = 1;
        Check(SetOption(socket, level, option, in one, sizeof(int)));
    }

    private static int Check(int result) => result >= 0 ? result : throw new Win32Exception();

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseFile(int file);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out Time time);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    private static partial int SetAffinity(int thread, nuint length, ReadOnlySpan<byte> set);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(int socket, in Address address, int length);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    private static partial int Listen(int socket, int backlog);

    [LibraryImport("libc", EntryPoint = "accept", SetLastError = true)]
    private static partial int Accept(int socket, nint address, nint length);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int Connect(int socket, in Address address, int length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOption(int socket, int level, int option, in int value, int length);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(int socket, ReadOnlySpan<byte> bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(int socket, Span<byte> bytes, nuint length, int flags);

    /// <summary>struct timespec of a 64-bit machine.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }

    /// <summary>struct sockaddr_in.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Address(uint address, ushort port)
    {
        public readonly ushort Family = AF_INET;
        public readonly ushort Port = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(port);
        public readonly uint Value = address;
        public readonly ulong Zero;
    }
}
