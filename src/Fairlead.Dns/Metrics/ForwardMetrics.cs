using System.Diagnostics.Metrics;
using Fairlead.Cluster.Metrics;
using Fairlead.Dns.Chain;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Metrics;

/// <summary>What upstreams were asked and what was kept of it, under CoreDNS's names. A forwarder that a new configuration makes anew counts from nought.</summary>
internal sealed class ForwardMetrics
{
    private readonly Meter _meter;
    private readonly string _server;
    private readonly Func<DnsChains?> _chains;

    /// <param name="meter">Where the counters and gauges go.</param>
    /// <param name="server">Label <c>server</c>.</param>
    /// <param name="chains">The configuration at work.</param>
    public ForwardMetrics(Meter meter, string server, Func<DnsChains?> chains)
    {
        (_meter, _server, _chains) = (meter, server, chains);
        Cache("coredns_cache_requests_total", cache => cache.Requests, "Questions that a cache was asked.");
        Cache("coredns_cache_misses_total", cache => cache.Misses, "Questions that a cache had no answer to.");
        Cache("coredns_cache_prefetch_total", cache => cache.Prefetches, "Answers asked anew before their end.");
        Cache("coredns_cache_served_stale_total", cache => cache.ServedStale, "Answers given after their end.");
        Count("coredns_cache_hits_total", () => Caches(kept => kept.Hits), "Questions that a cache answered, by kind of answer.");
        Count("coredns_cache_evictions_total", () => Caches(kept => kept.Evictions), "Answers that made room, by kind.");
        meter.CreateObservableGauge("coredns_cache_entries", () => Caches(kept => kept.Entries), description: "Answers in a cache, by kind.");
        Count("coredns_forward_max_concurrent_rejects_total", () => [new(Forwarders().Sum(one => one.Counters.Rejected))], "Questions refused because too many were under way.");
        Count("coredns_forward_healthcheck_broken_total", () => [new(Forwarders().Sum(one => one.Counters.AllDown))], "Questions that found every upstream down.");
        Count("coredns_forward_requests_total", () => Upstreams(one => one.Counters.Requests, To), "Questions sent, by upstream.");
        Count("coredns_forward_responses_total", Responses, "Replies received, by upstream and response code.");
        Count("coredns_proxy_healthcheck_failures_total", () => Upstreams(one => one.Counters.HealthCheckFailures, Proxy), "Health checks without a reply, by upstream.");
        Count("coredns_proxy_conn_cache_hits_total", () => Upstreams(one => one.Counters.ConnectionsReused, Connection), "Questions sent over a connection that was there, by upstream.");
        Count("coredns_proxy_conn_cache_misses_total", () => Upstreams(one => one.Counters.ConnectionsOpened, Connection), "Connections opened for a question, by upstream.");
        Count("fairlead_dns_upstream_failures_total", () => Upstreams(one => one.Counters.Failures, To), "Questions that had no reply in time, by upstream.");
        Count("fairlead_dns_upstream_wrong_replies_total", () => Upstreams(one => one.Counters.WrongReplies, To), "Packets that were replies to no question: many are an attack.");
        meter.CreateObservableGauge(
            "fairlead_dns_upstream_up", () => Upstreams(one => one.IsLooping || one.Health.IsDown ? 0 : 1, To), description: "1: it is asked; 0: its health checks fail, or it asks us.");
    }

    /// <summary>How long upstreams took, as of now.</summary>
    public HistogramFigures Durations() => new(
        "coredns_proxy_request_duration_seconds", "Seconds from a question to its reply, by upstream and response code.", UpstreamCounters.DurationBounds,
        [
            .. from upstream in Upstreams()
               from code in Enumerable.Range(0, ZoneCounters.Codes)
               where upstream.Counters.Responses(code) > 0
               select new HistogramSeries([.. Proxy(upstream), Code(code)], upstream.Counters.Durations(code), upstream.Counters.DurationSum(code).TotalSeconds),
        ]);

    private static KeyValuePair<string, object?> Label(string name, object value) => new(name, value);

    private static KeyValuePair<string, object?> Code(int code) => Label("rcode", MessageText.Code((ResponseCode)code));

    private static KeyValuePair<string, object?>[] To(Upstream upstream) => [Label("to", upstream.Address)];

    private static KeyValuePair<string, object?>[] Proxy(Upstream upstream) => [Label("proxy_name", "forward"), .. To(upstream)];

    private static KeyValuePair<string, object?>[] Connection(Upstream upstream) => [.. Proxy(upstream), Label("proto", upstream.IsTls ? "tcp-tls" : "tcp")];

    private void Count(string name, Func<IEnumerable<Measurement<long>>> measure, string description) =>
        _meter.CreateObservableCounter(name, measure, description: description);

    private void Cache(string name, Func<CacheCounters, long> of, string description) => Count(
        name,
        () => Blocks().Select(block => new Measurement<long>(block.Caches.Sum(of), Label("server", _server), Label("zones", block.Zones), Label("view", ""))),
        description);

    private IEnumerable<Measurement<long>> Caches(Func<CacheClassCounters, long> of) =>
        from block in Blocks()
        from kind in (string[])["success", "denial"]
        select new Measurement<long>(
            block.Caches.Sum(cache => of(kind == "success" ? cache.Success : cache.Denial)),
            Label("server", _server), Label("type", kind), Label("zones", block.Zones), Label("view", ""));

    // An upstream may be asked by several forwarders: it is one series all the same.
    private IEnumerable<Measurement<long>> Upstreams(Func<Upstream, long> of, Func<Upstream, KeyValuePair<string, object?>[]> labels) =>
        Upstreams().GroupBy(one => (one.Address, one.IsTls)).Select(same => new Measurement<long>(same.Sum(of), labels(same.First())));

    private IEnumerable<Measurement<long>> Responses() =>
        from same in Upstreams().GroupBy(one => one.Address)
        from code in Enumerable.Range(0, ZoneCounters.Codes)
        let count = same.Sum(upstream => upstream.Counters.Responses(code))
        where count > 0
        select new Measurement<long>(count, [Code(code), .. To(same.First())]);

    private IEnumerable<Forwarder> Forwarders() => (_chains()?.All ?? []).SelectMany(chain => chain.Forwarders).Distinct();

    private IEnumerable<Upstream> Upstreams() => Forwarders().SelectMany(forwarder => forwarder.Upstreams);

    private IEnumerable<(string Zones, CacheCounters[] Caches)> Blocks() =>
        (_chains()?.All ?? []).Where(chain => chain.Block.Cache is not null)
            .Select(chain => (string.Join(',', chain.Block.Zones.Select(zone => zone + ".")), chain.Forwarders.Select(forwarder => forwarder.CacheCounters).OfType<CacheCounters>().ToArray()));
}
