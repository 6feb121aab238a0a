using System.Net.Sockets;
using System.Runtime.InteropServices;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Packets;

/// <summary>
/// Takes many datagrams out of a UDP socket by one system call and answers them by another (recvmmsg(2), sendmmsg(2)). All memory is there from the start:
/// nothing is allocated later. For one thread.
/// </summary>
public sealed class DatagramBatch
{
    // sockaddr_in6 is the longest (28 bytes).
    private const int AddressBytes = 32;
    private const int CacheLine = 64;

    // How long a reply waits for room in the socket's buffer, in ms.
    private const int MostSendWait = 20;

    private readonly int _dataStride;
    private readonly int _replyStride;
    private readonly int _mostData;
    private readonly int _mostReply;
    private readonly byte[] _data;
    private readonly byte[] _replies;
    private readonly byte[] _addresses;
    private readonly IoVector[] _parts;
    private readonly BatchedMessage[] _received;
    private readonly BatchedMessage[] _answers;
    private int _count;
    private int _answered;

    /// <summary>Takes memory.</summary>
    /// <param name="capacity">Most datagrams at once.</param>
    /// <param name="mostData">Bytes of a datagram; of a longer one, so many come.</param>
    /// <param name="mostReply">Bytes of an answer.</param>
    public DatagramBatch(int capacity, int mostData, int mostReply)
    {
        (_mostData, _mostReply) = (mostData, mostReply);
        (_dataStride, _replyStride) = (Stride(mostData), Stride(mostReply));
        _data = GC.AllocateArray<byte>(capacity * _dataStride, pinned: true);
        _replies = GC.AllocateArray<byte>(capacity * _replyStride, pinned: true);
        _addresses = GC.AllocateArray<byte>(capacity * AddressBytes, pinned: true);
        _parts = GC.AllocateArray<IoVector>(2 * capacity, pinned: true);
        _received = GC.AllocateArray<BatchedMessage>(capacity, pinned: true);
        _answers = GC.AllocateArray<BatchedMessage>(capacity, pinned: true);
        for (var i = 0; i < capacity; i++)
        {
            _parts[i] = new IoVector { Start = Address(_data, i * _dataStride), Length = (nuint)mostData };
            _received[i].Header = Header(i, i, AddressBytes);
        }
    }

    /// <summary>Most datagrams at once.</summary>
    public int Capacity => _received.Length;

    /// <summary>Takes what waits in the socket, without waiting itself. Answers not sent are forgotten.</summary>
    /// <param name="socket">A UDP socket of IPv4 or IPv6.</param>
    /// <param name="error">None; EAGAIN: nothing waits; EINTR; or an error that the socket reports once, such as ECONNREFUSED of an earlier answer.</param>
    /// <returns>How many datagrams.</returns>
    public int Receive(Socket socket, out Errno error)
    {
        for (var i = 0; i < _count; i++)
        {
            _received[i].Header.NameLength = AddressBytes;
        }

        var count = Libc.ReceiveMessages(socket.SafeHandle, _received, (uint)_received.Length, Libc.MSG_DONTWAIT, 0);
        error = count < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.None;
        (_count, _answered) = (Math.Max(count, 0), 0);
        return _count;
    }

    /// <summary>A datagram of the last <see cref="Receive"/>.</summary>
    public ReadOnlySpan<byte> Data(int index) => _data.AsSpan(index * _dataStride, Math.Min((int)_received[index].Length, _mostData));

    /// <summary>It was longer than there was room for (MSG_TRUNC).</summary>
    public bool IsCut(int index) => (_received[index].Header.Flags & Libc.MSG_TRUNC) != 0;

    /// <summary>Who sent it, as the kernel says it: a struct sockaddr.</summary>
    public ReadOnlySpan<byte> Sender(int index) => _addresses.AsSpan(index * AddressBytes, (int)_received[index].Header.NameLength);

    /// <summary>Address of the sender (sockaddr_in: family, port, address; sockaddr_in6: family, port, flow label, address; ip(7), ipv6(7)).</summary>
    public IpAddr SenderAddress(int index)
    {
        var sender = Sender(index);
        return sender.Length >= 24 ? IpAddr.FromBytes(sender.Slice(8, 16)) : IpAddr.FromBytes(sender.Slice(4, 4));
    }

    /// <summary>Where the next answer is to be written.</summary>
    public Span<byte> NextReply => _replies.AsSpan(_answered * _replyStride, _mostReply);

    /// <summary>Answers a datagram with the first bytes of <see cref="NextReply"/>, at the next <see cref="Send"/>. At most one answer for each.</summary>
    public void Answer(int index, int length)
    {
        var part = Capacity + _answered;
        _parts[part] = new IoVector { Start = Address(_replies, _answered * _replyStride), Length = (nuint)length };
        _answers[_answered++].Header = Header(index, part, _received[index].Header.NameLength);
    }

    /// <summary>Sends the answers, each from the address its socket is bound to. One that cannot be sent does not keep the others.</summary>
    /// <returns>How many could not be sent.</returns>
    public int Send(Socket socket)
    {
        var (sent, failed, waited) = (0, 0, false);
        while (sent < _answered)
        {
            var count = Libc.SendMessages(socket.SafeHandle, _answers.AsSpan(sent), (uint)(_answered - sent), Libc.MSG_DONTWAIT);
            if (count > 0)
            {
                sent += count;
                continue;
            }

            var error = (Errno)Marshal.GetLastPInvokeError();
            if (error == Errno.EINTR)
            {
                continue;
            }

            if (error == Errno.EAGAIN && !waited)
            {
                waited = true;
                AwaitRoom(socket);
                continue;
            }

            sent++;
            failed++;
        }

        _answered = 0;
        return failed;
    }

    private static void AwaitRoom(Socket socket)
    {
        var room = new PollFd { Descriptor = (int)socket.SafeHandle.DangerousGetHandle(), Events = Libc.POLLOUT };
        _ = Libc.Poll(ref room, 1, MostSendWait);
    }

    private static nint Address(byte[] pinned, int offset) => Marshal.UnsafeAddrOfPinnedArrayElement(pinned, offset);

    // An odd number of cache lines: places of many datagrams then do not all fall on the same few lines of the cache.
    private static int Stride(int bytes) => (((bytes + CacheLine - 1) / CacheLine) | 1) * CacheLine;

    private MessageHeader Header(int sender, int part, uint senderLength) => new()
    {
        Name = Address(_addresses, sender * AddressBytes),
        NameLength = senderLength,
        Parts = Marshal.UnsafeAddrOfPinnedArrayElement(_parts, part),
        PartCount = 1,
    };
}
