using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Pods.Streaming;

/// <summary>HTTP/1.1 on the role's unix socket, which its owner alone may open: who may ask for what is the API server's to say.</summary>
internal sealed class StreamingServer : IAsyncDisposable
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    private readonly WebApplication _application;

    private StreamingServer(WebApplication application) => _application = application;

    /// <summary>Listens on <paramref name="path"/>, replacing what an earlier run left there.</summary>
    /// <exception cref="IOException">The directory is missing, or the path too long for a socket.</exception>
    internal static async Task<StreamingServer> StartAsync(string path, RequestDelegate handler, ILoggerFactory loggers)
    {
        File.Delete(path);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(options => Configure(options, path));
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IHostLifetime, HandsOff>();
        var application = builder.Build();

        // A client that vanished while we wait for its input is noticed by what can no longer be sent to it.
        application.UseWebSockets(new WebSocketOptions { KeepAliveInterval = KeepAlive });
        application.Run(handler);
        var server = new StreamingServer(application);
        try
        {
            await application.StartAsync();
        }
        catch (IOException)
        {
            await application.DisposeAsync();
            throw;
        }

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return server;
    }

    /// <summary>Stops: streams have been told by their token, and get two seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _application.StopAsync(patience.Token);
        await _application.DisposeAsync();
    }

    private static void Configure(KestrelServerOptions options, string path)
    {
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = 0;

        // Whoever reads a log may stop reading for as long as it pleases.
        options.Limits.MinResponseDataRate = null;
        options.ListenUnixSocket(path, listen => listen.Protocols = HttpProtocols.Http1);
    }

    /// <summary>Signals belong to the program.</summary>
    private sealed class HandsOff : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
