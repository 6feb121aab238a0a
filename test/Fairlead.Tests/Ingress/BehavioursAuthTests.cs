using System.Net;
using Fairlead.Ingress.Behaviours;
using Fairlead.Ingress.Translate;
using Fairlead.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Ingress;

/// <summary>The question before each request, put to a service that listens.</summary>
public sealed class BehavioursAuthTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private readonly AuthCheck _check;
    private WebServer _service = null!;
    private Func<HttpContext, Task> _answer = _ => Task.CompletedTask;
    private (string Method, PathString Path)? _asked;
    private Dictionary<string, string> _askedHeaders = [];
    private string _url = "";

    public BehavioursAuthTests() => _check = new AuthCheck(_time, TimeSpan.FromSeconds(5));

    public async ValueTask InitializeAsync()
    {
        ListenOptions? endpoint = null;
        _service = await WebServer.StartAsync(options => options.Listen(IPAddress.Loopback, 0, listen => endpoint = listen), context =>
        {
            _asked = (context.Request.Method, context.Request.Path);
            _askedHeaders = context.Request.Headers.ToDictionary(pair => pair.Key, pair => pair.Value.ToString(), StringComparer.OrdinalIgnoreCase);
            return _answer(context);
        });
        _url = $"http://{endpoint!.IPEndPoint}/auth";
    }

    public async ValueTask DisposeAsync()
    {
        _check.Dispose();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task The_service_sees_the_request_and_its_headers_go_on()
    {
        _answer = context =>
        {
            context.Response.Headers["X-User"] = "ada";
            context.Response.Headers["X-Secret"] = "not asked for";
            context.Response.Headers.SetCookie = "session=2";
            return Task.CompletedTask;
        };
        var context = Request("POST", ("Authorization", "Bearer t"), ("Cookie", "session=1"), ("Content-Type", "text/plain"), ("X-Forwarded-For", "6.6.6.6"), ("X-Original-Url", "https://evil/"));
        Assert.False(await AskAsync(context, headers: ["X-User", "X-Group"]));
        Assert.Equal(("GET", new PathString("/auth")), _asked);
        Assert.Equal(
            ("Bearer t", "session=1", "https://shop.example.org/a%20b?c=d", "POST", "192.0.2.1", "192.0.2.1", "/a%20b?c=d", "https"),
            (Asked("Authorization"), Asked("Cookie"), Asked("X-Original-URL"), Asked("X-Original-Method"), Asked("X-Real-IP"), Asked("X-Forwarded-For"), Asked("X-Auth-Request-Redirect"), Asked("X-Forwarded-Proto")));
        Assert.Equal(("", new Uri(_url).Authority), (Asked("Content-Type"), Asked("Host")));
        Assert.Equal("ada", context.Request.Headers["X-User"]);
        Assert.False(context.Request.Headers.ContainsKey("X-Secret"));
        context.Response.Headers.SetCookie = "endpoint=1";
        Assert.Equal(["endpoint=1", "session=2"], (await context.StartAsync()).Headers.SetCookie.ToArray());
    }

    [Fact]
    public async Task What_is_no_ASCII_goes_on_as_it_came()
    {
        _answer = context =>
        {
            context.Response.Headers["X-User"] = "Zo%C3%AB";
            return Task.CompletedTask;
        };
        var context = Request("GET", ("X-Name", "Zoë"));
        Assert.False(await AskAsync(context, headers: ["X-User"]));
        Assert.Equal("Zoë", Asked("X-Name"));
        Assert.Equal("Zo%C3%AB", context.Request.Headers["X-User"]);
    }

    [Fact]
    public async Task A_client_cannot_say_what_only_the_service_may()
    {
        var context = Request("GET", ("X-User", "root"), ("x_user", "root"), ("X-Group", "wheel"), ("X-Other", "kept"));
        Assert.False(await AskAsync(context, headers: ["X-User", "X-Group"]));
        Assert.Equal("", Asked("X-User"));
        Assert.DoesNotContain(context.Request.Headers.Keys, name => name.Contains("user", StringComparison.OrdinalIgnoreCase) || name.Contains("group", StringComparison.OrdinalIgnoreCase));
        Assert.Equal("kept", context.Request.Headers["X-Other"]);
    }

    [Theory]
    [InlineData(200, false, 200)]
    [InlineData(202, false, 202)]
    [InlineData(204, false, 204)]
    [InlineData(302, true, 500)]
    [InlineData(404, true, 500)]
    [InlineData(500, true, 500)]
    [InlineData(503, true, 500)]
    [InlineData(401, true, 401)]
    [InlineData(403, true, 403)]
    public async Task Only_what_says_yes_lets_a_request_pass(int code, bool answered, int status)
    {
        _answer = context =>
        {
            context.Response.StatusCode = code;
            context.Response.Headers.Location = "https://elsewhere/";
            return Task.CompletedTask;
        };
        var context = Request("GET");
        Assert.Equal(answered, await AskAsync(context));
        Assert.Equal(answered ? status : 200, context.Response.StatusCode);
        Assert.Equal("", context.Response.Headers.Location.ToString());
    }

    [Fact]
    public async Task The_services_refusal_is_the_clients_answer()
    {
        _answer = context =>
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = "Bearer";
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync("{}");
        };
        var context = Request("GET");
        Assert.True(await AskAsync(context));
        Assert.Equal((401, "Bearer", "application/json", 2L), (context.Response.StatusCode, context.Response.Headers.WWWAuthenticate.ToString(), context.Response.ContentType, context.Response.ContentLength));
        Assert.Equal("{}"u8.ToArray(), ((MemoryStream)context.Response.Body).ToArray());
    }

    [Fact]
    public async Task A_refusal_of_too_many_words_is_one_without()
    {
        _answer = context =>
        {
            context.Response.StatusCode = 403;
            return context.Response.Body.WriteAsync(new byte[1 << 20]).AsTask();
        };
        var context = Request("GET");
        Assert.True(await AskAsync(context));
        Assert.Equal((403, 0L), (context.Response.StatusCode, context.Response.ContentLength));
    }

    [Theory]
    [InlineData(401, 302)]
    [InlineData(403, 403)]
    public async Task A_client_that_is_not_known_is_sent_to_sign_in(int code, int status)
    {
        _answer = context =>
        {
            context.Response.StatusCode = code;
            return Task.CompletedTask;
        };
        var context = Request("GET");
        Assert.True(await AskAsync(context, signIn: "https://$host/start?rd=$scheme://$http_host$escaped_request_uri"));
        Assert.Equal(status, context.Response.StatusCode);
        Assert.Equal(status == 302 ? "https://shop.example.org/start?rd=https://shop.example.org%2Fa%2520b%3Fc%3Dd" : "", context.Response.Headers.Location.ToString());
    }

    [Fact]
    public async Task A_service_that_is_not_there_lets_nobody_pass()
    {
        await _service.DisposeAsync();
        var context = Request("GET");
        Assert.True(await AskAsync(context));
        Assert.Equal(503, context.Response.StatusCode);
    }

    [Fact]
    public async Task A_service_that_says_nothing_lets_nobody_pass()
    {
        var reached = new TaskCompletionSource();
        _answer = context =>
        {
            reached.TrySetResult();
            return new TaskCompletionSource().Task.WaitAsync(context.RequestAborted);
        };
        var context = Request("GET");
        var asking = AskAsync(context);
        await reached.Task.WaitAsync(TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.True(await asking);
        Assert.Equal(503, context.Response.StatusCode);
    }

    [Fact]
    public async Task A_service_that_breaks_off_lets_nobody_pass()
    {
        _answer = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        var context = Request("GET");
        Assert.True(await AskAsync(context));
        Assert.Equal(503, context.Response.StatusCode);
    }

    [Fact]
    public async Task Who_is_asked_is_nobodys_choice()
    {
        var port = new Uri(_url).Port;
        Assert.True(UrlTemplate.TryParse($"http://$http_host:{port}/auth", out var url));
        var options = new RouteOptions { Auth = new ExternalAuth(url) };
        var context = Behaving.Request("http://127.0.0.1:1/");

        // Of a route for all hosts the client chooses the host: nobody is asked, and nobody passes.
        Assert.True(await _check.AnswerAsync(context, Behaving.Route(options, host: ""), Behaving.Address("192.0.2.1")));
        Assert.Equal(503, context.Response.StatusCode);
        Assert.Null(_asked);

        // Of a route of one host it does not, nor the port.
        Assert.False(await _check.AnswerAsync(Behaving.Request("http://127.0.0.1:1/"), Behaving.Route(options, host: "127.0.0.1"), Behaving.Address("192.0.2.1")));
        Assert.NotNull(_asked);
    }

    [Fact]
    public async Task A_question_that_comes_round_is_not_asked_again()
    {
        Assert.False(await AskAsync(Request("GET")));
        var context = Request("GET", ("X-Sent-From", Asked("X-Sent-From")));
        Assert.True(await AskAsync(context));
        Assert.Equal(503, context.Response.StatusCode);
    }

    [Fact]
    public async Task A_route_that_does_not_ask_asks_nobody()
    {
        Assert.False(await _check.AnswerAsync(Request("GET"), Behaving.Route(new RouteOptions()), Behaving.Address("192.0.2.1")));
        Assert.Null(_asked);
    }

    private string Asked(string name) => _askedHeaders.GetValueOrDefault(name, "");

    private static HttpContext Request(string method, params (string Name, string Value)[] headers) => Behaving.Request("https://shop.example.org/a%20b?c=d", method, headers);

    private Task<bool> AskAsync(HttpContext context, string? signIn = null, params string[] headers)
    {
        Assert.True(UrlTemplate.TryParse(_url, out var url));
        UrlTemplate? template = null;
        Assert.True(signIn is null || UrlTemplate.TryParse(signIn, out template));
        var auth = new ExternalAuth(url) { SignIn = template, ResponseHeaders = [.. headers] };
        return _check.AnswerAsync(context, Behaving.Route(new RouteOptions { Auth = auth }), Behaving.Address("192.0.2.1")).AsTask();
    }
}
