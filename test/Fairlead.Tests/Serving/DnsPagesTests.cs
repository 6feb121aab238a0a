using System.Text.Json;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns;
using Fairlead.Dns.Metrics;
using Fairlead.Inspect;
using Fairlead.Linux.Addresses;
using Fairlead.Serving;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Serving;

public sealed class DnsPagesTests
{
    private readonly ClusterTables _tables = new();
    private readonly DnsRoom _room;

    public DnsPagesTests() => _room = new DnsRoom(_tables, new DnsOptions(), [], TimeProvider.System, NullLogger.Instance);

    [Theory]
    [InlineData("/health", 200, "OK")]
    [InlineData("/ready", 503, "kubernetes")]
    [InlineData("/nothing", 404, "see /metrics, /health and /ready\n")]
    public async Task Each_page_answers_as_CoreDNS(string path, int code, string text)
    {
        using var metrics = new DnsMetrics(_room);
        using var prometheus = new PrometheusText(metrics.Meter) { Histograms = metrics.Histograms };
        var pages = new DnsPages(_room, prometheus);

        Assert.Equal((code, text), await AskAsync(pages.AnswerAsync, path));
        Assert.Contains("\ncoredns_panics_total 0\n", (await AskAsync(pages.AnswerAsync, "/metrics")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_inspection_names_the_pods_that_ask_for_what_does_not_exist()
    {
        _tables.Pods.Upsert(new ObjectKey("shop", "web"), new PodRow { Key = new ObjectKey("shop", "web"), IPs = [IpAddr.Parse("10.244.0.7")] });
        _room.Counters.Missing.Count(IpAddr.Parse("10.244.0.7"), Fairlead.Dns.Wire.RecordType.A, Fairlead.Dns.Wire.DnsName.Encode("example.com.shop.svc.cluster.local"));
        _room.Counters.Missing.Count(IpAddr.Parse("192.0.2.1"), Fairlead.Dns.Wire.RecordType.AAAA, Fairlead.Dns.Wire.DnsName.Encode("nobody.example"));

        var (code, text) = await AskAsync(new DnsStatusPage(_room, _tables, "n1").AnswerAsync, "/dns-status", "?most=5");
        var answer = JsonSerializer.Deserialize(text, DnsStatusJson.Default.DnsStatusAnswer)!;

        Assert.Equal((200, "n1"), (code, answer.Node));
        Assert.False(answer.IsReady);
        Assert.Equal(
            ["10.244.0.7 shop/web example.com.shop.svc.cluster.local. A 1", "192.0.2.1  nobody.example. AAAA 1"],
            answer.Status!.Missing.Select(one => $"{one.Client} {one.Pod} {one.Name} {one.Type} {one.Count}").Order(StringComparer.Ordinal));
        Assert.Equal("search path: asked for example.com; write example.com. or lower ndots", answer.Status.Missing.Single(one => one.Pod.Length > 0).Hint);
    }

    [Fact]
    public void An_inspection_is_a_table_of_nodes_and_one_of_names()
    {
        var status = new DnsStatus
        {
            Addresses = ["10.96.0.10", "fd00::a"],
            IsServing = true,
            IsSynced = true,
            Configuration = "built-in",
            UdpQueries = 90,
            TcpQueries = 10,
            Forwarded = 3,
            ForwardFailures = 1,
            CacheHits = 1,
            Replies = new Dictionary<string, long> { ["NOERROR"] = 80, ["NXDOMAIN"] = 15, ["REFUSED"] = 5 },
            Missing = [new MissingNameStatus("10.244.0.7", "nobody.example.", "A", 12, 2) { Pod = "shop/web" }, new("10.244.0.8", "other.example.", "AAAA", 3, 0)],
        };
        DnsStatusAnswer[] answers = [new() { Node = "n1", Status = status }, new() { Node = "n2", Error = "away" }];

        Assert.Equal(
            ["NODE   ADDRESSES            STATE   QUERIES   NXDOMAIN   SERVFAIL   FORWARDED   FAILED   CACHE-HITS   CONFIGURATION",
             "n1     10.96.0.10,fd00::a   Ready   100       15         0          3           1        1 (25%)      built-in"],
            DnsStatusTable.Nodes(answers, isWide: false));
        Assert.Equal(
            ["NODE   POD        NO-SUCH-NAME      TYPE   COUNT              HINT",
             "n1     shop/web   nobody.example.   A      12 (at least 10)",
             "n1     <none>     other.example.    AAAA   3"],
            DnsStatusTable.Missing(answers, most: 5, isWide: false));
        Assert.Contains("OTHER   TCP   DROPPED   LOST", DnsStatusTable.Nodes(answers, isWide: true)[0], StringComparison.Ordinal);
        Assert.Single(DnsStatusTable.Missing(answers, most: 1, isWide: true).Skip(1), line => line.Contains("10.244.0.7", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_wrong_beside_the_figures_is_told()
    {
        var status = new DnsStatus { ConfigurationErrors = ["Corefile:3: no"], Multicluster = new MulticlusterStatus(["clusterset.local"], false, "no such kind") };
        Assert.Equal(["Corefile:3: no", "names of clusterset.local are SERVFAIL: ServiceImports are not known: no such kind"], DnsStatusTable.Problems(status));
        Assert.Empty(DnsStatusTable.Problems(new DnsStatus { Multicluster = new MulticlusterStatus(["clusterset.local"], true, "") }));
        Assert.Empty(DnsStatusTable.Problems(null));
    }

    private static async Task<(int Code, string Text)> AskAsync(RequestDelegate page, string path, string query = "")
    {
        var context = new DefaultHttpContext();
        using var body = new MemoryStream();
        (context.Request.Path, context.Request.QueryString, context.Response.Body) = (path, new QueryString(query), body);
        await page(context);
        return (context.Response.StatusCode, System.Text.Encoding.UTF8.GetString(body.ToArray()));
    }
}
