using System.Net;
using System.Net.WebSockets;
using System.Text;
using Fairlead.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Fairlead.Tests.Ingress;

/// <summary>What HTTP has beside requests and answers passes through the ingress.</summary>
public sealed class PassingThroughTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_that_waits_to_be_told_to_go_on_is_told_so()
    {
        await using var lab = await IngressLab.StartAsync();
        lab.Route([await lab.EndpointAsync(IngressLab.EchoAsync)]);
        await using var client = await lab.ConnectAsync();
        await ListeningLab.SendAsync(client, "POST / HTTP/1.1\r\nHost: web.example\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
        const string Go = "HTTP/1.1 100 Continue\r\n\r\n";
        var said = new byte[Go.Length];
        await client.ReadExactlyAsync(said, Deadline.Token());
        Assert.Equal(Go, Encoding.Latin1.GetString(said));

        await ListeningLab.SendAsync(client, "body");
        var answer = await ListeningLab.ReadToEndAsync(client);

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("\n\nbody", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_waits_to_be_told_to_go_on_is_told_no()
    {
        // A small body is sent all the same: that costs less than the connection to the endpoint.
        const int Length = 5000;
        await using var lab = await IngressLab.StartAsync();
        lab.Route([await lab.EndpointAsync(context =>
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Task.CompletedTask;
        })]);

        await using var client = await lab.ConnectAsync();
        await ListeningLab.SendAsync(client, $"POST / HTTP/1.1\r\nHost: web.example\r\nContent-Length: {Length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
        var said = new byte[12];
        await client.ReadExactlyAsync(said, Deadline.Token());
        if (Encoding.Latin1.GetString(said) == "HTTP/1.1 100")
        {
            // The endpoint has not said anything for a second, as it may be where cores are few: nobody waits longer for its leave.
            await ListeningLab.SendAsync(client, new string('x', Length));
            Assert.StartsWith(" Continue\r\n\r\nHTTP/1.1 401 ", await ListeningLab.ReadToEndAsync(client), StringComparison.Ordinal);
            return;
        }

        Assert.Equal("HTTP/1.1 401", Encoding.Latin1.GetString(said));
    }

    [Theory]
    [InlineData("HEAD", 200, "Content-Length: 1000")]
    [InlineData("GET", 204, "")]
    [InlineData("GET", 304, "ETag: \"1\"")]
    [InlineData("GET", 200, "Content-Length: 0")]
    public async Task An_answer_without_a_body_has_none_and_the_connection_goes_on(string method, int status, string header)
    {
        await using var lab = await IngressLab.StartAsync();
        lab.Route([await lab.EndpointAsync(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/last" ? 200 : status;
            if (header.Split(": ") is [var name, var value])
            {
                context.Response.Headers[name] = context.Request.Path == "/last" ? "0" : value;
            }

            return Task.CompletedTask;
        })]);

        var text = await lab.AskAsync($"{method} / HTTP/1.1\r\nHost: web.example\r\n\r\nGET /last HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n\r\n");

        var answers = text.Split("\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", answers[0], StringComparison.Ordinal);
        Assert.Contains(header, answers[0], StringComparison.OrdinalIgnoreCase);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answers[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trailers_of_an_endpoint_of_HTTP_1_reach_clients_of_HTTP_2_and_hurt_no_other()
    {
        await using var lab = await IngressLab.StartAsync();
        await using var endpoint = new RawEndpoint(async stream =>
        {
            while (await RawEndpoint.ReadRequestAsync(stream) is { Length: > 0 })
            {
                await RawEndpoint.SayAsync(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 7\r\n\r\n");
            }
        });
        lab.Route([endpoint.Endpoint]);

        for (var i = 0; i < 2; i++)
        {
            Assert.Equal((HttpStatusCode.OK, "body"), await lab.GetAsync("/"));
        }

        using var answer = await lab.SendAsync(
            HttpMethod.Get, "/", adjust: request => (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact), tls: true);
        Assert.Equal("body", await answer.Content.ReadAsStringAsync(Cancel));
        Assert.Equal("7", answer.TrailingHeaders.GetValues("X-Sum").Single());
    }

    [Fact]
    public async Task A_web_socket_on_a_stream_of_HTTP_2_reaches_an_endpoint_of_HTTP_1()
    {
        await using var lab = await IngressLab.StartAsync();
        lab.Route([await lab.EndpointAsync(async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[100];
            var received = await socket.ReceiveAsync(buffer, context.RequestAborted);
            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, true, context.RequestAborted);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, context.Request.Protocol, context.RequestAborted);
        })]);
        using var client = new ClientWebSocket();
        (client.Options.HttpVersion, client.Options.HttpVersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        client.Options.SetRequestHeader("Host", IngressLab.Host);
        await client.ConnectAsync(new Uri($"wss://{lab.Https}/socket"), lab.Client, Deadline.Token());
        await client.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, Deadline.Token());
        var answer = new byte[100];

        var got = await client.ReceiveAsync(answer, Deadline.Token());

        Assert.Equal("hello", Encoding.UTF8.GetString(answer, 0, got.Count));
        Assert.Equal(WebSocketMessageType.Close, (await client.ReceiveAsync(answer, Deadline.Token())).MessageType);
        Assert.Equal("HTTP/1.1", client.CloseStatusDescription);
    }

    [Fact]
    public async Task Two_hosts_on_one_connection_of_HTTP_2_are_each_served_by_their_own_route()
    {
        await using var lab = await IngressLab.StartAsync();
        foreach (var host in (string[])["one.example", "two.example"])
        {
            lab.Route([await lab.EndpointAsync(context => context.Response.WriteAsync($"{host} was asked for {context.Request.Host}"), HttpProtocols.Http1)], host: host);
        }

        await using var client = await lab.ConnectHttp2Async("one.example");
        var stream = 1;
        foreach (var host in (string[])["one.example", "two.example", "one.example"])
        {
            await client.SendAsync(Http2Client.Request(stream, ends: true, (":method", "GET"), (":scheme", "https"), (":authority", host), (":path", "/")));
            stream += 2;
            string outcome;
            do
            {
                // What is left of the stream before has neither status nor text.
                outcome = (await client.OutcomeAsync()).Trim();
            }
            while (outcome is "");

            Assert.Equal($"200 {host} was asked for {host}", outcome);
        }
    }
}
