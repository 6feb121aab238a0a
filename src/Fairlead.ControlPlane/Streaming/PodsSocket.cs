using System.Net.Sockets;
using Fairlead.ControlPlane.Registry;

namespace Fairlead.ControlPlane.Streaming;

/// <summary>The pods role's unix socket.</summary>
internal sealed class PodsSocket(string path)
{
    /// <summary>Opens a connection for one request.</summary>
    /// <exception cref="StatusException">503: nobody answers there.</exception>
    public async Task<PodsConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        if (path.Length == 0)
        {
            throw Unavailable("none is configured");
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new PodsConnection(new NetworkStream(socket, ownsSocket: true));
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw Unavailable($"{path}: {e.Message}");
        }
    }

    private static StatusException Unavailable(string why) =>
        new(503, "ServiceUnavailable", $"the pods role, which runs the containers, does not answer ({why}); it may be starting: try again, and see fairlead status");
}
