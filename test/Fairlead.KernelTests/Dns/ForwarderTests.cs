using Fairlead.Dns.Config;
using Fairlead.Dns.Forward;

namespace Fairlead.KernelTests.Dns;

/// <summary>Who is asked, how often, and what is done when nobody answers.</summary>
public sealed class ForwarderTests : IDisposable
{
    private readonly ForwarderLab _lab = new();

    [Theory]
    [InlineData("Sequential", "1111111111111111")]
    [InlineData("RoundRobin", "1212121212121212")]
    [InlineData("Random", "12")]
    public async Task The_policy_says_who_is_asked_first(string policy, string expected)
    {
        _lab.Start([_lab.PlayAnswering("127.0.0.8", "192.0.2.1"), _lab.PlayAnswering("127.0.0.9", "192.0.2.2")], options => options with { Policy = Enum.Parse<ForwardPolicy>(policy) });
        var asked = "";
        for (var i = 0; i < (policy == "Random" ? 64 : 16); i++)
        {
            asked += (await _lab.AskAsync($"{i}.test"))[^1];
        }

        Assert.Equal(expected, policy == "Random" ? string.Concat(asked.Distinct().Order()) : asked);
    }

    [Fact]
    public async Task An_upstream_that_is_silent_is_passed_over_until_a_check_succeeds_and_nobody_else_is_checked()
    {
        var (first, second) = (_lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8")), _lab.PlayAnswering("127.0.0.9", "192.0.2.2"));
        _lab.Start([first, second]);
        var health = _lab.Forwarder.Upstreams[0].Health;
        var reply = _lab.AskAsync("a.test");
        await first.NextAsync();
        _lab.Time.Advance(Forwarder.TryTime);
        Assert.Equal("0 .2", await reply);

        // It failed once: asked after the other, and checked at once.
        Assert.Equal((true, false), (health.IsFailing, health.IsDown));
        Assert.Equal("0 .2", await _lab.AskAsync("b.test"));
        await first.NextCheckAsync();
        _lab.Time.Advance(TimeSpan.FromSeconds(1));
        await ForwarderLab.UntilAsync(() => health.IsDown);
        Assert.Equal("0 .2", await _lab.AskAsync("c.test"));
        Assert.Equal(1, _lab.Forwarder.Upstreams[0].Counters.HealthCheckFailures);

        // The next check comes half a second later; any answer will do.
        _lab.Time.Advance(TimeSpan.FromMilliseconds(500));
        var check = await first.NextCheckAsync();
        await check.Answer(check.Reply(ForwarderLab.Response | 5));
        await ForwarderLab.UntilAsync(() => !health.IsFailing);
        reply = _lab.AskAsync("d.test");
        await ForwarderLab.AnswerAsync(first, ForwarderLab.Response, "192.0.2.1");
        Assert.Equal("0 .1", await reply);
        Assert.Equal((0, 0), (first.Checks, second.Checks));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task With_everybody_down_one_is_tried_or_nobody(bool failFast)
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8"));
        _lab.Start([upstream], options => options with { FailFast = failFast });
        var reply = _lab.AskAsync("a.test");
        await upstream.NextAsync();
        _lab.Time.Advance(Forwarder.TryTime);
        await upstream.NextAsync();
        _lab.Time.Advance(Forwarder.TryTime);
        Assert.Equal("ServFail", await reply);
        await ForwarderLab.UntilAsync(() => _lab.Forwarder.Upstreams[0].Health.IsDown);

        reply = _lab.AskAsync("b.test");
        if (!failFast)
        {
            await ForwarderLab.AnswerAsync(upstream, ForwarderLab.Response, "192.0.2.1");
        }

        Assert.Equal(failFast ? "ServFail" : "0 .1", await reply);
        Assert.Equal(1, _lab.Forwarder.Counters.AllDown);
    }

    [Fact]
    public async Task Without_max_fails_nobody_is_down_or_checked()
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8"));
        _lab.Start([upstream], options => options with { MaxFails = 0 });
        for (var i = 0; i < 3; i++)
        {
            var reply = _lab.AskAsync($"{i}.test");
            await upstream.NextAsync();
            _lab.Time.Advance(Forwarder.TryTime);
            await upstream.NextAsync();
            _lab.Time.Advance(Forwarder.TryTime);
            Assert.Equal("ServFail", await reply);
        }

        Assert.Equal((false, 0, 0), (_lab.Forwarder.Upstreams[0].Health.IsDown, upstream.Checks, _lab.Forwarder.Counters.AllDown));
    }

