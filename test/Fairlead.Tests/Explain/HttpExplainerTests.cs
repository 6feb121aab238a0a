using System.Text.Json.Nodes;
using Fairlead.Kube.Yaml;
using static Fairlead.Tests.Explain.HttpWorld;

namespace Fairlead.Tests.Explain;

/// <summary>What becomes of a request and why, on objects.</summary>
public sealed class HttpExplainerTests
{
    private const string Policy =
        """
        {kind: NetworkPolicy, metadata: {name: closed, namespace: shop}, spec: {podSelector: {matchLabels: {app: api} }, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: front} } }]}]} }
        """;

    private const string NotReady = "{addresses: [10.244.2.3], nodeName: n2, targetRef: {kind: Pod, name: api-2, namespace: shop}, conditions: {ready: false} }";
    private const string Terminating = "{addresses: [10.244.2.3], nodeName: n2, targetRef: {kind: Pod, name: api-2, namespace: shop}, conditions: {ready: false, serving: true, terminating: true} }";

    [Fact]
    public void Every_step_of_a_request_that_is_served_is_told_in_its_order()
    {
        using var world = new HttpWorld(Written("web", "a.example", "/app /app/admin /"));

        Assert.Equal(
            """
            GET http://a.example/app/x at 172.30.255.254
              ✓ role      pod kube-system/fairlead-ingress-1 on node n1: 1 of 1 ready, at 172.30.255.254
              ✓ host      a.example has the rules of Ingress shop/web
              ✓ path      /app/x is /app (Prefix) of a.example, of Ingress shop/web, and leads to api:80
                          not / (Prefix) of Ingress shop/web: it matches too, and /app is longer
                          1 other path does not match
              ✓ service   Service shop/api, port 80/TCP (web), asked by HTTP/1.1 at its endpoints, not at its cluster address
              ✓ endpoints 2 of 2 endpoints are asked, in turn: 10.244.1.3:8080 (shop/api-1), 10.244.2.3:8080 (shop/api-2)
              → 10.244.1.3:8080 pod shop/api-1
                ✓ route     pod shop/api-1 is on the same node, n1
                ✓ egress    no policy isolates kube-system/fairlead-ingress-1 for egress
                ✓ ingress   no policy isolates shop/api-1 for ingress
                ✓ listener  pod shop/api-1 listens on 8080/TCP
              → 10.244.2.3:8080 pod shop/api-2
                ✓ route     from node n1 to node n2, whose pods have 10.244.2.0/24
                ✓ egress    no policy isolates kube-system/fairlead-ingress-1 for egress
                ✓ ingress   no policy isolates shop/api-2 for ingress
                ✓ listener  pod shop/api-2 listens on 8080/TCP
            GET http://a.example/app/x is answered by Service shop/api:80 by Ingress shop/web
            """,
            world.Text("http://a.example/app/x"));
        Assert.True(world.Explain("http://a.example/app/x").IsGood);
    }

