using System.Buffers.Binary;
using Fairlead.Dns.Chain;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Server;

/// <summary>Judges requests for whole zones: who may have one, and whether there is anything to send.</summary>
internal sealed class ZoneTransfers
{
    /// <summary>Zones on their way at once; more are told to come again.</summary>
    public const int Most = 10;

    // Of an SOA's data what follows its two names: the serial is the first of five numbers (RFC 1035 §3.3.13).
    private const int SoaNumbers = 20;
    private int _running;

    /// <summary>Answers a request for a whole zone: with a code, with the SOA alone, or with a zone to be sent.</summary>
    /// <param name="packet">As received.</param>
    /// <param name="query">The same.</param>
    /// <param name="name">Its name.</param>
    /// <param name="asker">Who asks.</param>
    /// <param name="chain">The chain of the name; null: there is none.</param>
    /// <param name="writer">The reply, with its question written.</param>
    /// <returns>A zone that is to be sent instead of the reply, and given back by <see cref="End"/>; null: the reply is complete.</returns>
    public ZoneTransfer? Begin(ReadOnlySpan<byte> packet, scoped DnsQuery query, scoped QueryName name, Asker asker, DnsChain? chain, ref DnsWriter writer)
    {
        if (chain?.Cluster is not { } cluster || cluster.Apex(name) is not { } zone || !chain.MayTransfer(name, asker.Client) || (!asker.Tcp && query.Type == RecordType.AXFR))
        {
            writer.Code = ResponseCode.Refused;
            return null;
        }

        if (!zone.Index.Synced)
        {
            writer.Code = ResponseCode.ServFail;
            return null;
        }

        uint held = 0;
        if (query.Type == RecordType.IXFR && !TryReadSerial(packet, query, out held))
        {
            writer.Code = ResponseCode.FormErr;
            return null;
        }

        // RFC 1995 §2: who has it, or asks by UDP, is told how it stands; §4: whatever else is answered by the whole zone. Serials go round (RFC 1982).
        if (query.Type == RecordType.IXFR && (!asker.Tcp || (int)(held - zone.Index.Serial) >= 0))
        {
            writer.Authoritative = true;
            zone.Records.Soa(query.Name, ref writer);
            return null;
        }

        if (Interlocked.Increment(ref _running) > Most)
        {
            Interlocked.Decrement(ref _running);
            writer.Code = ResponseCode.ServFail;
            return null;
        }

        return new ZoneTransfer(packet.ToArray(), asker, chain, cluster.Contents(zone));
    }

    /// <summary>A zone has been sent, or will not be.</summary>
    public void End(ZoneTransfer transfer)
    {
        transfer.Dispose();
        Interlocked.Decrement(ref _running);
    }

    // The SOA that the client holds stands in the authority section (RFC 1995 §3).
    private static bool TryReadSerial(ReadOnlySpan<byte> packet, scoped DnsQuery query, out uint serial)
    {
        serial = 0;
        var reader = new DnsReader(packet, DnsHeader.Length + query.Question.Length);
        for (var i = 0; i < query.Header.Answers + query.Header.Authorities; i++)
        {
            if (!reader.TryReadRecord(out var record))
            {
                return false;
            }

            if (i >= query.Header.Answers && record.Type == RecordType.SOA && record.End - record.Data > SoaNumbers)
            {
                serial = BinaryPrimitives.ReadUInt32BigEndian(packet[(record.End - SoaNumbers)..]);
                return true;
            }
        }

        return false;
    }
}
