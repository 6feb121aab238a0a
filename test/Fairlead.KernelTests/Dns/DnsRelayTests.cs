using System.Net;
using System.Net.Sockets;
using Fairlead.Dns;
using Fairlead.Dns.Server;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Route;
using Fairlead.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.KernelTests.Dns;

/// <summary>The relay in a namespace, between a client and two upstreams that the test plays. Its time is the test's: nothing waits for a clock.</summary>
public sealed class DnsRelayTests : IAsyncDisposable
{
    private const int Response = 0x8180;
    private const int Truncated = 0x0200;
    private static readonly IPEndPoint Relay = new(IPAddress.Parse("127.0.0.1"), 5300);
    private static readonly TimeSpan TryTime = TimeSpan.FromSeconds(2);
    private readonly TestNetns _netns = new();
    private readonly FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _end = new();
    private readonly PlayedUpstream _first;
    private readonly PlayedUpstream _second;
    private readonly DnsClient _client;
    private IReadOnlyList<Socket> _sockets = [];
    private Task _running = Task.CompletedTask;

    public DnsRelayTests()
    {
        using (var route = RouteSocket.Open(_netns.Namespace))
        {
            route.SetUp("lo");
        }

        _first = new PlayedUpstream(_netns, "127.0.0.8");
        _second = new PlayedUpstream(_netns, "127.0.0.9");
        _client = new DnsClient(_netns, Relay);
    }

    [Fact]
    public async Task A_question_by_udp_or_tcp_is_asked_upstream_and_its_answer_is_kept()
    {
        Start(_first.EndPoint);
        var reply = _client.AskAsync("www.test", id: 7);
        var asked = await _first.NextAsync();
        await asked.Answer(asked.Reply(Response, "192.0.2.1"));
        Assert.Equal([0, 7], (await reply)[..2]);
        Assert.Equal("0 .1", DnsClient.Text(await reply));
        Assert.Equal("0 .1", DnsClient.Text(await _client.AskByTcpAsync("www.test")));

        var byTcp = _client.AskByTcpAsync("other.test");
        var second = await _first.NextAsync();
        Assert.False(second.Tcp);
        await second.Answer(second.Reply(Response, "192.0.2.2"));
        Assert.Equal("0 .2", DnsClient.Text(await byTcp));
    }

    [Fact]
    public async Task A_dead_upstream_gives_way_at_once_and_when_all_are_dead_the_answer_is_a_failure()
    {
        var dead = new IPEndPoint(IPAddress.Parse("127.0.0.66"), 53);
        IReadOnlyList<IPEndPoint> upstreams = [dead, _second.EndPoint];
        Start(() => upstreams);
        var reply = _client.AskAsync("www.test");
        var asked = await _second.NextAsync();
        await asked.Answer(asked.Reply(Response, "192.0.2.1"));
        Assert.Equal("0 .1", DnsClient.Text(await reply));
        upstreams = [dead];
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("2", DnsClient.Text(await _client.AskAsync("www.test")));
        upstreams = [];
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("2", DnsClient.Text(await _client.AskAsync("www.test")));
    }

    [Fact]
    public async Task A_silent_upstream_gives_way_after_two_seconds_and_the_one_that_answered_is_asked_first()
    {
        Start(_first.EndPoint, _second.EndPoint);
        var reply = _client.AskAsync("a.test");
        await _first.NextAsync();
        _time.Advance(TryTime);
        var asked = await _second.NextAsync();
        await asked.Answer(asked.Reply(Response, "192.0.2.1"));
        Assert.Equal("0 .1", DnsClient.Text(await reply));
        var next = _client.AskAsync("b.test");
        asked = await _second.NextAsync();
        await asked.Answer(asked.Reply(Response, "192.0.2.2"));
        Assert.Equal("0 .2", DnsClient.Text(await next));
    }

    [Fact]
    public async Task When_nobody_answers_the_client_is_told_after_two_rounds()
    {
        Start(_first.EndPoint);
        var reply = _client.AskAsync("a.test");
        await _first.NextAsync();
        _time.Advance(TryTime);
        await _first.NextAsync();
        _time.Advance(TryTime);
        Assert.Equal("2", DnsClient.Text(await reply));
    }

    [Fact]
    public async Task An_answer_that_comes_late_is_nobodys()
    {
        Start(_first.EndPoint, _second.EndPoint);
        var reply = _client.AskAsync("a.test", id: 1);
        var late = await _first.NextAsync();
        _time.Advance(TryTime);
        var asked = await _second.NextAsync();
        await late.Answer(late.Reply(Response, "192.0.2.66"));
        await asked.Answer(asked.Reply(Response, "192.0.2.1"));
        Assert.Equal("0 .1", DnsClient.Text(await reply));

        // The next packet the client gets is for its next question: the late answer made none.
        var again = await _client.AskAsync("a.test", id: 2);
        Assert.Equal([0, 2], again[..2]);
        Assert.Equal("0 .1", DnsClient.Text(again));
    }

