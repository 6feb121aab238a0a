using System.Net;
using Fairlead.Ingress.Translate;
using Fairlead.Testing;

namespace Fairlead.Tests.Ingress;

/// <summary>Endpoints that are slow, hang up or say what is no answer: each has a clear outcome, and the ingress goes on.</summary>
public sealed class EndpointFaultTests
{
    private static readonly RouteOptions Impatient = new() { ActivityTimeout = TimeSpan.FromMilliseconds(200) };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task One_that_says_nothing_is_given_up_and_told_so(string method)
    {
        await using var lab = await IngressLab.StartAsync();
        var asked = 0;
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lab.Route(
            [await lab.EndpointAsync(async context =>
            {
                asked++;
                await using var told = context.RequestAborted.Register(gone.SetResult);
                await gone.Task;
            })],
            Impatient);

        using var answer = await lab.SendAsync(new HttpMethod(method), "/", method == "POST" ? new StringContent("order") : null);

        Assert.Equal((HttpStatusCode.GatewayTimeout, 1), (answer.StatusCode, asked));
        await gone.Task.WaitAsync(Deadline.Token());
        Assert.Contains("RequestTimedOut", await lab.LogAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_stops_amid_its_answer_ends_it_short()
    {
        await using var lab = await IngressLab.StartAsync();
        await using var endpoint = new RawEndpoint(async stream =>
        {
            await RawEndpoint.ReadRequestAsync(stream);
            await RawEndpoint.SayAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun");
            await RawEndpoint.ReadRequestAsync(stream);
        });
        lab.Route([endpoint.Endpoint], Impatient);

        using var answer = await lab.SendAsync(HttpMethod.Get, "/");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await Assert.ThrowsAnyAsync<Exception>(() => answer.Content.ReadAsByteArrayAsync(Deadline.Token()));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task One_that_hangs_up_between_requests_loses_none(string method)
    {
        const int Requests = 20;
        await using var lab = await IngressLab.StartAsync();
        var closed = new SemaphoreSlim(0);
        await using var endpoint = new RawEndpoint(async stream =>
        {
            await RawEndpoint.ReadRequestAsync(stream);
            await RawEndpoint.SayAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            stream.Close();
            closed.Release();
        });
        lab.Route([endpoint.Endpoint]);

        for (var i = 0; i < Requests; i++)
        {
            using var answer = await lab.SendAsync(new HttpMethod(method), "/", method == "POST" ? new StringContent("order") : null);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("ok", await answer.Content.ReadAsStringAsync(Cancel));
            await closed.WaitAsync(Deadline.Token());
        }

        Assert.DoesNotContain(" 1 \"-\"\n", await lab.LogAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_hangs_up_on_a_connection_that_it_kept_is_asked_again_where_that_is_harmless()
    {
        await using var lab = await IngressLab.StartAsync();
        var connections = 0;
        await using var endpoint = new RawEndpoint(async stream =>
        {
            var hangsUp = Interlocked.Increment(ref connections) == 1;
            while (await RawEndpoint.ReadRequestAsync(stream) is { Length: > 0 } request && !(hangsUp && request.StartsWith("GET /second", StringComparison.Ordinal)))
            {
                await RawEndpoint.SayAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            }
        });
        lab.Route([endpoint.Endpoint]);

        Assert.Equal((HttpStatusCode.OK, "ok"), await lab.GetAsync("/first"));
        Assert.Equal((HttpStatusCode.OK, "ok"), await lab.GetAsync("/second"));
        Assert.Equal(2, connections);
    }

    public static TheoryData<string, string> NoAnswers => new()
    {
        { "nothing", "" },
        { "another protocol", "220 mail.example ESMTP\r\n\r\n" },
        { "a line alone", "HTTP/1.1 200 OK\r\n" },
        { "a status of six digits", "HTTP/1.1 200200 OK\r\nContent-Length: 0\r\n\r\n" },
        { "a header without a colon", "HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 0\r\n\r\n" },
        { "a length of letters", "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n" },
        { "two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc" },
        { "an upgrade that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n" },
        { "a megabyte of headers", $"HTTP/1.1 200 OK\r\nX-Name: {new string('x', 1 << 20)}\r\nContent-Length: 0\r\n\r\n" },
        { "ten thousand headers", $"HTTP/1.1 200 OK\r\n{string.Concat(Enumerable.Range(0, 10_000).Select(i => $"X-{i}: xxxxxxxx\r\n"))}Content-Length: 0\r\n\r\n" },
    };

    [Theory]
    [MemberData(nameof(NoAnswers))]
    public async Task One_whose_answer_is_none_is_a_bad_gateway(string what, string said)
    {
        await using var lab = await IngressLab.StartAsync();
        await using (var endpoint = RawEndpoint.Saying(said))
        {
            lab.Route([endpoint.Endpoint]);
            using var answer = await lab.SendAsync(HttpMethod.Post, "/", new StringContent("order"));
            Assert.Equal((what, HttpStatusCode.BadGateway), (what, answer.StatusCode));
        }

        lab.Route([await lab.EndpointAsync(IngressLab.EchoAsync)]);
        Assert.Equal(HttpStatusCode.OK, (await lab.GetAsync("/")).Code);
    }

    [Fact]
    public async Task A_control_character_in_an_answers_header_reaches_no_client()
    {
        await using var lab = await IngressLab.StartAsync();
        await using var endpoint = RawEndpoint.Saying("HTTP/1.1 200 OK\r\nX-Name: a\0b\rc\r\nContent-Length: 0\r\n\r\n");
        lab.Route([endpoint.Endpoint]);

        var text = await lab.AskAsync("GET / HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 ", text, StringComparison.Ordinal);
        Assert.DoesNotContain(text.Replace("\r\n", "", StringComparison.Ordinal), char.IsControl);
    }

    [Fact]
    public async Task An_answer_of_two_lengths_and_chunks_is_one_answer_to_the_client()
    {
        await using var lab = await IngressLab.StartAsync();
        await using var endpoint = RawEndpoint.Saying("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
        lab.Route([endpoint.Endpoint]);

        var text = await lab.AskAsync("GET / HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n\r\n");

        Assert.DoesNotContain("Content-Length", text, StringComparison.OrdinalIgnoreCase);
        Assert.EndsWith("\r\n\r\n4\r\nbody\r\n0\r\n\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_breaks_off_its_chunks_ends_the_answer_short()
    {
        await using var lab = await IngressLab.StartAsync();
        await using var endpoint = RawEndpoint.Saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\nzz\r\n");
        lab.Route([endpoint.Endpoint]);

        var text = await lab.AskAsync("GET / HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n\r\n");

        Assert.DoesNotContain("\r\n0\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_answers_before_it_has_read_is_heard()
    {
        await using var lab = await IngressLab.StartAsync();
        await using var endpoint = new RawEndpoint(async stream =>
        {
            await stream.ReadExactlyAsync(new byte[1], Deadline.Token());
            await RawEndpoint.SayAsync(stream, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
            await stream.CopyToAsync(Stream.Null, Deadline.Token());
        });
        lab.Route([endpoint.Endpoint]);

        using var answer = await lab.SendAsync(HttpMethod.Put, "/", new StreamContent(new MemoryStream(new byte[4 << 20])));

        Assert.Equal((HttpStatusCode.Forbidden, "no"), (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel)));
    }

    [Fact]
    public async Task A_client_that_is_gone_ends_the_request_at_the_endpoint()
    {
        await using var lab = await IngressLab.StartAsync();
        var (reached, gone) = (new TaskCompletionSource(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lab.Route([await lab.EndpointAsync(async context =>
        {
            await using var told = context.RequestAborted.Register(gone.SetResult);
            reached.SetResult();
            await gone.Task;
        })]);
        await using (var client = await lab.ConnectAsync())
        {
            await client.WriteAsync("GET / HTTP/1.1\r\nHost: web.example\r\n\r\n"u8.ToArray(), Cancel);
            await reached.Task.WaitAsync(Deadline.Token());
        }

        await gone.Task.WaitAsync(Deadline.Token());
    }
}
