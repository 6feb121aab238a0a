using System.Net;
using Fairlead.Dns.Config;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Namespaces;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Dns.Forward;

/// <summary>
/// Asks upstream servers what is not ours to answer, and keeps what they say. One that is silent or fails gives way to the next.
/// </summary>
internal sealed class Forwarder : IDisposable
{
    /// <summary>Questions under way at once when the options set no limit: each has a descriptor.</summary>
    public const int MostUnderWay = 8192;

    /// <summary>Askers that wait at once, those who wait for one and the same answer included.</summary>
    public const int MostWaiting = 32768;

    /// <summary>How long one upstream has to answer.</summary>
    public static readonly TimeSpan TryTime = TimeSpan.FromSeconds(2);

    /// <summary>How long all have together: as long as a resolver waits (resolv.conf(5)).</summary>
    public static readonly TimeSpan TotalTime = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private readonly DnsCounters _counters;
    private readonly ForwardCache? _cache;
    private readonly byte[] _from;
    private readonly byte[][] _except;
    private readonly UpstreamOrder _order;
    private readonly QuestionsUnderWay _underWay;
    private readonly Lazy<UpstreamSet> _set;
    private int _waiting;

    /// <param name="options">Who is asked, and how.</param>
    /// <param name="cache">How answers are kept; null: they are not.</param>
    /// <param name="host">The host's resolvers as they are at the time, which stand for <see cref="HostResolvers.ResolvConf"/> among the upstreams.</param>
    /// <param name="time">Clock.</param>
    /// <param name="counters">What is counted.</param>
    public Forwarder(ForwardOptions options, CacheOptions? cache, Func<IReadOnlyList<IPEndPoint>> host, TimeProvider time, DnsCounters counters)
    {
        (_time, _counters) = (time, counters);
        _cache = cache is null ? null : new ForwardCache(cache, time);
        _from = DnsName.Encode(options.From);
        _except = [.. options.Except.Select(DnsName.Encode)];
        _order = new UpstreamOrder(options, Counters);
        _underWay = new QuestionsUnderWay(options.MaxConcurrent > 0 ? options.MaxConcurrent : MostUnderWay);

        // Other servers may know other names: what those before have said goes with them.
        _set = new Lazy<UpstreamSet>(() => new UpstreamSet(host, new UpstreamContext(options, time, Counters) { Namespace = Namespace, Log = Log }, () => _cache?.Clear()));
    }

    /// <summary>There was somebody to ask at the last question.</summary>
    public bool HasUpstreams => _set.Value.Known.Length > 0;

    /// <summary>Who is asked now, and what is known of each.</summary>
    public IReadOnlyList<Upstream> Upstreams => _set.Value.Current();

    /// <summary>What it has done, whoever was asked.</summary>
    public ForwardCounters Counters { get; } = new();

    /// <summary>What the cache has done; null without one.</summary>
    public CacheCounters? CacheCounters => _cache?.Counters;

    /// <summary>Where to ask from; null: the namespace the process runs in.</summary>
    public NetNamespace? Namespace { get; init; }

    /// <summary>Log.</summary>
    public ILogger Log { get; init; } = NullLogger.Instance;

