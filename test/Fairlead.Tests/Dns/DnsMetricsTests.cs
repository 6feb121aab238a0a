using Fairlead.Cluster.Model;
using Fairlead.Dns.Config;
using Fairlead.Dns.Metrics;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;
using Fairlead.Serving;

namespace Fairlead.Tests.Dns;

public sealed class DnsMetricsTests : IDisposable
{
    private const string In = "server=\"dns://:53\",zone=\".\",view=\"\"";
    private static readonly byte[] DnssecOk = [0, 0, 41, 4, 208, 0, 0, 128, 0, 0, 0];
    private readonly DnsLab _lab = new();

    public DnsMetricsTests() =>
        _lab.Namespace("prod").Service("prod/api", "10.96.1.1,fd00::1", DnsLab.Port("http", IpProtocol.Tcp, 80));

    [Fact]
    public void What_is_asked_and_answered_is_told_under_CoreDNS_names_and_labels()
    {
        _lab.Reply(DnsLab.Query("api.prod.svc.cluster.local", RecordType.A), tcp: false);
        _lab.Reply(DnsLab.Query("api.prod.svc.cluster.local", RecordType.A, after: DnssecOk), tcp: false);
        _lab.Reply(DnsLab.Query("api.prod.svc.cluster.local", (RecordType)65), tcp: true);
        _lab.Reply(DnsLab.Query("api.prod.svc.cluster.local", (RecordType)99), tcp: false);
        _lab.Reply(DnsLab.Query("nobody.prod.svc.cluster.local", RecordType.AAAA), tcp: false);
        _lab.Reply(DnsLab.Query("www.example.com", RecordType.A), tcp: false);
        _lab.Handler.Handle(DnsLab.Query("api.prod.svc.cluster.local", RecordType.A), IpAddr.Parse("fd00::7"), new byte[DnsQuery.MaxUdp], tcp: false);

        var text = Scrape();

        Assert.Equal(
            [
                $"coredns_dns_requests_total{{{In},proto=\"tcp\",family=\"1\",type=\"HTTPS\"}} 1",
                $"coredns_dns_requests_total{{{In},proto=\"udp\",family=\"1\",type=\"A\"}} 3",
                $"coredns_dns_requests_total{{{In},proto=\"udp\",family=\"1\",type=\"AAAA\"}} 1",
                $"coredns_dns_requests_total{{{In},proto=\"udp\",family=\"1\",type=\"other\"}} 1",
                $"coredns_dns_requests_total{{{In},proto=\"udp\",family=\"2\",type=\"A\"}} 1",
                $"coredns_dns_responses_total{{{In},rcode=\"NOERROR\",plugin=\"kubernetes\"}} 5",
                $"coredns_dns_responses_total{{{In},rcode=\"NXDOMAIN\",plugin=\"kubernetes\"}} 1",
                $"coredns_dns_responses_total{{{In},rcode=\"SERVFAIL\",plugin=\"forward\"}} 1",
                $"coredns_dns_do_requests_total{{{In}}} 1",
            ],
            [.. Series(text, "coredns_dns_requests_total"), .. Series(text, "coredns_dns_responses_total"), .. Series(text, "coredns_dns_do_requests_total")]);
    }

    [Fact]
    public void Every_family_has_CoreDNS_name_and_kind()
    {
        _lab.Ask("api.prod.svc.cluster.local", RecordType.A);

        Assert.Equal(
            [
                "coredns_build_info gauge", "coredns_cache_entries gauge", "coredns_cache_evictions_total counter", "coredns_cache_hits_total counter",
                "coredns_cache_misses_total counter", "coredns_cache_prefetch_total counter", "coredns_cache_requests_total counter",
                "coredns_cache_served_stale_total counter", "coredns_dns_do_requests_total counter", "coredns_dns_request_duration_seconds histogram",
                "coredns_dns_request_size_bytes histogram", "coredns_dns_requests_total counter", "coredns_dns_response_size_bytes histogram",
                "coredns_dns_responses_total counter", "coredns_forward_healthcheck_broken_total counter",
                "coredns_forward_max_concurrent_rejects_total counter", "coredns_forward_requests_total counter", "coredns_forward_responses_total counter",
                "coredns_kubernetes_dns_programming_duration_seconds histogram", "coredns_panics_total counter",
                "coredns_plugin_enabled gauge", "coredns_proxy_conn_cache_hits_total counter", "coredns_proxy_conn_cache_misses_total counter",
                "coredns_proxy_healthcheck_failures_total counter", "coredns_proxy_request_duration_seconds histogram", "coredns_reload_failed_total counter",
            ],
            Scrape().Split('\n').Where(line => line.StartsWith("# TYPE coredns_", StringComparison.Ordinal)).Select(line => line["# TYPE ".Length..]));
    }

