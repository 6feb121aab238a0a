using System.Net.WebSockets;
using System.Text;
using Fairlead.Testing;
using Microsoft.AspNetCore.Http;

namespace Fairlead.ClusterTests.Api;

/// <summary>
/// Speaks kubelet's side of log, exec and attach on a unix socket, by ASP.NET Core's own WebSocket code, so that the bytes the API server passes
/// through are judged by two implementations that know nothing of it. exec runs nothing: it echoes its command, then its input, and exits 7.
/// </summary>
internal sealed class FakePodsRole : IAsyncDisposable
{
    private readonly WebServer _server;

    private FakePodsRole(WebServer server) => _server = server;

    public static async Task<FakePodsRole> StartAsync(string socket) => new(await WebServer.StartAsync(options => options.ListenUnixSocket(socket), HandleAsync));

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static async Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path.StartsWith("/containerLogs/", StringComparison.Ordinal))
        {
            await context.Response.WriteAsync($"log of {path}{context.Request.QueryString}\n");
            if (context.Request.Query["follow"] == "true")
            {
                await context.Response.Body.FlushAsync();
                await context.Response.WriteAsync("the last line\n");
            }

            return;
        }

        if (path.EndsWith("/broken", StringComparison.Ordinal))
        {
            context.Response.Redirect("http://169.254.169.254/");
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync(context.WebSockets.WebSocketRequestedProtocols[0]);
        await SendAsync(socket, 1, $"{path} {string.Join(' ', context.Request.Query["command"].ToArray())}\n");
        if (context.Request.Query["stdin"] == "true")
        {
            await EchoAsync(socket);
        }

        await SendAsync(socket, 2, "a word on stderr\n");
        await SendAsync(
            socket, 3,
            """{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}""");
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", default);
    }

    private static async Task EchoAsync(WebSocket socket)
    {
        var buffer = new byte[4096];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), default);
            if (received.MessageType == WebSocketMessageType.Close || buffer[0] == 255)
            {
                return;
            }

            if (buffer[0] == 0)
            {
                await SendAsync(socket, 1, Encoding.UTF8.GetString(buffer, 1, received.Count - 1).ToUpperInvariant());
            }
        }
    }

    private static Task SendAsync(WebSocket socket, byte channel, string text) =>
        socket.SendAsync(new ArraySegment<byte>([channel, .. Encoding.UTF8.GetBytes(text)]), WebSocketMessageType.Binary, endOfMessage: true, default);
}
