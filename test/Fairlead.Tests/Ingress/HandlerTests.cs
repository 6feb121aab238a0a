using System.Net;
using Fairlead.Cluster.Model;
using Fairlead.Ingress;
using Fairlead.Ingress.Translate;
using Fairlead.Linux.Addresses;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Ingress;

/// <summary>What an Ingress asks for beside, through the whole ingress to real endpoints.</summary>
public sealed class HandlerTests
{
    private static readonly IngressOptions BehindProxy = new() { TrustedProxies = [IpNet.Parse("127.0.0.0/8")] };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_stays_with_its_endpoint_until_that_is_gone()
    {
        await using var lab = await IngressLab.StartAsync();
        var endpoints = new Dictionary<string, BackendEndpoint>();
        foreach (var name in (string[])["one", "two", "three"])
        {
            endpoints[name] = await lab.EndpointAsync(context => context.Response.WriteAsync(name));
        }

        var backend = lab.Route(endpoints.Values, new RouteOptions { Sticky = new StickyCookie("route", "", null) });
        var (first, cookie) = await VisitAsync(lab, "");
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal((first, ""), await VisitAsync(lab, cookie));
        }

        backend.State = backend.State with { Endpoints = [.. endpoints.Where(pair => pair.Key != first).Select(pair => pair.Value)] };
        var (second, other) = await VisitAsync(lab, cookie);
        Assert.NotEqual(first, second);
        Assert.NotEqual(cookie, other);
        Assert.Equal((second, ""), await VisitAsync(lab, other));
    }

    [Fact]
    public async Task A_client_whose_endpoint_takes_no_connection_is_served_by_another()
    {
        await using var lab = await IngressLab.StartAsync();
        var dead = IngressLab.At(IngressLab.ClosedPort());
        var backend = lab.Route([dead], new RouteOptions { Sticky = new StickyCookie("route", "", null) { ChangeOnFailure = true } });
        backend.State = backend.State with { Endpoints = [dead, await lab.EndpointAsync(context => context.Response.WriteAsync("alive"))] };

        var (name, cookie) = await VisitAsync(lab, Fairlead.Ingress.Behaviours.StickyCookies.Value(backend.Key, dead));

        Assert.Equal("alive", name);
        Assert.Equal(("alive", ""), await VisitAsync(lab, cookie));
    }

    [Fact]
    public async Task A_client_that_asks_too_often_waits()
    {
        var time = new FakeTimeProvider();
        await using var lab = await IngressLab.StartAsync(time: time);
        lab.Route([await lab.EndpointAsync(IngressLab.EchoAsync)], new RouteOptions { Limits = new RateLimits(1, 0, 0, 1) });

        Assert.Equal(
            [HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable],
            [(await lab.GetAsync("/")).Code, (await lab.GetAsync("/")).Code, (await lab.GetAsync("/")).Code]);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, (await lab.GetAsync("/")).Code);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await lab.GetAsync("/")).Code);
    }

    [Fact]
    public async Task Who_is_not_let_pass_by_auth_url_reaches_no_endpoint()
    {
        await using var lab = await IngressLab.StartAsync();
        var service = await lab.EndpointAsync(context =>
        {
            context.Response.StatusCode = context.Request.Headers.Authorization == "Bearer good" && context.Request.Headers["X-Original-URL"] == "http://web.example/a?b" ? 200 : 401;
            context.Response.Headers["X-User"] = "ada";
            return Task.CompletedTask;
        });
        Assert.True(UrlTemplate.TryParse($"http://{service.Authority}/auth", out var url));
        var asked = 0;
        lab.Route(
            [await lab.EndpointAsync(context =>
            {
                asked++;
                return IngressLab.EchoAsync(context);
            })],
            new RouteOptions { Auth = new ExternalAuth(url) { ResponseHeaders = ["X-User"] } });

        using var refused = await lab.SendAsync(HttpMethod.Get, "/a?b", adjust: request => request.Headers.Add("X-User", "root"));
        Assert.Equal((HttpStatusCode.Unauthorized, 0), (refused.StatusCode, asked));
        using var passed = await lab.SendAsync(HttpMethod.Post, "/a?b", new StringContent("body"), request =>
        {
            request.Headers.Add("X-User", "root");
            request.Headers.Add("Authorization", "Bearer good");
        });
        var text = await passed.Content.ReadAsStringAsync(Cancel);
        Assert.Contains("X-User: ada\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\n\nbody", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_preflight_is_answered_here_and_what_follows_by_the_endpoint()
    {
        await using var lab = await IngressLab.StartAsync();
        lab.Route([await lab.EndpointAsync(IngressLab.EchoAsync)], new RouteOptions { Cors = new CorsRules { Origins = ["https://app.example"] } });

        using var preflight = await lab.SendAsync(HttpMethod.Options, "/", adjust: request =>
        {
            request.Headers.Add("Origin", "https://app.example");
            request.Headers.Add("Access-Control-Request-Method", "PUT");
        });
        Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
        Assert.Contains("PUT", preflight.Headers.GetValues("Access-Control-Allow-Methods").Single(), StringComparison.Ordinal);

        using var answer = await lab.SendAsync(HttpMethod.Options, "/", adjust: request => request.Headers.Add("Origin", "https://app.example"));
        Assert.Equal("https://app.example", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.StartsWith("OPTIONS / HTTP/1.1\n", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_with_a_certificate_is_served_in_clear_only_where_it_has_none()
    {
        await using var lab = await IngressLab.StartAsync();
        lab.Route([await lab.EndpointAsync(IngressLab.EchoAsync)], new RouteOptions { SslRedirect = true });
        Assert.Equal(HttpStatusCode.OK, (await lab.GetAsync("/a%2Fb?c=d")).Code);

        lab.Tables.Certificates.Upsert(IngressLab.Host, new HostCertificateRow([new ObjectKey("default", "tls")]));
        using var redirect = await lab.SendAsync(HttpMethod.Post, "/a%2Fb?c=d", new StringContent("body"));
        Assert.Equal((HttpStatusCode.PermanentRedirect, "https://web.example/a%2Fb?c=d"), (redirect.StatusCode, redirect.Headers.GetValues("Location").Single()));

        using var answer = await lab.SendAsync(HttpMethod.Get, "/", tls: true);
        Assert.Contains("X-Forwarded-Proto: https\n", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("192.0.2.9", HttpStatusCode.OK)]
    [InlineData("198.51.100.1, 192.0.2.9", HttpStatusCode.OK)]
    [InlineData("198.51.100.1", HttpStatusCode.Forbidden)]
    [InlineData("192.0.2.9, 198.51.100.1", HttpStatusCode.Forbidden)]
    public async Task Who_may_ask_is_told_by_the_proxy_that_is_trusted_and_by_no_client(string chain, HttpStatusCode expected)
    {
        var options = new RouteOptions { AllowedSources = [IpNet.Parse("192.0.2.0/24")] };
        await using var trusting = await IngressLab.StartAsync(BehindProxy);
        trusting.Route([await trusting.EndpointAsync(IngressLab.EchoAsync)], options);
        using var answer = await trusting.SendAsync(HttpMethod.Get, "/", adjust: request => request.Headers.Add("X-Forwarded-For", chain));
        Assert.Equal(expected, answer.StatusCode);

        await using var lab = await IngressLab.StartAsync();
        lab.Route([await lab.EndpointAsync(IngressLab.EchoAsync)], options);
        using var refused = await lab.SendAsync(HttpMethod.Get, "/", adjust: request => request.Headers.Add("X-Forwarded-For", chain));
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task An_endpoint_is_told_the_client_that_a_PROXY_header_names()
    {
        await using var lab = await IngressLab.StartAsync(new IngressOptions { ProxyProtocolFrom = [IpNet.Parse("127.0.0.0/8")] });
        lab.Route([await lab.EndpointAsync(IngressLab.EchoAsync)]);

        var text = await lab.AskAsync(
            "PROXY TCP4 192.0.2.7 203.0.113.9 12345 80\r\nGET / HTTP/1.1\r\nHost: web.example\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n");

        Assert.Contains("X-Forwarded-For: 192.0.2.7\n", text, StringComparison.Ordinal);
        Assert.Contains("X-Real-IP: 192.0.2.7\n", text, StringComparison.Ordinal);
        Assert.StartsWith("192.0.2.7 - - ", await lab.LogAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_guard_that_is_not_understood_keeps_everybody_out()
    {
        await using var lab = await IngressLab.StartAsync();
        var asked = false;
        lab.Route(
            [await lab.EndpointAsync(context =>
            {
                asked = true;
                return Task.CompletedTask;
            })],
            new RouteOptions { Refused = "auth-tls-secret" });

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await lab.GetAsync("/")).Code);
        Assert.False(asked);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_endpoint_is_told_one_prefix(bool trusted)
    {
        await using var lab = await IngressLab.StartAsync(trusted ? BehindProxy : null);
        lab.Route([await lab.EndpointAsync(IngressLab.EchoAsync)], new RouteOptions { ForwardedPrefix = "/ours" });

        using var answer = await lab.SendAsync(HttpMethod.Get, "/", adjust: request => request.Headers.Add("X-Forwarded-Prefix", "/theirs"));

        var text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.Contains("X-Forwarded-Prefix: /ours\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("theirs", text, StringComparison.Ordinal);
    }

    /// <summary>One visit: who answered, and the cookie that was set; empty: none was.</summary>
    private static async Task<(string Name, string Cookie)> VisitAsync(IngressLab lab, string cookie)
    {
        using var answer = await lab.SendAsync(HttpMethod.Get, "/", adjust: request => request.Headers.Add("Cookie", $"route={cookie}"));
        var set = answer.Headers.TryGetValues("Set-Cookie", out var values) ? values.Single()["route=".Length..].Split(';')[0] : "";
        return (await answer.Content.ReadAsStringAsync(Cancel), set);
    }
}
