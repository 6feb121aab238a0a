using Fairlead.Cluster.Model;
using Fairlead.Ingress.Behaviours;
using Fairlead.Ingress.Translate;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Ingress;

/// <summary>Who is kept out, and how much one client may ask for.</summary>
public sealed class BehavioursGuardTests
{
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData("10.0.0.1", 0)]
    [InlineData("10.0.0.7", 403)]
    [InlineData("11.0.0.1", 403)]
    [InlineData("::ffff:10.0.0.1", 0)]
    [InlineData("::ffff:10.0.0.7", 403)]
    [InlineData("2001:db8::1", 0)]
    [InlineData("2001:db9::1", 403)]
    public void Only_allowed_sources_come_in_and_denied_ones_never(string client, int code)
    {
        var options = new RouteOptions { AllowedSources = Behaving.Nets("10.0.0.0/24", "2001:db8::/32"), DeniedSources = Behaving.Nets("10.0.0.7/32") };
        var context = Behaving.Request("http://h/");
        Assert.Equal(code != 0, SourceFilter.Answer(context, options, Behaving.Address(client)));
        Assert.Equal(code == 0 ? 200 : code, context.Response.StatusCode);
    }

    [Fact]
    public void An_address_of_IPv4_is_denied_as_a_socket_of_both_families_shows_it()
    {
        var options = new RouteOptions { DeniedSources = Behaving.Nets("10.0.0.7/32") };
        Assert.True(SourceFilter.Answer(Behaving.Request("http://h/"), options, Behaving.Address("::ffff:10.0.0.7")));
        Assert.False(SourceFilter.Answer(Behaving.Request("http://h/"), options, Behaving.Address("::ffff:10.0.0.8")));
    }

    [Fact]
    public void An_Ingress_whose_guard_is_not_understood_serves_nobody()
    {
        var context = Behaving.Request("http://h/");
        Assert.True(SourceFilter.Answer(context, new RouteOptions { Refused = "why" }, Behaving.Address("10.0.0.1")));
        Assert.Equal(503, context.Response.StatusCode);
    }

    [Fact]
    public void A_rate_lets_its_burst_and_one_more_through_and_then_as_many_as_it_says()
    {
        var limiter = new RateLimiter(_time);
        var limits = new RateLimits(2, 0, 0, 5);
        Assert.Equal(11, Passed(limiter, limits, "10.0.0.1", 100));
        _time.Advance(TimeSpan.FromSeconds(1.5));
        Assert.Equal(3, Passed(limiter, limits, "10.0.0.1", 100));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(11, Passed(limiter, limits, "10.0.0.1", 100));
    }

    [Fact]
    public void A_rate_by_the_minute_and_one_by_the_second_hold_both()
    {
        var limiter = new RateLimiter(_time);
        var limits = new RateLimits(2, 6, 0, 1);
        Assert.Equal(3, Passed(limiter, limits, "10.0.0.1", 10));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(3, Passed(limiter, limits, "10.0.0.1", 10));
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(1, Passed(limiter, limits, "10.0.0.1", 10));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(1, Passed(limiter, limits, "10.0.0.1", 10));
    }

    [Fact]
    public void Clients_are_addresses_of_IPv4_and_networks_of_IPv6_and_each_Ingress_counts_its_own()
    {
        var limiter = new RateLimiter(_time);
        var limits = new RateLimits(1, 0, 0, 0);
        Assert.Equal(1, Passed(limiter, limits, "10.0.0.1", 2));
        Assert.Equal(0, Passed(limiter, limits, "::ffff:10.0.0.1", 2));
        Assert.Equal(1, Passed(limiter, limits, "10.0.0.2", 2));
        Assert.Equal(1, Passed(limiter, limits, "2001:db8::1", 2));
        Assert.Equal(0, Passed(limiter, limits, "2001:db8::ffff:1", 2));
        Assert.Equal(1, Passed(limiter, limits, "2001:db8:0:1::1", 2));
        var other = Behaving.Route(new RouteOptions { Limits = limits }) with { Ingress = new ObjectKey("shop", "other") };
        Assert.False(limiter.Answer(Behaving.Request("http://h/"), other, Behaving.Address("10.0.0.1"), out _));
    }

    [Fact]
    public void Those_exempt_are_not_counted()
    {
        var limiter = new RateLimiter(_time);
        var limits = new RateLimits(1, 1, 1, 0) { Exempt = Behaving.Nets("10.1.0.0/16") };
        Assert.Equal(100, Passed(limiter, limits, "10.1.0.1", 100));
        Assert.Equal(0, limiter.Count);
    }

    [Fact]
    public void Connections_count_until_they_end()
    {
        var limiter = new RateLimiter(_time);
        var route = Behaving.Route(new RouteOptions { Limits = new RateLimits(0, 0, 2, 5) });
        var client = Behaving.Address("10.0.0.1");
        Assert.False(limiter.Answer(Behaving.Request("http://h/"), route, client, out var first));
        Assert.False(limiter.Answer(Behaving.Request("http://h/"), route, client, out var second));
        var context = Behaving.Request("http://h/");
        Assert.True(limiter.Answer(context, route, client, out _));
        Assert.Equal(503, context.Response.StatusCode);
        first.Dispose();
        Assert.False(limiter.Answer(Behaving.Request("http://h/"), route, client, out var third));
        second.Dispose();
        third.Dispose();
    }

    [Fact]
    public void No_more_clients_are_remembered_than_there_is_room_for()
    {
        var limiter = new RateLimiter(_time, mostClients: 100);
        var limits = new RateLimits(1, 0, 1, 0);
        var route = Behaving.Route(new RouteOptions { Limits = limits });
        Assert.False(limiter.Answer(Behaving.Request("http://h/"), route, Behaving.Address("192.0.2.1"), out var open));
        for (var i = 0; i < 1000; i++)
        {
            Passed(limiter, limits, $"10.0.{i / 250}.{i % 250}", 1);
        }

        Assert.Equal(100, limiter.Count);

        // One with an open request is still known; one long gone is not.
        Assert.Equal(0, Passed(limiter, limits, "192.0.2.1", 1));
        Assert.Equal(1, Passed(limiter, limits, "10.0.0.0", 1));
        open.Dispose();
    }

    private static int Passed(RateLimiter limiter, RateLimits limits, string client, int requests) => Enumerable.Range(0, requests).Count(_ =>
    {
        var passed = !limiter.Answer(Behaving.Request("http://h/"), Behaving.Route(new RouteOptions { Limits = limits }), Behaving.Address(client), out var lease);
        lease.Dispose();
        return passed;
    });
}
