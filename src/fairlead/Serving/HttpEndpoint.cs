using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Serving;

/// <summary>Plain HTTP/1.1 on one address and port, or on a socket for root alone, for requests without a body: what others ask a node.</summary>
internal static class HttpEndpoint
{
    // Taken by somebody else, or not yet an address of this node: looked at again this often.
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    /// <summary>Serves until cancelled. Where the port cannot be had it says so and goes on trying: the data path does not depend on it.</summary>
    public static async Task ServeAsync(EndPoint listen, RequestDelegate handler, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
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
            catch (Exception e) when (e is IOException or SocketException)
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

    private static WebApplication Build(EndPoint listen, RequestDelegate handler, ILoggerFactory loggers)
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
            if (listen is IPEndPoint any && any.Address.Equals(IPAddress.IPv6Any))
            {
                // Both families, or IPv4 alone where the kernel has no other.
                options.ListenAnyIP(any.Port, endpoint => endpoint.Protocols = HttpProtocols.Http1);
            }
            else
            {
                options.Listen(listen, endpoint => endpoint.Protocols = HttpProtocols.Http1);
            }
        });
        builder.WebHost.UseSockets(options => options.CreateBoundListenSocket = Bound);
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IHostLifetime, HandsOff>();
        var application = builder.Build();
        application.Run(handler);
        return application;
    }

    /// <summary>A socket in the file system is replaced when an earlier run left it, and is root's alone before it listens.</summary>
    private static Socket Bound(EndPoint endpoint)
    {
        if (endpoint is not UnixDomainSocketEndPoint)
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        }

        var (path, socket) = (endpoint.ToString()!, new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Delete(path);
            socket.Bind(endpoint);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            return socket;
        }
        catch (Exception e) when (e is SocketException or UnauthorizedAccessException)
        {
            socket.Dispose();
            throw new IOException(e.Message, e);
        }
    }

    /// <summary>Signals belong to the program.</summary>
    private sealed class HandsOff : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