    [Fact]
    public void The_plugins_that_handle_queries_are_told_by_zone()
    {
        var reading = Corefile.Read("a.test b.test {\n log\n errors\n health\n ready\n reload\n cache\n forward . 10.0.0.1\n forward c.a.test 10.0.0.2\n pprof\n}\n.:53 {\n kubernetes cluster.local\n transfer {\n  to *\n }\n}");
        Assert.Empty(reading.Errors);
        _lab.Use([.. reading.Config!.Blocks]);
        Assert.Equal(
            new[] { ".:kubernetes", ".:transfer", "a.test.:cache", "a.test.:errors", "a.test.:forward", "a.test.:log", "b.test.:cache", "b.test.:errors", "b.test.:forward", "b.test.:log" }
                .Select(one => one.Split(':')).Select(one => $"coredns_plugin_enabled{{server=\"dns://:53\",zone=\"{one[0]}\",view=\"\",name=\"{one[1]}\"}} 1"),
            Series(Scrape(), "coredns_plugin_enabled").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Times_and_sizes_are_in_CoreDNS_buckets()
    {
        var zone = new ZoneCounters();
        foreach (var (microseconds, size) in ((int, int)[])[(0, 0), (250, 1), (251, 100), (500, 101), (8_192_000, 512), (8_192_001, 64_001)])
        {
            zone.Count(new CountedReply
            {
                IsTcp = false,
                IsV6 = false,
                Type = RecordType.A,
                DnssecOk = false,
                Code = ResponseCode.NoError,
                Plugin = DnsPlugin.Kubernetes,
                QuerySize = size,
                ReplySize = size,
                Took = TimeSpan.FromMicroseconds(microseconds),
            });
        }

        Assert.Equal([2, 2, .. new long[13], 1, 1], zone.Durations());
        Assert.Equal([1, 2, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1], zone.Sizes(ofReplies: false, tcp: false));
        Assert.Equal(zone.Sizes(ofReplies: false, tcp: false), zone.Sizes(ofReplies: true, tcp: false));
        Assert.Equal(64_715, zone.SizeSum(ofReplies: true, tcp: false));
        Assert.Equal(16.385002, zone.DurationSum(), 9);
        Assert.Equal([0.00025, 8.192], [ZoneCounters.DurationBounds[0], ZoneCounters.DurationBounds[^1]]);

        _lab.Ask("api.prod.svc.cluster.local", RecordType.A);
        Assert.Contains($"coredns_dns_request_size_bytes_bucket{{{In},proto=\"tcp\",le=\"100\"}} 1\n", Scrape(), StringComparison.Ordinal);
        Assert.Contains($"coredns_dns_request_duration_seconds_bucket{{{In},le=\"+Inf\"}} 1\n", Scrape(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_time_until_a_change_is_answered_is_counted_of_headless_Services_after_the_first_listing()
    {
        using var feed = _lab.Tables.EndpointSlices.Subscribe();
        var (times, at) = (new ProgrammingTimes(), _lab.Time.GetUtcNow());
        _lab.Service("prod/none", "None").Slice("prod/none", "none-1", "10.244.0.9").Slice("prod/api", "api-1", "10.244.0.9");
        Trigger("none-1", at);
        Count(TimeSpan.FromSeconds(9));

        Trigger("none-1", at.AddSeconds(10));
        Trigger("api-1", at.AddSeconds(10));
        Count(TimeSpan.FromSeconds(10.003));
        Trigger("none-1", at.AddSeconds(20));
        Count(TimeSpan.FromSeconds(1020));

        Assert.Equal([0, 0, 1, .. new long[17], 1], times.Counts);
        Assert.Equal(1000.003, times.Sum, 6);

        void Count(TimeSpan later) => times.Count(feed.Take(), _lab.Tables.Services, at + later);

        void Trigger(string slice, DateTimeOffset when)
        {
            var key = new ObjectKey("prod", slice);
            _lab.Tables.EndpointSlices.Upsert(key, _lab.Tables.EndpointSlices.Get(key)! with { TriggeredAt = when });
        }
    }

    [Fact]
    public void Caches_are_told_by_zones_and_kind()
    {
        _lab.Ask("www.example.com", RecordType.A);
        var text = Scrape();

        Assert.Equal(["coredns_cache_requests_total{server=\"dns://:53\",zones=\".\",view=\"\"} 1"], Series(text, "coredns_cache_requests_total"));
        Assert.Equal(
            ["coredns_cache_hits_total{server=\"dns://:53\",type=\"denial\",zones=\".\",view=\"\"} 0", "coredns_cache_hits_total{server=\"dns://:53\",type=\"success\",zones=\".\",view=\"\"} 0"],
            Series(text, "coredns_cache_hits_total"));
    }

    [Fact]
    public void Each_zone_of_a_configuration_counts_for_itself_and_goes_on_when_it_changes()
    {
        var block = new ServerBlock { Zones = ["example.org", "example.com"], MinimizesAny = true };
        _lab.Use(block);
        _lab.Ask("www.example.com", RecordType.ANY);
        _lab.Ask("www.elsewhere.net", RecordType.ANY);
        _lab.Use(block with { RoundRobin = true });
        _lab.Ask("www.example.com", RecordType.ANY);

        Assert.Equal(
            [
                "coredns_dns_responses_total{server=\"dns://:53\",zone=\"dropped\",view=\"\",rcode=\"REFUSED\",plugin=\"\"} 1",
                "coredns_dns_responses_total{server=\"dns://:53\",zone=\"example.com.\",view=\"\",rcode=\"NOERROR\",plugin=\"any\"} 2",
            ],
            Series(Scrape(), "coredns_dns_responses_total"));
    }

    public void Dispose() => _lab.Dispose();

    private static IEnumerable<string> Series(string text, string family) =>
        text.Split('\n').Where(line => line.StartsWith(family + "{", StringComparison.Ordinal));

    private string Scrape()
    {
        using var metrics = new DnsMetrics(_lab.Counters, 53, () => _lab.Handler.Chains);
        using var text = new PrometheusText(metrics.Meter) { Histograms = metrics.Histograms };
        return text.Write();
    }
}
