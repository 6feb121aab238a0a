using System.Buffers.Binary;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Forward;

/// <summary>
/// Upstreams' replies for as long as their records live. Two generations bound it: when the young one is full it becomes the old one, and what nobody
/// asked for since is dropped. Failures are not kept, nor are long replies, so that the whole stays below 32 MB.
/// </summary>
internal sealed class ForwardCache(int capacity, TimeProvider time)
{
    /// <summary>Bytes of the longest reply that is kept.</summary>
    public const int MaxPacket = 4096;

    private const uint MinTtl = 5;
    private const uint MaxTtl = 3600;
    private const uint MaxNegativeTtl = 1800;
    private readonly Lock _gate = new();
    private Dictionary<CacheKey, Entry> _young = [];
    private Dictionary<CacheKey, Entry> _old = [];

    /// <summary>A reply with its times to live as they are now, or null.</summary>
    public byte[]? Find(ForwardQuestion question)
    {
        var key = KeyOf(question);
        lock (_gate)
        {
            if (!_young.TryGetValue(key, out var entry) && _old.TryGetValue(key, out entry))
            {
                Insert(key, entry);
            }

            var now = time.GetTimestamp();
            return entry is not null && time.GetElapsedTime(entry.Stored, now) is var age && age < entry.Lifetime
                ? Aged(entry.Packet, (uint)age.TotalSeconds)
                : null;
        }
    }

    /// <summary>Keeps a reply, if it is one to be kept.</summary>
    public void Store(ForwardQuestion question, byte[] packet)
    {
        if (packet.Length <= MaxPacket && DnsHeader.TryRead(packet, out var header) && !header.IsTruncated && Lifetime(packet, header) is { } seconds)
        {
            lock (_gate)
            {
                Insert(KeyOf(question), new Entry(packet, time.GetTimestamp(), TimeSpan.FromSeconds(seconds)));
            }
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            (_young, _old) = ([], []);
        }
    }

    private static CacheKey KeyOf(ForwardQuestion question)
    {
        var name = new byte[question.Name.Length];
        DnsName.ToLower(question.Name, name);
        return new CacheKey(Convert.ToHexString(name), question.Type, question.Flags, question.DnssecOk);
    }

    // Negative replies live as their SOA says (RFC 2308 §5); without one they are not kept.
    private static uint? Lifetime(byte[] packet, DnsHeader header)
    {
        if (header.Code is not (ResponseCode.NoError or ResponseCode.NxDomain))
        {
            return null;
        }

        var positive = header.Answers > 0 && header.Code == ResponseCode.NoError;
        uint? lowest = null;
        var bounded = positive;
        var reader = new DnsReader(packet);
        if (!reader.TrySkipName() || !reader.TryReadTypeAndClass(out _, out _))
        {
            return null;
        }

        for (var i = 0; i < header.Records && reader.TryReadRecord(out var record); i++)
        {
            var denies = record.Type == RecordType.SOA && i >= header.Answers && i < header.Answers + header.Authorities && record.End - record.Data >= 4;
            if (positive || denies || record.Type == RecordType.CNAME)
            {
                bounded |= denies;
                var ttl = denies ? Math.Min(record.Ttl, BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(record.End - 4))) : record.Ttl;
                lowest = Math.Min(lowest ?? uint.MaxValue, ttl);
            }
        }

        return bounded && lowest is { } found ? Math.Clamp(found, MinTtl, positive ? MaxTtl : MaxNegativeTtl) : null;
    }

    private static byte[] Aged(byte[] packet, uint seconds)
    {
        var copy = (byte[])packet.Clone();
        DnsHeader.TryRead(copy, out var header);
        var reader = new DnsReader(copy);
        if (reader.TrySkipName() && reader.TryReadTypeAndClass(out _, out _))
        {
            for (var i = 0; i < header.Records && reader.TryReadRecord(out var record); i++)
            {
                var left = record.Ttl > seconds ? record.Ttl - seconds : 0;
                BinaryPrimitives.WriteUInt32BigEndian(copy.AsSpan(record.TtlOffset), left);
            }
        }

        return copy;
    }

    private void Insert(CacheKey key, Entry entry)
    {
        if (_young.Count >= capacity / 2)
        {
            (_old, _young) = (_young, []);
        }

        _young[key] = entry;
    }

    private readonly record struct CacheKey(string Name, RecordType Type, ushort Flags, bool DnssecOk);

    private sealed record Entry(byte[] Packet, long Stored, TimeSpan Lifetime);
}
