using System.Net;
using System.Net.Sockets;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Server;

/// <summary>Sockets a DNS server is served by.</summary>
public static class DnsSockets
{
    private const int Backlog = 256;
    private const int ReceiveBuffer = 1 << 20;

    /// <summary>
    /// Opens a UDP and a listening TCP socket at an address, in the calling thread's network namespace. Queries that arrive while nobody reads wait in
    /// them, up to a megabyte and 256 connections.
    /// </summary>
    /// <exception cref="SocketException">The address is not this namespace's, or the port is taken.</exception>
    public static IReadOnlyList<Socket> Bind(IpAddr address, int port)
    {
        var endPoint = new IPEndPoint(address.ToIPAddress(), port);
        var udp = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        var tcp = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            udp.ReceiveBufferSize = ReceiveBuffer;
            udp.Bind(endPoint);
            tcp.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            tcp.Bind(endPoint);
            tcp.Listen(Backlog);
            return [udp, tcp];
        }
        catch (SocketException)
        {
            udp.Dispose();
            tcp.Dispose();
            throw;
        }
    }
}
