using Fairlead.Ingress.Listening;

namespace Fairlead.Tests.Ingress;

/// <summary>Requests of HTTP/2 that would be two things in HTTP/1.1, and streams that are opened only to be reset.</summary>
public sealed class FaultsHttp2Tests
{
    private const string ProtocolError = "1";
    private const string CompressionError = "9";
    private const int EnhanceYourCalm = 11;

    private static readonly (string, string)[] Get = [(":method", "GET"), (":scheme", "https"), (":path", "/x"), (":authority", "a.org")];

    public static TheoryData<string, string[]> Malformed => new()
    {
        { "a name in capitals", [.. Plain(), "X-A", "b"] },
        { "Connection", [.. Plain(), "connection", "keep-alive"] },
        { "Transfer-Encoding", [.. Plain(), "transfer-encoding", "chunked"] },
        { "Upgrade", [.. Plain(), "upgrade", "h2c"] },
        { "Keep-Alive", [.. Plain(), "keep-alive", "timeout=5"] },
        { "Proxy-Connection", [.. Plain(), "proxy-connection", "close"] },
        { "TE beside trailers", [.. Plain(), "te", "gzip"] },
        { "a pseudo-header behind a header", ["x-a", "b", .. Plain()] },
        { "a pseudo-header twice", [.. Plain(), ":path", "/y"] },
        { "an unknown pseudo-header", [.. Plain(), ":x", "y"] },
        { "a pseudo-header of answers", [.. Plain(), ":status", "200"] },
        { "no method", Plain()[2..] },
        { "no path", [":method", "GET", ":scheme", "https", ":authority", "a.org"] },
        { "an empty path", [":method", "GET", ":scheme", "https", ":path", "", ":authority", "a.org"] },
        { "a path without a slash", [":method", "GET", ":scheme", "https", ":path", "x", ":authority", "a.org"] },
        { "an absolute path", [":method", "GET", ":scheme", "https", ":path", "http://b.org/x", ":authority", "a.org"] },
        { "a line end in the path", [":method", "GET", ":scheme", "https", ":path", "/x HTTP/1.1\r\nhost: b", ":authority", "a.org"] },
        { "a line end in a value", [.. Plain(), "x-a", "b\r\nx-b: c"] },
        { "a line end in a name", [.. Plain(), "x-a: b\r\nx-b", "c"] },
        { "NUL in a value", [.. Plain(), "x-a", "b\0"] },
        { "a colon in a name", [.. Plain(), "x:a", "b"] },
        { "an empty name", [.. Plain(), "", "b"] },
        { "a line end in the method", [":method", "GET / HTTP/1.1\r\nx: y", ":scheme", "https", ":path", "/x", ":authority", "a.org"] },
        { "an authority that is none", [":method", "GET", ":scheme", "https", ":path", "/x", ":authority", "a.org/x"] },
        { "no authority and two Hosts", [":method", "GET", ":scheme", "https", ":path", "/x", "host", "a.org", "host", "b.org"] },
        { "another scheme", [":method", "GET", ":scheme", "ftp", ":path", "/x", ":authority", "a.org"] },
        { "CONNECT without a protocol", [":method", "CONNECT", ":authority", "a.org:80"] },
        { "an asterisk for GET", [":method", "GET", ":scheme", "https", ":path", "*", ":authority", "a.org"] },
        { "an asterisk", [":method", "OPTIONS", ":scheme", "https", ":path", "*", ":authority", "a.org"] },
        { "encoded dots", [":method", "GET", ":scheme", "https", ":path", "/a/..%2fadmin", ":authority", "a.org"] },
        { "ESC in a value", [.. Plain(), "x-a", "b\u001b"] },
        { "a name that stands for X-Forwarded-For", [.. Plain(), "x_forwarded_for", "192.0.2.1"] },
        { "a negative length", [.. Plain(), "content-length", "-1"] },
        { "two lengths", [.. Plain(), "content-length", "1", "content-length", "2"] },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task What_could_be_two_requests_is_none(string what, string[] fields)
    {
        await using var lab = await ListeningLab.StartAsync();
        await using var client = await Http2Client.ConnectAsync(lab);
        await client.SendAsync(Http2Client.Request(1, true, fields.Chunk(2).Select(pair => (pair[0], pair[1]))));
        var outcome = await client.OutcomeAsync();
        Assert.True(outcome is $"RESET {ProtocolError}" or $"GOAWAY {ProtocolError}" or $"GOAWAY {CompressionError}" || outcome.StartsWith("400", StringComparison.Ordinal), $"{what}: {outcome}");
    }

    [Theory]
    [InlineData("5", "abc", "RESET 1")]
    [InlineData("2", "abc", "RESET 1")]
    public async Task A_body_is_as_long_as_it_says(string length, string body, string outcome)
    {
        await using var lab = await ListeningLab.StartAsync();
        await using var client = await Http2Client.ConnectAsync(lab);
        await client.SendAsync([.. Http2Client.Request(1, false, [.. Get, ("content-length", length)]), .. Http2Client.Body(1, body)]);
        Assert.Equal(outcome, await client.OutcomeAsync());
    }

    [Fact]
    public async Task The_authority_is_the_host_whatever_Host_says()
    {
        await using var lab = await ListeningLab.StartAsync();
        await using var client = await Http2Client.ConnectAsync(lab);
        await client.SendAsync(Http2Client.Request(1, true, [.. Get, ("host", "b.org"), ("te", "trailers")]));
        Assert.StartsWith("200 HTTP/2 GET /x|host a.org|", await client.OutcomeAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_WebSocket_may_be_asked_for()
    {
        await using var lab = await ListeningLab.StartAsync(handler: context =>
        {
            context.Response.StatusCode = RequestGate.Fault(context) is null ? 200 : 400;
            return Task.CompletedTask;
        });
        await using var client = await Http2Client.ConnectAsync(lab);
        await client.SendAsync(Http2Client.Request(1, true, [(":method", "CONNECT"), (":protocol", "websocket"), .. Get[1..]]));
        Assert.Equal("200", await client.OutcomeAsync());
        Assert.Equal([200], (await lab.AskAsync("GET / HTTP/1.1\r\nHost: a.org\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n")).Select(answer => answer.Status));
    }

    [Fact]
    public async Task Streams_that_are_reset_as_fast_as_they_are_opened_end_the_connection()
    {
        // CVE-2023-44487: what runs for a stream outlives it, so that the bound on open streams alone is none.
        const int batch = 50;
        var (go, running) = (new TaskCompletionSource(), 0);
        await using var lab = await ListeningLab.StartAsync(handler: _ =>
        {
            Interlocked.Increment(ref running);
            return go.Task;
        });
        await using var client = await Http2Client.ConnectAsync(lab);
        List<int> resets = [];
        var (stream, ended) = (1, false);
        for (var round = 0; round < 100 && !ended; round++)
        {
            List<byte> flood = [];
            for (var i = 0; i < batch; i++, stream += 2)
            {
                flood.AddRange([.. Http2Client.Request(stream, true, Get), .. Http2Client.ResetStream(stream)]);
            }

            (var codes, ended) = await client.SettleAsync([.. flood]);
            resets.AddRange(codes);
        }

        Assert.True(ended);
        Assert.All(resets, code => Assert.Equal(EnhanceYourCalm, code));
        Assert.InRange(running, 1, 2 * 128);
        go.SetResult();
    }

    private static string[] Plain() => [.. Get.SelectMany(field => new[] { field.Item1, field.Item2 })];
}
