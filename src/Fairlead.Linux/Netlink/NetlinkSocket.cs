using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Netlink;

/// <summary>
/// A netlink socket for requests. It belongs to the network namespace of the thread that opened it and may be used from any thread, one request
/// at a time (a lock sees to it). The kernel works on a request while it is sent, so that calls do not wait for anything but the kernel's work.
/// </summary>
public sealed class NetlinkSocket : IDisposable
{
    private const int ReceiveBuffer = 64 * 1024;
    private const int MinQueue = 1024 * 1024;
    private const int MaxQueue = 256 * 1024 * 1024;
    private const int QueuedAckBytes = 1024;
    private const int DumpAttempts = 16;
    private const int AnswerSeconds = 30;

    private readonly Lock _gate = new();
    private readonly SafeFd _socket;
    private readonly byte[] _receive = new byte[ReceiveBuffer];
    private uint _sequence;
    private int _receiveQueue = MinQueue;
    private int _sendQueue = MinQueue;

    private NetlinkSocket(SafeFd socket, uint portId)
    {
        _socket = socket;
        PortId = portId;
    }

    /// <summary>The socket's netlink address.</summary>
    public uint PortId { get; }

    /// <summary>How often the kernel was called to send or receive; what a request costs apart from the kernel's work on it.</summary>
    public long SystemCalls { get; private set; }

