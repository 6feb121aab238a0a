using Fairlead.Ingress.Behaviours;
using Fairlead.Ingress.Translate;

namespace Fairlead.Tests.Ingress;

public sealed class BehavioursCorsTests
{
    private static readonly CorsRules Rules = new() { Origins = ["https://a.example.org", "https://*.example.net:8443"], ExposedHeaders = "X-C", MaxAgeSeconds = 600 };

    [Theory]
    [InlineData("https://a.example.org", true)]
    [InlineData("https://A.EXAMPLE.org", true)]
    [InlineData("http://a.example.org", false)]
    [InlineData("https://a.example.org:8443", false)]
    [InlineData("https://a.example.org.evil.org", false)]
    [InlineData("https://x.example.net:8443", true)]
    [InlineData("https://x.y.example.net:8443", false)]
    [InlineData("https://.example.net:8443", false)]
    [InlineData("https://example.net:8443", false)]
    [InlineData("https://evil.org/.example.net:8443", false)]
    [InlineData("https://user@x.example.net:8443", false)]
    [InlineData("null", false)]
    public async Task An_origin_is_named_where_it_is_allowed(string origin, bool allowed)
    {
        var context = Behaving.Request("https://h/", headers: ("Origin", origin));
        Assert.False(Cors.Answer(context, Rules));
        context.Response.Headers.AccessControlAllowOrigin = "https://endpoint.example.org";
        var headers = (await context.StartAsync()).Headers;
        Assert.Equal(allowed ? origin : "https://endpoint.example.org", headers.AccessControlAllowOrigin.ToString());
        Assert.Equal(allowed ? "true" : "", headers.AccessControlAllowCredentials.ToString());
        Assert.Equal(allowed ? "X-C" : "", headers.AccessControlExposeHeaders.ToString());
        Assert.Equal("Origin", headers.Vary);
    }

    [Fact]
    public void A_preflight_is_answered_with_the_rules()
    {
        var context = Preflight("https://a.example.org");
        Assert.True(Cors.Answer(context, Rules));
        var headers = context.Response.Headers;
        Assert.Equal(204, context.Response.StatusCode);
        Assert.Equal("https://a.example.org", headers.AccessControlAllowOrigin);
        Assert.Equal("true", headers.AccessControlAllowCredentials);
        Assert.Equal(Rules.Methods, headers.AccessControlAllowMethods);
        Assert.Equal(Rules.Headers, headers.AccessControlAllowHeaders);
        Assert.Equal("600", headers.AccessControlMaxAge);
        Assert.Equal("Origin", headers.Vary);
    }

    [Fact]
    public void A_preflight_of_another_origin_is_told_nothing()
    {
        var context = Preflight("https://evil.org");
        Assert.True(Cors.Answer(context, Rules));
        Assert.Equal(["Vary"], context.Response.Headers.Keys);
    }

    [Fact]
    public async Task Where_all_origins_are_allowed_none_is_named_and_no_credentials_are()
    {
        var context = Behaving.Request("https://h/", headers: ("Origin", "https://evil.org"));
        Assert.False(Cors.Answer(context, new CorsRules()));
        context.Response.Headers.AccessControlAllowCredentials = "true";
        var headers = (await context.StartAsync()).Headers;
        Assert.Equal("*", headers.AccessControlAllowOrigin);
        Assert.Equal(0, headers.AccessControlAllowCredentials.Count);
        Assert.Equal(0, headers.Vary.Count);
    }

    [Fact]
    public async Task Two_origins_are_none()
    {
        var context = Behaving.Request("https://h/", headers: [("Origin", "https://a.example.org"), ("Origin", "https://evil.org")]);
        Assert.False(Cors.Answer(context, Rules));
        Assert.Equal(0, (await context.StartAsync()).Headers.AccessControlAllowOrigin.Count);
    }

    [Fact]
    public void An_OPTIONS_that_is_no_preflight_goes_to_the_endpoint()
    {
        Assert.False(Cors.Answer(Behaving.Request("https://h/", "OPTIONS", ("Origin", "https://a.example.org")), Rules));
        Assert.False(Cors.Answer(Preflight("https://a.example.org"), null));
    }

    private static Microsoft.AspNetCore.Http.HttpContext Preflight(string origin) =>
        Behaving.Request("https://h/", "OPTIONS", ("Origin", origin), ("Access-Control-Request-Method", "PUT"));
}
