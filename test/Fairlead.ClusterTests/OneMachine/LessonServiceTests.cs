using System.Text.Json.Nodes;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>The lesson's Services on a running cluster, each reached as it says, from inside and from outside.</summary>
public sealed class LessonServiceTests : IClassFixture<ClusterFixture>
{
    private readonly ClusterFixture _cluster;

    public LessonServiceTests(ClusterFixture cluster)
    {
        _cluster = cluster;
        var lesson = Path.Combine(AppContext.BaseDirectory, "lesson");
        foreach (var file in new[] { "namespaces", "workloads", "clusterip-service", "nodeport-service", "loadbalancer-service", "headless-service" })
        {
            _cluster.Kubectl("apply", "-f", Path.Combine(lesson, $"{file}.yaml"));
        }

        _cluster.Kubectl("rollout", "status", "deployment/api-server", "--timeout=120s");
        _cluster.Kubectl("rollout", "status", "deployment/web", "--timeout=120s");
        _cluster.Kubectl("wait", "--for=condition=Ready", "pod/postgres-0", "pod/postgres-1", "--timeout=120s");
        _cluster.Kubectl("wait", "--for=jsonpath={.status.loadBalancer.ingress[0].ip}", "service/web-service-lb", "--timeout=120s");
    }

    [Fact]
    public void A_ClusterIP_reaches_every_endpoint_and_shows_it_the_clients_own_address()
    {
        var address = _cluster.Kubectl("get", "service", "api-service", "-o", "jsonpath={.spec.clusterIP}");
        var answers = ClusterFixture.Until(
            () => Enumerable.Range(0, 24).Select(_ => _cluster.AskService("postgres-0", address)).ToList(),
            some => some.Select(answer => (string?)answer["pod"]).Distinct().Count() == 2);

        Assert.All(answers, answer => Assert.StartsWith(_cluster.PodAddress("postgres-0") + ":", (string?)answer["client"], StringComparison.Ordinal));
        Assert.All(answers, answer => Assert.Equal(8080, (int?)answer["port"]));
        Assert.Equal(9090, (int?)_cluster.AskService("postgres-0", $"{address}:9090")["port"]);
        Assert.NotEqual(0, _cluster.Outside("curl", "-sS", "--max-time", "2", $"http://{address}/").Code);
    }

