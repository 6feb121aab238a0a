using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Packets;

/// <summary>
/// Answers a datagram from the address it was sent to, which a socket bound to no address does not do by itself on a machine with several
/// (IP_PKTINFO, ip(7); IPV6_PKTINFO, ipv6(7)).
/// </summary>
public static class DatagramReply
{
    private const int ControlHeader = 16;
    private const int IPv6PacketInfo = 50;
    private const int IPPacketInfo = 8;

    /// <summary>Sends a datagram. Does not wait: when the socket's buffer is full it fails.</summary>
    /// <param name="socket">A UDP socket; of IPv6, which may take IPv4 as well, or of IPv4.</param>
    /// <param name="data">What to send.</param>
    /// <param name="to">Where to, of the socket's family.</param>
    /// <param name="from">An address of this machine.</param>
    /// <param name="link">Index of the link that <paramref name="from"/> is of, needed for a link-local address; 0 for any.</param>
    /// <exception cref="LinuxException">No such address here, no route, or no room.</exception>
    public static unsafe void Send(Socket socket, ReadOnlySpan<byte> data, IPEndPoint to, IPAddress from, int link)
    {
        var v6 = socket.AddressFamily == AddressFamily.InterNetworkV6;
        Span<byte> control = stackalloc byte[40];
        var used = Control(control, v6, v6 ? from.MapToIPv6() : from, from.IsIPv6LinkLocal ? link : 0);
        var target = to.Serialize();
        fixed (byte* name = target.Buffer.Span, start = data, info = control)
        {
            var part = new IoVector { Start = (nint)start, Length = (nuint)data.Length };
            var message = new MessageHeader
            {
                Name = (nint)name,
                NameLength = (uint)target.Size,
                Parts = (nint)(&part),
                PartCount = 1,
                Control = (nint)info,
                ControlLength = (nuint)used,
            };
            LinuxException.Check((int)Libc.SendMessage(socket.SafeHandle, in message, Libc.MSG_DONTWAIT), $"send {data.Length} bytes from {from} to {to}");
        }
    }

    // struct cmsghdr (length 8, level 4, type 4), then in6_pktinfo (address 16, link 4) or in_pktinfo (link 4, source 4, ignored 4).
    private static int Control(Span<byte> control, bool v6, IPAddress from, int link)
    {
        control.Clear();
        var body = control[ControlHeader..];
        MemoryMarshal.Write(control, (ulong)(ControlHeader + (v6 ? 20 : 12)));
        MemoryMarshal.Write(control[8..], v6 ? (int)ProtocolType.IPv6 : (int)ProtocolType.IP);
        MemoryMarshal.Write(control[12..], v6 ? IPv6PacketInfo : IPPacketInfo);
        from.TryWriteBytes(v6 ? body : body[4..], out _);
        MemoryMarshal.Write(v6 ? body[16..] : body, link);
        return v6 ? 40 : 32;
    }
}
