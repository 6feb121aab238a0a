using System.Text.Json.Nodes;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>What a node tells of its DNS: by HTTP at the DNS address, as CoreDNS does, and by `fairlead inspect dns`.</summary>
[Collection(nameof(TwoNodes))]
public sealed class InspectDnsTests(ClusterFixture cluster)
{
    private const string Server = "10.96.0.10";

    [Fact]
    public void Metrics_health_and_readiness_are_answered_at_the_DNS_address_and_nowhere_else()
    {
        Ready();
        var before = Figure("type=\"TXT\"");
        cluster.InPod("lost", "dig", "+tries=1", "+time=10", $"@{Server}", "nobody.default.svc.cluster.local", "TXT");

        Assert.Equal(before + 1, Figure("type=\"TXT\""));
        Assert.Equal("OK", Get($"{Server}:8080/health"));
        Assert.Equal("OK", Get($"{Server}:8181/ready"));
        Assert.Equal("see /metrics, /health and /ready\n", Get($"{Server}:8181/metrics"));
        var node = cluster.Kubectl("get", "node", $"{cluster.Name}-2", "-o", "jsonpath={.status.addresses[0].address}");
        Assert.Equal("refused", cluster.InPod("lost", "sh", "-c", $"curl -sS --max-time 5 http://{node}:9153/metrics 2>/dev/null || echo refused").Trim());
    }

    [Fact]
    public void The_pod_that_asks_for_names_that_do_not_exist_is_named()
    {
        Ready();
        for (var i = 0; i < 3; i++)
        {
            cluster.InPod("lost", "dig", "+tries=1", "+time=10", $"@{Server}", "www.lost.test.default.svc.cluster.local", "MX");
        }

        var (code, output, error) = cluster.TryFairlead("inspect", "dns", "--name", cluster.Name, "--node", $"{cluster.Name}-2", "--top", "1000", "-o", "json");
        Assert.True(code == 0, error);
        var status = JsonNode.Parse(output)!["nodes"]![0]!["status"]!;
        var missing = Assert.Single(status["missing"]!.AsArray(), one => (string)one!["name"]! == "www.lost.test.default.svc.cluster.local.")!;
        Assert.Equal("default/lost MX 3", $"{missing["pod"]} {missing["type"]} {missing["count"]}");
        Assert.Contains("write www.lost.test. or lower ndots", (string)missing["hint"]!, StringComparison.Ordinal);
        Assert.Equal("ConfigMap kube-system/coredns", (string)status["configuration"]!);

        (_, output, _) = cluster.TryFairlead("inspect", "dns", "--name", cluster.Name);
        Assert.Contains($"{cluster.Name}-1", output, StringComparison.Ordinal);
        Assert.Contains("Ready", output, StringComparison.Ordinal);
    }

    private void Ready()
    {
        cluster.StandIn("lost", 2);
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/lost", "--timeout=60s");
        cluster.WhenReady();
    }

    private string Get(string page) =>
        cluster.InPod("lost", "curl", "-sS", "--max-time", "5", "--retry", "10", "--retry-connrefused", "--retry-delay", "1", $"http://{page}");

    private long Figure(string label)
    {
        var line = Get($"{Server}:9153/metrics").Split('\n')
            .FirstOrDefault(line => line.StartsWith("coredns_dns_requests_total{", StringComparison.Ordinal) && line.Contains(label, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
