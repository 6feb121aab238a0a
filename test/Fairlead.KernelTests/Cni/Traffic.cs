using System.Net;
using System.Net.Sockets;
using Fairlead.Linux.Addresses;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Cni;

/// <summary>Real connections between namespaces.</summary>
internal static class Traffic
{
    private const int Milliseconds = 30_000;

    /// <summary>Connects by TCP and tells the client's address as the server sees it.</summary>
    internal static IpAddr Connect(TestNetns client, TestNetns server, IpAddr target, ushort port = 8080, ushort? listenPort = null)
    {
        using var listener = server.Run(() => Listen(target.Family, listenPort ?? port));
        using var socket = client.Run(() => new Socket(Family(target.Family), SocketType.Stream, ProtocolType.Tcp));
        var connecting = socket.ConnectAsync(new IPEndPoint(target.ToIPAddress(), port), Deadline.Token()).AsTask();
        Assert.True(listener.Poll(Milliseconds * 1000, SelectMode.SelectRead), $"no connection to {target}:{port} arrives");
        using var accepted = listener.Accept();
        connecting.Wait(Milliseconds);
        return IpAddr.From(((IPEndPoint)accepted.RemoteEndPoint!).Address);
    }

    /// <summary>A UDP socket on every address of a namespace.</summary>
    internal static Socket Datagrams(TestNetns netns, IpFamily family, ushort port = 0) => netns.Run(() =>
    {
        var socket = new Socket(Family(family), SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = Milliseconds };
        socket.Bind(new IPEndPoint(family == IpFamily.V4 ? IPAddress.Any : IPAddress.IPv6Any, port));
        return socket;
    });

    internal static bool Ping(TestNetns netns, IpAddr target) =>
        Tool.TryRun("nsenter", "", $"--net={netns.Path}", "busybox", "ping", target.IsV4 ? "-4" : "-6", "-c", "1", "-W", "3", target.ToString()).Code == 0;

    private static Socket Listen(IpFamily family, ushort port)
    {
        var socket = new Socket(Family(family), SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(family == IpFamily.V4 ? IPAddress.Any : IPAddress.IPv6Any, port));
        socket.Listen();
        return socket;
    }

    private static AddressFamily Family(IpFamily family) => (AddressFamily)(family == IpFamily.V4 ? 2 : 23);
}
