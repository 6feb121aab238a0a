using System.Net;
using System.Net.Sockets;
using Fairlead.Cluster.Model;
using Fairlead.Ingress;
using Fairlead.Ingress.Hosting;
using Fairlead.Ingress.Translate;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Ingress;

/// <summary>Requests through the ingress to real endpoints.</summary>
public sealed class ForwardingTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_reaches_an_endpoint_as_it_was_sent_and_with_its_way()
    {
        await using var lab = await IngressLab.StartAsync();
        lab.Route([await lab.EndpointAsync(IngressLab.EchoAsync)]);

        var (code, text) = await lab.GetAsync("/a%2Fb/%C3%A4?q=1&r=%20");

        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Contains("GET /a%2Fb/%C3%A4?q=1&r=%20 HTTP/1.1\n", text, StringComparison.Ordinal);
        Assert.Contains("Host: web.example\n", text, StringComparison.Ordinal);
        Assert.Contains("X-Forwarded-For: 127.0.0.1\n", text, StringComparison.Ordinal);
        Assert.Contains("X-Forwarded-Proto: http\n", text, StringComparison.Ordinal);
        Assert.Contains("X-Real-IP: 127.0.0.1\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/shop/../secret", "/secret")]
    [InlineData("/shop/%2e%2e/secret", "/secret")]
    public async Task An_endpoint_is_asked_for_the_path_that_was_routed(string sent, string asked)
    {
        await using var lab = await IngressLab.StartAsync();
        lab.Route([await lab.EndpointAsync(IngressLab.EchoAsync)]);

        var (_, text) = await lab.GetAsync(sent);

        Assert.StartsWith($"GET {asked} HTTP/1.1\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/v1/x?a=b", "/v1/x?a=b")]
    [InlineData("/api", "/")]
    [InlineData("/api/", "/")]
    [InlineData("/api//x", "//x")]
    public async Task A_rewrite_takes_the_routes_path_away(string sent, string asked)
    {
        await using var lab = await IngressLab.StartAsync();
        lab.Route([await lab.EndpointAsync(IngressLab.EchoAsync)], new RouteOptions { Rewrite = new PathRewrite("/", true) }, "/api");

        var (_, text) = await lab.GetAsync(sent);

        Assert.StartsWith($"GET {asked} HTTP/1.1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_endpoint_is_asked_in_its_turn()
    {
        await using var lab = await IngressLab.StartAsync();
        var endpoints = new List<BackendEndpoint>();
        for (var i = 0; i < 10; i++)
        {
            var name = $"{i}";
            endpoints.Add(await lab.EndpointAsync(context => context.Response.WriteAsync(name)));
        }

        lab.Route(endpoints);
        var counts = new Dictionary<string, int>();
        for (var i = 0; i < 100; i++)
        {
            var (_, text) = await lab.GetAsync("/");
            counts[text] = counts.GetValueOrDefault(text) + 1;
        }

        Assert.Equal(Enumerable.Repeat(10, 10), counts.Values);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task What_no_endpoint_has_got_goes_to_another_whatever_it_is(string method)
    {
        await using var lab = await IngressLab.StartAsync();
        lab.Route([IngressLab.At(IngressLab.ClosedPort()), await lab.EndpointAsync(IngressLab.EchoAsync)]);

        // Twice: one of both begins with the endpoint where nobody listens.
        for (var i = 0; i < 2; i++)
        {
            using var answer = await lab.SendAsync(new HttpMethod(method), "/", method == "POST" ? new StringContent("body") : null);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.StartsWith($"{method} / HTTP/1.1\n", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        }

        Assert.Contains(" 1 \"-\"\n", await lab.LogAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", HttpStatusCode.OK, 1)]
    [InlineData("POST", HttpStatusCode.BadGateway, 0)]
    public async Task What_an_endpoint_may_have_begun_is_done_again_only_when_that_is_harmless(string method, HttpStatusCode expected, int others)
    {
        await using var lab = await IngressLab.StartAsync();
        var asked = 0;
        var dying = await lab.EndpointAsync(context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        var alive = await lab.EndpointAsync(context =>
        {
            asked++;
            return Task.CompletedTask;
        });
        var backend = lab.Route([dying]);
        backend.State = backend.State with { Endpoints = [dying, alive] };
        while (EndpointPicker.Next(backend, backend.State.Endpoints.AsSpan(), new EndpointHealth(TimeProvider.System), null) != alive)
        {
            // Until it is the dying one's turn.
        }

        using var answer = await lab.SendAsync(new HttpMethod(method), "/", method == "POST" ? new StringContent("order") : null);

        Assert.Equal(expected, answer.StatusCode);
        Assert.Equal(others, asked);
    }

    [Fact]
    public async Task An_endpoint_that_takes_no_connection_in_time_is_a_502_and_the_log_says_how_long_that_was()
    {
        await using var lab = await IngressLab.StartAsync(new IngressOptions { ConnectTimeout = TimeSpan.FromMilliseconds(200) });

        // Its queue of one is full: the kernel answers no other.
        using var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        full.Listen(0);
        using var queued = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await queued.ConnectAsync(full.LocalEndPoint!, Cancel);
        Assert.True(full.Poll(-1, SelectMode.SelectRead));
        lab.Route([IngressLab.At(((IPEndPoint)full.LocalEndPoint!).Port)]);

        Assert.Equal(HttpStatusCode.BadGateway, (await lab.GetAsync("/")).Code);
        Assert.Contains("\"Request: no connection within 0.2 s\"", await lab.LogAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_endpoints_503_and_without_a_rule_404_and_others_are_served()
    {
        await using var lab = await IngressLab.StartAsync();
        var backend = lab.Route([], path: "/empty");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await lab.GetAsync("/empty/x")).Code);
        using (var missing = await lab.SendAsync(HttpMethod.Get, "/emptyx"))
        {
            Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
            Assert.Equal("no Ingress has a rule for this host and path\n".Length, missing.Content.Headers.ContentLength);
        }

        backend.State = backend.State with { Endpoints = [await lab.EndpointAsync(IngressLab.EchoAsync)] };
        Assert.Equal(HttpStatusCode.OK, (await lab.GetAsync("/empty/x")).Code);
    }

    [Fact]
    public void An_endpoint_that_failed_is_passed_over_for_ten_seconds_unless_all_have()
    {
        var time = new FakeTimeProvider();
        var health = new EndpointHealth(time);
        var (one, other) = (IngressLab.At(1), IngressLab.At(2));
        var backend = new Backend(new BackendKey(new ObjectKey("a", "b"), "80"));
        health.Failed(one);
        Assert.All(Enumerable.Range(0, 4), _ => Assert.Equal(other, EndpointPicker.Next(backend, [one, other], health, null)));
        health.Failed(other);
        Assert.Equal(2, Enumerable.Range(0, 4).Select(_ => EndpointPicker.Next(backend, [one, other], health, null)).Distinct().Count());
        time.Advance(EndpointHealth.Rest);
        Assert.True(health.IsHealthy(one));
    }

    [Fact]
    public async Task An_endpoint_that_dies_amid_its_answer_ends_the_answer_and_nothing_else()
    {
        await using var lab = await IngressLab.StartAsync();
        var seen = new TaskCompletionSource();
        lab.Route([await lab.EndpointAsync(async context =>
        {
            if (context.Request.Path == "/dies")
            {
                context.Response.ContentLength = 1000;
                await context.Response.WriteAsync("begun");
                await context.Response.Body.FlushAsync();
                await seen.Task;
                context.Abort();
            }
        })]);

        using var answer = await lab.SendAsync(HttpMethod.Get, "/dies");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        seen.SetResult();

        await Assert.ThrowsAnyAsync<Exception>(() => answer.Content.ReadAsByteArrayAsync(Cancel));
        Assert.Equal(HttpStatusCode.OK, (await lab.GetAsync("/")).Code);
    }

    [Fact]
    public async Task Bodies_stream_both_ways_whatever_their_size()
    {
        const int Size = 64 * 1024 * 1024;
        await using var lab = await IngressLab.StartAsync();
        lab.Route([await lab.EndpointAsync(async context =>
        {
            var received = await CountAsync(context.Request.Body);
            await context.Response.Body.WriteAsync(new byte[received]);
        })]);

        using var answer = await lab.SendAsync(HttpMethod.Put, "/", new StreamContent(new MemoryStream(new byte[Size])));

        await using var body = await answer.Content.ReadAsStreamAsync(Cancel);
        Assert.Equal(Size, await CountAsync(body));
    }

    [Fact]
    public async Task An_answer_is_passed_on_as_it_comes()
    {
        await using var lab = await IngressLab.StartAsync();
        var go = new TaskCompletionSource();
        lab.Route([await lab.EndpointAsync(async context =>
        {
            await context.Response.WriteAsync("first");
            await context.Response.Body.FlushAsync();
            await go.Task;
            await context.Response.WriteAsync("second");
        })]);

        using var answer = await lab.SendAsync(HttpMethod.Get, "/events");
        await using var body = await answer.Content.ReadAsStreamAsync(Cancel);
        var buffer = new byte[5];
        await body.ReadExactlyAsync(buffer, Cancel);
        go.SetResult();
        using var rest = new StreamReader(body);

        Assert.Equal("second", await rest.ReadToEndAsync(Cancel));
    }

    [Theory]
    [InlineData(10, 11, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData(10, 10, HttpStatusCode.OK)]
    [InlineData(0, 100_000, HttpStatusCode.OK)]
    public async Task A_body_may_be_as_large_as_its_route_says(int most, int size, HttpStatusCode expected)
    {
        await using var lab = await IngressLab.StartAsync();
        lab.Route([await lab.EndpointAsync(context => context.Request.Body.CopyToAsync(Stream.Null))], new RouteOptions { MaxBodyBytes = most });

        foreach (var chunked in new[] { false, true })
        {
            using var answer = await lab.SendAsync(HttpMethod.Post, "/", new ByteArrayContent(new byte[size]), request => request.Headers.TransferEncodingChunked = chunked);
            Assert.Equal(expected, answer.StatusCode);
        }
    }

    [Theory]
    [InlineData("", HttpProtocols.Http1, "HTTP/1.1")]
    [InlineData("http", HttpProtocols.Http1, "HTTP/1.1")]
    [InlineData("kubernetes.io/h2c", HttpProtocols.Http2, "HTTP/2")]
    [InlineData("grpc", HttpProtocols.Http2, "HTTP/2")]
    public async Task An_endpoint_is_spoken_to_as_its_port_says(string appProtocol, HttpProtocols speaks, string seen)
    {
        await using var lab = await IngressLab.StartAsync();
        lab.Route([await lab.EndpointAsync(context => context.Response.WriteAsync(context.Request.Protocol), speaks)], protocol: appProtocol);

        Assert.Equal((HttpStatusCode.OK, seen), await lab.GetAsync("/"));
    }

    [Fact]
    public async Task A_call_of_grpc_has_its_trailers()
    {
        await using var lab = await IngressLab.StartAsync();
        lab.Route(
            [await lab.EndpointAsync(
                async context =>
                {
                    context.Response.ContentType = "application/grpc";
                    await context.Request.Body.CopyToAsync(context.Response.Body);
                    context.Response.AppendTrailer("grpc-status", "0");
                },
                HttpProtocols.Http2)],
            new RouteOptions { Protocol = UpstreamProtocol.Grpc });

        using var answer = await lab.SendAsync(HttpMethod.Post, "/pkg.Service/Call", new ByteArrayContent([0, 0, 0, 0, 0]), request =>
        {
            (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
            request.Headers.TryAddWithoutValidation("te", "trailers");
        }, tls: true);
        Assert.Equal(5, (await answer.Content.ReadAsByteArrayAsync(Cancel)).Length);
        Assert.Equal("0", answer.TrailingHeaders.GetValues("grpc-status").Single());
    }

    [Fact]
    public async Task A_web_socket_is_upgraded_and_carries_both_ways()
    {
        await using var lab = await IngressLab.StartAsync();
        lab.Route([await lab.EndpointAsync(async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[100];
            var received = await socket.ReceiveAsync(buffer, context.RequestAborted);
            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, true, context.RequestAborted);
        })]);
        using var client = new System.Net.WebSockets.ClientWebSocket();
        client.Options.SetRequestHeader("Host", IngressLab.Host);
        await client.ConnectAsync(new Uri($"ws://{lab.Http}/socket"), Cancel);
        await client.SendAsync("hello"u8.ToArray(), System.Net.WebSockets.WebSocketMessageType.Text, true, Cancel);
        var answer = new byte[100];

        var got = await client.ReceiveAsync(answer, Cancel);

        Assert.Equal("hello", System.Text.Encoding.UTF8.GetString(answer, 0, got.Count));
    }

    [Fact]
    public async Task The_log_has_one_line_for_a_request_whatever_the_client_writes()
    {
        await using var lab = await IngressLab.StartAsync();
        lab.Route([await lab.EndpointAsync(context => context.Response.WriteAsync(context.Request.Headers.UserAgent.ToString()))]);

        using var answer = await lab.SendAsync(HttpMethod.Get, "/%0d%0aGET", adjust: request => request.Headers.TryAddWithoutValidation("User-Agent", "a\"b\\c\u00c3\u00a9"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var log = await lab.LogAsync();

        Assert.Matches(@"^127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] ""GET /%0d%0aGET HTTP/1\.1"" 200 ", log);
        Assert.Contains("\"a\\x22b\\x5Cc\\xC3\\xA9\"", log, StringComparison.Ordinal);
        Assert.Contains(" web.example default/web web:80 127.0.0.1:", log, StringComparison.Ordinal);
        Assert.Single(log.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static async Task<long> CountAsync(Stream stream)
    {
        var (total, buffer) = (0L, new byte[65536]);
        while (await stream.ReadAsync(buffer, Cancel) is > 0 and var read)
        {
            total += read;
        }

        return total;
    }
}
