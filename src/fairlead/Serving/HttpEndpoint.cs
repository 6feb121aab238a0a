using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Serving;

/// <summary>Plain HTTP/1.1 on one address and port, for requests without a body: what probes, load balancers and Prometheus ask a node.</summary>
internal static class HttpEndpoint
{
    // Taken by somebody else, or not yet an address of this node: looked at again this often.
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    /// <summary>Serves until cancelled. Where the port cannot be had it says so and goes on trying: the data path does not depend on it.</summary>
    public static async Task ServeAsync(IPEndPoint listen, RequestDelegate handler, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        var (log, isTold) = (loggers.CreateLogger("http"), false);
        while (true)
        {
            await using var application = Build(listen, handler, loggers);
            try
            {
                await application.StartAsync(cancellationToken);
                log.Serving(listen);
                await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
            }
            catch (IOException e)
            {
                if (!isTold)
                {
                    log.CannotListen(listen, e.Message);
                }

                isTold = true;
            }

            await Task.Delay(Retry, time, cancellationToken);
        }
    }

    private static WebApplication Build(IPEndPoint listen, RequestDelegate handler, ILoggerFactory loggers)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = 0;
            options.Limits.MaxConcurrentConnections = 256;
            options.Limits.MaxRequestHeadersTotalSize = 8192;
            options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(5);
            if (listen.Address.Equals(IPAddress.IPv6Any))
            {
                // Both families, or IPv4 alone where the kernel has no other.
                options.ListenAnyIP(listen.Port, endpoint => endpoint.Protocols = HttpProtocols.Http1);
            }
            else
            {
                options.Listen(listen, endpoint => endpoint.Protocols = HttpProtocols.Http1);
            }
        });
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IHostLifetime, HandsOff>();
        var application = builder.Build();
        application.Run(handler);
        return application;
    }

    /// <summary>Signals belong to the program.</summary>
    private sealed class HandsOff : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
