using Fairlead.Ingress.Behaviours;
using Fairlead.Ingress.Translate;
using Fairlead.State;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Tests.Ingress;

public sealed class BehavioursStickyTests
{
    private static readonly BackendEndpoint[] Endpoints =
        [.. Enumerable.Range(1, 3).Select(i => new BackendEndpoint(Behaving.Address($"10.0.0.{i}"), 8080, default)), new(Behaving.Address("2001:db8::1"), 8080, default)];

    private readonly StickyCookies _cookies = new();

    [Fact]
    public async Task A_client_comes_back_to_the_endpoint_that_served_it()
    {
        foreach (var endpoint in Endpoints)
        {
            var value = await ServedAsync(Ready(new StickyCookie("route", "", null)), "", endpoint);
            Assert.DoesNotContain("10.0.0", value, StringComparison.Ordinal);
            var again = Ready(new StickyCookie("route", "", null));
            Assert.Equal(endpoint, new StickyCookies().Begin(With(value), again)?.Chosen);
            Assert.Empty(await ServedAsync(again, value, endpoint));
        }
    }

    [Fact]
    public async Task An_unknown_or_stale_value_and_one_of_another_Service_choose_nobody_and_are_replaced()
    {
        var route = Ready(new StickyCookie("route", "", null));
        var stale = StickyCookies.Value(route.Backend.Key, new BackendEndpoint(Behaving.Address("10.0.0.99"), 8080, default));
        var foreign = StickyCookies.Value(route.Backend.Key with { Port = "81" }, Endpoints[0]);
        foreach (var value in (string[])[stale, foreign, "", "10.0.0.1:8080", new string('x', 4000)])
        {
            Assert.Null(_cookies.Begin(With(value), route)?.Chosen);
            Assert.NotEmpty(await ServedAsync(route, value, Endpoints[0]));
        }
    }

    [Fact]
    public async Task An_endpoint_that_is_gone_chooses_nobody()
    {
        var route = Ready(new StickyCookie("route", "", null));
        var value = await ServedAsync(route, "", Endpoints[1]);
        SetEndpoints(route.Backend, [Endpoints[0]]);
        Assert.Null(_cookies.Begin(With(value), route)?.Chosen);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task After_a_failure_the_client_stays_unless_it_is_to_change(bool changes, bool replaced)
    {
        var route = Ready(new StickyCookie("route", "", null) { ChangeOnFailure = changes });
        var value = await ServedAsync(route, "", Endpoints[0]);
        Assert.Equal(replaced, (await ServedAsync(route, value, Endpoints[1])).Length > 0);
    }

    [Fact]
    public async Task The_cookie_is_as_the_annotations_say()
    {
        var route = Ready(new StickyCookie("route", "/shop", TimeSpan.FromHours(1)) { Domain = "example.org", SameSite = "Strict", Secure = true });
        var header = await HeaderAsync(route, "", Endpoints[0]);
        Assert.EndsWith("; max-age=3600; domain=example.org; path=/shop; secure; samesite=strict; httponly", header, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_annotations_it_is_of_the_routes_path_and_the_session()
    {
        var header = await HeaderAsync(Ready(new StickyCookie("INGRESSCOOKIE", "", null)), "", Endpoints[0]);
        Assert.Matches("^INGRESSCOOKIE=[A-Za-z0-9_-]{22}; path=/app; httponly$", header);
    }

    [Fact]
    public async Task A_routes_path_is_one_attribute_of_the_cookie_whatever_is_in_it()
    {
        var route = Ready(new StickyCookie("route", "", null)) with { Path = "/é; domain=evil.org\"" };
        Assert.EndsWith("; path=/%C3%A9%3B%20domain=evil.org%22; httponly", await HeaderAsync(route, "", Endpoints[0]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_route_is_kept_that_does_not_ask_and_no_cookie_without_an_endpoint()
    {
        Assert.Null(_cookies.Begin(Behaving.Request("http://h/"), Behaving.Route(new RouteOptions())));
        var context = Behaving.Request("http://h/");
        _cookies.Begin(context, Ready(new StickyCookie("route", "", null)));
        Assert.Equal(0, (await context.StartAsync()).Headers.SetCookie.Count);
    }

    private static Route Ready(StickyCookie sticky)
    {
        var route = Behaving.Route(new RouteOptions { Sticky = sticky }, path: "/app");
        SetEndpoints(route.Backend, Endpoints);
        return route;
    }

    private static HttpContext With(string value) => Behaving.Request("http://shop.example.org/app", headers: ("Cookie", $"other=1; route={value}"));

    private async Task<string> ServedAsync(Route route, string value, BackendEndpoint by) => await HeaderAsync(route, value, by) is ['r', ..] header ? header["route=".Length..header.IndexOf(';', StringComparison.Ordinal)] : "";

    private async Task<string> HeaderAsync(Route route, string value, BackendEndpoint by)
    {
        var context = With(value);
        _cookies.Begin(context, route)!.Serving = by;
        return (await context.StartAsync()).Headers.SetCookie.ToString();
    }

    // The state is the compiler's to set.
    private static void SetEndpoints(Backend backend, BackendEndpoint[] endpoints) =>
        typeof(Backend).GetProperty(nameof(Backend.State))!.SetValue(backend, new BackendState(endpoints.ToValueArray(), "", ""));
}
