using System.Net.Security;
using System.Text;
using Fairlead.Ingress;
using Fairlead.Ingress.Listening;
using Fairlead.Linux.Addresses;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Ingress;

/// <summary>The PROXY protocol, as bytes and in front of the real listener.</summary>
public sealed class ListeningProxyProtocolTests
{
    private const string Ask = "GET / HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\n\r\n";
    private const string Binary = "\r\n\r\n\0\r\nQUIT\n";

    private static readonly string Four = Binary + "\u0021\u0011\0\u000c" + "\u00c0\0\u0002\u0007" + "\u00cb\0\u0071\u0009" + "\u0030\u0039" + "\u0001\u00bb";
    private static readonly string Six =
        Binary + "\u0021\u0021\0\u0024" + "\u0020\u0001\u000d\u00b8" + new string('\0', 11) + "\u0001" + "\u0020\u0001\u000d\u00b8" + new string('\0', 11) + "\u0002" + "\u0030\u0039" + "\u0001\u00bb";

    public static TheoryData<string, string?, string?> Whole => new()
    {
        { "PROXY TCP4 192.0.2.7 203.0.113.9 12345 443\r\n", "192.0.2.7:12345", "203.0.113.9:443" },
        { "PROXY TCP6 2001:db8::1 2001:db8::2 12345 443\r\n", "[2001:db8::1]:12345", "[2001:db8::2]:443" },
        { "PROXY TCP6 ::ffff:192.0.2.7 ::ffff:203.0.113.9 0 65535\r\n", "192.0.2.7:0", "203.0.113.9:65535" },
        { "PROXY UNKNOWN\r\n", null, null },
        { "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", null, null },
        { Four, "192.0.2.7:12345", "203.0.113.9:443" },
        { Six, "[2001:db8::1]:12345", "[2001:db8::2]:443" },
        { Binary + "\u0020\0\0\0", null, null },
        { Binary + "\u0020\u0011\0\u000c" + "\u00c0\0\u0002\u0007" + "\u00cb\0\u0071\u0009" + "\u0030\u0039" + "\u0001\u00bb", null, null },
        { Binary + "\u0021\0\0\u0003abc", null, null },
        { Binary + "\u0021\u0012\0\u000c" + "\u00c0\0\u0002\u0007" + "\u00cb\0\u0071\u0009" + "\u0030\u0039" + "\u0001\u00bb", null, null },
        { Binary + "\u0021\u0031\0\u00d8" + new string('x', 216), null, null },
        { Binary + "\u0021\u0011\0\u0010" + "\u00c0\0\u0002\u0007" + "\u00cb\0\u0071\u0009" + "\u0030\u0039" + "\u0001\u00bb" + "\u0004\0\u0001x", "192.0.2.7:12345", "203.0.113.9:443" },
        { Binary + "\u0021\0\u000f\u00f0" + new string('x', 4080), null, null },
    };

    public static TheoryData<string> Malformed =>
    [
        "GET / HTTP/1.1\r\n", "\u0016\u0003\u0001", "proxy TCP4 ", "PROXY", "PROXYTCP4 ", "PROXY  TCP4 192.0.2.7 203.0.113.9 1 2\r\n", "PROXY TCP4 192.0.2.7 203.0.113.9 1 2 \r\n",
        "PROXY TCP4 192.0.2.7 203.0.113.9 1\r\n", "PROXY TCP5 192.0.2.7 203.0.113.9 1 2\r\n", "PROXY UDP4 192.0.2.7 203.0.113.9 1 2\r\n", "PROXY UNKNOWNX\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", "PROXY TCP6 192.0.2.7 203.0.113.9 1 2\r\n", "PROXY TCP4 192.0.2.07 203.0.113.9 1 2\r\n", "PROXY TCP4 192.0.2 203.0.113.9 1 2\r\n",
        "PROXY TCP4 192.0.2.7 203.0.113.9 65536 2\r\n", "PROXY TCP4 192.0.2.7 203.0.113.9 01 2\r\n", "PROXY TCP4 192.0.2.7 203.0.113.9 -1 2\r\n", "PROXY TCP4 192.0.2.7 203.0.113.9 1 \r\n",
        "PROXY TCP6 fe80::1%eth0 2001:db8::2 1 2\r\n", "PROXY TCP6 [2001:db8::1] 2001:db8::2 1 2\r\n", "PROXY TCP4 192.0.2.7\u00a0203.0.113.9 1 2\r\n",
        "PROXY TCP4 " + new string('1', 96), "PROXY UNKNOWN " + new string('x', 93) + "\r\n",
        "\r\n\r\n\0\r\nQUIX", Binary + "\u0011", Binary + "\u0022", Binary + "\u0031\0\0\0", Binary + "\u0021\u0013\0\0", Binary + "\u0021\u0041\0\0", Binary + "\u0021\u0011\0\u000b" + new string('x', 11),
        Binary + "\u0021\u0021\0\u0023" + new string('x', 35), Binary + "\u0021\0\u000f\u00f1", Binary + "\u0021\u0011\u00ff\u00ff",
    ];

