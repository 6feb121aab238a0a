using Fairlead.Cluster;
using Fairlead.Kube.Client;
using Fairlead.State;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fairlead.Ingress.Hosting;

/// <summary>A place to stand for the room: answers every request with 404.</summary>
public sealed class IngressRoom(IngressOptions options, ClusterTables cluster, IKubeApi api, TimeProvider time, ILoggerFactory loggers)
{
    /// <summary>What the parts tell each other.</summary>
    public IngressTables Tables { get; } = new();

    /// <summary>Serves until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _ = (api, loggers);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(options.Http.Port));
        await using var application = builder.Build();
        application.Run(context =>
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return context.Response.WriteAsync("nothing is served here\n");
        });
        var wake = new Wake();
        using var feed = cluster.Ingresses.Subscribe();
        feed.Signalled += wake.Ring;
        await application.StartAsync(cancellationToken);
        while (!cluster.Ingresses.Initialized)
        {
            await wake.WaitAsync(cancellationToken);
        }

        Tables.Served.MarkInitialized();
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
    }
}
