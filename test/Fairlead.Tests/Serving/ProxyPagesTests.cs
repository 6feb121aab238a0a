using System.Net;
using System.Text.Json.Nodes;
using Fairlead.Composition;
using Fairlead.Linux.Addresses;
using Fairlead.Proxy;
using Fairlead.Serving;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Tests.Serving;

public sealed class ProxyPagesTests
{
    private static readonly AgentOptions Agent = new()
    {
        Kubeconfig = "",
        NodeName = "n1",
        CniBinDirectory = "",
        CniConfDirectory = "",
        StateDirectory = "",
        Socket = "",
        InspectSocket = "",
        PodRanges = [IpNet.Parse("10.244.0.0/16"), IpNet.Parse("fd00:244::/56")],
        MetricsEndpoint = new IPEndPoint(IPAddress.Loopback, 10249),
    };

    [Theory]
    [InlineData("/healthz", 200, "ok")]
    [InlineData("/proxyMode", 200, "nftables")]
    [InlineData("/nothing", 404, "see /metrics, /proxyMode, /configz and /healthz\n")]
    public async Task Each_page_answers_as_kube_proxys(string path, int code, string text) => Assert.Equal((code, text), await AskAsync(path));

    [Fact]
    public async Task Configz_tells_the_configuration_in_kube_proxys_form()
    {
        var (code, text) = await AskAsync("/configz");
        var configuration = JsonNode.Parse(text)!["kubeproxy.config.k8s.io"]!;
        Assert.Equal(
            "200 nftables n1 10.244.0.0/16,fd00:244::/56 127.0.0.1:10249 [\"172.30.0.0/16\"] 14 30s 24h0m0s 1h0m0s 32768 131072",
            $"{code} {configuration["mode"]} {configuration["hostnameOverride"]} {configuration["clusterCIDR"]} {configuration["metricsBindAddress"]} "
            + $"{configuration["nodePortAddresses"]!.ToJsonString()} {configuration["nftables"]!["masqueradeBit"]} {configuration["nftables"]!["syncPeriod"]} "
            + $"{configuration["conntrack"]!["tcpEstablishedTimeout"]} {configuration["conntrack"]!["tcpCloseWaitTimeout"]} "
            + $"{configuration["conntrack"]!["maxPerCore"]} {configuration["conntrack"]!["min"]}");
    }

    private static async Task<(int Code, string Text)> AskAsync(string path)
    {
        using var metrics = new PrometheusText();
        var context = new DefaultHttpContext();
        using var body = new MemoryStream();
        (context.Request.Path, context.Response.Body) = (path, body);
        var options = new ProxyOptions { NodeName = "n1", NodePortRanges = [IpNet.Parse("172.30.0.0/16")] };
        await new ProxyPages(Agent, options, metrics).AnswerAsync(context);
        return (context.Response.StatusCode, System.Text.Encoding.UTF8.GetString(body.ToArray()));
    }
}