    [Theory]
    [MemberData(nameof(Whole))]
    public void A_header_is_read_whole_and_no_byte_behind_it(string text, string? source, string? destination)
    {
        var bytes = Encoding.Latin1.GetBytes(text + "GET ");
        for (var length = 0; length < text.Length; length++)
        {
            Assert.Equal(ProxyHeaderState.Partial, ProxyHeader.TryRead(bytes.AsSpan(0, length), out _));
        }

        Assert.Equal(ProxyHeaderState.Whole, ProxyHeader.TryRead(bytes, out var header));
        Assert.Equal((source, destination, text.Length), (header!.Source?.ToString(), header.Destination?.ToString(), header.Length));
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public void What_is_no_header_is_none_whatever_follows(string text)
    {
        if (text is "PROXY")
        {
            // Still a beginning; without a space behind it no more.
            Assert.Equal(ProxyHeaderState.Partial, ProxyHeader.TryRead(Encoding.Latin1.GetBytes(text), out _));
            text += "\r\n";
        }

        Assert.Equal(ProxyHeaderState.Malformed, ProxyHeader.TryRead(Encoding.Latin1.GetBytes(text), out var header));
        Assert.Null(header);
    }

    [Theory]
    [MemberData(nameof(Whole))]
    public async Task The_connection_is_the_clients_that_the_header_names(string text, string? source, string? destination)
    {
        await using var lab = await ListeningLab.StartAsync(From("127.0.0.0/8"));
        await using var plain = await lab.ConnectAsync();
        var body = Assert.Single(await ListeningLab.AskAsync(plain, text + Ask)).Body.ReplaceLineEndings("|").Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal);
        var expected = $"|client {source ?? "127.0.0.1"}".Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal);
        Assert.Contains(expected, body, StringComparison.Ordinal);
        Assert.Contains($"to {destination ?? $"127.0.0.1:{lab.Listener.Http.Port}"}|".Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal), body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_header_comes_before_TLS()
    {
        await using var lab = await ListeningLab.StartAsync(From("127.0.0.0/8"));
        await using var stream = await lab.ConnectTlsAsync("a.org", SslApplicationProtocol.Http11, before: Encoding.Latin1.GetBytes(Four));
        Assert.Contains("client 192.0.2.7:12345 to 203.0.113.9:443", Assert.Single(await ListeningLab.AskAsync(stream, Ask)).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_header_there_is_no_connection()
    {
        await using var lab = await ListeningLab.StartAsync(From("127.0.0.0/8"));
        foreach (var text in new[] { Ask, "PROXY TCP4 a b 1 2\r\n" + Ask, Binary + "\u0031\0\0\0" + Ask })
        {
            Assert.Empty(await lab.AskAsync(text));
        }

        await using var cut = await lab.ConnectAsync();
        await ListeningLab.SendAsync(cut, Four[..20]);
        cut.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.Empty(await ListeningLab.ReadToEndAsync(cut));
        Assert.Equal(200, Assert.Single(await lab.AskAsync(Four + Ask)).Status);
    }

    [Fact]
    public async Task A_header_has_three_seconds()
    {
        var time = new WatchedTime();
        await using var lab = await ListeningLab.StartAsync(From("127.0.0.0/8"), time: time);
        await using var stream = await lab.ConnectAsync();
        await ListeningLab.SendAsync(stream, Four[..20]);
        await time.Waiting.WaitAsync(Fairlead.Testing.Deadline.Token());
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Empty(await ListeningLab.ReadToEndAsync(stream));
    }

    [Fact]
    public async Task Nobody_else_may_say_whose_the_connection_is()
    {
        await using var lab = await ListeningLab.StartAsync(From("192.0.2.0/24"));
        Assert.Contains("client 127.0.0.1:", Assert.Single(await lab.AskAsync(Ask)).Body, StringComparison.Ordinal);
        Assert.Equal(400, Assert.Single(await lab.AskAsync("PROXY TCP4 192.0.2.7 203.0.113.9 12345 443\r\n" + Ask)).Status);
        Assert.Equal(400, Assert.Single(await lab.AskAsync(Four + Ask)).Status);
    }

    private static IngressOptions From(string range) => ListeningLab.Loopback with { ProxyProtocolFrom = [IpNet.Parse(range)] };

    /// <summary>Says when somebody waits.</summary>
    private sealed class WatchedTime : FakeTimeProvider
    {
        private readonly TaskCompletionSource _waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Waiting => _waiting.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            _waiting.TrySetResult();
            return timer;
        }
    }
}
