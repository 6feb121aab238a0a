using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Proxy.Health;
using Fairlead.Serving;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Serving;

public sealed class NodeHealthTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly ClusterTables _cluster = new();
    private readonly ProxyHealth _proxy;
    private readonly NodeHealth _health;

    public NodeHealthTests()
    {
        _proxy = new ProxyHealth(_time, TimeSpan.FromMinutes(1));
        _health = new NodeHealth(_proxy, _cluster, "n1", _time);
    }

    public void Dispose() => _health.Dispose();

    [Fact]
    public async Task A_node_is_healthy_once_the_kernel_is_up_to_date_and_until_a_change_has_waited_too_long()
    {
        Assert.Equal(503, (await AskAsync("/healthz")).Code);
        _proxy.Updated();
        Assert.Equal(200, (await AskAsync("/healthz")).Code);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(200, (await AskAsync("/healthz")).Code);

        _proxy.Queued();
        _time.Advance(TimeSpan.FromSeconds(59));
        _proxy.Queued();
        Assert.Equal(200, (await AskAsync("/livez")).Code);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(503, (await AskAsync("/healthz")).Code);
        Assert.Equal(503, (await AskAsync("/livez")).Code);
        _proxy.Updated();
        Assert.Equal(200, (await AskAsync("/livez")).Code);
    }

    [Fact]
    public async Task A_node_on_its_way_out_takes_no_new_connections_and_is_alive()
    {
        _proxy.Updated();
        _cluster.Nodes.Upsert("n1", new NodeRow { Name = "n1", IsLeaving = true });

        var (code, body) = await AskAsync("/healthz");
        Assert.Equal((503, false), (code, (bool?)body["nodeEligible"]));
        (code, body) = await AskAsync("/livez");
        Assert.Equal(200, code);
        Assert.Equal(["lastUpdated", "currentTime"], body.Select(field => field.Key));
    }

    [Fact]
    public async Task Answers_are_counted_by_code()
    {
        using var text = new PrometheusText(_health.Meter);
        await AskAsync("/healthz");
        _proxy.Updated();
        await AskAsync("/healthz");
        await AskAsync("/healthz");

        var written = text.Write();
        Assert.Contains("kubeproxy_proxy_healthz_total{code=\"200\"} 2\n", written, StringComparison.Ordinal);
        Assert.Contains("kubeproxy_proxy_healthz_total{code=\"503\"} 1\n", written, StringComparison.Ordinal);
        Assert.Contains("kubeproxy_proxy_livez_total{code=\"200\"} 0\n", written, StringComparison.Ordinal);
    }

    private async Task<(int Code, JsonObject Body)> AskAsync(string path)
    {
        using var body = new MemoryStream();
        var context = new DefaultHttpContext { Request = { Path = path }, Response = { Body = body } };
        await _health.AnswerAsync(context);
        return (context.Response.StatusCode, JsonNode.Parse(Encoding.UTF8.GetString(body.ToArray()))!.AsObject());
    }
}
