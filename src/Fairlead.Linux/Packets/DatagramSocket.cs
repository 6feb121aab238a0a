using System.Net.Sockets;
using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Packets;

/// <summary>What Linux knows of UDP sockets and the framework has no name for.</summary>
public static class DatagramSocket
{
    /// <summary>
    /// Lets several sockets be bound to one address and port (SO_REUSEPORT, socket(7)). The kernel spreads what comes over them by sender, so that all of them
    /// must be read. To be called on each before it is bound.
    /// </summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static void SharePort(Socket socket)
    {
        var one = 1;
        LinuxException.Check(Libc.SetSockOpt(socket.SafeHandle, Libc.SOL_SOCKET, Libc.SO_REUSEPORT, in one, sizeof(int)), "setsockopt SO_REUSEPORT");
    }

    /// <summary>How many datagrams a socket has lost since it was opened because its buffer was full (SO_MEMINFO, Linux 4.12); 0 when it cannot be told.</summary>
    public static uint Lost(Socket socket)
    {
        Span<uint> values = stackalloc uint[Libc.SK_MEMINFO_VARS];
        var length = values.Length * sizeof(uint);
        return Libc.GetSockOpt(socket.SafeHandle, Libc.SOL_SOCKET, Libc.SO_MEMINFO, values, ref length) == 0 ? values[Libc.SK_MEMINFO_DROPS] : 0;
    }
}
