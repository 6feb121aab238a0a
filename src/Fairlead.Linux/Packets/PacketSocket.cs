using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Packets;

/// <summary>Sends whole Ethernet frames on links of the network namespace of the thread that opened it (AF_PACKET). Receives nothing.</summary>
public sealed class PacketSocket : IDisposable
{
    private readonly SafeFd _socket;

    private PacketSocket(SafeFd socket) => _socket = socket;

    /// <summary>Opens a socket in the network namespace of the calling thread.</summary>
    /// <exception cref="LinuxException">Not permitted.</exception>
    public static PacketSocket Open()
    {
        // Protocol 0: nothing is delivered to this socket.
        var number = Libc.Socket(Libc.AF_PACKET, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, 0);
        return new PacketSocket(new SafeFd(LinuxException.Check(number, "socket AF_PACKET")));
    }

    /// <summary>Sends a frame, Ethernet header included.</summary>
    /// <param name="link">Index of the link.</param>
    /// <param name="frame">At least 14 bytes.</param>
    /// <exception cref="LinuxException">The link is down or gone, or the frame too long.</exception>
    public void Send(int link, ReadOnlySpan<byte> frame)
    {
        var address = new SockAddrLl { Family = Libc.AF_PACKET, Index = link, AddressLength = MacAddress.Size };
        var sent = Libc.SendTo(_socket, frame, (nuint)frame.Length, 0, in address, Unsafe.SizeOf<SockAddrLl>());
        LinuxException.Check((int)sent, $"send {frame.Length} bytes on link {link}");
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}

/// <summary>struct sockaddr_ll (<c>linux/if_packet.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SockAddrLl
{
    internal ushort Family;
    internal ushort Protocol;
    internal int Index;
    internal ushort HardwareType;
    internal byte PacketType;
    internal byte AddressLength;
    internal fixed byte Address[8];
}
