using Fairlead.State;

namespace Fairlead.Dns.Config;

/// <summary>How one kind of answers is kept.</summary>
/// <param name="Capacity">Answers at most.</param>
/// <param name="MaxTtl">Longest time one is kept.</param>
/// <param name="MinTtl">Shortest.</param>
internal sealed record CacheClass(int Capacity, TimeSpan MaxTtl, TimeSpan MinTtl);

/// <summary>Plugin <c>cache</c> of a server block, with CoreDNS's defaults. It stands in front of names asked upstream only.</summary>
internal sealed record CacheOptions
{
    /// <summary>Zones whose upstream answers are kept; the empty zone is all of them.</summary>
    public ValueArray<string> Zones { get; init; } = [""];

    /// <summary>Answers with records.</summary>
    public CacheClass Success { get; init; } = new(9984, TimeSpan.FromSeconds(3600), TimeSpan.FromSeconds(5));

    /// <summary>Answers that say there is nothing.</summary>
    public CacheClass Denial { get; init; } = new(9984, TimeSpan.FromSeconds(1800), TimeSpan.FromSeconds(5));

    /// <summary>How long a server failure is kept, 0 to 5 minutes.</summary>
    public TimeSpan ServFail { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Zones whose positive answers are not kept.</summary>
    public ValueArray<string> DisableSuccess { get; init; } = [];

    /// <summary>Zones whose denials are not kept.</summary>
    public ValueArray<string> DisableDenial { get; init; } = [];

    /// <summary>An answer asked for this often with no gap longer than <see cref="PrefetchDuration"/> is asked anew before it ends; 0: never.</summary>
    public int PrefetchAmount { get; init; }

    /// <summary>See <see cref="PrefetchAmount"/>.</summary>
    public TimeSpan PrefetchDuration { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>What part of its time an answer has left, in percent, when it is asked anew.</summary>
    public int PrefetchPercentage { get; init; } = 10;

    /// <summary>How long an answer may be given after its end while no upstream answers (RFC 8767); zero: not at all.</summary>
    public TimeSpan ServeStale { get; init; }

    /// <summary>A stale answer is given only when the upstream was asked and failed; false: at once, and the upstream is asked meanwhile.</summary>
    public bool ServeStaleVerify { get; init; }

    /// <summary>Answers keep the times to live the upstream gave.</summary>
    public bool KeepTtl { get; init; }
}