    [Fact]
    public async Task Packets_that_guess_are_not_heard()
    {
        Start(_first.EndPoint);
        var reply = _client.AskAsync("a.test");
        var asked = await _first.NextAsync();
        var forged = asked.Reply(Response, "192.0.2.66");

        // From anybody else, though id, question and port are right.
        using (var stranger = _netns.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)))
        {
            stranger.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.66"), 53));
            await stranger.SendToAsync(forged, asked.Client);
        }

        // From the server's own address, with one thing wrong.
        foreach (var (at, value) in new[] { (0, (byte)~forged[0]), (2, (byte)0), (5, (byte)0), (13, (byte)'b'), (20, (byte)28) })
        {
            byte[] wrong = [.. forged];
            Assert.NotEqual(value, wrong[at]);
            wrong[at] = value;
            await asked.Answer(wrong);
        }

        await asked.Answer(forged[..^1]);
        await asked.Answer([]);
        await asked.Answer(asked.Reply(Response, "192.0.2.1"));
        Assert.Equal("0 .1", DnsClient.Text(await reply));
    }

    [Fact]
    public async Task Every_question_has_a_port_and_an_id_of_its_own()
    {
        Start(_first.EndPoint);
        List<Asked> asked = [];
        for (ushort i = 0; i < 64; i++)
        {
            await _client.SendAsync(DnsClient.Query($"{i}.test", i));
            asked.Add(await _first.NextAsync());
        }

        Assert.Equal(64, asked.Select(one => one.Client.Port).Distinct().Count());
        Assert.InRange(asked.Select(one => one.Id).Distinct().Count(), 60, 64);
        Assert.True(asked.Select(one => one.Client.Port).Zip(asked.Skip(1).Select(one => one.Client.Port)).Count(pair => pair.Second == pair.First + 1) < 8);
    }

    [Fact]
    public async Task A_truncated_answer_is_asked_again_by_tcp_and_the_client_too_is_sent_there()
    {
        Start(_first.EndPoint, _second.EndPoint);
        var reply = _client.AskAsync("many.test");
        var cut = await _first.NextAsync();
        await cut.Answer(cut.Reply(Response | Truncated, "192.0.2.1")[..^3]);
        var whole = await _first.NextAsync();
        Assert.True(whole.Tcp);
        await whole.Answer(whole.Reply(Response, [.. Enumerable.Range(1, 100).Select(i => $"192.0.2.{i}")]));
        Assert.Equal("0 TC", DnsClient.Text(await reply));
        Assert.EndsWith(" .99 .100", DnsClient.Text(await _client.AskByTcpAsync("many.test")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upstream_whose_answer_by_tcp_is_to_another_question_gives_way()
    {
        Start(_first.EndPoint, _second.EndPoint);
        var reply = _client.AskAsync("many.test");
        var cut = await _first.NextAsync();
        await cut.Answer(cut.Reply(Response | Truncated));
        var whole = await _first.NextAsync();
        var wrong = whole.Reply(Response, "192.0.2.66");
        wrong[0] ^= 1;
        await whole.Answer(wrong);
        var asked = await _second.NextAsync();
        await asked.Answer(asked.Reply(Response, "192.0.2.1"));
        Assert.Equal("0 .1", DnsClient.Text(await reply));
    }

    [Fact]
    public async Task A_server_that_fails_gives_way_and_when_all_fail_the_first_ones_word_counts()
    {
        Start(_first.EndPoint, _second.EndPoint);
        var reply = _client.AskAsync("a.test");
        await Answer(_first, Response | 5);
        await Answer(_second, Response, "192.0.2.1");
        Assert.Equal("0 .1", DnsClient.Text(await reply));
        reply = _client.AskAsync("b.test");
        await Answer(_first, Response | 5);
        await Answer(_second, Response | 2);
        Assert.Equal("5", DnsClient.Text(await reply));
    }

    [Fact]
    public async Task Servers_are_followed_and_what_others_said_goes_with_them()
    {
        IReadOnlyList<IPEndPoint> upstreams = [_first.EndPoint];
        Start(() => upstreams);
        var reply = _client.AskAsync("a.test");
        await Answer(_first, Response, "192.0.2.1");
        Assert.Equal("0 .1", DnsClient.Text(await reply));
        upstreams = [_second.EndPoint];
        _time.Advance(TimeSpan.FromSeconds(1));
        reply = _client.AskAsync("a.test");
        await Answer(_second, Response, "192.0.2.2");
        Assert.Equal("0 .2", DnsClient.Text(await reply));
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        _client.Dispose();
        _first.Dispose();
        _second.Dispose();
        _end.Dispose();
        _netns.Dispose();
    }

    private static async Task Answer(PlayedUpstream upstream, int flags, params string[] addresses)
    {
        var asked = await upstream.NextAsync();
        await asked.Answer(asked.Reply(flags, addresses));
    }

    private void Start(params IPEndPoint[] upstreams) => Start(() => upstreams);

    private void Start(Func<IReadOnlyList<IPEndPoint>> upstreams)
    {
        _sockets = _netns.Run(() => DnsSockets.Bind(IpAddr.From(Relay.Address), Relay.Port));
        var relay = new DnsRelay(upstreams, _time) { Namespace = _netns.Namespace };
        _running = relay.RunAsync(_sockets, _end.Token);
    }
}
