using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Fairlead.Tests.Forwarding;

/// <summary>The proxy subresources of pods, Services and nodes, over TLS to a real server behind a played pods role (features.md §1.2, row 62).</summary>
public sealed class ProxySubresourceTests : IClassFixture<ProxyFixture>
{
    private const string Root = "/api/v1/namespaces/default";

    private readonly ProxyFixture _proxy;

    public ProxySubresourceTests(ProxyFixture proxy)
    {
        _proxy = proxy;
        _proxy.Dialled.Clear();
    }

    private HttpClient Client => _proxy.Client;

    [Theory]
    [InlineData("/pods/web/proxy/", "http", "10.244.0.5/8080")]
    [InlineData("/pods/web:8080/proxy/", "http", "10.244.0.5/8080")]
    [InlineData("/pods/http:web:8080/proxy/", "http", "10.244.0.5/8080")]
    [InlineData("/pods/https:web:8443/proxy/", "https", "10.244.0.5/8443")]
    [InlineData("/pods/six/proxy/", "http", "fd00::5/8080")]
    [InlineData("/pods/https:six:8443/proxy/", "https", "fd00::5/8443")]
    [InlineData("/services/web:plain/proxy/", "http", "10.244.0.5/8080")]
    [InlineData("/services/web:80/proxy/", "http", "10.244.0.5/8080")]
    [InlineData("/services/https:web:tls/proxy/", "https", "10.244.0.5/8443")]
    [InlineData("/services/https:web:443/proxy/", "https", "10.244.0.5/8443")]
    [InlineData("../../nodes/n1:8080/proxy/", "http", "172.30.0.11/8080")]
    public async Task Pods_Services_and_nodes_answer_by_name_scheme_and_port(string path, string scheme, string dialled)
    {
        path = path.StartsWith('.') ? "/api/v1" + path[5..] : Root + path;
        using var answer = await Client.GetAsync(path);
        Assert.Equal($"{scheme} GET / []  {path}", await answer.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal("yes", answer.Headers.GetValues("X-Backend").Single());
        Assert.Equal([$"n1/{dialled}"], _proxy.Dialled);
    }

    [Theory]
    [InlineData("DELETE", "")]
    [InlineData("GET", "")]
    [InlineData("OPTIONS", "")]
    [InlineData("PATCH", "some body")]
    [InlineData("POST", "some body")]
    [InlineData("PUT", "some body")]
    public async Task Every_method_arrives_with_path_query_headers_and_body_as_they_were(string method, string body)
    {
        foreach (var kind in (string[])["pods/web", "services/web:plain"])
        {
            var path = $"{Root}/{kind}/proxy/some//pa%2Fth/%41?a=b&c=%20d";
            using var request = new HttpRequestMessage(
                new HttpMethod(method), new Uri(Client.BaseAddress + path[1..], new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
            request.Content = body.Length > 0 ? new StringContent(body) : null;
            request.Headers.Add("X-Mine", "kept");
            request.Headers.TryAddWithoutValidation("Authorization", "Basic c2VjcmV0OnNlY3JldA==");
            using var answer = await Client.SendAsync(request);
            Assert.Equal(
                $"http {method} /some//pa%2Fth/%41?a=b&c=%20d [{body}] kept {path[..path.IndexOf('?', StringComparison.Ordinal)]}", await answer.Content.ReadAsStringAsync());
        }

        using var head = await Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"{Root}/pods/web/proxy/x"));
        Assert.Equal(HttpStatusCode.Accepted, head.StatusCode);
    }

    [Fact]
    public async Task Without_a_slash_a_page_is_redirected_to_where_its_links_hold_and_other_methods_are_not()
    {
        foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
        {
            using var answer = await Client.SendAsync(new HttpRequestMessage(method, $"{Root}/services/web/proxy?method=GET"));
            Assert.Equal(HttpStatusCode.MovedPermanently, answer.StatusCode);
            Assert.Equal($"{Root}/services/web/proxy/?method=GET", answer.Headers.Location!.OriginalString);
        }

        using var posted = await Client.PostAsync($"{Root}/pods/web/proxy?method=POST", null);
        Assert.StartsWith("http POST /?method=POST ", await posted.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Links_and_redirects_lead_through_the_proxy_again()
    {
        Assert.Equal($"<a href=\"{Root}/pods/https:web:8443/proxy/rewriteme\">test</a>", await Client.GetStringAsync($"{Root}/pods/https:web:8443/proxy/page"));
        using var moved = await Client.GetAsync($"{Root}/pods/web/proxy/moved");
        Assert.Equal(HttpStatusCode.Redirect, moved.StatusCode);
        Assert.Equal($"{Root}/pods/web/proxy/elsewhere?x=1", moved.Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task WebSockets_are_handed_through()
    {
        using var socket = new ClientWebSocket();
        using var invoker = new HttpMessageInvoker(_proxy.Administrator());
        await socket.ConnectAsync(new Uri($"wss://{_proxy.Address}{Root}/pods/web/proxy/socket"), invoker, default);
        await socket.SendAsync(Encoding.UTF8.GetBytes("hello"), WebSocketMessageType.Text, true, default);
        var buffer = new byte[64];
        var received = await socket.ReceiveAsync(buffer, default);
        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, received.Count));
    }

    [Fact]
    public async Task An_answer_that_breaks_off_does_not_pass_for_a_whole_one()
    {
        var broken = await Assert.ThrowsAnyAsync<HttpRequestException>(() => Client.GetStringAsync($"{Root}/pods/web/proxy/broken"));
        Assert.Null(broken.StatusCode);
    }

    [Fact]
    public async Task A_nodes_own_kubelet_is_the_pods_role()
    {
        Assert.Equal("/logs/", await Client.GetStringAsync("/api/v1/nodes/n1/proxy/logs/"));
        Assert.Equal("/logs/", await Client.GetStringAsync("/api/v1/nodes/n1:10250/proxy/logs/"));
        Assert.Empty(_proxy.Dialled);
    }

    [Theory]
    [InlineData("/services/web:99/proxy/", 503, "no service port 99 found for service \"web\"")]
    [InlineData("/services/web:other/proxy/", 503, "no endpoints available for service \"web:other\"")]
    [InlineData("/services/stranger/proxy/", 503, "no endpoints available for service \"stranger\"")]
    [InlineData("/services/nobody/proxy/", 404, "services \"nobody\" not found")]
    [InlineData("/pods/nobody/proxy/", 404, "pods \"nobody\" not found")]
    [InlineData("/pods/local/proxy/", 400, "address not allowed")]
    [InlineData("/pods/ftp:web:21/proxy/", 400, "invalid pod request \"ftp:web:21\"")]
    [InlineData("/pods/web:http/proxy/", 400, "\"http\" is no port")]
    [InlineData("/pods/web:81/proxy/", 503, "error trying to reach service: refused")]
    public async Task What_cannot_be_reached_is_told_as_upstream_tells_it(string path, int code, string message)
    {
        using var answer = await Client.GetAsync(Root + path);
        var status = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal((HttpStatusCode)code, answer.StatusCode);
        Assert.StartsWith(message, (string?)status["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_who_may_is_let_through()
    {
        using var handler = _proxy.Node("n1");
        using var agent = new HttpClient(handler) { BaseAddress = Client.BaseAddress };
        using var answer = await agent.PostAsync($"{Root}/pods/web/proxy/", null);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains("cannot create resource \\\"pods/proxy\\\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty(_proxy.Dialled);
    }
}
