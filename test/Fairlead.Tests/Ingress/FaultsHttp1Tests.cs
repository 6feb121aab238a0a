namespace Fairlead.Tests.Ingress;

/// <summary>
/// Requests that two readers could read as two things (RFC 9112, 11.2), as bytes against the real listener. Behind each comes a second request: whether and as what
/// it is answered shows where the first one ended.
/// </summary>
public sealed class FaultsHttp1Tests(FaultsHttp1Tests.Lab lab) : IClassFixture<FaultsHttp1Tests.Lab>
{
    private const string Second = "GET /second HTTP/1.1\r\nHost: b.org\r\nConnection: close\r\n\r\n";

    /// <summary>One listener for all of them.</summary>
    public sealed class Lab : IAsyncLifetime
    {
        internal ListeningLab Listening { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Listening = await ListeningLab.StartAsync();

        public ValueTask DisposeAsync() => Listening.DisposeAsync();
    }

    [Theory]
    [InlineData("both lengths", "POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("both lengths, the other way round", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")]
    [InlineData("two lengths", "POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")]
    [InlineData("one length twice", "POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab")]
    [InlineData("a list of lengths", "POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 2, 2\r\n\r\nab")]
    [InlineData("a negative length", "POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: -2\r\n\r\nab")]
    [InlineData("a length in hex", "POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 0x2\r\n\r\nab")]
    [InlineData("a length beyond numbers", "POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 18446744073709551618\r\n\r\nab")]
    [InlineData("an empty length", "POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length:\r\n\r\nab")]
    [InlineData("another coding", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n")]
    [InlineData("a coding under chunked", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("chunked twice", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("chunked on two lines", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("chunked not last", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")]
    [InlineData("almost chunked", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("chunked behind a vertical tab", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("an empty coding", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n")]
    [InlineData("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a.org\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("bare LF behind the request line", "GET / HTTP/1.1\nHost: a.org\r\n\r\n")]
    [InlineData("bare LF behind a header", "GET / HTTP/1.1\r\nHost: a.org\nX-A: b\r\n\r\n")]
    [InlineData("bare LF at the end of the headers", "GET / HTTP/1.1\r\nHost: a.org\r\n\n")]
    [InlineData("bare CR in a header", "GET / HTTP/1.1\r\nHost: a.org\r\nX-A: b\rX-B: c\r\n\r\n")]
    [InlineData("bare CR in the query", "GET /?\r HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("a fragment in the path", "GET /a#b HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("a fragment in the query", "GET /a?b#c HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("a fragment in an absolute target", "GET http://a.org/a#b HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("a tab in the target", "GET /?a\tb HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("a bracket in a name", "GET / HTTP/1.1\r\nHost: a.org\r\nX[A]: b\r\n\r\n")]
    [InlineData("bare CR in the request line", "GET /\r HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("a folded header", "GET / HTTP/1.1\r\nHost: a.org\r\nX-A: b\r\n c\r\n\r\n")]
    [InlineData("a folded first header", "GET / HTTP/1.1\r\n Host: a.org\r\n\r\n")]
    [InlineData("a space before the colon", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("a tab before the colon", "POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length\t: 2\r\n\r\nab")]
    [InlineData("a header without a name", "GET / HTTP/1.1\r\nHost: a.org\r\n: b\r\n\r\n")]
    [InlineData("a header without a colon", "GET / HTTP/1.1\r\nHost: a.org\r\nX-A\r\n\r\n")]
    [InlineData("a control character in a name", "GET / HTTP/1.1\r\nHost: a.org\r\nX\u0001A: b\r\n\r\n")]
    [InlineData("NUL in a value", "GET / HTTP/1.1\r\nHost: a.org\r\nX-A: b\0c\r\n\r\n")]
    [InlineData("ESC in a value", "GET / HTTP/1.1\r\nHost: a.org\r\nX-A: b\u001bc\r\n\r\n")]
    [InlineData("DEL in a value", "GET / HTTP/1.1\r\nHost: a.org\r\nX-A: b\u007fc\r\n\r\n")]
    [InlineData("a name that stands for X-Forwarded-For", "GET / HTTP/1.1\r\nHost: a.org\r\nX_Forwarded-for: 192.0.2.1\r\n\r\n")]
    [InlineData("no Host", "GET / HTTP/1.1\r\n\r\n")]
    [InlineData("two Hosts", "GET / HTTP/1.1\r\nHost: a.org\r\nHost: b.org\r\n\r\n")]
    [InlineData("a Host that is none", "GET / HTTP/1.1\r\nHost: a.org/b\r\n\r\n")]
    [InlineData("a Host with a user", "GET / HTTP/1.1\r\nHost: me@a.org\r\n\r\n")]
    [InlineData("CONNECT", "CONNECT a.org:80 HTTP/1.1\r\nHost: a.org:80\r\n\r\n")]
    [InlineData("an asterisk", "OPTIONS * HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("another scheme", "GET ftp://a.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("an encoded slash behind dots", "GET /a/..%2fadmin HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("an encoded slash before dots", "GET /a%2F../admin HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("encoded dots and slash", "GET /a/%2e%2E%2fadmin HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("one dot and an encoded slash", "GET /.%2fadmin HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("dots with parameters", "GET /a/..;v=1/admin HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("an absolute target with encoded dots", "GET http://a.org/a/..%2fadmin HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("a backslash", "GET /a\\b HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("an encoded backslash behind dots", "GET /a/..%5cadmin HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("NUL in the path", "GET /a%00b HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("a bare NUL in the path", "GET /a\0b HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("a space in the path", "GET /a b HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("bytes beyond ASCII in the path", "GET /\u00e9 HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("a method that is none", "GE(T / HTTP/1.1\r\nHost: a.org\r\n\r\n")]
    [InlineData("no version", "GET /\r\nHost: a.org\r\n\r\n")]
    [InlineData("a chunk that is longer than it says", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n")]
    [InlineData("a chunk length that is none", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n")]
    [InlineData("a chunk length beyond numbers", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000002\r\nab\r\n0\r\n\r\n")]
    [InlineData("a signed chunk length", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\nab\r\n0\r\n\r\n")]
    [InlineData("a chunk length behind 0x", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n")]
    [InlineData("a bare LF behind a chunk length", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\n2\nab\r\n0\r\n\r\n")]
    [InlineData("a bare LF in a chunk extension", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\n2;a\nbc\r\nab\r\n0\r\n\r\n")]
    [InlineData("a bare CR in a chunk extension", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\n2;a\rbc\r\nab\r\n0\r\n\r\n")]
    [InlineData("a bare LF behind a chunk", "POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\n0\r\n\r\n")]
    public async Task What_could_be_read_as_two_things_is_refused_and_the_connection_ends(string what, string request)
    {
        var answers = await lab.Listening.AskAsync(request + Second);
        Assert.True(answers is [{ Status: 400 }], $"{what}: {string.Join(" // ", answers)}");
        Assert.Contains("Connection: close", answers[0].Head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET a.org:80 HTTP/1.1\r\nHost: a.org\r\n\r\n", 405)]
    [InlineData("GET * HTTP/1.1\r\nHost: a.org\r\n\r\n", 405)]
    [InlineData("GET / HTTP/1.2\r\nHost: a.org\r\n\r\n", 505)]
    [InlineData("GET / HTTP/2.0\r\nHost: a.org\r\n\r\n", 505)]
    public async Task What_is_not_spoken_is_refused_by_its_name(string request, int status) =>
        Assert.Equal([status], (await lab.Listening.AskAsync(request + Second)).Select(answer => answer.Status));

    [Theory]
    [InlineData("GET /a/%2e%2e/b HTTP/1.1\r\nHost: a.org\r\n\r\n", "GET /b")]
    [InlineData("GET /a/../../b?q=/../x HTTP/1.1\r\nHost: a.org\r\n\r\n", "GET /b?q=/../x")]
    [InlineData("GET /a/./b/.. HTTP/1.1\r\nHost: a.org\r\n\r\n", "GET /a/")]
    [InlineData("GET //a//b HTTP/1.1\r\nHost: a.org\r\n\r\n", "GET //a//b")]
    [InlineData("GET /a%2Fb/...;v/.well-known HTTP/1.1\r\nHost: a.org\r\n\r\n", "GET /a%2Fb/...;v/.well-known")]
    [InlineData("GET /a%5cb HTTP/1.1\r\nHost: a.org\r\n\r\n", "GET /a%5Cb")]
    [InlineData("GET /%25%2e HTTP/1.1\r\nHost: a.org\r\n\r\n", "GET /%25.")]
    [InlineData("GET http://b.org/x HTTP/1.1\r\nHost: a.org\r\n\r\n", "GET /x|host b.org|")]
    [InlineData("GET http://b.org:81 HTTP/1.1\r\nHost: a.org\r\n\r\n", "GET /|host b.org:81|")]
    [InlineData("GET / HTTP/1.0\r\nHost: a.org\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.0 GET /|host a.org|")]
    [InlineData("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.0 GET /|host |")]
    [InlineData("GET / HTTP/1.1\r\nHost:   a.org \r\nX-A: \t b \t\r\n\r\n", "host a.org|", "|X-A: b|")]
    [InlineData("GET / HTTP/1.1\r\nHost: a.org\r\nx_a: b\r\n\r\n", "|x_a: b|")]
    [InlineData("GET / HTTP/1.1\r\nHost: a.org\r\nX-A: \u00fc\u00e9\tz\r\n\r\n", "|X-A: \u00fc\u00e9\tz|")]
    [InlineData("GET / HTTP/1.1\r\nHost: a.org\r\nX-A: b\r\nX-A: c\r\n\r\n", "|X-A: b,c|")]
    [InlineData("\r\nGET / HTTP/1.1\r\nHost: a.org\r\n\r\n", "GET /|host a.org|")]
    [InlineData("POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=\"b\"\r\nab\r\n0;c\r\nX-T: 1\r\nContent-Length: 9\r\n\r\n", "|body ab", "|Transfer-Encoding: Chunked|")]
    [InlineData("POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 2\r\n\r\nab", "|body ab")]
    [InlineData("POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: +2\r\n\r\nab", "|Content-Length: 2|", "|body ab")]
    [InlineData("BREW /pot HTTP/1.1\r\nHost: a.org\r\n\r\n", "BREW /pot")]
    public async Task What_is_odd_but_clear_is_read_in_one_way(string request, params string[] seen)
    {
        var answers = await lab.Listening.AskAsync(request + Second);
        Assert.Equal([200, 200], answers.Select(answer => answer.Status));
        Assert.All(seen, part => Assert.Contains(part, answers[0].Body.ReplaceLineEndings("|"), StringComparison.Ordinal));
        Assert.Contains("GET /second", answers[1].Body, StringComparison.Ordinal);
        Assert.DoesNotContain("Content-Length: 9", answers[0].Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8 * 1024 - 24, 200)]
    [InlineData(8 * 1024, 414)]
    public async Task A_request_line_has_8_KiB(int path, int status) =>
        Assert.Equal(status, (await lab.Listening.AskAsync($"GET /{new string('a', path)} HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\n\r\n"))[0].Status);

    [Theory]
    [InlineData(98, 10, 200)]
    [InlineData(99, 10, 431)]
    [InlineData(2, 15_000, 200)]
    [InlineData(3, 15_000, 431)]
    [InlineData(1, 40_000, 431)]
    public async Task Headers_are_100_at_most_and_32_KiB(int count, int length, int status)
    {
        var headers = string.Concat(Enumerable.Range(0, count).Select(i => $"X-{i}: {new string('v', length)}\r\n"));
        var answers = await lab.Listening.AskAsync($"GET / HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\n{headers}\r\n");
        Assert.Equal([status], answers.Select(answer => answer.Status));
    }

    [Fact]
    public async Task Nothing_says_which_server_answers()
    {
        var answer = Assert.Single(await lab.Listening.AskAsync(Second));
        Assert.DoesNotContain("Server:", answer.Head, StringComparison.OrdinalIgnoreCase);
    }
}
