using System.Runtime.InteropServices;

namespace Fairlead.Linux.Netlink;

/// <summary>The state of one request: which acknowledgements are still to come and what was refused.</summary>
internal sealed class NetlinkExchange(uint firstSequence, uint portId)
{
    private const ushort NLMSGERR_ATTR_MSG = 1;
    private const ushort NLMSGERR_ATTR_OFFS = 2;

    // Flags of an acknowledgement; the same bits mean other things in a request.
    private const NetlinkFlags NLM_F_CAPPED = (NetlinkFlags)0x100;
    private const NetlinkFlags NLM_F_ACK_TLVS = (NetlinkFlags)0x200;

    /// <summary>Sequence numbers whose acknowledgement is still to come.</summary>
    internal HashSet<uint> Expected { get; } = [];

    /// <summary>Refusals so far.</summary>
    internal List<NetlinkError> Errors { get; } = [];

    /// <summary>Number of messages of the request.</summary>
    internal int Count { get; private set; }

    /// <summary>True when a dump has ended.</summary>
    internal bool Done { get; private set; }

    /// <summary>Writes sequence numbers into the request; returns the number of messages.</summary>
    internal int Stamp(Span<byte> request)
    {
        var offset = 0;
        while (offset < request.Length)
        {
            var sequence = firstSequence + (uint)Count++;
            MemoryMarshal.Write(request[(offset + 8)..], sequence);
            var flags = (NetlinkFlags)MemoryMarshal.Read<ushort>(request[(offset + 6)..]);
            if (flags.HasFlag(NetlinkFlags.Ack))
            {
                Expected.Add(sequence);
            }

            offset += (MemoryMarshal.Read<int>(request[offset..]) + 3) & ~3;
        }

        return Count;
    }

    /// <summary>Takes one message of the answers; anything that does not answer this request is passed over.</summary>
    internal void Take(NetlinkMessage message, Action<NetlinkMessage>? onMessage)
    {
        var index = message.Sequence - firstSequence;
        if (index >= Count || message.PortId != portId)
        {
            return;
        }

        switch (message.Type)
        {
            case NetlinkMessage.TypeError:
                TakeError(message, (int)index);
                break;
            case NetlinkMessage.TypeDone:
                Done = true;
                Refuse((int)index, message.Payload.Length >= 4 ? -MemoryMarshal.Read<int>(message.Payload) : 0, default);
                break;
            case NetlinkMessage.TypeOverrun:
                throw new LinuxException(Errno.ENOBUFS, "netlink", "the kernel reports lost messages");
            case < 16:
                break;
            default:
                onMessage?.Invoke(message);
                break;
        }
    }

    private void TakeError(NetlinkMessage message, int index)
    {
        if (message.Payload.Length < 4 + NetlinkWriter.HeaderSize)
        {
            throw new InvalidDataException($"netlink: an acknowledgement of {message.Payload.Length} bytes");
        }

        Expected.Remove(message.Sequence);
        Done = true;
        var errno = -MemoryMarshal.Read<int>(message.Payload);

        // The request's header follows, and the whole request unless the answer is capped; attributes come after it.
        var skipped = NetlinkWriter.HeaderSize;
        if (errno != 0 && !message.Flags.HasFlag(NLM_F_CAPPED))
        {
            var repeated = MemoryMarshal.Read<int>(message.Payload[4..]);
            skipped = repeated >= skipped && repeated <= message.Payload.Length - 4 ? (repeated + 3) & ~3 : message.Payload.Length - 4;
        }

        var attributes = message.Flags.HasFlag(NLM_F_ACK_TLVS) && skipped <= message.Payload.Length - 4
            ? message.Payload[(4 + skipped)..]
            : [];
        Refuse(index, errno, new NetlinkAttributes(attributes));
    }

    private void Refuse(int index, int errno, NetlinkAttributes attributes)
    {
        if (errno == 0)
        {
            return;
        }

        var text = "";
        var offset = 0u;
        foreach (var attribute in attributes)
        {
            switch (attribute.Type)
            {
                case NLMSGERR_ATTR_MSG:
                    text = attribute.Text;
                    break;
                case NLMSGERR_ATTR_OFFS:
                    offset = attribute.U32;
                    break;
            }
        }

        Errors.Add(new NetlinkError(index, (Errno)errno, text, offset));
    }
}
