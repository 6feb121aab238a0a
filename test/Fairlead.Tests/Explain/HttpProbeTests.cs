using Fairlead.Explain.Http;
using static Fairlead.Tests.Explain.HttpWorld;

namespace Fairlead.Tests.Explain;

/// <summary>What a real request met, beside what was explained.</summary>
public sealed class HttpProbeTests
{
    private const string Denied = "---\n{kind: NetworkPolicy, metadata: {name: closed, namespace: shop}, spec: {podSelector: {}, policyTypes: [Ingress]} }";

    [Theory]
    [InlineData("/", 200, "", "", true, "was answered 200")]
    [InlineData("/", 404, "", "not in the shop", true, "was answered 404")]
    [InlineData("/", 404, "", "no Ingress has a rule for this host and path\n", false, "was answered 404 (no Ingress has a rule for this host and path); an endpoint's answer was explained")]
    [InlineData("/", 502, "", "", false, "an endpoint's answer was explained")]
    [InlineData("/", 0, "", "", false, "was not answered: refused")]
    [InlineData("/none", 404, "", "no Ingress has a rule for this host and path\n", true, "was answered 404")]
    [InlineData("/none", 200, "", "", false, "was answered 200; 404 was explained")]
    [InlineData("/old", 301, "https://b.example/", "", true, "was answered 301 to https://b.example/")]
    [InlineData("/old", 301, "https://c.example/", "", false, "301 to https://b.example/ was explained")]
    [InlineData("/guarded", 200, "", "", true, "was answered 200")]
    [InlineData("/guarded", 403, "", "", null, "that may be the answer of a guard of the Ingress, or the endpoint's")]
    public void An_answer_is_held_against_the_explanation(string path, int code, string location, string body, bool? agrees, string words)
    {
        using var world = new HttpWorld($"""
            {Written("web", "a.example", "=/")}
            ---
            {Written("old", "a.example", "/old", annotations: "permanent-redirect: \"https://b.example/\"")}
            ---
            {Written("guarded", "a.example", "/guarded", annotations: "whitelist-source-range: 10.0.0.0/8")}
            """);
        var probe = HttpProbe.Compare(world.Explain($"http://a.example{path}"), new HttpAnswer("172.30.255.254:80", code, location, body, "", code == 0 ? "refused" : ""));
        Assert.Equal(agrees, probe.Agrees);
        Assert.Contains(words, probe.Words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(502, true)]
    [InlineData(504, true)]
    [InlineData(200, false)]
    public void An_endpoint_that_cannot_be_reached_is_answered_for(int code, bool agrees)
    {
        using var world = new HttpWorld($"{Written("web", "a.example")}\n{Denied}");
        Assert.Equal(agrees, HttpProbe.Compare(world.Explain("http://a.example/"), new HttpAnswer("x:80", code, "", "", "", "")).Agrees);
    }

    [Theory]
    [InlineData("CN=wide", true)]
    [InlineData("CN=another", false)]
    public void Another_certificate_than_the_one_explained_is_a_difference(string subject, bool agrees)
    {
        using var world = new HttpWorld(Written("web", "a.example", spec: "ingressClassName: fairlead, tls: [{hosts: [a.example], secretName: wide}]")).Secret("wide", "*.example");
        Assert.Equal(agrees, HttpProbe.Compare(world.Explain("https://a.example/"), new HttpAnswer("x:443", 200, "", "", subject, "")).Agrees);
    }
}
