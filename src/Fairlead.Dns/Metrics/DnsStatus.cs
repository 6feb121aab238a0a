using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns.Chain;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Metrics;

/// <summary>How a node's DNS server stands and what it has done since it started.</summary>
public sealed record DnsStatus
{
    /// <summary>The addresses it answers.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Its sockets are open.</summary>
    public bool IsServing { get; init; }

    /// <summary>Its tables hold all that the API server has said.</summary>
    public bool IsSynced { get; init; }

    /// <summary>Queries that came by UDP.</summary>
    public long UdpQueries { get; init; }

    /// <summary>Queries that came by TCP.</summary>
    public long TcpQueries { get; init; }

    /// <summary>Packets that were no query, or whose reply could not be sent.</summary>
    public long Dropped { get; init; }

    /// <summary>Queries by UDP that are known to have come faster than they were read.</summary>
    public long UdpLost { get; init; }

    /// <summary>Replies by their code's name, <c>NXDOMAIN</c>; codes that were never given are left out.</summary>
    public IReadOnlyDictionary<string, long> Replies { get; init; } = new Dictionary<string, long>();

    /// <summary>Questions for other zones that were asked upstream.</summary>
    public long Forwarded { get; init; }

    /// <summary>Of these, those that no upstream answered.</summary>
    public long ForwardFailures { get; init; }

    /// <summary>Questions for other zones that were answered from the cache.</summary>
    public long CacheHits { get; init; }

    /// <summary>What says how it answers: <c>ConfigMap kube-system/coredns</c>, or <c>built-in</c>.</summary>
    public string Configuration { get; init; } = "";

    /// <summary>Why the last text of that ConfigMap is not in force; empty: it is.</summary>
    public IReadOnlyList<string> ConfigurationErrors { get; init; } = [];

    /// <summary>How its zones of the clusterset stand (<c>multicluster</c>); null: it has none.</summary>
    public MulticlusterStatus? Multicluster { get; init; }

    /// <summary>Who is asked for other zones.</summary>
    public IReadOnlyList<UpstreamStatus> Upstreams { get; init; } = [];

    /// <summary>Who asks most for names that do not exist, the most frequent first.</summary>
    public IReadOnlyList<MissingNameStatus> Missing { get; init; } = [];

    internal static DnsStatus Of(DnsCounters counters, DnsChains? chains) => new()
    {
        UdpQueries = counters.UdpQueries,
        TcpQueries = counters.TcpQueries,
        Dropped = counters.Dropped,
        UdpLost = counters.UdpLost,
        Replies = Enumerable.Range(0, ZoneCounters.Codes).Select(code => (Name: MessageText.Code((ResponseCode)code), Count: counters.Replies(code)))
            .Where(one => one.Count > 0).ToDictionary(one => one.Name, one => one.Count),
        Forwarded = counters.Forwarded,
        ForwardFailures = counters.ForwardFailures,
        CacheHits = counters.CacheHits,
        Upstreams = [.. (chains?.All ?? []).SelectMany(chain => chain.Forwarders).Distinct().SelectMany(forwarder => forwarder.Upstreams).Select(UpstreamStatus.Of)],
    };
}

/// <summary>Zones that are made of ServiceImports.</summary>
/// <param name="Zones">Their names.</param>
/// <param name="IsSynced">What the API server has said is in force; until then their names are SERVFAIL.</param>
/// <param name="Refusal">Why the API server gives none; empty: it does, or has not been heard yet.</param>
public sealed record MulticlusterStatus(IReadOnlyList<string> Zones, bool IsSynced, string Refusal)
{
    internal static MulticlusterStatus? Of(DnsChains? chains, OnDemandTable<ObjectKey, ServiceRow> imports)
    {
        string[] zones = [.. (chains?.All ?? []).SelectMany(chain => chain.Block.Kubernetes?.Multicluster ?? []).Distinct()];
        return zones.Length == 0 ? null : new MulticlusterStatus(zones, imports.Wanted is { Initialized: true }, imports.Refusal);
    }
}

/// <summary>One server that is asked for other zones.</summary>
/// <param name="Address">Address and port.</param>
/// <param name="State"><c>Up</c>; <c>Down</c>: its health checks fail; <c>Looping</c>: it asks us what we ask it.</param>
/// <param name="Requests">Questions sent to it.</param>
/// <param name="Failures">Of these, those without a reply in time.</param>
public sealed record UpstreamStatus(string Address, string State, long Requests, long Failures)
{
    internal static UpstreamStatus Of(Upstream upstream) => new(
        $"{upstream.Address}", upstream.IsLooping ? "Looping" : upstream.Health.IsDown ? "Down" : "Up", upstream.Counters.Requests, upstream.Counters.Failures);
}

/// <summary>A name that is asked for and does not exist.</summary>
/// <param name="Client">Address of who asks.</param>
/// <param name="Name">The name, in lower case and with a dot at its end.</param>
/// <param name="Type">The type that was asked for.</param>
/// <param name="Count">How often, at most.</param>
/// <param name="Excess">How much less than <paramref name="Count"/> it may have been: what was counted of names that made room.</param>
public sealed record MissingNameStatus(string Client, string Name, string Type, long Count, long Excess)
{
    /// <summary>The pod that asks, <c>namespace/name</c>; empty: no pod of the tables has that address.</summary>
    public string Pod { get; init; } = "";

    /// <summary>What is to be done about it, where that can be told; empty otherwise.</summary>
    public string Hint { get; init; } = "";
}