    /// <summary>What is written, what is asked, what must be said, and whether an endpoint is asked or a redirection answered.</summary>
    public static TheoryData<string, string, string, bool> Answers => new()
    {
        { Written("web", "a.example", "=/app /"), "http://a.example/app/", "not /app (Exact) of Ingress shop/web: it is exact, and a slash at the end counts: /app is not /app/", true },
        { Written("web", "a.example", "=/app /app"), "http://a.example/app", "/app is /app (Exact) of a.example", true },
        { Written("web", "a.example", "=/app /app"), "http://a.example/app", "not /app (Prefix) of Ingress shop/web: it matches too, and of the same length an exact path comes first", true },
        { Written("web", "a.example", "=/app /"), "http://a.example/app/x", "not /app (Exact) of Ingress shop/web: it is exact: nothing below it matches", true },
        { Written("web", "a.example", "/App"), "http://a.example/app", "not /App (Prefix) of Ingress shop/web: upper and lower case differ", false },
        { Written("web", "a.example", "/app"), "http://a.example/apple", "not /app (Prefix) of Ingress shop/web: /apple begins with it, but a prefix matches whole elements", false },
        { Written("web", "a.example", "/a/b"), "http://a.example/a//b", "an empty element counts: // is not /", false },
        { Written("web", "a.example", "/app"), "http://a.example/x", "GET http://a.example/x is answered 404: no Ingress has a rule for this host and path", false },
        { Written("web", "a.example", "/app"), "http://b.example/app", "✗ host      no Ingress that is served has a rule for b.example, *.example, all hosts", false },
        { Written("web", "*.example", "/"), "http://a.example/x", "none has a rule for a.example; *.example has the rules of Ingress shop/web", true },
        { Written("web", "*.example", "/"), "http://b.a.example/x", "*.example (Ingress shop/web) stands for exactly one label before example: it does not have b.a.example", false },
        { Written("any", "", "/"), "http://a.example/x", "none has a rule for a.example or *.example; all hosts has the rules of Ingress shop/any", true },
        { $"{Written("any", "", "/x")}\n---\n{Written("web", "a.example", "/app")}", "http://a.example/x", "not looked at: the rules for all hosts (Ingress shop/any), as a.example has rules of its own", false },
        { Written("all", "", "/app", "ingressClassName: fairlead, defaultBackend: {service: {name: api, port: {name: web} } }"), "http://a.example/x", "no rule matches /x: it goes to the default backend of Ingress shop/all, api:web", true },
        { Written("web", "a.example", spec: "ingressClassName: nope"), "http://a.example/", "not served: Ingress shop/web (a.example): class nope does not exist", false },
        { Written("web", "a.example", spec: "ingressClassName: other"), "http://a.example/", "not served: Ingress shop/web (a.example): class other is for controller example.org/other; this one is fairlead.dev/ingress", false },
        { $"{Written("new", "a.example", backend: "name: gone, port: {number: 1}")}\n---\n{Written("first", "a.example")}", "http://a.example/", "not served: / (Prefix) of Ingress shop/new: it is shop/first's, which is older", true },
        { Written("web", "a.example", annotations: "auth-type: basic"), "http://a.example/", "as it guards access, requests are answered 503 until it is changed", false },
        { Written("web", "a.example", annotations: "use-regex: \"true\"", paths: "/a[0-9]+"), "http://a.example/a1", "is a regular expression of none of the shapes that are recognised, and none is evaluated: the path is not served", false },
        { Written("web", "a.example", backend: "name: gone, port: {number: 80}"), "http://a.example/", "✗ service   Service shop/gone does not exist: requests are answered 503", false },
        { Written("web", "a.example", backend: "name: api, port: {name: htp}"), "http://a.example/", "Service shop/api has no port htp; it has 80 (web): requests are answered 503", false },
        { Written("web", "a.example", annotations: "permanent-redirect: \"https://b.example/new\""), "http://a.example/x", "✓ redirect  the answer is 301, Location: https://b.example/new (permanent-redirect or temporal-redirect)", true },
        { Written("web", "a.example", annotations: "force-ssl-redirect: \"true\""), "http://a.example/x?y=z", "GET http://a.example/x?y=z is redirected to https://a.example/x?y=z (308) by Ingress shop/web", true },
        { Written("web", "a.example", annotations: "app-root: /home"), "http://a.example/", "the answer is 302, Location: /home (app-root)", true },
        { Written("web", "a.example", "/app", annotations: "rewrite-target: /new"), "http://a.example/app?q=1", "rewrite-target: the endpoint is asked for /new?q=1", true },
        { Written("web", "a.example", annotations: "proxy-body-size: 1k;limit-rps: \"5\";whitelist-source-range: 10.0.0.0/8"), "http://a.example/", "allowlist-source-range: clients of 10.0.0.0/8 alone, 403 for others", true },
        { Written("web", "a.example", annotations: "auth-url: \"http://auth.example/ask\""), "http://a.example/", "auth-url: http://auth.example/ask is asked first, and lets pass or not", true },
        { Written("web", "a.example", annotations: "backend-protocol: GRPC"), "http://a.example/", "asked by HTTP/2 without TLS at its endpoints", true },
        { Written("web", "a.example"), "https://a.example/", "no Ingress names a certificate for a.example: the default one, CN=Fairlead Ingress Self-Signed, which nobody vouches for", true },
        { Written("web", "a.example", spec: "ingressClassName: fairlead, tls: [{hosts: [a.example], secretName: gone}]"), "https://a.example/", "Secret shop/gone: there is no such Secret of type kubernetes.io/tls", true },
        { Written("web", "a.example"), "http://a.example/a%2F..%2Fx", "✗ request   a path that leads upwards when it is decoded again: it is refused before it is looked at (400)", false },
        { $"{Written("web", "a.example")}\n---\n{Policy}", "http://a.example/", "is isolated by NetworkPolicy shop/closed, and no rule allows TCP 8080 from pod kube-system/fairlead-ingress-1", false },
        { $"{Written("web", "a.example")}\n---\n{Policy}", "http://a.example/", "GET http://a.example/ is answered 502 or 504, as Service shop/api:80 by Ingress shop/web cannot be reached; ingress: ", false },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public void An_answer_is_explained(string objects, string url, string said, bool isGood)
    {
        using var world = new HttpWorld(objects);
        Assert.Contains(said, world.Text(url), StringComparison.Ordinal);
        Assert.Equal(isGood, world.Explain(url).IsGood);
    }

    [Theory]
    [InlineData(ReachWorld.First + ", " + NotReady, "1 of 2 endpoints are asked: 10.244.1.3:8080 (shop/api-1)", "not used: 10.244.2.3:8080 (shop/api-2) on node n2: not ready", true)]
    [InlineData(ReachWorld.First + ", " + Terminating, "1 of 2 endpoints are asked: 10.244.1.3:8080 (shop/api-1)", "not used: 10.244.2.3:8080 (shop/api-2) on node n2: terminating; others are ready", true)]
    [InlineData(NotReady, "✗ endpoints Service shop/api has no endpoint for port 80 that is ready: requests are answered 503", "not used: 10.244.2.3:8080 (shop/api-2) on node n2: not ready", false)]
    [InlineData("", "✗ endpoints Service shop/api has no endpoint for port 80 that is ready", "its selector matches api-1, api-2, and no EndpointSlice has them yet", false)]
    public void Endpoints_that_are_not_asked_are_named_with_their_reason(string endpoints, string used, string unused, bool isGood)
    {
        using var world = new HttpWorld(Written("web", "a.example"), ReachWorld.Api(endpoints: endpoints));
        var text = world.Text("http://a.example/");
        Assert.Contains(used, text, StringComparison.Ordinal);
        Assert.Contains(unused, text, StringComparison.Ordinal);
        Assert.Equal(isGood, world.Explain("http://a.example/").IsGood);
    }

    [Fact]
    public void Endpoints_of_another_node_are_not_asked_where_the_Service_keeps_traffic_on_the_node()
    {
        using var world = new HttpWorld(Written("web", "a.example"), ReachWorld.Api("internalTrafficPolicy: Local"));
        Assert.Contains("not used: 10.244.2.3:8080 (shop/api-2) on node n2: policy Local: on another node", world.Text("http://a.example/"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_certificate_of_a_wildcard_is_named_for_a_host_below_it()
    {
        using var world = new HttpWorld(Written("web", "*.example", spec: "ingressClassName: fairlead, tls: [{secretName: wide}]")).Secret("wide", "*.example");
        Assert.Contains("✓ tls       Secret shop/wide, CN=wide, valid until", world.Text("https://a.example/"), StringComparison.Ordinal);
        Assert.Equal("shop/wide", $"{world.Explain("https://a.example/").Certificate!.Secret}");
    }

    [Fact]
    public void Of_Secrets_that_may_not_be_read_nothing_is_claimed()
    {
        using var world = new HttpWorld(Written("web", "a.example", spec: "ingressClassName: fairlead, tls: [{hosts: [a.example], secretName: mine}]"), readsSecrets: false);
        Assert.Contains("? tls       whether Secret shop/mine is one cannot be told: Secrets may not be read", world.Text("https://a.example/"), StringComparison.Ordinal);
        Assert.Contains("as far as can be told from here (not known: tls)", world.Text("https://a.example/"), StringComparison.Ordinal);
    }

    [Fact]
    public void Pods_that_serve_on_several_nodes_are_told_apart_where_they_ask_other_endpoints()
    {
        var second = HttpWorld.Role.Replace("ingress-1", "ingress-2", StringComparison.Ordinal).Replace("nodeName: n1", "nodeName: n2", StringComparison.Ordinal).Replace("10.244.1.9", "10.244.2.9", StringComparison.Ordinal);
        using var world = new HttpWorld($"{second}\n---\n{Written("web", "a.example")}", ReachWorld.Api("internalTrafficPolicy: Local"))
        {
            ServingPods = [.. HttpWorld.Pods, (JsonObject)YamlReader.ReadAll(new StringReader(second)).Single()],
        };
        var text = world.Text("http://a.example/");
        Assert.Contains("1 of 2 endpoints are asked from pod kube-system/fairlead-ingress-1: 10.244.1.3:8080 (shop/api-1)", text, StringComparison.Ordinal);
        Assert.Contains("1 of 2 endpoints are asked from pod kube-system/fairlead-ingress-2: 10.244.2.3:8080 (shop/api-2)", text, StringComparison.Ordinal);
        Assert.Contains("→ 10.244.2.3:8080 from kube-system/fairlead-ingress-2 pod shop/api-2", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_is_shown_by_file_and_line_of_the_manifests()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("explain").FullName, "web.yaml");
        File.WriteAllText(file, """
            kind: Ingress
            metadata: {name: web, namespace: shop}
            spec:
              rules:
              - host: a.example
                http:
                  paths:
                  - {path: /, pathType: Prefix}
                  - {path: /app, pathType: Prefix}
            """);
        try
        {
            using var world = new HttpWorld(Written("web", "a.example", "/ /app"));
            Assert.Equal($"{file}:9", world.Explain("http://a.example/app", file).Steps.First(step => step.What == "path").At);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }
}
