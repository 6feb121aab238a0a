using System.Net.Sockets;
using Fairlead.Linux.Packets;

namespace Fairlead.Dns.Server;

/// <summary>A UDP socket that several threads serve.</summary>
internal sealed class UdpSocket(Socket socket)
{
    private long _lost = DatagramSocket.Lost(socket);

    /// <summary>The socket, which is its owner's.</summary>
    public Socket Socket => socket;

    /// <summary>How many datagrams did not fit its buffer since this was last asked.</summary>
    public long NewlyLost()
    {
        long now = DatagramSocket.Lost(socket);
        return Math.Max(now - Interlocked.Exchange(ref _lost, now), 0);
    }
}
