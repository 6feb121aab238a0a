using Fairlead.Ingress.Listening;
using Fairlead.Linux.Addresses;
using Fairlead.State;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Tests.Ingress;

/// <summary>What endpoints are told of clients, and what clients cannot make them believe.</summary>
public sealed class ListeningForwardedHeadersTests
{
    private static readonly ValueArray<IpNet> Trusted = [IpNet.Parse("10.0.0.0/8"), IpNet.Parse("2001:db8:1::/48")];

    [Fact]
    public void Of_a_client_nothing_is_believed()
    {
        var (said, headers) = Decide("203.0.113.7", false, new()
        {
            ["X-Forwarded-For"] = "127.0.0.1",
            ["X-Forwarded-Host"] = "admin.example.org",
            ["X-Forwarded-Proto"] = "https",
            ["X-Forwarded-Port"] = "443",
            ["X-Forwarded-Scheme"] = "https",
            ["X-Forwarded-Prefix"] = "/admin",
            ["X-Forwarded-Ssl"] = "on",
            ["X-Real-Ip"] = "127.0.0.1",
            ["x-original-forwarded-for"] = "127.0.0.1",
            ["Forwarded"] = "for=127.0.0.1;proto=https",
            ["X-Other"] = "stays",
        });
        Assert.Equal("203.0.113.7", said.Client.ToString());
        Assert.Equal(
            [
                "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Host: a.org:8080", "X-Forwarded-Port: 8080", "X-Forwarded-Proto: http", "X-Forwarded-Scheme: http", "X-Other: stays",
                "X-Real-IP: 203.0.113.7",
            ],
            headers);
    }

    [Fact]
    public void Of_a_trusted_proxy_all_is_believed_and_its_address_put_behind()
    {
        var (said, headers) = Decide("10.0.0.9", false, new()
        {
            ["X-Forwarded-For"] = "203.0.113.7",
            ["X-Forwarded-Host"] = "shop.example.org",
            ["X-Forwarded-Proto"] = "HTTPS",
            ["X-Forwarded-Port"] = "8443",
            ["X-Forwarded-Prefix"] = "/shop",
            ["Forwarded"] = "for=203.0.113.7",
        });
        Assert.Equal("203.0.113.7", said.Client.ToString());
        Assert.Equal(
            [
                "Forwarded: for=203.0.113.7", "X-Forwarded-For: 203.0.113.7, 10.0.0.9", "X-Forwarded-Host: shop.example.org", "X-Forwarded-Port: 8443", "X-Forwarded-Prefix: /shop",
                "X-Forwarded-Proto: https", "X-Forwarded-Scheme: https", "X-Real-IP: 203.0.113.7",
            ],
            headers);
    }

    [Fact]
    public void What_a_trusted_proxy_does_not_say_is_said_for_it()
    {
        var (said, headers) = Decide("10.0.0.9", true, []);
        Assert.Equal("10.0.0.9", said.Client.ToString());
        Assert.Equal(
            [
                "X-Forwarded-For: 10.0.0.9", "X-Forwarded-Host: a.org:8080", "X-Forwarded-Port: 8080", "X-Forwarded-Proto: https", "X-Forwarded-Scheme: https", "X-Real-IP: 10.0.0.9",
            ],
            headers);
    }

    [Theory]
    [InlineData("https", "443")]
    [InlineData("http", "8080")]
    [InlineData("gopher", "8080")]
    [InlineData("https, http", "8080")]
    public void A_scheme_without_a_port_has_its_own(string proto, string port) =>
        Assert.Equal(port, Decide("10.0.0.9", false, new() { ["X-Forwarded-Proto"] = proto, ["X-Forwarded-Port"] = "x" }).Said.Port);

    [Theory]
    [InlineData("203.0.113.7", "198.51.100.1", "203.0.113.7")]
    [InlineData("10.0.0.9", "203.0.113.7", "203.0.113.7")]
    [InlineData("10.0.0.9", "192.0.2.66, 203.0.113.7", "203.0.113.7")]
    [InlineData("10.0.0.9", "192.0.2.66,203.0.113.7 ,\t10.1.1.1,10.2.2.2", "203.0.113.7")]
    [InlineData("10.0.0.9", "10.3.3.3, 10.1.1.1", "10.3.3.3")]
    [InlineData("10.0.0.9", "203.0.113.7:4711", "203.0.113.7")]
    [InlineData("10.0.0.9", "[2001:db8::7]:4711", "2001:db8::7")]
    [InlineData("10.0.0.9", "2001:db8::7", "2001:db8::7")]
    [InlineData("10.0.0.9", "::ffff:203.0.113.7", "203.0.113.7")]
    [InlineData("2001:db8:1::1", "203.0.113.7, 2001:db8:1::2", "203.0.113.7")]
    [InlineData("10.0.0.9", "203.0.113.7, unknown, 10.1.1.1", "10.1.1.1")]
    [InlineData("10.0.0.9", "203.0.113.7, ", "10.0.0.9")]
    [InlineData("10.0.0.9", ",", "10.0.0.9")]
    [InlineData("10.0.0.9", "127.1", "10.0.0.9")]
    [InlineData("10.0.0.9", "0x7f000001", "10.0.0.9")]
    [InlineData("10.0.0.9", "", "10.0.0.9")]
    public void The_client_is_the_rightmost_that_no_trusted_proxy_is(string peer, string chain, string client) =>
        Assert.Equal(client, Decide(peer, false, new() { ["X-Forwarded-For"] = chain }).Said.Client.ToString());

    [Theory]
    [InlineData(false, "a.org", "80")]
    [InlineData(true, "a.org", "443")]
    [InlineData(true, "a.org:8443", "8443")]
    [InlineData(false, "[2001:db8::1]", "80")]
    [InlineData(false, "[2001:db8::1]:81", "81")]
    [InlineData(false, "", "80")]
    public void The_port_is_the_one_that_the_client_asked_for_wherever_it_is_listened_on(bool https, string host, string port) =>
        Assert.Equal(port, ForwardedHeaders.Decide(new RequestOrigin(IpAddr.Parse("203.0.113.7"), https, host), Trusted, new HeaderDictionary()).Port);

    [Fact]
    public void Without_a_Host_none_is_said()
    {
        var headers = new HeaderDictionary { ["X-Forwarded-Host"] = "admin.example.org" };
        ForwardedHeaders.Decide(new RequestOrigin(IpAddr.Parse("203.0.113.7"), false, ""), Trusted, headers).Apply(headers);
        Assert.False(headers.ContainsKey("X-Forwarded-Host"));
    }

    [Fact]
    public void A_chain_on_several_lines_is_one()
    {
        var (said, headers) = Decide("10.0.0.9", false, new() { ["X-Forwarded-For"] = new(["192.0.2.66", "203.0.113.7, 10.1.1.1"]) });
        Assert.Equal("203.0.113.7", said.Client.ToString());
        Assert.Contains("X-Forwarded-For: 192.0.2.66, 203.0.113.7, 10.1.1.1, 10.0.0.9", headers);
    }

    private static (ForwardedHeaders Said, IEnumerable<string> Headers) Decide(string peer, bool https, HeaderDictionary headers)
    {
        var said = ForwardedHeaders.Decide(new RequestOrigin(IpAddr.Parse(peer), https, "a.org:8080"), Trusted, headers);
        said.Apply(headers);
        return (said, headers.Select(header => $"{header.Key}: {header.Value}").Order(StringComparer.Ordinal));
    }
}
