using System.Runtime.InteropServices;

namespace Fairlead.Linux.Syscalls;

internal static partial class Libc
{
    internal const int AF_NETLINK = 16;
    internal const int AF_PACKET = 17;
    internal const int SOCK_RAW = 3;
    internal const int SOCK_CLOEXEC = 0x80000;
    internal const int SOL_SOCKET = 1;
    internal const int SO_REUSEPORT = 15;
    internal const int SO_RCVTIMEO = 20;
    internal const int SO_ATTACH_FILTER = 26;
    internal const int SO_SNDBUFFORCE = 32;
    internal const int SO_RCVBUFFORCE = 33;
    internal const int SO_MEMINFO = 55;
    internal const int SK_MEMINFO_DROPS = 8;
    internal const int SK_MEMINFO_VARS = 9;
    internal const int SOL_NETLINK = 270;
    internal const int NETLINK_ADD_MEMBERSHIP = 1;
    internal const int NETLINK_DROP_MEMBERSHIP = 2;
    internal const int NETLINK_CAP_ACK = 10;
    internal const int NETLINK_EXT_ACK = 11;
    internal const int NETLINK_GET_STRICT_CHK = 12;
    internal const int MSG_TRUNC = 0x20;
    internal const int MSG_DONTWAIT = 0x40;

    // linux/bpf_common.h
    internal const ushort BPF_LD = 0x00;
    internal const ushort BPF_H = 0x08;
    internal const ushort BPF_ABS = 0x20;
    internal const ushort BPF_JMP = 0x05;
    internal const ushort BPF_JEQ = 0x10;
    internal const ushort BPF_RET = 0x06;

    /// <summary>socket(2). The socket belongs to the calling thread's network namespace.</summary>
    [LibraryImport(Library, EntryPoint = "socket", SetLastError = true)]
    internal static partial int Socket(int domain, int type, int protocol);

    /// <summary>bind(2) for netlink.</summary>
    [LibraryImport(Library, EntryPoint = "bind", SetLastError = true)]
    internal static partial int Bind(SafeFd socket, in SockAddrNl address, int length);

    /// <summary>getsockname(2) for netlink.</summary>
    [LibraryImport(Library, EntryPoint = "getsockname", SetLastError = true)]
    internal static partial int GetSockName(SafeFd socket, ref SockAddrNl address, ref int length);

    /// <summary>setsockopt(2) with an int.</summary>
    [LibraryImport(Library, EntryPoint = "setsockopt", SetLastError = true)]
    internal static partial int SetSockOpt(SafeFd socket, int level, int option, in int value, int length);

    /// <summary>setsockopt(2) of a socket of the framework's, with an int.</summary>
    [LibraryImport(Library, EntryPoint = "setsockopt", SetLastError = true)]
    internal static partial int SetSockOpt(System.Net.Sockets.SafeSocketHandle socket, int level, int option, in int value, int length);

    /// <summary>setsockopt(2) with a struct timeval.</summary>
    [LibraryImport(Library, EntryPoint = "setsockopt", SetLastError = true)]
    internal static partial int SetSockOpt(SafeFd socket, int level, int option, in TimeVal value, int length);

    /// <summary>send(2).</summary>
    [LibraryImport(Library, EntryPoint = "send", SetLastError = true)]
    internal static partial nint Send(SafeFd socket, ReadOnlySpan<byte> buffer, nuint length, int flags);

    /// <summary>sendto(2) for packet sockets.</summary>
    [LibraryImport(Library, EntryPoint = "sendto", SetLastError = true)]
    internal static partial nint SendTo(SafeFd socket, ReadOnlySpan<byte> buffer, nuint length, int flags, in Packets.SockAddrLl to, int toLength);

    /// <summary>sendmsg(2).</summary>
    [LibraryImport(Library, EntryPoint = "sendmsg", SetLastError = true)]
    internal static partial nint SendMessage(System.Net.Sockets.SafeSocketHandle socket, in MessageHeader message, int flags);

    /// <summary>recvmmsg(2) without a time limit.</summary>
    [LibraryImport(Library, EntryPoint = "recvmmsg", SetLastError = true)]
    internal static partial int ReceiveMessages(System.Net.Sockets.SafeSocketHandle socket, Span<BatchedMessage> messages, uint count, int flags, nint timeout);

    /// <summary>sendmmsg(2).</summary>
    [LibraryImport(Library, EntryPoint = "sendmmsg", SetLastError = true)]
    internal static partial int SendMessages(System.Net.Sockets.SafeSocketHandle socket, Span<BatchedMessage> messages, uint count, int flags);

    /// <summary>getsockopt(2) with an array of unsigned int.</summary>
    [LibraryImport(Library, EntryPoint = "getsockopt", SetLastError = true)]
    internal static partial int GetSockOpt(System.Net.Sockets.SafeSocketHandle socket, int level, int option, Span<uint> values, ref int length);

    /// <summary>recvfrom(2) for netlink.</summary>
    [LibraryImport(Library, EntryPoint = "recvfrom", SetLastError = true)]
    internal static partial nint ReceiveFrom(SafeFd socket, Span<byte> buffer, nuint length, int flags, ref SockAddrNl from, ref int fromLength);
}

/// <summary>struct sockaddr_nl (<c>linux/netlink.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SockAddrNl
{
    internal ushort Family;
    internal ushort Pad;
    internal uint PortId;
    internal uint Groups;
}

/// <summary>struct timeval (<c>sys/time.h</c>) of a 64-bit machine.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimeVal
{
    internal long Seconds;
    internal long Microseconds;
}

/// <summary>struct iovec (<c>bits/types/struct_iovec.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IoVector
{
    internal nint Start;
    internal nuint Length;
}

/// <summary>struct msghdr (<c>sys/socket.h</c>) of a 64-bit machine.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MessageHeader
{
    internal nint Name;
    internal uint NameLength;
    internal nint Parts;
    internal nuint PartCount;
    internal nint Control;
    internal nuint ControlLength;
    internal int Flags;
}

/// <summary>struct mmsghdr (<c>sys/socket.h</c>) of a 64-bit machine.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BatchedMessage
{
    internal MessageHeader Header;
    internal uint Length;
}

/// <summary>struct sock_filter (<c>linux/filter.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct SocketFilter(ushort Code, byte IfTrue, byte IfFalse, uint Operand);

/// <summary>struct sock_fprog (<c>linux/filter.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SocketProgram
{
    internal ushort Length;
    internal nint First;
}
