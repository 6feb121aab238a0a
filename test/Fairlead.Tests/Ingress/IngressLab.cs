using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Ingress;
using Fairlead.Ingress.Hosting;
using Fairlead.Ingress.Listening;
using Fairlead.Ingress.Metrics;
using Fairlead.Ingress.Tls;
using Fairlead.Ingress.Translate;
using Fairlead.Linux.Addresses;
using Fairlead.State;
using Fairlead.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Ingress;

/// <summary>The ingress on loopback with real endpoints behind: its listener, handler and forwarder, with routes that a test writes.</summary>
internal sealed class IngressLab : IAsyncDisposable
{
    public const string Host = "web.example";

    private readonly List<WebApplication> _endpoints = [];
    private readonly UpstreamClients _clients;
    private readonly IngressMetrics _metrics;
    private readonly IngressHandler _handler;
    private readonly CertificateStore _certificates;
    private readonly MemoryStream _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _logging;
    private IngressListener? _listener;

    private IngressLab(IngressOptions options, TimeProvider time)
    {
        _clients = new UpstreamClients(time);
        _metrics = new IngressMetrics(Tables, () => 0);
        Log = new AccessLog(_log);
        _logging = Log.RunAsync(_stop.Token);
        _handler = new IngressHandler(options, Tables, new RequestForwarder(IngressRoom.Forwarder(), _clients, new EndpointHealth(time), options), _metrics, Log, time);
        _certificates = new CertificateStore(new ClusterTables(), Tables, options, time, NullLogger.Instance);
    }

    public IngressTables Tables { get; } = new();

    public AccessLog Log { get; }

    public IngressMetrics Metrics => _metrics;

    public IPEndPoint Http => _listener!.Http;

    public IPEndPoint Https => _listener!.Https;

    public Uri Url => new($"http://{Http}");

    /// <summary>One client, without a proxy and with certificates unseen.</summary>
    public HttpClient Client { get; } = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        RequestHeaderEncodingSelector = (_, _) => System.Text.Encoding.Latin1,
#pragma warning disable CA5359 // nobody vouches for the certificate of a test
        SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
    });

    public static async Task<IngressLab> StartAsync(IngressOptions? options = null, TimeProvider? time = null)
    {
        var local = (options ?? new IngressOptions()) with { Http = new IPEndPoint(IPAddress.Loopback, 0), Https = new IPEndPoint(IPAddress.Loopback, 0) };
        var lab = new IngressLab(local, time ?? TimeProvider.System);
        lab._listener = await IngressListener.StartAsync(local, lab._certificates, lab._handler.HandleAsync, NullLoggerFactory.Instance);
        return lab;
    }

    /// <summary>An endpoint that answers by a delegate.</summary>
    public async Task<BackendEndpoint> EndpointAsync(RequestDelegate answer, HttpProtocols protocols = HttpProtocols.Http1)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(server =>
        {
            server.Limits.MaxRequestBodySize = null;
            server.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols);
        });
        builder.Services.AddSingleton<IHostLifetime, HandsOff>();
        var application = builder.Build();
        application.UseWebSockets();
        application.Run(answer);
        await application.StartAsync(TestContext.Current.CancellationToken);
        _endpoints.Add(application);
        return At(new Uri(application.Urls.Single()).Port);
    }

    /// <summary>A port of loopback as an endpoint, whoever listens there.</summary>
    public static BackendEndpoint At(int port) => new(IpAddr.Parse("127.0.0.1"), (ushort)port, new ObjectKey("default", $"pod-{port}"));

    /// <summary>A port of loopback where nobody listens.</summary>
    public static int ClosedPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Answers with the request as it came: its line, its headers, a line without anything, its body.</summary>
    public static async Task EchoAsync(HttpContext context)
    {
        using var body = new StreamReader(context.Request.Body);
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var headers = string.Concat(context.Request.Headers.Select(header => $"{header.Key}: {header.Value}\n"));
        await context.Response.WriteAsync($"{context.Request.Method} {target} {context.Request.Protocol}\n{headers}\n{await body.ReadToEndAsync()}");
    }

    /// <summary>A bare connection to where HTTP is answered.</summary>
    public async Task<NetworkStream> ConnectAsync() => await ConnectAsync(Http);

    /// <summary>Sends bytes to where HTTP is answered, and tells what comes until the connection ends.</summary>
    public async Task<string> AskAsync(string request)
    {
        await using var client = await ConnectAsync();
        await ListeningLab.SendAsync(client, request);
        return await ListeningLab.ReadToEndAsync(client);
    }

    /// <summary>A connection of HTTP/2 to where HTTPS is answered, behind its handshake.</summary>
    public async Task<Http2Client> ConnectHttp2Async(string name)
    {
        var stream = new SslStream(await ConnectAsync(Https));
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = name,
                ApplicationProtocols = [SslApplicationProtocol.Http2],
#pragma warning disable CA5359 // nobody vouches for the certificate of a test
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
            },
            Deadline.Token());
        return await Http2Client.BeginAsync(stream);
    }

    /// <summary>Routes a path of a host, the lab's own unless another is named, to endpoints.</summary>
    public Backend Route(IEnumerable<BackendEndpoint> endpoints, RouteOptions? options = null, string path = "/", string protocol = "", string host = Host)
    {
        var backend = new Backend(new BackendKey(new ObjectKey("default", "web"), "80")) { State = new BackendState(endpoints.ToValueArray(), protocol, "") };
        var ingress = new ObjectKey("default", "web");
        Tables.Routes.Set(host, new HostRoutes([new Route(ingress, host, path, PathType.Prefix, backend, options ?? RouteOptions.Default)], null));
        return backend;
    }

    /// <summary>Asks the lab's host.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? body = null, Action<HttpRequestMessage>? adjust = null, bool tls = false)
    {
        var request = new HttpRequestMessage(method, new Uri(tls ? $"https://{Https}{path}" : $"http://{Http}{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true })) { Content = body };
        request.Headers.Host = Host;
        adjust?.Invoke(request);
        return Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    /// <summary>Asks and reads the whole answer.</summary>
    public async Task<(HttpStatusCode Code, string Text)> GetAsync(string path)
    {
        using var answer = await SendAsync(HttpMethod.Get, path);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private static async Task<NetworkStream> ConnectAsync(IPEndPoint place)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(place, Deadline.Token());
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>The access log, once all requests have ended. Ends the lab's listening.</summary>
    public async Task<string> LogAsync()
    {
        await _listener!.DisposeAsync();
        await _stop.CancelAsync();
        await _logging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return System.Text.Encoding.UTF8.GetString(_log.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await LogAsync();
        foreach (var endpoint in _endpoints)
        {
            await endpoint.DisposeAsync();
        }

        _handler.Dispose();
        _clients.Dispose();
        _certificates.Dispose();
        _metrics.Dispose();
        _stop.Dispose();
    }

    private sealed class HandsOff : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
