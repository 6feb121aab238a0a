using Fairlead.Observe;
using Fairlead.Policy.Drops;
using Fairlead.Tests.Policy.Drops;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Fairlead.Tests.Observe;

public sealed class DropTextTests
{
    [Fact]
    public void A_drop_is_one_line() => Assert.Equal(
        "Jan 01 00:00:00.000 n1 in: shop/web:40000 -> shop/api:8080 TCP via svc/shop/api:80: isolated by NetworkPolicy shop/closed: no rule matches (x3)",
        DropText.Line(Samples.Record with { Via = "svc/shop/api:80", Count = 3 }, TimeZoneInfo.Utc));

    [Fact]
    public void An_address_stands_for_who_is_no_pod() => Assert.Equal(
        "Jan 01 00:00:00.000 n1 in: fd00::7 -> [fd00::2]:80 ICMPv6 type 128: words",
        DropText.Line(
            Samples.Record with
            {
                From = new DropEnd("fd00::7", 0, null, null, null),
                To = new DropEnd("fd00::2", 80, null, null, null),
                Protocol = "ICMPv6",
                IcmpType = 128,
                Words = "words",
            },
            TimeZoneInfo.Utc));

    [Theory]
    [InlineData("90s", 90)]
    [InlineData("5m", 300)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5m", 90)]
    [InlineData("250ms", 0.25)]
    public void Spans_are_read_as_kubectl_does(string text, double seconds)
    {
        Assert.True(DropText.TryParseSpan(text, out var span));
        Assert.Equal(seconds, span.TotalSeconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("m")]
    [InlineData("5x")]
    [InlineData("-5m")]
    [InlineData("0s")]
    [InlineData("1..5m")]
    [InlineData("99999999h")]
    public void What_is_no_span_is_not(string text) => Assert.False(DropText.TryParseSpan(text, out _));

    [Fact]
    public void A_query_comes_back_from_the_wire_as_it_was()
    {
        var query = new DropsQuery(new DropFilter("a b", "n/p", "1.2.3.4", "fd00::1", "in", "x&y"), TimeSpan.FromSeconds(2.5), 7, true, 123456789012, 42);
        var read = DropsQuery.Of(new QueryCollection(QueryHelpers.ParseQuery(query.Path[query.Path.IndexOf('?', StringComparison.Ordinal)..])));
        Assert.Equal(query, read);
        Assert.Equal(new DropsQuery(new DropFilter(), default, 0), DropsQuery.Of(new QueryCollection(QueryHelpers.ParseQuery("?since=x&last=-1&after=1e99"))));
    }

    [Fact]
    public void The_newest_that_fit_are_chosen()
    {
        DropRecord[] records = [.. Enumerable.Range(1, 9).Select(i => Samples.Record with { Id = i, Last = DateTimeOffset.UnixEpoch.AddSeconds(i) })];
        var now = DateTimeOffset.UnixEpoch.AddSeconds(10);
        var all = new DropsQuery(new DropFilter(), default, 0);
        Assert.Equal([8, 9], (all with { Last = 2 }).Choose(records, 5, now).Select(record => record.Id));
        Assert.Equal([7, 8, 9], (all with { Since = TimeSpan.FromSeconds(3) }).Choose(records, 5, now).Select(record => record.Id));
        Assert.Equal([9], (all with { Run = 5, After = 8 }).Choose(records, 5, now).Select(record => record.Id));
        Assert.Equal(9, (all with { Run = 4, After = 8 }).Choose(records, 5, now).Count);
    }
}
