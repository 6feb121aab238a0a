using Fairlead.Dns.Chain;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Kubernetes;
using Fairlead.Dns.Metrics;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Server;

/// <summary>
/// What became of a query at once: a reply of <see cref="Length"/> bytes; or a question for upstream; or, by TCP, a whole zone to be sent; or nothing, and
/// nothing is sent.
/// </summary>
internal readonly record struct Handled(int Length, PendingQuery? Pending, ZoneTransfer? Transfer = null);

/// <summary>A query that waits for an upstream's answer.</summary>
/// <param name="Query">As received.</param>
/// <param name="Name">What is asked upstream: the query's name, or what that is an alias of.</param>
/// <param name="Asker">Who asks.</param>
/// <param name="Chains">The configuration, which it keeps to the end whatever that becomes.</param>
/// <param name="Chain">The chain of the query's own name.</param>
/// <param name="Forwarder">Who asks upstream.</param>
/// <param name="Search">Several names are to be asked, one after another, instead of the one; null: the one.</param>
internal sealed record PendingQuery(byte[] Query, byte[] Name, Asker Asker, DnsChains Chains, DnsChain Chain, Forwarder Forwarder, NameSearch? Search = null);

/// <summary>Who asks, and since when.</summary>
/// <param name="Client">The address.</param>
/// <param name="Port">The port; 0: unknown.</param>
/// <param name="Tcp">By TCP.</param>
/// <param name="Since">When the query was received, a <see cref="DnsCounters.Timestamp"/>.</param>
internal readonly record struct Asker(IpAddr Client, ushort Port, bool Tcp, long Since);

/// <summary>
/// The server without sockets: one query in, one reply out. <see cref="Handle"/> never waits and, for names of the cluster, never allocates;
/// what must be asked upstream is finished by <see cref="FinishAsync"/>.
/// </summary>
/// <param name="chains">Who answers which name.</param>
/// <param name="counters">What clients ask is counted there; null: it looks names up for the server itself: none is counted, told of, or completed (plugin <c>autopath</c>).</param>
/// <param name="queries">Where queries are written that a configuration wants logged; null: nowhere.</param>
internal sealed class DnsHandler(DnsChains chains, DnsCounters? counters, QueryLog? queries = null)
{
    /// <summary>A reply buffer of this size holds every reply.</summary>
    public const int MaxReply = ushort.MaxValue;

    private readonly ZoneTransfers _transfers = new();
    private volatile DnsChains _chains = chains;

    /// <summary>Who answers which name. Replaced as a whole; a query sees one of them from beginning to end.</summary>
    public DnsChains Chains
    {
        get => _chains;
        set => _chains = value;
    }

    /// <summary>Answers a query.</summary>
    /// <param name="packet">As received.</param>
    /// <param name="client">Who sent it.</param>
    /// <param name="reply">Where the reply goes: at least 1232 bytes by UDP, <see cref="MaxReply"/> by TCP.</param>
    /// <param name="tcp">It came by TCP, so that only <paramref name="reply"/> bounds the reply.</param>
    /// <param name="port">The client's port; 0: unknown.</param>
    public Handled Handle(ReadOnlySpan<byte> packet, IpAddr client, Span<byte> reply, bool tcp, ushort port = 0)
    {
        var asker = new Asker(client, port, tcp, counters?.Timestamp() ?? 0);
        counters?.CountQuery(tcp);
        if (!DnsQuery.TryRead(packet, out var query))
        {
            counters?.CountDropped();
            return default;
        }

        var handled = Answer(packet, query, asker, reply, out var chain, out var plugin);
        if (handled.Length > 0)
        {
            Tell(packet, query, asker, chain, plugin, reply, handled.Length);
        }

        return handled;
    }

    private Handled Answer(ReadOnlySpan<byte> packet, scoped DnsQuery query, Asker asker, Span<byte> reply, out DnsChain? chain, out DnsPlugin plugin)
    {
        var tcp = asker.Tcp;
        (chain, plugin) = (null, DnsPlugin.None);
        if (query.Error != ResponseCode.NoError)
        {
            return query.IsTransfer && counters is not null
                ? Transfer(packet, query, asker, reply, out chain, out plugin)
                : new Handled(Fail(query, query.Error, null, reply, tcp), null);
        }

        var chains = _chains;
        var name = new QueryName(query.Name, stackalloc byte[DnsReader.MaxName], stackalloc byte[QueryName.MaxLabels]);
        chain = chains.Find(name);
        if (chain is null)
        {
            return new Handled(Fail(query, ResponseCode.Refused, null, reply, tcp), null);
        }

        var writer = Begin(query, chain, reply, tcp, stackalloc ushort[DnsWriter.NameTable]);
        var path = new Completion(counters is null ? null : chain.Clients, asker.Client);
        var outcome = Resolve(query, chains, chain, name, path, ref writer, out var alias, out var upstream);
        plugin = writer.Plugin;
        switch (outcome)
        {
            case ZoneOutcome.Answered:
                return new Handled(Finish(ref writer), null);
            case ZoneOutcome.Search when chain.ForwarderOf(name) is { HasUpstreams: true } forwarder && path.Search(query.Name) is { } names:
                return new Handled(0, new PendingQuery(packet.ToArray(), [], asker, chains, chain, forwarder, new NameSearch(chains, names, path.Clients!.Time)));
            case ZoneOutcome.Search:
                chain.Answer(query, name, default, ref writer, out _);
                return new Handled(Finish(ref writer), null);
            case ZoneOutcome.NotMine when upstream is not null:
                return new Handled(0, new PendingQuery(packet.ToArray(), alias.Length > 0 ? alias : query.Name.ToArray(), asker, chains, chain, upstream));
            default:
                plugin = DnsPlugin.None;
                return new Handled(Fail(query, ResponseCode.ServFail, chain, reply, tcp), null);
        }
    }

