using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Netlink;

/// <summary>
/// A netlink socket that listens to multicast groups (route changes, conntrack events). It belongs to the network namespace of the thread that
/// opened it; receiving is asynchronous and may happen anywhere, one receiver at a time.
/// </summary>
public sealed class NetlinkSubscription : IDisposable
{
    private const int QueueBytes = 8 * 1024 * 1024;
    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[64 * 1024];

    /// <summary>Takes over a descriptor.</summary>
    internal NetlinkSubscription(SafeFd socket) => _socket = new Socket(new SafeSocketHandle(socket.Disown(), ownsHandle: true));

    /// <summary>Opens the socket in the network namespace of the calling thread and joins the groups.</summary>
    /// <param name="protocol">The kernel's part.</param>
    /// <param name="groups">Group numbers (RTNLGRP_*, NFNLGRP_*), not masks.</param>
    /// <exception cref="LinuxException">No such protocol or group.</exception>
    public static NetlinkSubscription Open(NetlinkProtocol protocol, params ReadOnlySpan<int> groups)
    {
        using var socket = NetlinkSocket.OpenBound(protocol, 0, out _);
        NetlinkSocket.Set(socket, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, QueueBytes);
        foreach (var group in groups)
        {
            NetlinkSocket.Set(socket, Libc.SOL_NETLINK, Libc.NETLINK_ADD_MEMBERSHIP, group);
        }

        return new NetlinkSubscription(socket);
    }

    /// <summary>Joins one more group. Messages from now on are received.</summary>
    /// <param name="group">Group number (RTNLGRP_*, NFNLGRP_*), not a mask.</param>
    /// <exception cref="LinuxException">No such group.</exception>
    public void Join(int group) => Membership(Libc.NETLINK_ADD_MEMBERSHIP, group);

    /// <summary>Leaves a group: the kernel no longer makes its messages for this socket.</summary>
    /// <param name="group">Group number (RTNLGRP_*, NFNLGRP_*), not a mask.</param>
    /// <exception cref="LinuxException">No such group.</exception>
    public void Leave(int group) => Membership(Libc.NETLINK_DROP_MEMBERSHIP, group);

    /// <summary>
    /// Has the kernel drop every datagram whose first message is of another type, so that the many messages about single objects neither wake the
    /// receiver nor fill the queue. Comes before <see cref="Join"/>.
    /// </summary>
    /// <param name="type">nlmsg_type.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public unsafe void OnlyType(ushort type)
    {
        // linux/filter.h: BPF loads are big-endian, nlmsg_type (offset 4) is in the machine's order.
        var value = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(type) : type;
        ReadOnlySpan<SocketFilter> program =
        [
            new(Libc.BPF_LD | Libc.BPF_H | Libc.BPF_ABS, 0, 0, 4),
            new(Libc.BPF_JMP | Libc.BPF_JEQ, 0, 1, value),
            new(Libc.BPF_RET, 0, 0, uint.MaxValue),
            new(Libc.BPF_RET, 0, 0, 0),
        ];
        fixed (SocketFilter* first = program)
        {
            var whole = new SocketProgram { Length = (ushort)program.Length, First = (nint)first };
            SetRaw(Libc.SOL_SOCKET, Libc.SO_ATTACH_FILTER, MemoryMarshal.AsBytes(new ReadOnlySpan<SocketProgram>(in whole)));
        }
    }

    /// <summary>
    /// Waits for the next events. The result is valid until the next call and is read with <see cref="NetlinkReader"/>. Empty: events were lost
    /// (ENOBUFS) and the reader must list anew.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            var length = await _socket.ReceiveAsync(_buffer, SocketFlags.None, cancellationToken);
            return _buffer.AsMemory(0, length);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.NoBufferSpaceAvailable)
        {
            return default;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private void Membership(int option, int group)
    {
        Span<byte> value = stackalloc byte[sizeof(int)];
        MemoryMarshal.Write(value, group);
        SetRaw(Libc.SOL_NETLINK, option, value);
    }

    private void SetRaw(int level, int option, ReadOnlySpan<byte> value)
    {
        try
        {
            _socket.SetRawSocketOption(level, option, value);
        }
        catch (SocketException e)
        {
            throw new LinuxException((Errno)e.NativeErrorCode, $"setsockopt {level}/{option}");
        }
    }
}
