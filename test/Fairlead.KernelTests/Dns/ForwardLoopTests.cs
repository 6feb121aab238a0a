using System.Net;
using System.Net.Sockets;
using Fairlead.Dns;
using Fairlead.Dns.Chain;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Server;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.KernelTests.Dns;

/// <summary>An upstream that asks us what we ask it.</summary>
public sealed class ForwardLoopTests : IAsyncDisposable
{
    private static readonly IPEndPoint Server = new(IPAddress.Parse("127.0.0.1"), 5300);
    private readonly ForwarderLab _lab = new();
    private readonly CancellationTokenSource _end = new();
    private readonly PlayedUpstream _upstream;
    private readonly DnsClient _client;
    private readonly IReadOnlyList<Socket> _sockets;
    private Task _running = Task.CompletedTask;

    public ForwardLoopTests()
    {
        _upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8"));
        _client = new DnsClient(_lab.Netns, Server);
        _sockets = _lab.Netns.Run(() => DnsSockets.Bind(IpAddr.From(Server.Address), Server.Port));
    }

    [Fact]
    public async Task A_probe_that_comes_back_takes_the_upstream_out_for_a_while()
    {
        Start([_upstream]);
        var reply = _client.AskAsync("www.example.test");
        await _upstream.NextAsync();
        await SendBackAsync(await _upstream.NextProbeAsync());

        // The question that was under way there fails at once, and so does the next.
        Assert.Equal("2", DnsClient.Text(await reply));
        Assert.Equal("2", DnsClient.Text(await _client.AskAsync("ftp.example.test")));
        Assert.True(_lab.Forwarder.Upstreams[0].IsLooping);
        Assert.Equal(1, _lab.Forwarder.Counters.Loops);

        // Somebody may have mended it.
        _lab.Time.Advance(LoopProbe.OutTime);
        reply = _client.AskAsync("ftp.example.test");
        await ForwarderLab.AnswerAsync(_upstream, ForwarderLab.Response, "192.0.2.1");
        Assert.Equal("0 .1", DnsClient.Text(await reply));
        await _upstream.NextProbeAsync();
        Assert.Equal(1, _lab.Forwarder.Counters.Loops);
    }

    [Fact]
    public async Task Another_upstream_answers_in_the_place_of_one_that_loops()
    {
        Start([_upstream, _lab.PlayAnswering("127.0.0.9", "192.0.2.2")]);
        var reply = _client.AskAsync("www.example.test");
        await _upstream.NextAsync();
        await SendBackAsync(await _upstream.NextProbeAsync());
        Assert.Equal("0 .2", DnsClient.Text(await reply));
    }

    [Fact]
    public async Task A_loop_made_later_is_found_by_the_question_itself()
    {
        Start([_upstream]);
        var reply = _client.AskAsync("www.example.test");
        await ForwarderLab.AnswerAsync(_upstream, ForwarderLab.Response, "192.0.2.1");
        Assert.Equal("0 .1", DnsClient.Text(await reply));
        await _upstream.NextProbeAsync();
        _lab.Time.Advance(LoopProbe.Interval);

        reply = _client.AskAsync("a-long-name.example.test");
        await SendBackAsync(await _upstream.NextAsync());
        await SendBackAsync(await _upstream.NextProbeAsync());
        Assert.Equal("2", DnsClient.Text(await reply));
        Assert.Equal(1, _lab.Forwarder.Counters.Loops);
    }

    [Fact]
    public async Task A_loop_that_nothing_shows_does_not_multiply()
    {
        Start([_upstream]);
        var reply = _client.AskAsync("www.example.test");
        for (var round = 0; round < 2; round++)
        {
            // Under ids of its own, in lower case, many times over.
            var asked = await _upstream.NextAsync();
            for (ushort i = 0; i < 50; i++)
            {
                await SendBackAsync(asked, i, lower: true);
            }

            await ForwarderLab.UntilAsync(() => _lab.Forwarder.Counters.Joined == 50 * (round + 1));
            _lab.Time.Advance(Forwarder.TryTime);
        }

        Assert.Equal("2", DnsClient.Text(await reply));
        Assert.Equal(2, _lab.Forwarder.Upstreams[0].Counters.Requests);
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
        _lab.Dispose();
        _end.Dispose();
    }

    private void Start(IEnumerable<PlayedUpstream> upstreams)
    {
        _lab.Start(upstreams);
        var counters = new DnsCounters();
        _running = new DnsServer(new DnsHandler(DnsChains.Of(null, _lab.Forwarder), counters), _lab.Time, counters, NullLogger.Instance).RunAsync(_sockets, _end.Token);
    }

    // What a resolver does that has us for its own upstream.
    private async Task SendBackAsync(Asked asked, ushort? id = null, bool lower = false)
    {
        byte[] query = [.. asked.Query];
        ForwardMessage.SetId(query, id ?? (ushort)asked.Id);
        if (lower)
        {
            DnsName.ToLower(asked.Query.AsSpan()[12..^15], query.AsSpan(12));
        }

        using var resolver = _lab.Netns.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        await resolver.SendToAsync(query, Server);
    }
}
