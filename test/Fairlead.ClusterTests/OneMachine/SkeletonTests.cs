using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

[Collection(nameof(TwoNodes))]
public sealed class SkeletonTests(ClusterFixture cluster)
{
    [Fact]
    public void Up_brings_two_ready_nodes_with_addresses_and_pod_ranges()
    {
        var nodes = cluster.Kubectl("get", "nodes", "-o", "jsonpath={range .items[*]}{.metadata.name} {.status.addresses[0].address} {.spec.podCIDR} {.status.conditions[?(@.type==\"Ready\")].status}{\"\\n\"}{end}");

        Assert.Equal(
            [$"{cluster.Name}-1 172.30.0.11 True", $"{cluster.Name}-2 172.30.0.12 True"],
            nodes.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).Select(words => $"{words[0]} {words[1]} {words[3]}"));
        Assert.Equal(2, nodes.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[2]).Distinct().Count());
    }

    [Fact]
    public void Up_on_a_running_cluster_shows_it_and_refuses_another_size()
    {
        cluster.WhenReady();

        Assert.Contains("ready", cluster.Fairlead("up", "--name", cluster.Name), StringComparison.Ordinal);

        var (code, _, error) = cluster.TryFairlead("up", "--name", cluster.Name, "--nodes", "3");

        Assert.Equal(1, code);
        Assert.Contains("has 2 nodes, not 3", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Status_names_an_agent_that_is_gone_and_an_API_server_that_does_not_answer()
    {
        cluster.WhenReady();
        var processes = cluster.Processes();

        // Nobody starts the agent again meanwhile.
        Tool.Run("kill", "-STOP", $"{processes["up"]}");
        var (code, output, error) = (0, "", "");
        try
        {
            var agent = processes[$"agent {cluster.Name}-2"];
            Tool.Run("kill", "-KILL", $"{agent}");
            Assert.True(SpinWait.SpinUntil(() => HasEnded(agent), TimeSpan.FromSeconds(30)), "the agent did not end");
            (code, output, error) = cluster.TryFairlead("status", "--name", cluster.Name);
        }
        finally
        {
            Tool.Run("kill", "-CONT", $"{processes["up"]}");
        }

        Assert.Equal((1, ""), (code, error));
        Assert.StartsWith($"cluster {cluster.Name}: degraded\n", output, StringComparison.Ordinal);
        Assert.Contains($"  problem: agent {cluster.Name}-2 is not running; its log is /var/lib/fairlead/{cluster.Name}/logs/agent-{cluster.Name}-2.log\n", output, StringComparison.Ordinal);
        Assert.Contains("  problem: the API server does not answer: nothing was heard from 127.0.0.1:6443 in time\n", output, StringComparison.Ordinal);
    }

    // Gone, or waiting to be reaped (state Z of /proc/PID/stat).
    private static bool HasEnded(int process)
    {
        var stat = $"/proc/{process}/stat";
        return !File.Exists(stat) || File.ReadAllText(stat) is var text && text[text.LastIndexOf(')') + 2] == 'Z';
    }

    [Fact]
    public void The_API_server_listens_on_loopback_and_the_fabric_the_DNS_relay_on_the_fabric_and_nothing_elsewhere() =>
        Assert.Equal(
            ["127.0.0.1:6443", "172.30.0.1:10053", "172.30.0.1:6443"],
            cluster.Outside("ss", "-Htln").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3]).Order());

    [Fact]
    public void The_kubeconfig_that_is_printed_is_all_that_kubectl_needs()
    {
        var file = Path.Combine(Path.GetDirectoryName(cluster.Kubeconfig)!, "printed");
        File.WriteAllText(file, cluster.Fairlead("kubeconfig", "--name", cluster.Name));

        Assert.Contains($"node/{cluster.Name}-1", cluster.Kubectl("--kubeconfig", file, "get", "nodes", "-o", "name"), StringComparison.Ordinal);

        var (code, output, error) = cluster.TryFairlead("kubeconfig", "--name", "never-started");
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("there is no cluster never-started", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pod_reaches_a_pod_of_another_node_and_is_seen_by_its_own_address()
    {
        cluster.StandIn("near", 1);
        cluster.StandIn("far", 2);
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/near", "pod/far", "--timeout=120s");

        var answer = cluster.Ask("near", $"{cluster.PodAddress("far")}:8080");

        Assert.Equal("far", (string?)answer["pod"]);
        Assert.Equal($"{cluster.Name}-2", (string?)answer["node"]);
        Assert.StartsWith(cluster.PodAddress("near") + ":", (string?)answer["client"], StringComparison.Ordinal);
        Assert.Contains("Running", cluster.Kubectl("get", "pods"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_policy_that_allows_nobody_keeps_a_pod_from_its_first_packet_on()
    {
        cluster.Kubectl(
            """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: nobody}
            spec: {podSelector: {matchLabels: {app: kept}}, policyTypes: [Ingress]}
            """,
            ["apply", "-f", "-"]);
        cluster.StandIn("kept", 2);
        cluster.StandIn("asker", 1);
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/kept", "pod/asker", "--timeout=120s");

        var refused = Assert.Throws<InvalidOperationException>(() => cluster.Ask("asker", $"{cluster.PodAddress("kept")}:8080", seconds: 5));
        cluster.Kubectl("delete", "networkpolicy", "nobody");

        Assert.Contains("exit 28", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pod_resolves_services_by_the_node_and_a_killed_agent_answers_when_it_is_back()
    {
        cluster.StandIn("asking", 1);
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/asking", "--timeout=120s");
        string[] question = ["dig", "+short", "+tries=1", "+time=10", "@10.96.0.10", "kubernetes.default.svc.cluster.local"];
        Assert.Equal("10.96.0.1", cluster.InPod("asking", question).Trim());
        Assert.Contains("NXDOMAIN", cluster.InPod("asking", "dig", "+tries=1", "+time=10", "@10.96.0.10", "nothing.default.svc.cluster.local"), StringComparison.Ordinal);

        cluster.KillAgent(1);

        Assert.Equal("10.96.0.1", cluster.InPod("asking", question).Trim());
    }
}
