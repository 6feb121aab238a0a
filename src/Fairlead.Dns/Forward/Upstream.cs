using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Forward;

/// <summary>
/// One server that is asked: by UDP, each question from a socket of its own; by TCP when the reply is truncated, when somebody guesses at ids, or when the
/// options say so; by TLS when the upstream is named so.
/// </summary>
internal sealed class Upstream : IDisposable
{
    private const int MostOtherCase = 3;

    /// <summary>How long an upstream without EDNS is asked without: it may be another server by then.</summary>
    public static readonly TimeSpan PlainTime = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan CheckTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(2);
    private readonly UpstreamContext _context;
    private readonly ConnectionPool _connections;
    private readonly CancellationTokenSource _end = new();
    private readonly LoopProbe _probe;
    private readonly Lock _gate = new();
    private CancellationTokenSource _underWay = new();
    private int _otherCase;
    private long? _plain;
    private bool _logged;

    /// <param name="address">Where it is.</param>
    /// <param name="isTls">It is asked by TLS.</param>
    /// <param name="context">What it shares with the others.</param>
    public Upstream(IPEndPoint address, bool isTls, UpstreamContext context)
    {
        (Address, IsTls, _context) = (address, isTls, context);
        Counters = new UpstreamCounters(address);
        _connections = new ConnectionPool(end => UpstreamStreams.OpenAsync(context, address, isTls, end), context.Time, context.Options.Expire, Counters);
        _probe = new LoopProbe(DnsName.Encode(context.Options.From), context.Time);
        Health = new UpstreamHealth(context, Counters, CheckAsync, _end.Token);
    }

    public IPEndPoint Address { get; }

    public bool IsTls { get; }

    public UpstreamHealth Health { get; }

    /// <summary>What passed between it and us.</summary>
    public UpstreamCounters Counters { get; }

    /// <summary>It asks us what we ask it, and is out.</summary>
    public bool IsLooping => _probe.IsLooping;

    /// <summary>It does not keep the case of names, and is asked in the asker's.</summary>
    public bool LosesCase => Volatile.Read(ref _otherCase) >= MostOtherCase;

    private bool LacksEdns
    {
        get
        {
            lock (_gate)
            {
                return _plain is { } since && _context.Time.GetElapsedTime(since) < PlainTime;
            }
        }
    }

    private bool UsesStreams => IsTls || _context.Options.ForceTcp;

    /// <summary>Its reply without OPT and with nothing but what belongs to the question; null: none came in time.</summary>
    /// <param name="question">What is asked.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="sent">Told of the query as it goes out, in its random case.</param>
    public async Task<byte[]?> TryAskAsync(ForwardQuestion question, TimeSpan limit, Action<byte[]> sent)
    {
        if (!_probe.IsProbed)
        {
            Probe();
        }

        var started = _context.Time.GetTimestamp();
        var underWay = Volatile.Read(ref _underWay).Token;
        using var timeout = new CancellationTokenSource(limit, _context.Time);
        using var giveUp = underWay.Register(timeout.Cancel);
        Counters.CountRequest();
        try
        {
            var reply = await ExchangeAsync(question, sent, timeout.Token);
            Counters.CountResponse(reply[3] & DnsHeader.CodeMask, _context.Time.GetElapsedTime(started));
            Health.Succeed();
            return Take(reply, question);
        }
        catch (Exception e) when (IsFailure(e))
        {
            Counters.CountFailure();
            if (!underWay.IsCancellationRequested && e is not SocketException { SocketErrorCode: SocketError.TooManyOpenSockets })
            {
                Health.Fail();
                Probe();
            }

            return null;
        }
    }

    /// <summary>Asks it for a name that must not come back, unless that was done a moment ago.</summary>
    public void Probe()
    {
        if (_probe.Next() is { } question)
        {
            _ = ProbeAsync(question);
        }
    }

    /// <summary>Whether a question is what it was probed with; then it is out, and what it was asked fails at once.</summary>
    public bool TryFindLoop(ReadOnlySpan<byte> name)
    {
        if (!_probe.TryFind(name, out var isFirst))
        {
            return false;
        }

        if (isFirst)
        {
            _context.Counters.CountLoop();
            _ = Interlocked.Exchange(ref _underWay, new CancellationTokenSource()).CancelAsync();
            if (!_logged)
            {
                _logged = true;
                _context.Log.LoopFound(Address);
            }
        }

        return true;
    }

    /// <summary>Ends its checks and idle connections. Questions under way have their time.</summary>
    public void Dispose()
    {
        _end.Cancel();
        _connections.Dispose();
    }

    private byte[]? Take(byte[] reply, ForwardQuestion question)
    {
        var packet = Bailiwick.Cleaned(ForwardMessage.WithoutOpt(reply, question.Name.Length + 4), question);
        if (packet is null)
        {
            _context.Counters.CountForeign();
        }

        return packet;
    }

