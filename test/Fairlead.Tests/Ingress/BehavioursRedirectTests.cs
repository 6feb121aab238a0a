using Fairlead.Ingress;
using Fairlead.Ingress.Behaviours;
using Fairlead.Ingress.Translate;

namespace Fairlead.Tests.Ingress;

public sealed class BehavioursRedirectTests
{
    private static readonly Redirects Redirects = new(new IngressOptions());

    [Fact]
    public void The_root_is_redirected_to_the_app_and_nothing_else_is()
    {
        var route = Behaving.Route(new RouteOptions { AppRoot = "/app?x=1" });
        Assert.Equal((302, "/app?x=1"), Answer(route, "http://shop.example.org/"));
        Assert.Null(Answer(route, "http://shop.example.org/app"));
    }

    [Theory]
    [InlineData("http://shop.example.org:8080/a%20b/%2e%2e/c?d=e%0d%0aX: y", "https://shop.example.org/c?d=e%0d%0aX:%20y")]
    [InlineData("http://[2001:db8::1]:8080/", "https://[2001:db8::1]/")]
    [InlineData("http://shop.example.org//evil.example.org", "https://shop.example.org//evil.example.org")]
    public void Http_is_redirected_to_https_at_the_outside_port(string url, string location) =>
        Assert.Equal((308, location), Answer(Behaving.Route(new RouteOptions { ForceSslRedirect = true }), url));

    [Theory]
    [InlineData(null, false, false, false, false)]
    [InlineData(null, false, true, false, false)]
    [InlineData(null, true, true, false, true)]
    [InlineData(null, true, false, false, false)]
    [InlineData(true, false, true, false, true)]
    [InlineData(true, false, false, false, false)]
    [InlineData(false, true, true, false, false)]
    [InlineData(false, false, false, true, true)]
    public void Whether_it_is_follows_the_annotation_then_the_role_then_the_certificate(bool? asked, bool role, bool hasCertificate, bool forced, bool redirected)
    {
        var route = Behaving.Route(new RouteOptions { SslRedirect = asked, ForceSslRedirect = forced });
        var context = Behaving.Request("http://shop.example.org/");
        Assert.Equal(redirected, new Redirects(new IngressOptions { SslRedirect = role }).Answer(context, route, hasCertificate));
        Assert.False(new Redirects(new IngressOptions { SslRedirect = role }).Answer(Behaving.Request("https://shop.example.org/"), route, hasCertificate));
    }

    [Fact]
    public void Whoever_is_to_get_a_certificate_is_reached_without_one() =>
        Assert.Null(Answer(Behaving.Route(new RouteOptions { ForceSslRedirect = true }, path: "/.well-known/acme-challenge/token"), "http://shop.example.org/.well-known/acme-challenge/token"));

    [Fact]
    public void Without_a_host_there_is_nowhere_to_redirect_to()
    {
        var context = Behaving.Request("http://shop.example.org/");
        context.Request.Host = default;
        Assert.True(Redirects.Answer(context, Behaving.Route(new RouteOptions { ForceSslRedirect = true }), hasCertificate: false));
        Assert.Equal(400, context.Response.StatusCode);
    }

    [Fact]
    public void Every_request_is_redirected_where_the_Ingress_says()
    {
        Assert.True(UrlTemplate.TryParse("https://www.example.org$request_uri", out var target));
        var route = Behaving.Route(new RouteOptions { Redirect = new RedirectTarget(target, 301) });
        Assert.Equal((301, "https://www.example.org/a?b=c"), Answer(route, "http://shop.example.org/a?b=c"));
    }

    private static (int, string)? Answer(Route route, string url)
    {
        var context = Behaving.Request(url);
        return Redirects.Answer(context, route, hasCertificate: false) ? (context.Response.StatusCode, context.Response.Headers.Location.ToString()) : null;
    }
}
