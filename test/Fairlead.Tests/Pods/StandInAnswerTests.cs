using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Pods.StandIns;

namespace Fairlead.Tests.Pods;

/// <summary>What a stand-in says of a request that came to it by a proxy.</summary>
public sealed class StandInAnswerTests
{
    [Fact]
    public void By_a_proxy_it_says_whom_the_proxy_names_and_what_was_asked_for()
    {
        var answer = Answer("GET /api/orders?x=1 HTTP/1.1\r\nhost: shop.example\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n");

        Assert.Equal("192.0.2.7", (string?)answer["forwardedFor"]);
        Assert.Equal("https://shop.example/api/orders?x=1", (string?)answer["request"]);
    }

    [Fact]
    public void Asked_directly_it_says_what_it_always_said()
    {
        var answer = Answer("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n");

        Assert.Equal(["pod", "namespace", "node", "address", "client", "port", "protocol"], answer.Select(field => field.Key));
    }

    private static JsonObject Answer(string head) => JsonNode.Parse(new Identity("web", "default", "node-1").Answer(
        IPEndPoint.Parse("10.244.0.2:8080"), IPEndPoint.Parse("10.244.0.3:40000"), "TCP", HttpRequestHead.Parse(Encoding.ASCII.GetBytes(head))!.Value))!.AsObject();
}
