using Fairlead.Dns.Chain;
using Fairlead.Dns.Kubernetes;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Server;

/// <summary>A whole zone on its way to one client, message by message (RFC 5936 §2.2). One thread at a time.</summary>
/// <param name="Query">As received.</param>
/// <param name="Asker">Who asks.</param>
/// <param name="Chain">Whose zone it is.</param>
/// <param name="Contents">The zone as it was when it was asked for.</param>
internal sealed record ZoneTransfer(byte[] Query, Asker Asker, DnsChain Chain, ZoneContents Contents) : IDisposable
{
    /// <summary>The longest message, in bytes: names can be pointed to up to here (RFC 1035 §4.1.4), beyond they would be written out each time.</summary>
    public const int MaxMessage = 0x4000;

    private readonly IEnumerator<ZoneRecord> _records = Contents.Records().GetEnumerator();
    private bool _started;
    private bool _done;

    /// <summary>Bytes of the messages written.</summary>
    public int Written { get; private set; }

    /// <summary>Header of the first message; empty before it is written.</summary>
    public byte[] Header { get; private set; } = [];

    /// <summary>Writes the next message; its length, 0: that was all.</summary>
    /// <param name="message">At least <see cref="MaxMessage"/> bytes.</param>
    public int Next(Span<byte> message)
    {
        _done |= !_started && !_records.MoveNext();
        _started = true;
        if (_done)
        {
            return 0;
        }

        DnsQuery.TryRead(Query, out var query);
        var writer = new DnsWriter(query, message, MaxMessage, stackalloc ushort[DnsWriter.NameTable])
        {
            Authoritative = true,
            RecursionAvailable = Chain.HasUpstreams,
        };
        while (!_done && Contents.Write(_records.Current, query.Name, ref writer))
        {
            _done = !_records.MoveNext();
        }

        // What found no room comes with the next message.
        writer.IsTruncated = false;
        var length = writer.Finish();
        Header = Header.Length == 0 ? message[..DnsHeader.Length].ToArray() : Header;
        Written += length;
        return length;
    }

    /// <inheritdoc/>
    public void Dispose() => _records.Dispose();
}
