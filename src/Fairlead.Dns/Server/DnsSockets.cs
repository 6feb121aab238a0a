using System.Net;
using System.Net.Sockets;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Packets;

namespace Fairlead.Dns.Server;

/// <summary>Sockets a DNS server is served by.</summary>
public static class DnsSockets
{
    private const int Backlog = 256;
    private const int ReceiveBuffer = 1 << 20;

    /// <summary>UDP sockets for an address that is asked much: one for each processor, so that they do not contend for one queue, up to 8.</summary>
    public static int PerAddress => Math.Clamp(Environment.ProcessorCount, 1, UdpServer.MaxWorkers);

    /// <summary>
    /// Opens UDP sockets and a listening TCP socket at an address, in the calling thread's network namespace. Queries that arrive while nobody reads wait in
    /// them, up to a megabyte for each and 256 connections. UDP comes first in the list. All of them must be read: the kernel spreads queries over them.
    /// </summary>
    /// <param name="address">Where.</param>
    /// <param name="port">Where.</param>
    /// <param name="datagramSockets">How many UDP sockets, at least 1.</param>
    /// <exception cref="SocketException">The address is not this namespace's, or the port is taken.</exception>
    public static IReadOnlyList<Socket> Bind(IpAddr address, int port, int datagramSockets = 1)
    {
        var endPoint = new IPEndPoint(address.ToIPAddress(), port);
        var opened = new List<Socket>();
        try
        {
            // TCP first: UDP sockets that share their port would be bound beside those of somebody who holds it already.
            opened.Add(Listen(endPoint));
            for (var i = 0; i < datagramSockets; i++)
            {
                opened.Insert(i, Datagrams(endPoint, shared: datagramSockets > 1));
            }

            return opened;
        }
        catch (SocketException)
        {
            opened.ForEach(socket => socket.Dispose());
            throw;
        }
    }

    private static Socket Listen(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        return Opened(socket, () =>
        {
            // The framework's Bind sets SO_REUSEADDR for TCP; its option ReuseAddress would set SO_REUSEPORT too and let two servers listen at once.
            socket.Bind(endPoint);
            socket.Listen(Backlog);
        });
    }

    private static Socket Datagrams(IPEndPoint endPoint, bool shared)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        return Opened(socket, () =>
        {
            socket.ReceiveBufferSize = ReceiveBuffer;
            if (shared)
            {
                DatagramSocket.SharePort(socket);
            }

            socket.Bind(endPoint);
        });
    }

    private static Socket Opened(Socket socket, Action open)
    {
        try
        {
            open();
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
    }
}