    [Fact]
    public void A_node_port_answers_outside_on_every_node()
    {
        foreach (var node in new[] { "172.30.0.11", "172.30.0.12" })
        {
            Assert.StartsWith("web-", (string?)FromOutside($"{node}:30080")["pod"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_load_balancer_address_answers_outside_on_both_ports()
    {
        var address = _cluster.Kubectl("get", "service", "web-service-lb", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}");

        Assert.StartsWith("172.30.255.", address, StringComparison.Ordinal);
        Assert.StartsWith("web-", (string?)FromOutside(address)["pod"], StringComparison.Ordinal);
        Assert.StartsWith("web-", (string?)FromOutside($"{address}:443")["pod"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_headless_service_is_its_pods_by_name()
    {
        string[] expected = [_cluster.PodAddress("postgres-0"), _cluster.PodAddress("postgres-1")];
        ClusterFixture.Until(
            () => _cluster.InPod("postgres-0", "dig", "+short", "+tries=2", "+time=5", "@10.96.0.10", "postgres-headless.default.svc.cluster.local"),
            answer => answer.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order().SequenceEqual(expected.Order()));
        var one = _cluster.InPod("postgres-0", "dig", "+short", "+tries=2", "+time=5", "@10.96.0.10", "postgres-1.postgres-headless.default.svc.cluster.local");

        Assert.Equal(expected[1], one.Trim());
    }

    [Fact]
    public void Another_namespace_is_reached_by_full_name_and_by_the_short_form_with_the_namespace()
    {
        _cluster.Kubectl("wait", "--for=condition=Ready", "pod/api-server", "-n", "production", "--timeout=120s");
        var address = _cluster.Kubectl("get", "service", "api-service", "-n", "production", "-o", "jsonpath={.spec.clusterIP}");

        _cluster.AskService("postgres-0", address);
        var looked = _cluster.Kubectl("exec", "postgres-0", "--", "busybox", "nslookup", "-type=a", "api-service.production.svc.cluster.local");
        Assert.Contains("10.96.0.10:53", looked, StringComparison.Ordinal);
        Assert.Contains($"Address: {address}", looked, StringComparison.Ordinal);

        // The C library's resolver goes through the search list of the pod's own namespace.
        var resolved = _cluster.Kubectl("exec", "postgres-0", "--", "getent", "ahostsv4", "api-service.production");
        Assert.StartsWith(address, resolved, StringComparison.Ordinal);
        var answer = JsonNode.Parse(_cluster.Kubectl("exec", "postgres-0", "--", "busybox", "wget", "-q", "-O-", "http://api-service.production/"))!;
        Assert.Equal(("production", "api-server"), ((string?)answer["namespace"], (string?)answer["pod"]));
    }

    [Fact]
    public void A_health_check_node_port_says_which_node_has_endpoints_and_goes_with_the_policy()
    {
        _cluster.Kubectl("expose", "pod", "postgres-0", "--name=local", "--type=LoadBalancer", "--port=80", "--target-port=5432", "--overrides={\"spec\":{\"externalTrafficPolicy\":\"Local\"}}");
        var port = _cluster.Kubectl("get", "service", "local", "-o", "jsonpath={.spec.healthCheckNodePort}");
        var home = _cluster.Kubectl("get", "pod", "postgres-0", "-o", "jsonpath={.status.hostIP}");
        var other = new[] { "172.30.0.11", "172.30.0.12" }.Single(node => node != home);
        _cluster.Kubectl("label", "pod", "postgres-0", "only=this");
        _cluster.Kubectl("patch", "service", "local", "-p", "{\"spec\":{\"selector\":{\"only\":\"this\"}}}");

        Assert.Contains("\"localEndpoints\":1", Ask("200", home), StringComparison.Ordinal);
        Assert.Contains("\"localEndpoints\":0", Ask("503", other), StringComparison.Ordinal);
        Assert.Contains("X-Load-Balancing-Endpoint-Weight: 1", Ask("200", home), StringComparison.Ordinal);

        _cluster.Kubectl("patch", "service", "local", "-p", "{\"spec\":{\"externalTrafficPolicy\":\"Cluster\"}}");
        Assert.Equal("", Ask("refused", home));

        // What the node says changes a moment after the API has it.
        string Ask(string wanted, string node)
        {
            var deadline = Deadline.Token();
            while (true)
            {
                var (code, output, _) = _cluster.Outside("curl", "-si", "--max-time", "30", $"http://{node}:{port}/");
                if (output.StartsWith($"HTTP/1.1 {wanted}", StringComparison.Ordinal) || (wanted == "refused" && code == 7))
                {
                    return output;
                }

                Assert.False(deadline.IsCancellationRequested, $"{node}:{port} does not answer {wanted} but {output}");
            }
        }
    }

    [Fact]
    public void A_service_without_endpoints_refuses_at_once()
    {
        _cluster.Kubectl("create", "service", "clusterip", "nobody", "--tcp=80:80");
        var address = _cluster.Kubectl("get", "service", "nobody", "-o", "jsonpath={.spec.clusterIP}");

        // curl's exit code 7 is "refused"; 28 would be silence.
        var error = Assert.Throws<InvalidOperationException>(() => _cluster.Ask("postgres-0", address));

        Assert.Contains("exit 7", error.Message, StringComparison.Ordinal);
    }

    private JsonNode FromOutside(string address)
    {
        var (code, output, error) = _cluster.Outside("curl", "-sS", "--max-time", "120", "--retry", "60", "--retry-delay", "1", "--retry-all-errors", $"http://{address}/");
        return code == 0 ? JsonNode.Parse(output)! : throw new InvalidOperationException($"{address}: exit {code}: {error}");
    }
}
