using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Fairlead.Dns.Config;
using Fairlead.Dns.Server;
using Fairlead.Dns.Wire;
using Microsoft.Extensions.Logging;

namespace Fairlead.Dns.Metrics;

/// <summary>
/// Queries in the log, a line each, in the common format of CoreDNS's plugin <c>log</c>. Lines are written by a loop of their own: an answer never waits for
/// them. Beyond <see cref="MostPerSecond"/>, or while <see cref="MostWaiting"/> wait, queries go unlogged and are counted.
/// </summary>
/// <param name="log">Where lines go.</param>
/// <param name="counters">Where those left out are counted.</param>
/// <param name="time">Clock.</param>
internal sealed class QueryLog(ILogger log, DnsCounters counters, TimeProvider time)
{
    /// <summary>Queries that wait to be written.</summary>
    public const int MostWaiting = 4096;

    /// <summary>Lines written in a second.</summary>
    public const int MostPerSecond = 2000;

    private const int TcpSize = 65535;

    // From the highest bit to the lowest (RFC 1035 §4.1.1, RFC 4035 §3).
    private const string FlagNames = "aa tc rd ra z ad cd";
    private readonly Channel<Entry> _entries = Channel.CreateBounded<Entry>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });

    /// <summary>What kind of answer a reply is.</summary>
    public static AnswerClasses ClassOf(ResponseCode code, ReadOnlySpan<byte> reply) => code switch
    {
        ResponseCode.NxDomain => AnswerClasses.Denial,
        ResponseCode.NoError => BinaryPrimitives.ReadUInt16BigEndian(reply[6..]) > 0 ? AnswerClasses.Success : AnswerClasses.Denial,
        _ => AnswerClasses.Error,
    };

    /// <summary>Takes a query down to be written; it copies what it needs.</summary>
    public void Add(ReadOnlySpan<byte> packet, Asker asker, in CountedReply counted, ReadOnlySpan<byte> reply)
    {
        var entry = new Entry(packet.ToArray(), asker, counted, BinaryPrimitives.ReadUInt16BigEndian(reply[2..]));
        if (!_entries.Writer.TryWrite(entry))
        {
            counters.CountLogDropped();
        }
    }

    /// <summary>Writes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var (second, written) = (time.GetTimestamp(), 0);
        await foreach (var entry in _entries.Reader.ReadAllAsync(cancellationToken))
        {
            if (time.GetElapsedTime(second) >= TimeSpan.FromSeconds(1))
            {
                (second, written) = (time.GetTimestamp(), 0);
            }

            if (++written > MostPerSecond)
            {
                counters.CountLogDropped();
                continue;
            }

            log.Query(Line(entry));
        }
    }

    private static string Line(Entry entry)
    {
        DnsQuery.TryRead(entry.Packet, out var query);
        var (asker, counted) = (entry.Asker, entry.Counted);
        var client = asker.Client.IsV4 ? $"{asker.Client}" : $"[{asker.Client}]";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{client}:{asker.Port} - {query.Header.Id} \"{MessageText.Type(query.Type)} {ClassName(query)} {DnsName.Decode(query.Name)} {(asker.Tcp ? "tcp" : "udp")} "
            + $"{counted.QuerySize} {(query.DnssecOk ? "true" : "false")} {(asker.Tcp ? TcpSize : query.UdpSize)}\" {MessageText.Code(counted.Code)} {Flags(entry.Flags)} "
            + $"{counted.ReplySize} {counted.Took.TotalSeconds:0.#########}s");
    }

    private static string ClassName(scoped DnsQuery query) =>
        query.Question.IsEmpty ? "-" : BinaryPrimitives.ReadUInt16BigEndian(query.Question[^2..]) switch
        {
            1 => "IN",
            3 => "CH",
            4 => "HS",
            255 => "ANY",
            var number => string.Create(CultureInfo.InvariantCulture, $"CLASS{number}"),
        };

    private static string Flags(ushort flags)
    {
        var (text, flag) = (new StringBuilder("qr"), DnsHeader.AuthoritativeFlag);
        foreach (var name in FlagNames.Split(' '))
        {
            text.Append((flags & flag) != 0 ? "," + name : "");
            flag >>= 1;
        }

        return text.ToString();
    }

    private readonly record struct Entry(byte[] Packet, Asker Asker, CountedReply Counted, ushort Flags);
}
