using System.Net;
using System.Text;
using Fairlead.Ingress.Tls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Ingress.Listening;

/// <summary>
/// Where clients arrive: Kestrel with one endpoint for HTTP/1.1 and one for HTTP/1.1 and 2 over TLS, with bounds on all that a client may send or hold before
/// its request is anybody's. Nothing of ASP.NET Core above the bare request.
/// </summary>
internal sealed class IngressListener : IAsyncDisposable
{
    /// <summary>Connections at once.</summary>
    public const int MostConnections = 20_000;

    private static readonly TimeSpan DisposePatience = TimeSpan.FromSeconds(10);

    private readonly WebApplication _application;

    private IngressListener(WebApplication application, IngressOptions options)
    {
        _application = application;
        var ports = application.Urls.Select(url => new Uri(url).Port).ToArray();
        (Http, Https) = (new IPEndPoint(options.Http.Address, ports[0]), new IPEndPoint(options.Https.Address, ports[1]));
    }

    /// <summary>Where HTTP is answered, with the port that the system chose when none was asked for.</summary>
    public IPEndPoint Http { get; }

    /// <summary>Where HTTPS is answered.</summary>
    public IPEndPoint Https { get; }

    /// <summary>Listens, and answers by <paramref name="handler"/>.</summary>
    /// <exception cref="IOException">An address is in use or not this machine's.</exception>
    public static Task<IngressListener> StartAsync(IngressOptions options, CertificateStore store, RequestDelegate handler, ILoggerFactory loggers) =>
        StartAsync(options, store, handler, loggers, TimeProvider.System, _ => { });

    /// <inheritdoc cref="StartAsync(IngressOptions, CertificateStore, RequestDelegate, ILoggerFactory)"/>
    /// <param name="options">Where.</param>
    /// <param name="store">Certificates.</param>
    /// <param name="handler">Answers.</param>
    /// <param name="loggers">Loggers.</param>
    /// <param name="time">Clock of PROXY headers; Kestrel has its own.</param>
    /// <param name="adjust">Changes what is fixed here.</param>
    internal static async Task<IngressListener> StartAsync(
        IngressOptions options, CertificateStore store, RequestDelegate handler, ILoggerFactory loggers, TimeProvider time, Action<KestrelServerOptions> adjust)
    {
        // Kestrel would take a line feed alone as the end of a line, which others before and behind it need not; it has no other way to be told.
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseKestrelHttpsConfiguration();

        // A request is worked on by the thread that has read it: handing it over costs more than the work (ADR 0007). Nothing on its way blocks.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel(server =>
        {
            Bound(server);
            Listen(server, options, store, new ClientAddress(options.ProxyProtocolFrom, time, loggers.CreateLogger<ClientAddress>()));
            adjust(server);
        });
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IHostLifetime, HandsOff>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Timeout.InfiniteTimeSpan);
        var application = builder.Build();
        application.Run(handler);
        try
        {
            await application.StartAsync();
        }
        catch (IOException e)
        {
            await application.DisposeAsync();
            throw new IOException($"the ingress cannot listen on {options.Http} and {options.Https}: {e.Message}", e);
        }

        return new IngressListener(application, options);
    }

    /// <summary>Takes no more connections and ends idle ones; requests that run are finished, unless <paramref name="patience"/> ends before.</summary>
    public Task StopAsync(CancellationToken patience) => _application.StopAsync(patience);

    /// <summary>As <see cref="StopAsync"/>, in ten seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(DisposePatience);
        await StopAsync(patience.Token);
        await _application.DisposeAsync();
    }

    private static void Bound(KestrelServerOptions server)
    {
        server.AddServerHeader = false;

        // The host of a target in absolute form is the request's, whatever Host says (RFC 9112, 3.2.2).
        server.AllowHostHeaderOverride = true;

        // What bytes beyond ASCII in fields mean is between client and endpoint: they pass as they are.
        server.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        server.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;

        var limits = server.Limits;
        limits.MaxConcurrentConnections = MostConnections;
        limits.MaxConcurrentUpgradedConnections = MostConnections;
        limits.MaxRequestLineSize = 8 * 1024;
        limits.MaxRequestHeadersTotalSize = 32 * 1024;
        limits.MaxRequestHeaderCount = 100;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(75);

        // A route says how much it takes.
        limits.MaxRequestBodySize = null;
        limits.Http2.MaxStreamsPerConnection = 128;

        // A client that is gone without a word, with streams open, is noticed.
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(60);
        limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
    }

    private static void Listen(KestrelServerOptions server, IngressOptions options, CertificateStore store, ClientAddress client)
    {
        Listen(server, options.Http, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(client.Before);
        });
        Listen(server, options.Https, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.Use(client.Before);
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = CertificateStore.HandshakeTimeout,
                OnConnection = handshake => new(store.Select(handshake.ClientHelloInfo.ServerName)),
            });
        });
    }

    private static void Listen(KestrelServerOptions server, IPEndPoint endpoint, Action<ListenOptions> configure)
    {
        if (endpoint.Address.Equals(IPAddress.IPv6Any))
        {
            // Both families; IPv4 alone where the kernel has no IPv6.
            server.ListenAnyIP(endpoint.Port, configure);
        }
        else
        {
            server.Listen(endpoint, configure);
        }
    }

    /// <summary>Signals belong to the program; its owner starts and stops the server.</summary>
    private sealed class HandsOff : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
