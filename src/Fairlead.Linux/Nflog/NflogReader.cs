using Fairlead.Linux.Conntrack;
using Fairlead.Linux.Netlink;

namespace Fairlead.Linux.Nflog;

/// <summary>Walks the logged packets of one datagram; messages of other kinds are passed over.</summary>
/// <param name="datagram">What one receive gave.</param>
public ref struct NflogReader(ReadOnlySpan<byte> datagram)
{
    private NetlinkReader _messages = new(datagram);

    /// <summary>The packet read last.</summary>
    public NflogMessage Current { get; private set; }

    /// <summary>Reads the next packet; false at the end.</summary>
    /// <exception cref="InvalidDataException">The datagram is malformed; nothing of it can be read from here on.</exception>
    public bool MoveNext()
    {
        while (_messages.MoveNext())
        {
            if (_messages.Current.Type == Nflog.MessagePacket)
            {
                Current = Read(_messages.Current);
                return true;
            }
        }

        return false;
    }

    /// <summary>Lets <c>foreach</c> walk the packets.</summary>
    public readonly NflogReader GetEnumerator() => this;

    private static NflogMessage Read(NetlinkMessage message)
    {
        var sequence = 0u;
        ReadOnlySpan<byte> prefix = [];
        ReadOnlySpan<byte> packet = [];
        ConntrackTuple? original = null;
        foreach (var attribute in message.Attributes<NfGenMsg>())
        {
            switch (attribute.Type)
            {
                case Nflog.Payload:
                    packet = attribute.Value;
                    break;
                case Nflog.Prefix:
                    prefix = attribute.Value.TrimEnd((byte)0);
                    break;
                case Nflog.Sequence:
                    sequence = attribute.U32Be;
                    break;
                case Nflog.Connection:
                    original = OriginalOf(attribute.Nested);
                    break;
            }
        }

        return new NflogMessage
        {
            Sequence = sequence,
            Prefix = prefix,
            Packet = packet,
            HasConnection = original is not null,
            Original = original ?? default,
        };
    }

    private static ConntrackTuple? OriginalOf(NetlinkAttributes connection)
    {
        foreach (var attribute in connection)
        {
            if (attribute.Type == Ct.TupleOrig)
            {
                return ConntrackParser.ReadTuple(attribute.Nested, out _);
            }
        }

        return null;
    }
}
