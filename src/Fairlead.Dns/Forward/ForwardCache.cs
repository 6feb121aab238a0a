using Fairlead.Dns.Config;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Forward;

/// <summary>What is to be done with what the cache has.</summary>
internal enum CacheUse
{
    /// <summary>It has nothing.</summary>
    Miss,

    /// <summary>It is the answer.</summary>
    Answer,

    /// <summary>It is the answer, and the question is asked anew meanwhile.</summary>
    AnswerAndRefresh,

    /// <summary>It is the answer only if the upstream gives none.</summary>
    Fallback,
}

/// <summary>What the cache has for a question: a reply with its times to live as they are now, not to be changed; null for a miss.</summary>
internal readonly record struct CacheFound(CacheUse Use, byte[]? Packet);

/// <summary>
/// Upstreams' replies for as long as their records live (RFC 2308, RFC 8767), by name, type, DO, CD and RD; the class is always IN. Positive answers,
/// denials and failures are kept apart, so that a flood of names that do not exist leaves those that do. Memory is bounded: see <see cref="CacheTable"/>.
/// </summary>
internal sealed class ForwardCache
{
    /// <summary>Bytes of the longest reply that is kept.</summary>
    public const int MaxPacket = 16 * 1024;

    private const int MostFailures = 1024;

    // How long an answer that could not be asked anew is given without trying again.
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(5);
    private readonly CacheOptions _options;
    private readonly TimeProvider _time;
    private readonly CacheTable _success;
    private readonly CacheTable _denial;
    private readonly CacheTable _failure;
    private readonly byte[][] _zones;
    private readonly byte[][] _noSuccess;
    private readonly byte[][] _noDenial;

    /// <param name="options">What is kept, and for how long.</param>
    /// <param name="time">Clock.</param>
    public ForwardCache(CacheOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        _success = new CacheTable(options.Success.Capacity, Counters.Success);
        _denial = new CacheTable(options.Denial.Capacity, Counters.Denial);
        _failure = new CacheTable(Math.Min(options.Denial.Capacity, MostFailures), Counters.Denial);
        _zones = [.. options.Zones.Select(DnsName.Encode)];
        _noSuccess = [.. options.DisableSuccess.Select(DnsName.Encode)];
        _noDenial = [.. options.DisableDenial.Select(DnsName.Encode)];
    }

    /// <summary>What it has done.</summary>
    public CacheCounters Counters { get; } = new();

    /// <summary>What is kept for a question. Nothing is allocated but the reply.</summary>
    public CacheFound Find(ForwardQuestion question)
    {
        Counters.CountRequest();
        Span<byte> buffer = stackalloc byte[QuestionKey.MaxLength];
        var key = QuestionKey.Write(question, buffer);
        var hash = LabelComparer.Instance.GetHashCode(key);
        var now = _time.GetTimestamp();
        var (success, denial) = (_success.Find(key, hash), _denial.Find(key, hash));
        if (success is not null && Left(success, now) > TimeSpan.Zero)
        {
            return Fresh(success, now, Counters.Success);
        }

        if (denial is not null && Left(denial, now) > TimeSpan.Zero)
        {
            return Fresh(denial, now, Counters.Denial);
        }

        var failure = _failure.Find(key, hash) is { } failed && Left(failed, now) > TimeSpan.Zero ? failed : null;
        if ((success ?? denial) is { } stale && -Left(stale, now) < _options.ServeStale)
        {
            return Stale(stale, now, failure is not null, success is null ? Counters.Denial : Counters.Success);
        }

        if (failure is null)
        {
            Counters.CountMiss();
            return default;
        }

        Counters.Denial.CountHit();
        return new CacheFound(CacheUse.Answer, failure.Packet);
    }

    /// <summary>Notes that the reply found for want of a better one was given.</summary>
    public void CountFallback() => Counters.CountServedStale();