    private Handled Transfer(ReadOnlySpan<byte> packet, scoped DnsQuery query, Asker asker, Span<byte> reply, out DnsChain? chain, out DnsPlugin plugin)
    {
        var name = new QueryName(query.Name, stackalloc byte[DnsReader.MaxName], stackalloc byte[QueryName.MaxLabels]);
        chain = _chains.Find(name);
        var writer = Begin(query, chain, reply, asker.Tcp, stackalloc ushort[DnsWriter.NameTable]);
        var transfer = _transfers.Begin(packet, query, name, asker, chain, ref writer);
        plugin = writer.Code == ResponseCode.NoError ? DnsPlugin.Transfer : DnsPlugin.None;
        return transfer is null ? new Handled(Finish(ref writer), null) : new Handled(0, null, transfer);
    }

    /// <summary>Lets go of a zone that was sent, whole or in part, or will not be.</summary>
    public void Finish(ZoneTransfer transfer)
    {
        _transfers.End(transfer);
        if (transfer.Written > 0)
        {
            counters?.CountReply((int)ResponseCode.NoError);
            DnsQuery.TryRead(transfer.Query, out var query);
            Tell(transfer.Query, query, transfer.Asker, transfer.Chain, DnsPlugin.Transfer, transfer.Header, transfer.Written);
        }
    }

    /// <summary>Asks upstream and writes the reply; its length.</summary>
    public async Task<int> FinishAsync(PendingQuery pending, Memory<byte> reply, CancellationToken cancellationToken)
    {
        var result = await AskAsync(pending, cancellationToken);
        return Finish(pending, result, reply.Span);
    }

    /// <summary>Asks upstream. No buffer is needed meanwhile.</summary>
    public static ValueTask<ForwardResult> AskAsync(PendingQuery pending, CancellationToken cancellationToken) =>
        pending.Search?.AskAsync(pending, cancellationToken) ?? pending.Forwarder.AskAsync(QuestionOf(pending), cancellationToken);

    private static ForwardQuestion QuestionOf(PendingQuery pending)
    {
        DnsQuery.TryRead(pending.Query, out var query);
        var flags = query.Header.Flags & (DnsHeader.RecursionDesiredFlag | DnsHeader.CheckingDisabledFlag);
        return new ForwardQuestion(pending.Name, query.Type, (ushort)flags, query.DnssecOk);
    }

    // As far as nobody needs to be asked. Not mine: the alias, or without one the name, is to be asked upstream, if there is somebody to ask.
    private static ZoneOutcome Resolve(
        scoped DnsQuery query, DnsChains chains, DnsChain chain, scoped QueryName name, Completion path, ref DnsWriter writer, out byte[] alias, out Forwarder? upstream)
    {
        var outcome = chain.Answer(query, name, path, ref writer, out alias);
        if (outcome == ZoneOutcome.Alias)
        {
            return chains.Follow(query, ref alias, ref writer, out upstream);
        }

        upstream = outcome == ZoneOutcome.NotMine ? chain.ForwarderOf(name) : null;
        return outcome;
    }

    /// <summary>Writes the reply to what upstream said; its length.</summary>
    public int Finish(PendingQuery pending, ForwardResult result, Span<byte> reply)
    {
        DnsQuery.TryRead(pending.Query, out var query);
        var length = Finish(pending, query, result, reply);
        var plugin = pending.Search?.Match is not null ? DnsPlugin.Autopath : result.Kept ? DnsPlugin.Cache : DnsPlugin.Forward;
        Tell(pending.Query, query, pending.Asker, pending.Chain, plugin, reply, length);
        return length;
    }

