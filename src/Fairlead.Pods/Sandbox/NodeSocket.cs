using System.Net;
using System.Net.Sockets;
using Fairlead.Linux.Namespaces;

namespace Fairlead.Pods.Sandbox;

/// <summary>TCP connections out of a node, as kubelet's are.</summary>
internal static class NodeSocket
{
    /// <summary>Connects from the node's network namespace.</summary>
    /// <exception cref="SocketException">Refused, unreachable.</exception>
    internal static async Task<Socket> ConnectAsync(PodsNode node, IPAddress address, int port, CancellationToken cancellationToken)
    {
        using var netns = NetNamespace.Open(node.NetworkNamespace);
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
