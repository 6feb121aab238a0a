using Fairlead.Linux.Netlink;

namespace Fairlead.Linux.Route;

/// <summary>
/// Links, addresses, routes and neighbours of one network namespace: that of the thread that opened the socket. May be used from any thread.
/// Unless it says otherwise, a method throws <see cref="NetlinkException"/> with what was asked and why the kernel refused.
/// </summary>
public sealed partial class RouteSocket : IDisposable
{
    private readonly NetlinkSocket _socket;

    private RouteSocket(NetlinkSocket socket) => _socket = socket;

    /// <summary>Opens a socket in the network namespace of the calling thread.</summary>
    /// <exception cref="LinuxException">No descriptor left.</exception>
    public static RouteSocket Open() => new(NetlinkSocket.Open(NetlinkProtocol.Route));

    /// <summary>Opens a socket in <paramref name="netns"/>.</summary>
    /// <exception cref="LinuxException">No descriptor left, or not a network namespace.</exception>
    public static RouteSocket Open(Namespaces.NetNamespace netns) => netns.Run(Open);

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    /// <summary>Sends one message; false when it is refused with one of <paramref name="accepted"/>.</summary>
    private bool Try(NetlinkWriter request, string operation, params ReadOnlySpan<Errno> accepted)
    {
        var errors = _socket.Transact(request, operation, null);
        return errors.Count == 0 || (accepted.Contains(errors[0].Errno) ? false : throw new NetlinkException(errors[0], operation));
    }

    private static byte[] Bytes(Fairlead.Linux.Addresses.MacAddress address)
    {
        var bytes = new byte[Fairlead.Linux.Addresses.MacAddress.Size];
        address.WriteBytes(bytes);
        return bytes;
    }
}