    /// <summary>Keeps a reply, if it is one to be kept, and lowers its times to live to the longest that such a one is kept.</summary>
    /// <param name="question">What was asked.</param>
    /// <param name="packet">A reply to it without OPT; it is the cache's from now on, and nobody may change it.</param>
    public void Store(ForwardQuestion question, byte[] packet)
    {
        if (!DnsHeader.TryRead(packet, out var header) || header.IsTruncated || !IsInAny(question.Name, _zones))
        {
            return;
        }

        var (table, lifetime) = header.Code == ResponseCode.ServFail ? (_failure, _options.ServFail) : PlaceOf(question, packet, header);
        if (table is null || lifetime <= TimeSpan.Zero || packet.Length > MaxPacket)
        {
            return;
        }

        Span<byte> buffer = stackalloc byte[QuestionKey.MaxLength];
        var key = QuestionKey.Write(question, buffer);
        var hash = LabelComparer.Instance.GetHashCode(key);
        table.Store(new CacheEntry(key.ToArray(), packet, _time.GetTimestamp(), lifetime));
        if (!ReferenceEquals(table, _failure))
        {
            (ReferenceEquals(table, _success) ? _denial : _success).Remove(key, hash);
            _failure.Remove(key, hash);
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _success.Clear();
        _denial.Clear();
        _failure.Clear();
    }

    private static bool IsInAny(byte[] name, byte[][] zones) => zones.Any(zone => DnsName.IsIn(name, zone));

    private TimeSpan Left(CacheEntry entry, long now) => entry.Lifetime - _time.GetElapsedTime(entry.Stored, now);

    private CacheFound Fresh(CacheEntry entry, long now, CacheClassCounters counters)
    {
        counters.CountHit();
        var use = IsToBePrefetched(entry, now) ? CacheUse.AnswerAndRefresh : CacheUse.Answer;
        if (use == CacheUse.AnswerAndRefresh)
        {
            Counters.CountPrefetch();
        }

        return new CacheFound(use, _options.KeepTtl ? entry.Packet : CachedReply.Aged(entry.Packet, (uint)_time.GetElapsedTime(entry.Stored, now).TotalSeconds));
    }

    private bool IsToBePrefetched(CacheEntry entry, long now)
    {
        if (_options.PrefetchAmount == 0)
        {
            return false;
        }

        entry.Asked = _time.GetElapsedTime(entry.LastAsked, now) > _options.PrefetchDuration ? 1 : entry.Asked + 1;
        entry.LastAsked = now;
        return entry.Asked >= _options.PrefetchAmount && Left(entry, now) * 100 <= entry.Lifetime * _options.PrefetchPercentage && MayRefresh(entry, now);
    }

    private CacheFound Stale(CacheEntry entry, long now, bool failing, CacheClassCounters counters)
    {
        var packet = CachedReply.Aged(entry.Packet, uint.MaxValue);
        if (_options.ServeStaleVerify && !failing)
        {
            Counters.CountMiss();
            return new CacheFound(CacheUse.Fallback, packet);
        }

        counters.CountHit();
        Counters.CountServedStale();
        return new CacheFound(!failing && MayRefresh(entry, now) ? CacheUse.AnswerAndRefresh : CacheUse.Answer, packet);
    }

    private bool MayRefresh(CacheEntry entry, long now)
    {
        if (now < entry.NextRefresh)
        {
            return false;
        }

        entry.NextRefresh = now + (long)(RefreshInterval.TotalSeconds * _time.TimestampFrequency);
        return true;
    }

    private (CacheTable? Table, TimeSpan Lifetime) PlaceOf(ForwardQuestion question, byte[] packet, DnsHeader header)
    {
        if (CachedReply.SecondsOf(packet, header) is not { } found)
        {
            return default;
        }

        var (table, kind, never) = found.Positive ? (_success, _options.Success, _noSuccess) : (_denial, _options.Denial, _noDenial);
        CachedReply.Cap(packet, (uint)kind.MaxTtl.TotalSeconds);
        var lifetime = TimeSpan.FromSeconds(found.Seconds);
        lifetime = lifetime > kind.MaxTtl ? kind.MaxTtl : lifetime < kind.MinTtl ? kind.MinTtl : lifetime;
        return (IsInAny(question.Name, never) ? null : table, lifetime);
    }
}
