using Fairlead.Dns.Config;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Wire;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Dns;

public sealed class ForwardCacheTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly ForwardCache _cache;

    public ForwardCacheTests() => _cache = New(options => options with { Success = options.Success with { Capacity = 8 } });

    [Fact]
    public void A_reply_lives_as_long_as_its_shortest_record_and_its_times_count_down()
    {
        Store("www.test", ResponseCode.NoError, "www.test 60 CNAME a.test", "a.test 20 A 192.0.2.1", "++a.test 90 AAAA 2001:db8::1");
        _time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal("NOERROR\na.test. 13 A 192.0.2.1\nwww.test. 53 CNAME a.test.\n++ a.test. 83 AAAA 2001:db8::1", Find("www.test"));
        _time.Advance(TimeSpan.FromSeconds(12.5));
        Assert.Contains("a.test. 1 A", Find("www.test"), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Null(Find("www.test"));
    }

    [Theory]
    [InlineData("NxDomain", 40, 10, 10)] // the SOA's minimum (RFC 2308 §5)
    [InlineData("NoError", 40, 10, 10)]
    [InlineData("NxDomain", 30, 900, 30)] // or its own time, whichever is shorter
    [InlineData("NxDomain", 86400, 86400, 1800)]
    public void A_denial_lives_as_its_SOA_says(string code, int ttl, int minimum, int seconds)
    {
        Store("no.test", Enum.Parse<ResponseCode>(code), $"+test {ttl} SOA {minimum}");
        _time.Advance(TimeSpan.FromSeconds(seconds - 0.1));
        Assert.NotNull(Find("no.test"));
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Null(Find("no.test"));
    }

    [Fact]
    public void An_alias_that_leads_nowhere_is_a_denial_too()
    {
        Store("www.test", ResponseCode.NoError, "www.test 600 CNAME a.test", "+test 600 SOA 15");
        Store("ftp.test", ResponseCode.NxDomain, "ftp.test 600 CNAME b.test", "+test 600 SOA 15");
        _time.Advance(TimeSpan.FromSeconds(14));
        Assert.NotNull(Find("www.test"));
        Assert.NotNull(Find("ftp.test"));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(Find("www.test"));
        Assert.Null(Find("ftp.test"));
    }

    [Fact]
    public void Refusals_denials_without_SOA_truncated_and_long_replies_are_not_kept()
    {
        Store("b.test", ResponseCode.Refused);
        Store("c.test", ResponseCode.NxDomain);
        Store("d.test", ResponseCode.NxDomain, "d.test 60 CNAME e.test");
        Store("f.test", ResponseCode.NoError, [.. Enumerable.Range(0, 800).Select(i => $"f.test 60 A 192.0.2.{i % 256}")]);
        var cut = Replies.Reply(Replies.Question("g.test"), ResponseCode.NoError, "g.test 60 A 192.0.2.1");
        cut[2] |= DnsHeader.TruncatedFlag >> 8;
        _cache.Store(Replies.Question("g.test"), cut);
        Assert.All("bcdfg", name => Assert.Null(Find($"{name}.test")));
    }

    [Fact]
    public void A_failure_is_kept_for_five_seconds_and_an_answer_takes_its_place()
    {
        Store("a.test", ResponseCode.ServFail);
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Equal("SERVFAIL", Find("a.test"));
        Store("a.test", ResponseCode.NoError, "a.test 60 A 192.0.2.1");
        Assert.StartsWith("NOERROR", Find("a.test"), StringComparison.Ordinal);
        Store("b.test", ResponseCode.ServFail);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(Find("b.test"));
    }

    [Fact]
    public void Zones_that_are_not_to_be_kept_are_not()
    {
        var cache = New(options => options with { Zones = ["test", "example"], DisableSuccess = ["x.test"], DisableDenial = ["y.test"] });
        foreach (var name in new[] { "a.test", "a.other", "a.x.test", "a.y.test" })
        {
            cache.Store(Replies.Question(name), Replies.Reply(Replies.Question(name), ResponseCode.NoError, $"{name} 60 A 192.0.2.1"));
            cache.Store(Replies.Question(name, RecordType.AAAA), Replies.Reply(Replies.Question(name, RecordType.AAAA), ResponseCode.NoError, "+test 60 SOA 60"));
        }

        Assert.Equal(["a.test A", "a.test AAAA", "a.x.test AAAA", "a.y.test A"], from name in new[] { "a.test", "a.other", "a.x.test", "a.y.test" }
                                                                                 from type in new[] { RecordType.A, RecordType.AAAA }
                                                                                 where cache.Find(Replies.Question(name, type)).Use == CacheUse.Answer
                                                                                 select $"{name} {type}");
    }

    [Fact]
    public void What_is_kept_shorter_than_its_records_say_says_so_to_the_asker_too()
    {
        var cache = New(options => options with { Success = options.Success with { MaxTtl = TimeSpan.FromSeconds(30) } });
        var reply = Replies.Reply(Replies.Question("a.test"), ResponseCode.NoError, "a.test 600 A 192.0.2.1", "a.test 4294967295 A 192.0.2.2");
        cache.Store(Replies.Question("a.test"), reply);
        Assert.Equal("NOERROR\na.test. 0 A 192.0.2.2\na.test. 30 A 192.0.2.1", DnsLab.Text(reply));
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Contains("a.test. 27 A 192.0.2.1", DnsLab.Text(cache.Find(Replies.Question("a.test")).Packet!), StringComparison.Ordinal);
    }

    [Fact]
    public void Times_stay_as_they_are_if_that_is_asked_for()
    {
        var cache = New(options => options with { KeepTtl = true });
        cache.Store(Replies.Question("a.test"), Replies.Reply(Replies.Question("a.test"), ResponseCode.NoError, "a.test 60 A 192.0.2.1"));
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Contains("a.test. 60 A", DnsLab.Text(cache.Find(Replies.Question("a.test")).Packet!), StringComparison.Ordinal);
    }

    [Fact]
    public void A_popular_answer_is_asked_anew_near_its_end_and_one_with_a_gap_between_askers_is_not()
    {
        var cache = New(options => options with { PrefetchAmount = 3, PrefetchDuration = TimeSpan.FromSeconds(50), PrefetchPercentage = 20 });
        var (popular, other) = (Replies.Question("p.test"), Replies.Question("o.test"));
        cache.Store(popular, Replies.Reply(popular, ResponseCode.NoError, "p.test 100 A 192.0.2.1"));
        cache.Store(other, Replies.Reply(other, ResponseCode.NoError, "o.test 100 A 192.0.2.1"));
        Assert.Equal([CacheUse.Answer, CacheUse.Answer, CacheUse.Answer], [Use(popular), Use(popular), Use(other)]);
        _time.Advance(TimeSpan.FromSeconds(40));
        Assert.Equal(CacheUse.Answer, Use(popular));
        _time.Advance(TimeSpan.FromSeconds(40));
        Assert.Equal([CacheUse.AnswerAndRefresh, CacheUse.Answer], [Use(popular), Use(popular)]);
        Assert.Equal([CacheUse.Answer, CacheUse.Answer, CacheUse.AnswerAndRefresh], [Use(other), Use(other), Use(other)]);
        Assert.Equal(2, cache.Counters.Prefetches);

        // Its successor is as popular.
        cache.Store(popular, Replies.Reply(popular, ResponseCode.NoError, "p.test 100 A 192.0.2.1"));
        _time.Advance(TimeSpan.FromSeconds(45));
        Assert.Equal(CacheUse.Answer, Use(popular));
        _time.Advance(TimeSpan.FromSeconds(45));
        Assert.Equal(CacheUse.AnswerAndRefresh, Use(popular));

        CacheUse Use(ForwardQuestion question) => cache.Find(question).Use;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_stale_answer_has_no_time_to_live_and_is_given_at_once_or_for_want_of_a_better_one(bool verify)
    {
        var cache = New(options => options with { ServeStale = TimeSpan.FromHours(1), ServeStaleVerify = verify });
        var question = Replies.Question("a.test");
        cache.Store(question, Replies.Reply(question, ResponseCode.NoError, "a.test 60 A 192.0.2.1"));
        _time.Advance(TimeSpan.FromSeconds(60));
        var found = cache.Find(question);
        Assert.Equal((verify ? CacheUse.Fallback : CacheUse.AnswerAndRefresh, "NOERROR\na.test. 0 A 192.0.2.1"), (found.Use, DnsLab.Text(found.Packet!)));

        // The upstream has failed: nobody waits for it again for five seconds (RFC 8767 §5).
        cache.Store(question, Replies.Reply(question, ResponseCode.ServFail));
        Assert.Equal(CacheUse.Answer, cache.Find(question).Use);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(verify ? CacheUse.Fallback : CacheUse.AnswerAndRefresh, cache.Find(question).Use);
        _time.Advance(TimeSpan.FromSeconds(3594.9));
        Assert.NotNull(cache.Find(question).Packet);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(CacheUse.Miss, cache.Find(question).Use);
    }

    [Fact]
    public void Short_times_become_five_seconds_and_long_ones_an_hour()
    {
        Store("short.test", ResponseCode.NoError, "short.test 0 A 192.0.2.1");
        Store("long.test", ResponseCode.NoError, "long.test 604800 A 192.0.2.1");
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Contains("short.test. 0 A", Find("short.test"), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Null(Find("short.test"));
        _time.Advance(TimeSpan.FromSeconds(3594.9));
        Assert.NotNull(Find("long.test"));
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Null(Find("long.test"));
    }

    [Fact]
    public void It_holds_so_many_replies_and_keeps_those_that_are_asked_for()
    {
        Store("kept.test", ResponseCode.NoError, "kept.test 600 A 192.0.2.1");
        for (var i = 0; i < 100; i++)
        {
            Store($"{i}.test", ResponseCode.NoError, $"{i}.test 600 A 192.0.2.2");
            Assert.NotNull(Find("kept.test"));
        }

        Assert.InRange(Enumerable.Range(0, 100).Count(i => Find($"{i}.test") is not null), 1, 7);
    }

    [Fact]
    public void Hostile_names_push_out_each_other_and_not_what_is_in_use()
    {
        var cache = New(options => options);
        var used = Enumerable.Range(0, 1000).Select(i => Replies.Question($"used-{i}.test")).ToList();
        used.ForEach(question => cache.Store(question, Replies.Reply(question, ResponseCode.NoError, "a.test 3600 A 192.0.2.1")));
        var root = new ForwardQuestion([0], RecordType.A, DnsHeader.RecursionDesiredFlag, false);
        List<byte[]> replies = [.. Enumerable.Range(1, 40).Select(i => Replies.Reply(root, i % 2 == 0 ? ResponseCode.NoError : ResponseCode.NxDomain, [.. Enumerable.Repeat("x.test 3600 A 192.0.2.1", 2 * i), "+test 60 SOA 60"]))];
        for (var i = 0; i < 100_000; i++)
        {
            // Long names, long answers, every one another.
            var question = Replies.Question($"{i}.{new string('a', 60)}.{new string('b', 60)}.{new string('c', 60)}.test");
            var reply = replies[i % replies.Count];
            cache.Store(question, [.. reply[..12], .. question.Name, .. reply[13..]]);
            if (i % 5_000 == 0)
            {
                used.ForEach(question => cache.Find(question));
            }
        }

        Assert.InRange(used.Count(question => cache.Find(question).Packet is not null), 990, 1000);
        Assert.InRange(cache.Counters.Success.Entries, 1000, 9984);
        Assert.InRange(cache.Counters.Success.Bytes + cache.Counters.Denial.Bytes, 1, 2 * 9984 * 1024);
        Assert.InRange(cache.Counters.Denial.Entries, 1000, 9984);
        Assert.InRange(cache.Counters.Denial.Evictions, 1, 50_000);
        cache.Clear();
        Assert.Equal((0, 0, 0), (cache.Counters.Success.Entries, cache.Counters.Success.Bytes, cache.Counters.Denial.Bytes));
    }

    [Fact]
    public void Finding_allocates_the_reply_and_nothing_else()
    {
        var question = Replies.Question("www.example.com");
        var cache = New(options => options with { PrefetchAmount = 100 });
        var reply = Replies.Reply(question, ResponseCode.NoError, "www.example.com 60 A 192.0.2.1");
        cache.Store(question, reply);
        Find();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Find();
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 1000, reply.Length, reply.Length + 32);

        void Find()
        {
            for (var i = 0; i < 1000; i++)
            {
                cache.Find(question);
            }
        }
    }

    [Fact]
    public void A_name_is_one_in_any_case_and_another_for_another_type_or_with_other_flags()
    {
        Store("WWW.Test", ResponseCode.NoError, "www.test 60 A 192.0.2.1");
        Assert.NotNull(Find("www.tesT"));
        Assert.Null(_cache.Find(Replies.Question("www.test", RecordType.AAAA)).Packet);
        Assert.Null(_cache.Find(Replies.Question("www.test") with { DnssecOk = true }).Packet);
        Assert.Null(_cache.Find(Replies.Question("www.test") with { Flags = DnsHeader.RecursionDesiredFlag | DnsHeader.CheckingDisabledFlag }).Packet);
        _cache.Clear();
        Assert.Null(Find("www.test"));
    }

    private ForwardCache New(Func<CacheOptions, CacheOptions> change) => new(change(new CacheOptions()), _time);

    private void Store(string name, ResponseCode code, params string[] records) =>
        _cache.Store(Replies.Question(name), Replies.Reply(Replies.Question(name), code, records));

    private string? Find(string name) => _cache.Find(Replies.Question(name)).Packet is { } packet ? DnsLab.Text(packet) : null;
}
