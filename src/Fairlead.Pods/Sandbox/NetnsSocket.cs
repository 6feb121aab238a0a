using System.Net;
using System.Net.Sockets;
using Fairlead.Linux.Namespaces;

namespace Fairlead.Pods.Sandbox;

/// <summary>TCP connections out of a node or a pod, as kubelet and the runtime make them.</summary>
internal static class NetnsSocket
{
    /// <summary>Connects from within the network namespace at a path.</summary>
    /// <exception cref="SocketException">Refused, unreachable.</exception>
    internal static async Task<Socket> ConnectAsync(string path, IPAddress address, int port, CancellationToken cancellationToken)
    {
        using var netns = NetNamespace.Open(path);
        var socket = netns.Run(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            await socket.ConnectAsync(address, port, cancellationToken);
            return socket;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            throw;
        }
    }
}