    private int Finish(PendingQuery pending, scoped DnsQuery query, ForwardResult result, Span<byte> reply)
    {
        if (pending.Search is { } search)
        {
            return FinishSearch(pending, search.Match, query, result.Packet, reply);
        }

        if (result.Packet is not { } answer)
        {
            return Fail(query, result.Code, pending.Chain, reply, pending.Asker.Tcp);
        }

        if (!pending.Name.AsSpan().SequenceEqual(query.Name))
        {
            return FinishAlias(pending, query, answer, reply);
        }

        var length = ForwardedReply.Write(query, answer, reply, Limit(query, pending.Chain, reply, pending.Asker.Tcp));
        counters?.CountReply(reply[3] & DnsHeader.CodeMask);
        return length;
    }

    // The CNAME is written anew from the tables: should the Service have become another meanwhile, the client hears of the new one.
    private int FinishAlias(PendingQuery pending, scoped DnsQuery query, byte[] answer, Span<byte> reply)
    {
        var writer = Begin(query, pending.Chain, reply, pending.Asker.Tcp, stackalloc ushort[DnsWriter.NameTable]);
        var name = new QueryName(query.Name, stackalloc byte[DnsReader.MaxName], stackalloc byte[QueryName.MaxLabels]);
        var path = new Completion(counters is null ? null : pending.Chain.Clients, pending.Asker.Client);
        var outcome = Resolve(query, pending.Chains, pending.Chain, name, path, ref writer, out var alias, out var upstream);
        if (outcome == ZoneOutcome.Answered)
        {
            return Finish(ref writer);
        }

        if (upstream is null || !alias.AsSpan().SequenceEqual(pending.Name))
        {
            return Fail(query, ResponseCode.ServFail, pending.Chain, reply, pending.Asker.Tcp);
        }

        ForwardedReply.AppendChain(answer, query.Type, ref writer);
        return Finish(ref writer);
    }

    // Without a match the client hears what it would have heard without a search, and goes on by itself.
    private int FinishSearch(PendingQuery pending, byte[]? match, scoped DnsQuery query, byte[]? answer, Span<byte> reply)
    {
        var writer = Begin(query, pending.Chain, reply, pending.Asker.Tcp, stackalloc ushort[DnsWriter.NameTable]);
        if (match is not null && answer is not null)
        {
            writer.Authoritative = true;
            writer.Name(query.Name, RecordType.CNAME, pending.Chain.Block.Kubernetes!.Ttl, match);
            ForwardedReply.AppendChain(answer, query.Type, ref writer);
            return Finish(ref writer);
        }

        var name = new QueryName(query.Name, stackalloc byte[DnsReader.MaxName], stackalloc byte[QueryName.MaxLabels]);
        return pending.Chain.Answer(query, name, default, ref writer, out _) == ZoneOutcome.Answered
            ? Finish(ref writer)
            : Fail(query, ResponseCode.ServFail, pending.Chain, reply, pending.Asker.Tcp);
    }

    private int Fail(scoped DnsQuery query, ResponseCode code, DnsChain? chain, Span<byte> reply, bool tcp)
    {
        var writer = Begin(query, chain, reply, tcp, stackalloc ushort[DnsWriter.NameTable]);
        writer.Code = code;
        return Finish(ref writer);
    }

    private static DnsWriter Begin(scoped DnsQuery query, DnsChain? chain, Span<byte> reply, bool tcp, Span<ushort> names) =>
        new(query, reply, Limit(query, chain, reply, tcp), names) { RecursionAvailable = chain?.HasUpstreams ?? false };

    private static int Limit(scoped DnsQuery query, DnsChain? chain, Span<byte> reply, bool tcp) =>
        tcp ? reply.Length : Math.Min(query.UdpSize, chain?.Block.UdpSize ?? DnsQuery.MaxUdp);

    // What a scrape, the list of missing names and the log say of it. Of the reply the header is enough.
    private void Tell(ReadOnlySpan<byte> packet, scoped DnsQuery query, Asker asker, DnsChain? chain, DnsPlugin plugin, ReadOnlySpan<byte> reply, int length)
    {
        if (counters is null)
        {
            return;
        }

        var counted = new CountedReply
        {
            IsTcp = asker.Tcp,
            IsV6 = !asker.Client.IsV4,
            Type = query.Type,
            DnssecOk = query.DnssecOk,
            Code = query.Error == ResponseCode.BadVers ? ResponseCode.BadVers : (ResponseCode)(reply[3] & DnsHeader.CodeMask),
            Plugin = plugin,
            QuerySize = packet.Length,
            ReplySize = length,
            Took = counters.Since(asker.Since),
        };
        (chain is null ? counters.Zone(DnsCounters.NoZone) : chain.CountersOf(counters)).Count(counted);
        if (counted.Code == ResponseCode.NxDomain)
        {
            counters.Missing.Count(asker.Client, query.Type, query.Name);
        }

        if (chain is not null && queries is not null && (chain.Block.Logs & QueryLog.ClassOf(counted.Code, reply)) != 0)
        {
            queries.Add(packet, asker, counted, reply);
        }
    }

    private int Finish(ref DnsWriter writer)
    {
        counters?.CountReply((int)writer.Code);
        return writer.Finish();
    }
}
