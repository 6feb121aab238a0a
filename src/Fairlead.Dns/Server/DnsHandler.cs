using Fairlead.Dns.Forward;
using Fairlead.Dns.Kubernetes;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Server;

/// <summary>What became of a query at once: a reply of <see cref="Length"/> bytes; or a question for upstream; or neither, and nothing is sent.</summary>
internal readonly record struct Handled(int Length, PendingQuery? Pending);

/// <summary>A query that waits for an upstream's answer.</summary>
internal sealed record PendingQuery(byte[] Query, byte[] Name, IpAddr Client, bool Tcp);

/// <summary>
/// The server without sockets: one query in, one reply out. <see cref="Handle"/> never waits and, for names of the cluster, never allocates;
/// what must be asked upstream is finished by <see cref="FinishAsync"/>.
/// </summary>
/// <param name="zone">The cluster's zones; null for a relay, which has none.</param>
/// <param name="forwarder">Who is asked for other names.</param>
/// <param name="counters">What is counted.</param>
internal sealed class DnsHandler(KubernetesZone? zone, Forwarder forwarder, DnsCounters counters)
{
    /// <summary>A reply buffer of this size holds every reply.</summary>
    public const int MaxReply = ushort.MaxValue;

    /// <summary>Answers a query.</summary>
    /// <param name="packet">As received.</param>
    /// <param name="client">Who sent it.</param>
    /// <param name="reply">Where the reply goes: at least 1232 bytes by UDP, <see cref="MaxReply"/> by TCP.</param>
    /// <param name="tcp">It came by TCP, so that only <paramref name="reply"/> bounds the reply.</param>
    public Handled Handle(ReadOnlySpan<byte> packet, IpAddr client, Span<byte> reply, bool tcp)
    {
        counters.CountQuery(tcp);
        if (!DnsQuery.TryRead(packet, out var query))
        {
            counters.CountDropped();
            return default;
        }

        if (query.Error != ResponseCode.NoError)
        {
            return new Handled(Fail(query, query.Error, reply, tcp), null);
        }

        var outcome = ZoneOutcome.NotMine;
        byte[] alias = [];
        var writer = Begin(query, reply, tcp, stackalloc ushort[DnsWriter.NameTable]);
        if (zone is not null)
        {
            outcome = zone.Answer(query, ref writer, out alias);
        }

        return outcome == ZoneOutcome.Answered
            ? new Handled(Finish(ref writer), null)
            : new Handled(0, new PendingQuery(packet.ToArray(), outcome == ZoneOutcome.Alias ? alias : query.Name.ToArray(), client, tcp));
    }

    /// <summary>Asks upstream and writes the reply; its length.</summary>
    public async Task<int> FinishAsync(PendingQuery pending, Memory<byte> reply, CancellationToken cancellationToken)
    {
        var result = await forwarder.AskAsync(QuestionOf(pending), cancellationToken);
        return Finish(pending, result, reply.Span);
    }

    private static ForwardQuestion QuestionOf(PendingQuery pending)
    {
        DnsQuery.TryRead(pending.Query, out var query);
        var flags = query.Header.Flags & (DnsHeader.RecursionDesiredFlag | DnsHeader.CheckingDisabledFlag);
        return new ForwardQuestion(pending.Name, query.Type, (ushort)flags, query.DnssecOk);
    }

    private int Finish(PendingQuery pending, ForwardResult result, Span<byte> reply)
    {
        DnsQuery.TryRead(pending.Query, out var query);
        if (result.Packet is not { } answer)
        {
            return Fail(query, result.Code, reply, pending.Tcp);
        }

        if (!pending.Name.AsSpan().SequenceEqual(query.Name))
        {
            return FinishAlias(pending, query, answer, reply);
        }

        var length = ForwardedReply.Write(query, answer, reply, pending.Tcp ? reply.Length : query.UdpSize);
        counters.CountReply(reply[3] & DnsHeader.CodeMask);
        return length;
    }

    // The CNAME is written anew from the tables: should the Service have become another meanwhile, the client hears of the new one.
    private int FinishAlias(PendingQuery pending, scoped DnsQuery query, byte[] answer, Span<byte> reply)
    {
        var writer = Begin(query, reply, pending.Tcp, stackalloc ushort[DnsWriter.NameTable]);
        var outcome = zone!.Answer(query, ref writer, out var alias);
        if (outcome == ZoneOutcome.Answered)
        {
            return Finish(ref writer);
        }

        if (outcome != ZoneOutcome.Alias || !alias.AsSpan().SequenceEqual(pending.Name))
        {
            return Fail(query, ResponseCode.ServFail, reply, pending.Tcp);
        }

        ForwardedReply.AppendChain(answer, query.Type, ref writer);
        return Finish(ref writer);
    }

    private int Fail(scoped DnsQuery query, ResponseCode code, Span<byte> reply, bool tcp)
    {
        var writer = Begin(query, reply, tcp, stackalloc ushort[DnsWriter.NameTable]);
        writer.Code = code;
        return Finish(ref writer);
    }

    private DnsWriter Begin(scoped DnsQuery query, Span<byte> reply, bool tcp, Span<ushort> names) =>
        new(query, reply, tcp ? reply.Length : query.UdpSize, names) { RecursionAvailable = forwarder.HasUpstreams };

    private int Finish(ref DnsWriter writer)
    {
        counters.CountReply((int)writer.Code);
        return writer.Finish();
    }
}