    /// <summary>Whether a name, in wire form and any case, is asked here: it is in the zone of the options and in none of those they except.</summary>
    public bool Accepts(ReadOnlySpan<byte> name)
    {
        if (!DnsName.IsIn(name, _from))
        {
            return false;
        }

        foreach (var zone in _except)
        {
            if (DnsName.IsIn(name, zone))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The answer to a question, from the cache or an upstream. Many may ask the same at once; one question goes out.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; what others asked goes on.</exception>
    public ValueTask<ForwardResult> AskAsync(ForwardQuestion question, CancellationToken cancellationToken)
    {
        var upstreams = _set.Value.Current();
        if (question.Type == RecordType.HINFO && IsOwnProbe(upstreams, question))
        {
            return new(new ForwardResult(null, ResponseCode.ServFail));
        }

        var found = _cache?.Find(question) ?? default;
        if (found.Packet is not null && found.Use != CacheUse.Fallback)
        {
            _counters.CountCacheHit();
            if (found.Use == CacheUse.AnswerAndRefresh)
            {
                Join(question);
            }

            return new(new ForwardResult(found.Packet, ResponseCode.NoError, Kept: true));
        }

        return WaitAsync(question, found.Packet, cancellationToken);
    }

    /// <summary>Ends what goes on between questions, such as idle connections and health checks. Questions under way are answered.</summary>
    public void Dispose()
    {
        if (_set.IsValueCreated)
        {
            _set.Value.Dispose();
        }
    }

    private static bool IsOwnProbe(Upstream[] upstreams, ForwardQuestion question)
    {
        foreach (var upstream in upstreams)
        {
            if (upstream.TryFindLoop(question.Name))
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<ForwardResult> WaitAsync(ForwardQuestion question, byte[]? fallback, CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Increment(ref _waiting) > MostWaiting || Join(question) is not { } asked)
            {
                Counters.CountRejected();
                return new ForwardResult(null, ResponseCode.Refused);
            }

            var result = await asked.Answer.WaitAsync(cancellationToken);
            if (fallback is null || (result.Packet is { } packet && (packet[3] & DnsHeader.CodeMask) != (int)ResponseCode.ServFail))
            {
                return result;
            }

            _cache?.CountFallback();
            return new ForwardResult(fallback, ResponseCode.NoError, Kept: true);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private QuestionUnderWay? Join(ForwardQuestion question)
    {
        var asked = _underWay.Join(question, out var isNew);
        if (asked is not null && isNew)
        {
            _ = AskAndTellAsync(asked);
        }
        else if (asked is not null)
        {
            Counters.CountJoined();
            asked.SenderOf(question)?.Probe();
        }

        return asked;
    }

    private async Task AskAndTellAsync(QuestionUnderWay asked)
    {
        try
        {
            var result = await AskUpstreamsAsync(asked);
            _underWay.End(asked);
            if (result.Packet is null)
            {
                _counters.CountForwardFailure();
            }

            asked.Complete(result);
        }
        catch (Exception e)
        {
            // Who waits must not wait for ever, whatever it was.
            _underWay.End(asked);
            asked.Fail(e);
            throw;
        }
    }

    private async Task<ForwardResult> AskUpstreamsAsync(QuestionUnderWay asked)
    {
        var started = _time.GetTimestamp();
        var all = _set.Value.Current();
        var (upstreams, rounds) = _order.For(all);
        byte[]? lesser = null;
        var isAsked = false;
        _counters.CountForwarded();
        for (var i = 0; i < upstreams.Length * rounds; i++)
        {
            var left = TotalTime - _time.GetElapsedTime(started);
            var upstream = upstreams[i % upstreams.Length];
            if (left <= TimeSpan.Zero || (i >= upstreams.Length && lesser is not null))
            {
                break;
            }

            if (upstream.IsLooping)
            {
                continue;
            }

            asked.Asks(upstream);
            isAsked = true;
            var packet = await upstream.TryAskAsync(asked.Question, left < TryTime ? left : TryTime, asked.Sends);
            if (packet is not null && DnsHeader.TryRead(packet, out var header) && header.Code is ResponseCode.NoError or ResponseCode.NxDomain)
            {
                return Keep(asked.Question, packet, all);
            }

            lesser ??= packet;
        }

        if (lesser is null && isAsked)
        {
            // RFC 9520 §3: what was asked for in vain is not asked for again at once, by whom ever.
            Keep(asked.Question, ForwardMessage.Failure(asked.Question), all);
        }

        return lesser is null ? new ForwardResult(null, ResponseCode.ServFail) : Keep(asked.Question, lesser, all);
    }

    private ForwardResult Keep(ForwardQuestion question, byte[] packet, Upstream[] from)
    {
        if (_set.Value.IsCurrent(from))
        {
            _cache?.Store(question, packet);
        }

        return new ForwardResult(packet, ResponseCode.NoError);
    }
}
