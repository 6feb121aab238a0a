using System.Net;
using System.Net.Sockets;
using Fairlead.Pods.Lifecycle;
using Fairlead.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Fairlead.Tests.Pods;

/// <summary>gRPC probes against a server of another make.</summary>
public sealed class GrpcHealthTests
{
    private static readonly byte[] Serving = [0, 0, 0, 0, 2, 8, 1];

    [Fact]
    public async Task A_server_that_is_serving_is_healthy_and_was_asked_for_the_service()
    {
        byte[] asked = [];
        await using var server = await Server.StartAsync(async http =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            asked = body.ToArray();
            await AnswerAsync(http, "0", Serving);
        });

        Assert.Equal("", await server.CheckAsync("liveness"));
        Assert.Equal("\0\0\0\0\n\n\bliveness"u8.ToArray(), asked);
    }

    [Fact]
    public async Task Every_connection_speaks_HTTP_2_from_its_first_byte()
    {
        var protocol = "";
        await using var server = await Server.StartAsync(http =>
        {
            protocol = $"{http.Request.Protocol} {http.Request.ContentType} {http.Request.Headers.TE}";
            return AnswerAsync(http, "0", Serving);
        });

        Assert.Equal("", await server.CheckAsync(""));
        Assert.Equal("HTTP/2 application/grpc trailers", protocol);
    }

    [Theory]
    [InlineData("0", new byte[] { 0, 0, 0, 0, 2, 8, 2 }, "service unhealthy (responded with \"NOT_SERVING\")")]
    [InlineData("0", new byte[] { 0, 0, 0, 0, 0 }, "service unhealthy (responded with \"UNKNOWN\")")]
    [InlineData("0", new byte[] { 0, 0, 0, 0, 9, 8, 1 }, "the answer is no HealthCheckResponse")]
    [InlineData("0", new byte[] { }, "the answer is no HealthCheckResponse")]
    [InlineData("5", new byte[] { }, "the server does not know the service \"x\"")]
    [InlineData("12", new byte[] { }, "gRPC status 12: ")]
    public async Task Every_other_answer_says_what_is_wrong(string code, byte[] answer, string reason)
    {
        await using var server = await Server.StartAsync(http => AnswerAsync(http, code, answer));

        Assert.Equal(reason, await server.CheckAsync("x"));
    }

    [Fact]
    public async Task A_server_of_something_else_does_not_speak_gRPC()
    {
        await using var server = await Server.StartAsync(http =>
        {
            http.Response.StatusCode = 404;
            return Task.CompletedTask;
        });

        Assert.Equal("the server does not speak gRPC: HTTP status 404", await server.CheckAsync(""));
    }

    [Fact]
    public async Task A_closed_port_is_refused()
    {
        var server = await Server.StartAsync(_ => Task.CompletedTask);
        await server.DisposeAsync();

        Assert.Equal("Connection refused", await server.CheckAsync(""));
    }

    private static async Task AnswerAsync(HttpContext http, string code, byte[] answer)
    {
        http.Response.ContentType = "application/grpc";
        await http.Response.Body.WriteAsync(answer);
        http.Response.AppendTrailer("grpc-status", code);
    }

    private sealed class Server(WebServer server, IPEndPoint address) : IAsyncDisposable
    {
        internal static async Task<Server> StartAsync(RequestDelegate check)
        {
            ListenOptions endpoint = null!;
            var server = await WebServer.StartAsync(
                options => options.Listen(IPAddress.Loopback, 0, listen => (listen.Protocols, endpoint) = (HttpProtocols.Http2, listen)),
                http => http.Request is { Method: "POST", Path.Value: "/grpc.health.v1.Health/Check" } ? check(http)
                    : throw new InvalidOperationException($"asked by {http.Request.Method} for {http.Request.Path}"));
            return new Server(server, endpoint.IPEndPoint!);
        }

        internal async Task<string> CheckAsync(string service)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
            return await GrpcHealth.CheckAsync(ConnectAsync, address.ToString(), service, limit.Token);
        }

        public ValueTask DisposeAsync() => server.DisposeAsync();

        private async Task<Socket> ConnectAsync(CancellationToken cancellationToken)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(address, cancellationToken);
            return socket;
        }
    }
}
