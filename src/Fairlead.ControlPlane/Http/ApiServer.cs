using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Fairlead.ControlPlane.Pki;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.ControlPlane.Http;

/// <summary>Kestrel with TLS 1.3; a client certificate must be of our authority. Nothing of ASP.NET Core above the bare request.</summary>
internal sealed class ApiServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private ApiServer(WebApplication application, IReadOnlyList<IPEndPoint> asked)
    {
        _application = application;
        var bound = application.Urls.Select(url => new Uri(url).Port).ToArray();
        Endpoints = [.. asked.Select((endpoint, index) => new IPEndPoint(endpoint.Address, bound[index]))];
    }

    /// <summary>Where it listens, with the ports that the system chose.</summary>
    public IReadOnlyList<IPEndPoint> Endpoints { get; }

    /// <summary>Listens on <paramref name="endpoints"/> and answers by <paramref name="handler"/>.</summary>
    /// <exception cref="IOException">An address is in use or not this machine's.</exception>
    public static async Task<ApiServer> StartAsync(
        IReadOnlyList<IPEndPoint> endpoints, ClusterAuthority authority, X509Certificate2 certificate, RequestDelegate handler, ILoggerFactory loggers)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(options => Configure(options, endpoints, authority, certificate));
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IHostLifetime, HandsOff>();
        var application = builder.Build();
        application.Run(handler);
        try
        {
            await application.StartAsync();
        }
        catch (IOException e)
        {
            await application.DisposeAsync();
            throw new IOException($"the API server cannot listen on {string.Join(", ", endpoints)}: {e.Message}", e);
        }

        return new ApiServer(application, endpoints);
    }

    /// <summary>Stops: no new connections, running requests get two seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _application.StopAsync(patience.Token);
        await _application.DisposeAsync();
    }

    private static void Configure(
        KestrelServerOptions options, IReadOnlyList<IPEndPoint> endpoints, ClusterAuthority authority, X509Certificate2 certificate)
    {
        options.AddServerHeader = false;
        // RequestBody holds the real limit; beyond this one Kestrel hangs up before the client has read why.
        options.Limits.MaxRequestBodySize = 64L * 1024 * 1024;
        options.Limits.MinResponseDataRate = null;

        // One client-go process holds a stream per watch on one connection.
        options.Limits.Http2.MaxStreamsPerConnection = 1000;
        foreach (var endpoint in endpoints)
        {
            options.Listen(endpoint, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(new HttpsConnectionAdapterOptions
                {
                    ServerCertificate = certificate,

                    // Service accounts come with a token instead; who brings neither is refused by the Authenticator.
                    ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                    ClientCertificateValidation = (client, _, _) => authority.Admits(client),
                    SslProtocols = SslProtocols.Tls13,
                });
            });
        }
    }

    /// <summary>Signals belong to the program; its owner starts and stops the server.</summary>
    private sealed class HandsOff : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
