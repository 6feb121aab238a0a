using System.Text.Json.Nodes;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>`fairlead explain http://… --probe` and `fairlead inspect routes` on a running cluster: what is explained is what a real request meets.</summary>
public sealed class ExplainHttpTests : IClassFixture<IngressFixture>
{
    private const string Denied =
        """
        apiVersion: v1
        kind: Service
        metadata: {name: walled}
        spec: {selector: {part: walled}, ports: [{port: 80, targetPort: 8080}]}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: wall}
        spec: {podSelector: {matchLabels: {part: walled}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {part: teller}}}]}]}
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: walled, annotations: {nginx.ingress.kubernetes.io/proxy-connect-timeout: "1"}}
        spec:
          rules:
          - host: walled.example
            http:
              paths:
              - {path: /inside, pathType: Prefix, backend: {service: {name: walled, port: {number: 80}}}}
              - {path: /plain, pathType: Exact, backend: {service: {name: shop, port: {number: 80}}}}
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: later}
        spec: {rules: [{host: plain.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: walled, port: {number: 80}}}}]}}]}
        """;

    private readonly IngressFixture _cluster;

    public ExplainHttpTests(IngressFixture cluster)
    {
        _cluster = cluster;
        cluster.StandIn("walled", 2);
        cluster.Kubectl("label", "--overwrite", "pod", "walled", "part=walled");
        cluster.Apply(Denied);
        cluster.Kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s");
        cluster.WhenReady();

        // Only then is every Ingress compiled, and its address known.
        cluster.AskHost("plain.example");
        foreach (var ingress in (string[])["plain", "walled", "later"])
        {
            cluster.Kubectl("wait", "--for=jsonpath={.status.loadBalancer.ingress[0].ip}", $"ingress/{ingress}", "--timeout=120s");
        }

        // The policy is in force when nothing passes any more.
        ClusterFixture.Until(
            () => cluster.Outside("curl", "-sS", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: walled.example", $"http://{IngressFixture.Address}/inside").Output,
            code => code == "502");
    }

    [Theory]
    [InlineData("http://plain.example/any/thing", 0, "is answered by Service default/shop:80 by Ingress default/plain", "was answered 200, as explained")]
    [InlineData("https://plain.example/", 0, "✓ tls       no Ingress names a certificate for plain.example", "was answered 200, by certificate CN=Fairlead Ingress Self-Signed, as explained")]
    [InlineData("http://walled.example/plain", 0, "/plain is /plain (Exact) of walled.example", "was answered 200, as explained")]
    [InlineData("http://walled.example/other", 1, "is answered 404: no Ingress has a rule for this host and path", "was answered 404 (no Ingress has a rule for this host and path), as explained")]
    [InlineData("http://walled.example/inside", 1, "✗ ingress   default/walled is isolated by NetworkPolicy default/wall, and no rule allows TCP 8080 from pod kube-system/fairlead-ingress-", "was answered 502, as explained")]
    public void A_real_request_meets_what_was_explained(string url, int expected, string explained, string probed)
    {
        var (code, output, error) = _cluster.TryFairlead("explain", url, "--probe", "--name", _cluster.Name);
        Assert.Equal((expected, ""), (code, error));
        Assert.Contains($"✓ role      pod kube-system/fairlead-ingress-", output, StringComparison.Ordinal);
        Assert.Contains(explained, output, StringComparison.Ordinal);
        Assert.Contains($"probe: GET {url} at {IngressFixture.Address}:", output, StringComparison.Ordinal);
        Assert.Contains(probed, output, StringComparison.Ordinal);
    }

    [Fact]
    public void Routes_are_listed_with_who_is_served_and_who_is_not()
    {
        var (code, output, error) = _cluster.TryFairlead("inspect", "routes", "plain.example", "--name", _cluster.Name);
        Assert.Equal(1, code);
        Assert.Matches(@"(?m)^plain\.example +/ +Prefix +default/plain +shop:80 +2/2 +default +Served$", output);
        Assert.Matches(@"(?m)^plain\.example +/ +Prefix +default/later +walled:80 +0/0 +<none> +Conflict: it is default/plain's, which is ", output);
        Assert.Contains("computed from the cluster's objects by the compiler that serves them; no pod was asked; pod kube-system/fairlead-ingress-", error, StringComparison.Ordinal);

        (code, output, _) = _cluster.TryFairlead("inspect", "routes", "walled.example", "--name", _cluster.Name, "-o", "json");
        var document = JsonNode.Parse(output)!;
        Assert.Equal((0, true, 2), (code, (bool)document["serving"]!, document["routes"]!.AsArray().Count));
    }
}