    [Fact]
    public async Task Questions_beyond_the_limit_are_refused_and_identical_ones_are_one()
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8"));
        _lab.Start([upstream], options => options with { MaxConcurrent = 2 });
        List<Task<string>> replies = [_lab.AskAsync("a.test"), _lab.AskAsync("b.test"), .. Enumerable.Range(0, 100).Select(_ => _lab.AskAsync("A.test"))];
        Assert.Equal("Refused", await _lab.AskAsync("c.test"));
        for (var i = 0; i < 2; i++)
        {
            await ForwarderLab.AnswerAsync(upstream, ForwarderLab.Response, "192.0.2.1");
        }

        Assert.All(await Task.WhenAll(replies), reply => Assert.Equal("0 .1", reply));
        Assert.Equal((1, 100, 2), (_lab.Forwarder.Counters.Rejected, _lab.Forwarder.Counters.Joined, _lab.Forwarder.Upstreams[0].Counters.Requests));
        Assert.Equal(2, _lab.Forwarder.Upstreams[0].Counters.Responses(0));
    }

    [Fact]
    public async Task Two_thousand_questions_at_once_are_all_answered()
    {
        _lab.Start([_lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8") { Answers = asked => asked.Reply(ForwarderLab.Response, $"192.0.2.{asked.Name[0] - '0'}") })]);
        var replies = await Task.WhenAll(Enumerable.Range(0, 2000).Select(async i => (Expected: $"0 .{i % 10}", Reply: await Task.Run(() => _lab.AskAsync($"{i % 10}-{i}.test")))));
        Assert.All(replies, reply => Assert.Equal(reply.Expected, reply.Reply));
    }

    [Fact]
    public async Task What_nobody_answered_is_not_asked_again_for_five_seconds()
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8"));
        _lab.Start([upstream], options => options with { MaxFails = 0 }, new CacheOptions());
        var reply = _lab.AskAsync("a.test");
        for (var round = 0; round < 2; round++)
        {
            await upstream.NextAsync();
            _lab.Time.Advance(Forwarder.TryTime);
        }

        Assert.Equal("ServFail", await reply);
        Assert.Equal("2", await _lab.AskAsync("a.test"));
        Assert.Equal((2, 1), (_lab.Forwarder.Upstreams[0].Counters.Requests, _lab.Counters.ForwardFailures));
        _lab.Time.Advance(TimeSpan.FromSeconds(5));
        reply = _lab.AskAsync("a.test");
        await ForwarderLab.AnswerAsync(upstream, ForwarderLab.Response, "192.0.2.1");
        Assert.Equal("0 .1", await reply);
    }

    [Fact]
    public async Task A_failure_an_upstream_tells_of_is_kept_for_five_seconds()
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8"));
        _lab.Start([upstream], cache: new CacheOptions());
        var reply = _lab.AskAsync("a.test");
        await ForwarderLab.AnswerAsync(upstream, ForwarderLab.Response | 2);
        Assert.Equal("2", await reply);
        Assert.Equal("2", await _lab.AskAsync("a.test"));
        _lab.Time.Advance(TimeSpan.FromSeconds(5));
        reply = _lab.AskAsync("a.test");
        await ForwarderLab.AnswerAsync(upstream, ForwarderLab.Response, "192.0.2.1");
        Assert.Equal("0 .1", await reply);
    }

    [Fact]
    public async Task A_popular_answer_is_asked_anew_while_it_is_given()
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8"));
        _lab.Start([upstream], cache: new CacheOptions { PrefetchAmount = 2 });
        var reply = _lab.AskAsync("a.test");
        await ForwarderLab.AnswerAsync(upstream, ForwarderLab.Response, "192.0.2.1");
        Assert.Equal("0 .1", await reply);
        Assert.Equal("0 .1", await _lab.AskAsync("a.test"));
        _lab.Time.Advance(TimeSpan.FromSeconds(55));
        Assert.Equal("0 .1", await _lab.AskAsync("a.test"));
        await ForwarderLab.AnswerAsync(upstream, ForwarderLab.Response, "192.0.2.2");
        await ForwarderLab.UntilAsync(() => _lab.AskAsync("a.test").Result == "0 .2");
        Assert.Equal(1, _lab.Forwarder.CacheCounters!.Prefetches);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stale_answer_is_given_while_the_upstream_is_away(bool verify)
    {
        var upstream = _lab.Play(new PlayedUpstream(_lab.Netns, "127.0.0.8"));
        _lab.Start([upstream], options => options with { MaxFails = 0 }, new CacheOptions { ServeStale = TimeSpan.FromHours(1), ServeStaleVerify = verify });
        var reply = _lab.AskAsync("a.test");
        await ForwarderLab.AnswerAsync(upstream, ForwarderLab.Response, "192.0.2.1");
        Assert.Equal("0 .1", await reply);
        _lab.Time.Advance(TimeSpan.FromSeconds(61));
        reply = _lab.AskAsync("a.test");
        await upstream.NextAsync();
        Assert.Equal(!verify, reply.IsCompleted);
        _lab.Time.Advance(Forwarder.TryTime);
        await upstream.NextAsync();
        _lab.Time.Advance(Forwarder.TryTime);
        Assert.Equal("0 .1", await reply);
        Assert.Equal(1, _lab.Forwarder.CacheCounters!.ServedStale);

        // Back again, it is asked and believed.
        await ForwarderLab.UntilAsync(() => _lab.Counters.ForwardFailures == 1);
        _lab.Time.Advance(TimeSpan.FromSeconds(5));
        reply = _lab.AskAsync("a.test");
        await ForwarderLab.AnswerAsync(upstream, ForwarderLab.Response, "192.0.2.2");
        Assert.Equal(verify ? "0 .2" : "0 .1", await reply);
        await ForwarderLab.UntilAsync(() => _lab.AskAsync("a.test").Result == "0 .2");
    }

    [Fact]
    public async Task Upstreams_of_a_file_are_followed()
    {
        var path = Path.GetTempFileName();
        _lab.PlayAnswering("127.0.0.8", "192.0.2.1");
        _lab.PlayAnswering("127.0.0.9", "192.0.2.2");
        await File.WriteAllTextAsync(path, "nameserver 127.0.0.8\n");
        _lab.Start([], options => options with { To = [new ForwardTarget(null, path, Tls: false)] }, new CacheOptions());
        Assert.Equal("0 .1", await _lab.AskAsync("a.test"));
        await File.WriteAllTextAsync(path, "nameserver 127.0.0.9\n");
        _lab.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("0 .2", await _lab.AskAsync("a.test"));
        File.Delete(path);
    }

    [Fact]
    public void Names_outside_of_the_zone_and_excepted_ones_are_not_its()
    {
        _lab.Start([], options => options with { From = "example.com", Except = ["corp.example.com"] });
        Assert.Equal(
            [true, true, true, false, false, false],
            new[] { "example.com", "WWW.Example.com", "xcorp.example.com", "www.corp.example.com", "badexample.com", "com" }.Select(name => _lab.Forwarder.Accepts(Fairlead.Dns.Wire.DnsName.Encode(name))));
    }

    public void Dispose() => _lab.Dispose();
}
