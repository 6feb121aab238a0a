using Fairlead.Dns.Forward;
using Fairlead.Dns.Wire;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Dns;

public sealed class ForwardCacheTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly ForwardCache _cache;

    public ForwardCacheTests() => _cache = new ForwardCache(8, _time);

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
    public void Failures_denials_without_SOA_truncated_and_long_replies_are_not_kept()
    {
        Store("a.test", ResponseCode.ServFail, "+test 60 SOA 60");
        Store("b.test", ResponseCode.Refused);
        Store("c.test", ResponseCode.NxDomain);
        Store("d.test", ResponseCode.NxDomain, "d.test 60 CNAME e.test");
        Store("f.test", ResponseCode.NoError, [.. Enumerable.Range(0, 200).Select(i => $"f.test 60 A 192.0.2.{i}")]);
        var cut = Replies.Reply(Replies.Question("g.test"), ResponseCode.NoError, "g.test 60 A 192.0.2.1");
        cut[2] |= DnsHeader.TruncatedFlag >> 8;
        _cache.Store(Replies.Question("g.test"), cut);
        Assert.All("abcdfg", name => Assert.Null(Find($"{name}.test")));
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
    public void A_name_is_one_in_any_case_and_another_for_another_type_or_with_other_flags()
    {
        Store("WWW.Test", ResponseCode.NoError, "www.test 60 A 192.0.2.1");
        Assert.NotNull(Find("www.tesT"));
        Assert.Null(_cache.Find(Replies.Question("www.test", RecordType.AAAA)));
        Assert.Null(_cache.Find(Replies.Question("www.test") with { DnssecOk = true }));
        Assert.Null(_cache.Find(Replies.Question("www.test") with { Flags = DnsHeader.RecursionDesiredFlag | DnsHeader.CheckingDisabledFlag }));
        _cache.Clear();
        Assert.Null(Find("www.test"));
    }

    private void Store(string name, ResponseCode code, params string[] records) =>
        _cache.Store(Replies.Question(name), Replies.Reply(Replies.Question(name), code, records));

    private string? Find(string name) => _cache.Find(Replies.Question(name)) is { } packet ? DnsLab.Text(packet) : null;
}
