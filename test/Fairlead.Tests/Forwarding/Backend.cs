using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Fairlead.Testing;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Fairlead.Tests.Forwarding;

/// <summary>
/// A web server, and the pods role's socket in front of it: whatever address is dialled at port 8080 is answered over HTTP, at 8443 over HTTPS, at any
/// other port refused.
/// </summary>
internal sealed class Backend : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly WebServer _web;
    private readonly Dictionary<int, IPEndPoint> _ports = [];
    private readonly List<Task> _connections = [];
    private readonly Task _accepting;

    private Backend(WebServer web, IReadOnlyList<IPEndPoint> endpoints, string socket)
    {
        _web = web;
        (_ports[8080], _ports[8443]) = (endpoints[0], endpoints[1]);
        _listener.Bind(new UnixDomainSocketEndPoint(socket));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>What was dialled, in order: <c>NODE/ADDRESS/PORT</c>.</summary>
    public List<string> Dialled { get; } = [];

    public static async Task<Backend> StartAsync(string socket)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = new CertificateRequest("CN=nobody", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        var endpoints = new List<ListenOptions>();
        var web = await WebServer.StartAsync(
            options =>
            {
                options.Listen(IPAddress.Loopback, 0, endpoints.Add);
                options.Listen(IPAddress.Loopback, 0, listen =>
                {
                    listen.UseHttps(certificate);
                    endpoints.Add(listen);
                });
            },
            ServeAsync);
        return new Backend(web, [.. endpoints.Select(listen => listen.IPEndPoint!)], socket);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        await _web.DisposeAsync();
        await Task.WhenAll(_connections);
    }

    /// <summary>Says what it was asked, or does what the path says.</summary>
    private static async Task ServeAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        switch (request.Path.Value)
        {
            case "/page":
                response.ContentType = "text/html; charset=utf-8";
                await response.WriteAsync("<a href=\"/rewriteme\">test</a>");
                return;
            case "/moved":
                response.Redirect("/elsewhere?x=1");
                return;
            case "/broken":
                response.ContentLength = 100;

                // Kestrel closes the connection of an answer that is shorter than it said.
                await response.WriteAsync("part");
                return;
            case "/socket":
                using (var socket = await context.WebSockets.AcceptWebSocketAsync())
                {
                    var buffer = new byte[64];
                    var received = await socket.ReceiveAsync(buffer, default);
                    await socket.SendAsync(buffer.AsMemory(0, received.Count), WebSocketMessageType.Text, true, default);
                    await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", default);
                }

                return;
        }

        response.StatusCode = 202;
        response.Headers["X-Backend"] = "yes";
        var body = await new StreamReader(request.Body).ReadToEndAsync();
        var raw = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
        var secrets = request.Headers.Authorization.ToString() + request.Headers["Impersonate-User"];
        await response.WriteAsync($"{request.Scheme} {request.Method} {raw} [{body}] {request.Headers["X-Mine"]} {request.Headers["X-Forwarded-Uri"]} {secrets}".TrimEnd());
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                _connections.Add(RelayAsync(await _listener.AcceptAsync()));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task RelayAsync(Socket accepted)
    {
        await using var client = new NetworkStream(accepted, ownsSocket: true);
        var head = await HeadAsync(client);
        var location = head.Split(' ')[1];
        if (!location.StartsWith("/dial/", StringComparison.Ordinal))
        {
            await client.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {location.Length}\r\nConnection: close\r\n\r\n{location}"));
            return;
        }

        lock (Dialled)
        {
            Dialled.Add(location["/dial/".Length..]);
        }

        if (!_ports.TryGetValue(int.Parse(location.Split('/')[^1]), out var endpoint))
        {
            await client.WriteAsync("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 7\r\n\r\nrefused"u8.ToArray());
            return;
        }

        using var server = new TcpClient();
        await server.ConnectAsync(endpoint);
        await client.WriteAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"u8.ToArray());
        await Task.WhenAny(CopyAsync(client, server.GetStream()), CopyAsync(server.GetStream(), client));
    }

    private static async Task<string> HeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one) == 1)
        {
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    private static async Task CopyAsync(Stream from, Stream to)
    {
        try
        {
            await from.CopyToAsync(to);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return;
        }
    }
}
