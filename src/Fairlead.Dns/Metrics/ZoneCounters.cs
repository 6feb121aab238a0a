using System.Numerics;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Metrics;

/// <summary>What was asked and answered in one zone: the figures of CoreDNS's plugin <c>prometheus</c>. Counting allocates nothing and waits for nobody.</summary>
internal sealed class ZoneCounters
{
    /// <summary>Values of label <c>type</c>; any other type is <c>other</c>.</summary>
    public static readonly string[] Types =
    [
        "other", "A", "AAAA", "CNAME", "DNSKEY", "DS", "HTTPS", "MX", "NS", "NSEC", "NSEC3", "PTR", "RRSIG", "SOA", "SRV", "TXT", "IXFR", "AXFR", "ANY",
    ];

    /// <summary>Values of label <c>plugin</c>, by <see cref="DnsPlugin"/>.</summary>
    public static readonly string[] Plugins = ["", .. Enum.GetNames<DnsPlugin>().Skip(1).Select(name => name.ToLowerInvariant())];

    /// <summary>Upper bounds of durations in seconds: 0.25 ms, doubling.</summary>
    public static readonly double[] DurationBounds = [.. Enumerable.Range(0, 16).Select(power => 0.00025 * (1 << power))];

    /// <summary>Upper bounds of sizes in bytes.</summary>
    public static readonly double[] SizeBounds = [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16000, 32000, 48000, 64000];

    /// <summary>Response codes that are told apart: 0 to 16.</summary>
    public const int Codes = 17;

    private const long FirstBoundTicks = TimeSpan.TicksPerMillisecond / 4;
    private static readonly byte[] TypeIndexes = NewTypeIndexes();

    // Where each kind of figures begins; a histogram is its buckets, the one beyond all bounds, and the sum.
    private static readonly int ResponsesAt = 4 * Types.Length;
    private static readonly int DurationAt = ResponsesAt + (Plugins.Length * Codes);
    private static readonly int QuerySizeAt = DurationAt + DurationBounds.Length + 2;
    private static readonly int ReplySizeAt = QuerySizeAt + (2 * (SizeBounds.Length + 2));
    private static readonly int DnssecOkAt = ReplySizeAt + (2 * (SizeBounds.Length + 2));
    private readonly StripedCounts _counts = new(DnssecOkAt + 1);

    /// <summary>Queries with the DO bit.</summary>
    public long DnssecOk => _counts.Sum(DnssecOkAt);

    /// <summary>Queries of a type, by its place in <see cref="Types"/>.</summary>
    public long Requests(bool tcp, bool v6, int type) => _counts.Sum(RequestAt(tcp, v6, type));

    /// <summary>Replies of a plugin with a code (0 to 16).</summary>
    public long Responses(DnsPlugin plugin, int code) => _counts.Sum(ResponsesAt + ((int)plugin * Codes) + code);

    /// <summary>How many queries took how long: a figure for each bound, and one for those beyond.</summary>
    public long[] Durations() => Buckets(DurationAt, DurationBounds.Length);

    /// <summary>Seconds that all of them took.</summary>
    public double DurationSum() => TimeSpan.FromTicks(_counts.Sum(DurationAt + DurationBounds.Length + 1)).TotalSeconds;

    /// <summary>How many queries, or replies, had which size: a figure for each bound, and one for those beyond.</summary>
    public long[] Sizes(bool ofReplies, bool tcp) => Buckets(SizeAt(ofReplies, tcp), SizeBounds.Length);

    /// <summary>Bytes of all of them.</summary>
    public long SizeSum(bool ofReplies, bool tcp) => _counts.Sum(SizeAt(ofReplies, tcp) + SizeBounds.Length + 1);

    /// <summary>Counts one query and its reply.</summary>
    public void Count(in CountedReply reply)
    {
        var mine = _counts.Mine;
        Interlocked.Increment(ref mine[RequestAt(reply.IsTcp, reply.IsV6, TypeIndexOf(reply.Type))]);
        Interlocked.Increment(ref mine[ResponsesAt + ((int)reply.Plugin * Codes) + Math.Min((int)reply.Code, Codes - 1)]);
        Interlocked.Increment(ref mine[DurationAt + DurationBucket(reply.Took)]);
        Interlocked.Add(ref mine[DurationAt + DurationBounds.Length + 1], reply.Took.Ticks);
        CountSize(mine[SizeAt(false, reply.IsTcp)..], reply.QuerySize);
        CountSize(mine[SizeAt(true, reply.IsTcp)..], reply.ReplySize);
        if (reply.DnssecOk)
        {
            Interlocked.Increment(ref mine[DnssecOkAt]);
        }
    }

    /// <summary>The first of <see cref="DurationBounds"/> that a duration is within; their number: it is beyond all.</summary>
    public static int DurationBucket(TimeSpan duration) =>
        Math.Min(64 - BitOperations.LeadingZeroCount((ulong)(Math.Max(duration.Ticks - 1, 0) / FirstBoundTicks)), DurationBounds.Length);

    private static void CountSize(Span<long> histogram, int size)
    {
        var bucket = 0;
        while (bucket < SizeBounds.Length && size > SizeBounds[bucket])
        {
            bucket++;
        }

        Interlocked.Increment(ref histogram[bucket]);
        Interlocked.Add(ref histogram[SizeBounds.Length + 1], size);
    }

    private static int RequestAt(bool tcp, bool v6, int type) => (((tcp ? 2 : 0) + (v6 ? 1 : 0)) * Types.Length) + type;

    private static int SizeAt(bool ofReplies, bool tcp) => (ofReplies ? ReplySizeAt : QuerySizeAt) + (tcp ? SizeBounds.Length + 2 : 0);

    private static int TypeIndexOf(RecordType type) => (int)type < TypeIndexes.Length ? TypeIndexes[(int)type] : 0;

    // By IANA number.
    private static byte[] NewTypeIndexes()
    {
        var indexes = new byte[256];
        (ushort Number, string Name)[] known =
        [
            (1, "A"), (2, "NS"), (5, "CNAME"), (6, "SOA"), (12, "PTR"), (15, "MX"), (16, "TXT"), (28, "AAAA"), (33, "SRV"), (43, "DS"), (46, "RRSIG"),
            (47, "NSEC"), (48, "DNSKEY"), (50, "NSEC3"), (65, "HTTPS"), (251, "IXFR"), (252, "AXFR"), (255, "ANY"),
        ];
        foreach (var (number, name) in known)
        {
            indexes[number] = (byte)Array.IndexOf(Types, name);
        }

        return indexes;
    }

    private long[] Buckets(int at, int bounds) => [.. Enumerable.Range(at, bounds + 1).Select(_counts.Sum)];
}
