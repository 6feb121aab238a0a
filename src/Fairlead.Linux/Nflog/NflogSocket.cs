using Fairlead.Linux.Conntrack;
using Fairlead.Linux.Netlink;

namespace Fairlead.Linux.Nflog;

/// <summary>
/// Hears of the packets that rules log to one group of the network namespace of the thread that opened it. A group has one listener in a namespace.
/// Receiving is asynchronous and may happen anywhere, one receiver at a time.
/// </summary>
public sealed class NflogSocket : IDisposable
{
    private readonly NetlinkSubscription _subscription;

    private NflogSocket(NetlinkSubscription subscription) => _subscription = subscription;

    /// <summary>Messages say what the connection's first packet looked like before translation. False where the kernel cannot tell.</summary>
    public bool TellsConnections { get; private init; }

    /// <summary>Binds the group. Each packet is told at once.</summary>
    /// <param name="group">The group that rules name.</param>
    /// <param name="copied">How much of each packet is copied, in bytes from its network header on, 1 to 65535: enough for the headers.</param>
    /// <exception cref="NetlinkException">EPERM: somebody else listens to the group, or no CAP_NET_ADMIN here.</exception>
    /// <exception cref="LinuxException">The kernel was built without nfnetlink_log.</exception>
    public static NflogSocket Open(ushort group, ushort copied)
    {
        var socket = NetlinkSocket.Open(NetlinkProtocol.Netfilter);
        try
        {
            using var request = new NetlinkWriter();
            Begin(request, group);
            request.Bytes(Nflog.ConfigCommand, [Nflog.CommandBind]);
            Begin(request, group);
            request.Bytes(Nflog.ConfigMode, [0, 0, (byte)(copied >> 8), (byte)copied, Nflog.CopyPacket, 0]); // struct nfulnl_msg_config_mode
            request.U32Be(Nflog.ConfigQueueThreshold, 1);
            socket.Execute(request, $"bind log group {group}");
            var tells = TrySetFlags(socket, group, Nflog.FlagSequence | Nflog.FlagConntrack);
            _ = tells || TrySetFlags(socket, group, Nflog.FlagSequence);
            return new NflogSocket(socket.Listen()) { TellsConnections = tells };
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Waits for the next packets, to be read with <see cref="NflogReader"/> before the next call. Empty: packets were lost because they came faster than they
    /// were taken (ENOBUFS); the sequence of the next one tells how many.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken cancellationToken) => _subscription.ReceiveAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _subscription.Dispose();

    // Built without CONFIG_NETFILTER_NETLINK_GLUE_CT, or without nf_conntrack_netlink, the kernel refuses the flag for connections (EOPNOTSUPP).
    private static bool TrySetFlags(NetlinkSocket socket, ushort group, int flags)
    {
        using var request = new NetlinkWriter();
        Begin(request, group);
        request.U16Be(Nflog.ConfigFlags, (ushort)flags);
        return socket.Transact(request, $"set flags of log group {group}", null).Count == 0;
    }

    private static void Begin(NetlinkWriter request, ushort group)
    {
        request.Begin(Nflog.MessageConfigure, NetlinkFlags.Ack);
        request.Header(new NfGenMsg { ResourceId = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(group) });
    }
}