    // A server older than EDNS is asked once more without (RFC 6891 §6.2.2), and for a while without at once.
    private async Task<byte[]> ExchangeAsync(ForwardQuestion question, Action<byte[]> sent, CancellationToken cancellationToken)
    {
        if (!LacksEdns)
        {
            var reply = await ExchangeAsync(question, edns: true, sent, cancellationToken);
            if (!ForwardMessage.RefusesEdns(reply))
            {
                return reply;
            }
        }

        var plain = await ExchangeAsync(question, edns: false, sent, cancellationToken);
        if (!LacksEdns && !ForwardMessage.RefusesEdns(plain))
        {
            lock (_gate)
            {
                _plain = _context.Time.GetTimestamp();
            }
        }

        return plain;
    }

    private async Task<byte[]> ExchangeAsync(ForwardQuestion question, bool edns, Action<byte[]> sent, CancellationToken cancellationToken)
    {
        var mixes = !LosesCase;
        var query = NewQuery(question, mixes, edns);
        sent(query);
        if (UsesStreams)
        {
            return await _connections.AskAsync(query, cancellationToken);
        }

        var (match, reply) = await UdpQuestion.AskAsync(_context, Counters, query, cancellationToken);
        if (match == ReplyMatch.OtherCase && mixes)
        {
            return await AskForCaseAsync(question, query, edns, cancellationToken);
        }

        if (match == ReplyMatch.Exact && mixes)
        {
            Volatile.Write(ref _otherCase, 0);
        }

        return reply is not null && DnsHeader.TryRead(reply, out var header) && !header.IsTruncated ? reply : await _connections.AskAsync(query, cancellationToken);
    }

    // Either the upstream does not keep the case of names, or the reply was forged: over a connection nobody can forge, so what comes there is the answer
    // and says which it was. An upstream without TCP is asked anew in the asker's case; one whose TCP is silent is believed after some replies in a row.
    private async Task<byte[]> AskForCaseAsync(ForwardQuestion question, byte[] query, bool edns, CancellationToken cancellationToken)
    {
        Counters.CountOtherCase();
        Interlocked.Increment(ref _otherCase);
        try
        {
            var reply = await _connections.AskAsync(query, cancellationToken);
            var loses = ForwardMessage.Match(query, WithIdOf(query, reply)) == ReplyMatch.OtherCase;
            Volatile.Write(ref _otherCase, loses ? MostOtherCase : Volatile.Read(ref _otherCase));
            return reply;
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            var (_, reply) = await UdpQuestion.AskAsync(_context, Counters, NewQuery(question, mixes: false, edns), cancellationToken);
            if (reply is null || !DnsHeader.TryRead(reply, out var header) || header.IsTruncated)
            {
                throw new IOException($"{Address} has no whole reply by UDP", e);
            }

            Volatile.Write(ref _otherCase, MostOtherCase);
            return reply;
        }
    }

    // What may go wrong between two machines; anything else is our own fault.
    private static bool IsFailure(Exception e) => e is SocketException or IOException or OperationCanceledException or ObjectDisposedException
        or AuthenticationException or CryptographicException;

    private static byte[] WithIdOf(byte[] query, byte[] reply)
    {
        ForwardMessage.SetId(reply, BinaryPrimitives.ReadUInt16BigEndian(query));
        return reply;
    }

    private static byte[] NewQuery(ForwardQuestion question, bool mixes, bool edns = true)
    {
        Span<byte> random = stackalloc byte[34];
        RandomNumberGenerator.Fill(random);
        var query = ForwardMessage.Query(question, BinaryPrimitives.ReadUInt16LittleEndian(random), edns);
        if (mixes)
        {
            ForwardMessage.MixCase(query, random[2..]);
        }

        return query;
    }

    private async Task<bool> CheckAsync(CancellationToken cancellationToken)
    {
        var options = _context.Options;
        var flags = options.HealthCheckRecurses ? DnsHeader.RecursionDesiredFlag : (ushort)0;
        var query = NewQuery(new ForwardQuestion(DnsName.Encode(options.HealthCheckName), RecordType.NS, flags, false), mixes: false);
        try
        {
            using var timeout = new CancellationTokenSource(CheckTime, _context.Time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            await (UsesStreams ? _connections.AskAsync(query, both.Token) : UdpQuestion.PingAsync(_context, Address, query, both.Token));
            return true;
        }
        catch (Exception e) when (IsFailure(e))
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }

    private async Task ProbeAsync(ForwardQuestion question)
    {
        try
        {
            using var timeout = new CancellationTokenSource(ProbeTime, _context.Time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _end.Token);
            await ExchangeAsync(question, _ => { }, both.Token);
        }
        catch (Exception e) when (IsFailure(e))
        {
            // What it says to the probe tells nothing; whether the probe comes back does.
            return;
        }
    }
}
