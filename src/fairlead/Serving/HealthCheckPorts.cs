using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Proxy.Health;
using Fairlead.State;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fairlead.Serving;

/// <summary>
/// The health check node ports (KEP-3836): an external load balancer asks every node whether it has endpoints of a Service with externalTrafficPolicy Local,
/// and sends traffic where it has. Each port is served for as long as its Service asks for it.
/// </summary>
internal sealed class HealthCheckPorts(Table<ObjectKey, HealthCheckRow> checks, ProxyHealth proxy, ILoggerFactory loggers, TimeProvider time)
{
    /// <summary>Serves until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var servers = new HttpServers<(ObjectKey Service, ushort Port)>((check, token) => HttpEndpoint.ServeAsync(
            new IPEndPoint(IPAddress.IPv6Any, check.Port), context => AnswerAsync(context, check.Service), loggers, time, token));
        var wake = new Wake();
        using var feed = checks.Subscribe();
        feed.Signalled += wake.Ring;
        wake.Ring();
        while (true)
        {
            await wake.WaitAsync(cancellationToken);
            await servers.SetAsync(feed.Take().Rows.Select(pair => (pair.Key, pair.Value.Port)).ToHashSet());
        }
    }

    /// <summary>Answers for one Service, whatever the path.</summary>
    internal Task AnswerAsync(HttpContext context, ObjectKey service)
    {
        var (endpoints, isHealthy) = (checks.Get(service)?.LocalEndpoints ?? 0, proxy.IsHealthy);
        var code = endpoints > 0 && isHealthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers["X-Load-Balancing-Endpoint-Weight"] = endpoints.ToString(CultureInfo.InvariantCulture);
        return Replies.JsonAsync(context, code, new JsonObject
        {
            ["service"] = new JsonObject { ["namespace"] = service.Namespace, ["name"] = service.Name },
            ["localEndpoints"] = endpoints,
            ["serviceProxyHealthy"] = isHealthy,
        });
    }
}