    /// <summary>Opens a socket in the network namespace of the calling thread.</summary>
    /// <exception cref="LinuxException">The kernel has no such protocol, or no descriptor is left.</exception>
    public static NetlinkSocket Open(NetlinkProtocol protocol)
    {
        var socket = OpenBound(protocol, 0, out var portId);
        try
        {
            Set(socket, Libc.SOL_NETLINK, Libc.NETLINK_EXT_ACK, 1);
            Set(socket, Libc.SOL_NETLINK, Libc.NETLINK_CAP_ACK, 1);
            Set(socket, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, MinQueue);
            Set(socket, Libc.SOL_SOCKET, Libc.SO_SNDBUFFORCE, MinQueue);
            if (protocol == NetlinkProtocol.Route)
            {
                Set(socket, Libc.SOL_NETLINK, Libc.NETLINK_GET_STRICT_CHK, 1);
            }

            var timeout = new TimeVal { Seconds = AnswerSeconds };
            var result = Libc.SetSockOpt(socket, Libc.SOL_SOCKET, Libc.SO_RCVTIMEO, in timeout, Unsafe.SizeOf<TimeVal>());
            LinuxException.Check(result, "setsockopt SO_RCVTIMEO");
            return new NetlinkSocket(socket, portId);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Sends the messages in one piece and waits for one acknowledgement per message that asks for it (<see cref="NetlinkFlags.Ack"/>).
    /// </summary>
    /// <param name="request">The messages; their sequence numbers are written here.</param>
    /// <param name="operation">What is asked, for the error message.</param>
    /// <exception cref="NetlinkException">The first message that was refused.</exception>
    /// <exception cref="LinuxException">The answer was lost (ENOBUFS) or did not come (ETIMEDOUT): what the kernel did is not known.</exception>
    public void Execute(NetlinkWriter request, string operation)
    {
        var errors = Transact(request, operation, null);
        if (errors.Count > 0)
        {
            throw new NetlinkException(errors[0], operation);
        }
    }

    /// <summary>As <see cref="Execute"/>, but gives every refusal, ordered by message, instead of throwing the first.</summary>
    /// <param name="request">The messages; their sequence numbers are written here.</param>
    /// <param name="operation">What is asked, for the error message.</param>
    /// <param name="onMessage">Gets the messages among the answers that are no acknowledgements (<see cref="NetlinkFlags.Echo"/>); may be null.</param>
    public IReadOnlyList<NetlinkError> Transact(NetlinkWriter request, string operation, Action<NetlinkMessage>? onMessage)
    {
        lock (_gate)
        {
            var exchange = Send(request, operation);
            ReserveQueue(exchange.Expected.Count);
            Transmit(request.Written, operation);
            while (Receive(exchange.Expected.Count > 0, operation) is { Length: > 0 } datagram)
            {
                foreach (var message in new NetlinkReader(datagram))
                {
                    exchange.Take(message, onMessage);
                }
            }

            exchange.Errors.Sort((left, right) => left.MessageIndex.CompareTo(right.MessageIndex));
            return exchange.Errors;
        }
    }

    /// <summary>
    /// Asks for all objects and parses each. A dump that changed while it ran is asked again, so that the result is one state of the kernel's table
    /// as far as the kernel can tell.
    /// </summary>
    /// <param name="request">One message with <see cref="NetlinkFlags.Dump"/>.</param>
    /// <param name="operation">What is asked, for the error message.</param>
    /// <param name="parse">Turns a message into a value.</param>
    /// <exception cref="NetlinkException">Refused.</exception>
    /// <exception cref="LinuxException">EINTR: the table kept changing.</exception>
    public List<T> Dump<T>(NetlinkWriter request, string operation, NetlinkParser<T> parse)
        where T : class
    {
        lock (_gate)
        {
            for (var attempt = 0; attempt < DumpAttempts; attempt++)
            {
                var rows = new List<T>();
                if (TryDump(request, operation, parse, rows))
                {
                    return rows;
                }
            }
        }

        throw new LinuxException(Errno.EINTR, operation, "the table changed during every dump");
    }

    /// <summary>As <see cref="Dump"/>, but once: what changes meanwhile may be listed as it was, as it is, twice or not at all.</summary>
    /// <exception cref="NetlinkException">Refused.</exception>
    public List<T> DumpRoughly<T>(NetlinkWriter request, string operation, NetlinkParser<T> parse)
        where T : class
    {
        var rows = new List<T>();
        lock (_gate)
        {
            TryDump(request, operation, parse, rows);
        }

        return rows;
    }

    /// <summary>Asks for one object; null when it does not exist (ENOENT, ENODEV, ESRCH).</summary>
    /// <param name="request">One GET message without <see cref="NetlinkFlags.Dump"/>; <see cref="NetlinkFlags.Ack"/> is needed so that the end is known.</param>
    /// <param name="operation">What is asked, for the error message.</param>
    /// <param name="parse">Turns the answer into a value.</param>
    /// <exception cref="NetlinkException">Refused for another reason.</exception>
    public T? Get<T>(NetlinkWriter request, string operation, NetlinkParser<T> parse)
        where T : class
    {
        T? found = null;
        var errors = Transact(request, operation, message => found ??= parse(message));
        return errors.Count == 0 ? found
            : errors[0].Errno is Errno.ENOENT or Errno.ENODEV or Errno.ESRCH ? null
            : throw new NetlinkException(errors[0], operation);
    }

    /// <summary>
    /// Becomes a socket that only listens, for what the kernel sends unasked to the address whose requests asked for it. This one can be used no more.
    /// </summary>
    internal NetlinkSubscription Listen() => new(_socket);

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    internal static SafeFd OpenBound(NetlinkProtocol protocol, uint groups, out uint portId)
    {
        var number = Libc.Socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, (int)protocol);
        var socket = new SafeFd(LinuxException.Check(number, $"socket AF_NETLINK {protocol}"));
        var address = new SockAddrNl { Family = Libc.AF_NETLINK, Groups = groups };
        var size = Unsafe.SizeOf<SockAddrNl>();
        if (Libc.Bind(socket, in address, size) < 0 || Libc.GetSockName(socket, ref address, ref size) < 0)
        {
            var error = LinuxException.Last($"bind AF_NETLINK {protocol}");
            socket.Dispose();
            throw error;
        }

        portId = address.PortId;
        return socket;
    }

    internal static void Set(SafeFd socket, int level, int option, int value) =>
        LinuxException.Check(Libc.SetSockOpt(socket, level, option, in value, sizeof(int)), $"setsockopt {level}/{option}");

    private bool TryDump<T>(NetlinkWriter request, string operation, NetlinkParser<T> parse, List<T> rows)
        where T : class
    {
        var exchange = Send(request, operation);
        Transmit(request.Written, operation);
        var interrupted = false;
        Action<NetlinkMessage> add = message =>
        {
            if (parse(message) is { } row)
            {
                rows.Add(row);
            }
        };
        while (!exchange.Done)
        {
            foreach (var message in new NetlinkReader(Receive(wait: true, operation)))
            {
                interrupted |= message.Flags.HasFlag(NetlinkFlags.DumpInterrupted) && message.Type != NetlinkMessage.TypeError;
                exchange.Take(message, add);
            }
        }

        return exchange.Errors.Count == 0 ? !interrupted
            : exchange.Errors[0].Errno == Errno.EINTR ? false
            : throw new NetlinkException(exchange.Errors[0], operation);
    }

    private NetlinkExchange Send(NetlinkWriter request, string operation)
    {
        // Answers to an earlier request that failed half-way must not be taken for answers to this one; the sequence tells them apart.
        var exchange = new NetlinkExchange(_sequence + 1, PortId);
        _sequence += (uint)exchange.Stamp(request.MutableWritten);
        return exchange.Count > 0 ? exchange : throw new ArgumentException($"{operation}: no message to send", nameof(request));
    }

    private void ReserveQueue(int acks)
    {
        var wanted = (int)Math.Min((long)acks * QueuedAckBytes, MaxQueue);
        if (wanted > _receiveQueue)
        {
            Set(_socket, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, wanted);
            _receiveQueue = wanted;
        }
    }

    private void Transmit(ReadOnlySpan<byte> bytes, string operation)
    {
        // A netlink request is one buffer in the kernel and must fit the send queue.
        if (bytes.Length > _sendQueue - 1024)
        {
            _sendQueue = bytes.Length + 4096;
            Set(_socket, Libc.SOL_SOCKET, Libc.SO_SNDBUFFORCE, _sendQueue);
        }

        SystemCalls++;
        while (Libc.Send(_socket, bytes, (nuint)bytes.Length, 0) < 0)
        {
            var error = (Errno)Marshal.GetLastPInvokeError();
            if (error != Errno.EINTR)
            {
                throw new LinuxException(error, $"{operation}: send {bytes.Length} bytes");
            }
        }
    }

    /// <summary>The next datagram from the kernel; empty when there is none and <paramref name="wait"/> is false.</summary>
    private ReadOnlySpan<byte> Receive(bool wait, string operation)
    {
        while (true)
        {
            var from = default(SockAddrNl);
            var size = Unsafe.SizeOf<SockAddrNl>();
            var flags = Libc.MSG_TRUNC | (wait ? 0 : Libc.MSG_DONTWAIT);
            SystemCalls++;
            var length = Libc.ReceiveFrom(_socket, _receive, ReceiveBuffer, flags, ref from, ref size);
            if (length > ReceiveBuffer)
            {
                throw new LinuxException(Errno.EMSGSIZE, $"{operation}: an answer of {length} bytes");
            }

            // Only the kernel's word counts; any process may send to a netlink address.
            if (length > 0 && from.PortId == 0)
            {
                return _receive.AsSpan(0, (int)length);
            }

            if (length < 0 && (Errno)Marshal.GetLastPInvokeError() is var error and not Errno.EINTR)
            {
                return error != Errno.EAGAIN ? throw new LinuxException(error, $"{operation}: receive")
                    : wait ? throw new LinuxException(Errno.ETIMEDOUT, operation, $"no answer within {AnswerSeconds} s")
                    : [];
            }
        }
    }
}
