using System.Text;
using Fairlead.Cluster.Model;
using Fairlead.Proxy.Health;
using Fairlead.Serving;
using Fairlead.State;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Serving;

/// <summary>What a load balancer that asks a health check node port is told (KEP-3836).</summary>
public sealed class HealthCheckPortsTests
{
    private static readonly ObjectKey Web = new("shop", "web");

    [Theory]
    [InlineData(2, true, 200)]
    [InlineData(0, true, 503)]
    [InlineData(2, false, 503)]
    public async Task Traffic_may_come_where_an_endpoint_is_ready_and_the_proxy_is_well(int endpoints, bool healthy, int code)
    {
        var time = new FakeTimeProvider();
        var proxy = new ProxyHealth(time, TimeSpan.FromMinutes(1));
        if (healthy)
        {
            proxy.Updated();
        }

        var checks = new Table<ObjectKey, HealthCheckRow>("checks");
        checks.Upsert(Web, new HealthCheckRow(32_000, endpoints));
        var ports = new HealthCheckPorts(checks, proxy, NullLoggerFactory.Instance, time);
        foreach (var path in new[] { "/", "/healthz" })
        {
            using var body = new MemoryStream();
            var context = new DefaultHttpContext { Request = { Path = path }, Response = { Body = body } };
            await ports.AnswerAsync(context, Web);
            Assert.Equal((code, $"{endpoints}"), (context.Response.StatusCode, context.Response.Headers["X-Load-Balancing-Endpoint-Weight"].ToString()));
            Assert.Equal(
                $$$"""{"service":{"namespace":"shop","name":"web"},"localEndpoints":{{{endpoints}}},"serviceProxyHealthy":{{{(healthy ? "true" : "false")}}}}""",
                Encoding.UTF8.GetString(body.ToArray()));
        }
    }
}
