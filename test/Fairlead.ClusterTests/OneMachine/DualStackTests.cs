namespace Fairlead.ClusterTests.OneMachine;

/// <summary>A cluster of both families.</summary>
public sealed class DualStackFixture : ClusterFixture
{
    /// <inheritdoc/>
    protected override string[] UpOptions => ["--ip-family", "dual"];
}

public sealed class DualStackTests(DualStackFixture cluster) : IClassFixture<DualStackFixture>
{
    [Fact]
    public void Pods_services_names_and_policies_work_by_IPv6_and_down_leaves_nothing()
    {
        cluster.StandIn("near", 1);
        cluster.StandIn("far", 2);
        cluster.Kubectl(
            """
            apiVersion: v1
            kind: Service
            metadata: {name: far}
            spec: {type: LoadBalancer, ipFamilyPolicy: RequireDualStack, selector: {app: far}, ports: [{port: 80, targetPort: 8080, nodePort: 30180}]}
            """,
            ["apply", "-f", "-"]);
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/near", "pod/far", "--timeout=120s");
        cluster.Kubectl("wait", "--for=jsonpath={.status.loadBalancer.ingress[1].ip}", "service/far", "--timeout=120s");
        var (near, far) = (Get("pod", "near", "{.status.podIPs[1].ip}"), Get("pod", "far", "{.status.podIPs[1].ip}"));
        var service = Get("service", "far", "{.spec.clusterIPs[1]}");

        foreach (var address in new[] { $"[{far}]:8080", $"[{service}]" })
        {
            var answer = cluster.AskService("near", address);
            Assert.Equal("far", (string?)answer["pod"]);
            Assert.StartsWith($"[{near}]:", (string?)answer["client"], StringComparison.Ordinal);
        }

        var balancer = Get("service", "far", "{.status.loadBalancer.ingress[1].ip}");
        var node = Get("node", $"{cluster.Name}-1", "{.status.addresses[1].address}");
        foreach (var address in new[] { $"[{balancer}]", $"[{node}]:30180" })
        {
            var (code, output, error) = cluster.Outside("curl", "-sS", "--max-time", "120", "--retry", "60", "--retry-delay", "1", "--retry-all-errors", $"http://{address}/");
            Assert.True(code == 0 && output.Contains("\"pod\":\"far\"", StringComparison.Ordinal), $"{address}: exit {code}: {error}{output}");
        }

        Assert.Equal(service, cluster.InPod("near", "dig", "+short", "+tries=2", "+time=5", "@10.96.0.10", "AAAA", "far.default.svc.cluster.local").Trim());
        cluster.Kubectl(
            """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: nobody}
            spec: {podSelector: {matchLabels: {app: kept}}, policyTypes: [Ingress]}
            """,
            ["apply", "-f", "-"]);
        cluster.StandIn("kept", 2);
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/kept", "--timeout=120s");
        var refused = Assert.Throws<InvalidOperationException>(() => cluster.Ask("near", $"[{Get("pod", "kept", "{.status.podIPs[1].ip}")}]:8080", seconds: 5));
        Assert.Contains("exit 28", refused.Message, StringComparison.Ordinal);

        cluster.Fairlead("down", "--name", cluster.Name);
        Assert.Equal(cluster.Before, cluster.Traces());
    }

    private string Get(string kind, string name, string path) => cluster.Kubectl("get", kind, name, "-o", $"jsonpath={path}");
}
