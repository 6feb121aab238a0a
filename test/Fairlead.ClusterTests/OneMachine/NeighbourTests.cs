using System.Text.Json.Nodes;

namespace Fairlead.ClusterTests.OneMachine;

[Collection(nameof(Neighbours))]
public sealed class NeighbourTests(Neighbours clusters)
{
    private const string Open = Neighbours.Open;
    private const string Closed = Neighbours.Closed;

    [Fact]
    public void What_is_in_use_gives_way_to_what_is_free()
    {
        Assert.Equal(
            ["172.29.0.11 10.245.0.0/24 10.112.0.1 https://127.0.0.1:6444", "172.28.0.11 10.246.0.0/24 10.128.0.1 https://127.0.0.1:6445"],
            new[] { Open, Closed }.Select(cluster => string.Join(
                ' ',
                clusters.Get(cluster, "node", $"{cluster}-1", "{.status.addresses[0].address}"),
                clusters.Get(cluster, "node", $"{cluster}-1", "{.spec.podCIDR}"),
                clusters.Get(cluster, "service", "kubernetes", "{.spec.clusterIP}"),
                clusters.Kubectl(cluster, "config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"))));
    }

    [Fact]
    public void Each_carries_its_own_packets_and_not_the_others()
    {
        foreach (var (cluster, other) in new[] { (Open, Closed), (Closed, Open) })
        {
            var own = clusters.Get(cluster, "pod", "asker", "{.status.podIP}");
            foreach (var address in new[] { clusters.Get(cluster, "pod", "web", "{.status.podIP}") + ":8080", clusters.Get(cluster, "service", "web", "{.spec.clusterIP}") })
            {
                var answer = clusters.Ask(cluster, address);
                Assert.Equal($"web {cluster}-1", $"{answer["pod"]} {answer["node"]}");
                Assert.StartsWith($"{own}:", (string?)answer["client"], StringComparison.Ordinal);
            }

            var foreign = clusters.Get(other, "pod", "web", "{.status.podIP}");
            Assert.NotEqual(0, clusters.InPod(cluster, "asker", "curl", "-sS", "--max-time", "1", $"http://{foreign}:8080/").Code);
            Assert.Contains("\"pod\":\"web\"", clusters.Machine.Run(
                "curl", "-sS", "--max-time", "120", "--retry", "60", "--retry-delay", "1", "--retry-all-errors", $"http://{clusters.Get(cluster, "service", "web", "{.status.loadBalancer.ingress[0].ip}")}/"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Under_sudo_the_users_own_kubeconfig_is_merged_into_and_keeps_what_it_has()
    {
        var (text, stat) = clusters.KubeconfigAfter;

        Assert.Equal("640 4711:4712", stat);
        Assert.Contains($"current-context: fairlead-{Open}\n", text, StringComparison.Ordinal);
        Assert.Contains($"name: fairlead-{Closed}\n", text, StringComparison.Ordinal);
        Assert.All(Neighbours.Foreign.Split('\n').Where(line => line.Length > 0 && !line.Contains("current", StringComparison.Ordinal) && !line.Contains("users", StringComparison.Ordinal)), line =>
            Assert.Contains(line + "\n", text, StringComparison.Ordinal));
        Assert.Equal([clusters.Kubeconfig], Directory.GetFiles(Path.GetDirectoryName(clusters.Kubeconfig)!));
    }

    [Theory]
    [InlineData("has 1 node, not 3", Open, "--nodes", "3")]
    [InlineData("started with --ip-family dual, not ipv4", Open, "--ip-family", "ipv4")]
    [InlineData("started with egress, not with --no-egress", Open, "--no-egress")]
    [InlineData("started with --no-egress, not with egress", Closed, "--no-egress=false")]
    [InlineData("started without --deny-external-ips, not with --deny-external-ips", Closed, "--deny-external-ips")]
    public void Another_wish_for_a_running_cluster_is_named(string difference, string cluster, params string[] options)
    {
        var file = Path.Combine(clusters.Machine.Directory, "refused.yaml");
        File.WriteAllText(file, ConfigMap("refused"));

        var (code, _, error) = clusters.TryFairlead(["up", "--name", cluster, "-f", file, .. options]);

        Assert.Equal(1, code);
        Assert.Contains(difference, error, StringComparison.Ordinal);
        Assert.Contains("hint: ", error, StringComparison.Ordinal);
        Assert.NotEqual(0, clusters.TryKubectl(cluster, "", "get", "configmap", "refused").Code);
    }

    [Theory]
    [InlineData("kind: Service\n\tname: broken\n", "line 1, column 7: ")]
    [InlineData("apiVersion: v1\nkind: 5\nmetadata: {name: broken}\n", "a document has no apiVersion and kind that are text")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: 5\n", "a Service has no metadata.name that is text")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: broken, namespace: [1]}\n", "metadata.namespace: json: cannot unmarshal array")]
    [InlineData("apiVersion: v2\nkind: Serviced\nmetadata: {name: broken}\n", "kind Serviced of v2 is not served")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: broken}\nspec: {selectr: {a: b}, ports: [{port: 80}]}\n", "unknown field \"spec.selectr\"")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: broken}\nspec: {ports: [{port: eighty}]}\n", "spec.ports[0].port: json: cannot unmarshal string")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: broken}\nspec: {ports: [{port: -1}]}\n", "spec.ports[0].port: Invalid value: -1")]
    public void A_broken_manifest_is_named_with_what_is_wrong_and_nothing_of_it_is_there(string manifest, string said)
    {
        var file = Path.Combine(clusters.Machine.Directory, "broken.yaml");
        File.WriteAllText(file, manifest);

        var (code, _, error) = clusters.TryFairlead("up", "--name", Closed, "-f", file);

        Assert.Equal(1, code);
        Assert.StartsWith($"error: {file}: ", error, StringComparison.Ordinal);
        Assert.Contains(said, error.Split('\n')[0], StringComparison.Ordinal);
        Assert.NotEqual(0, clusters.TryKubectl(Closed, "", "get", "service", "broken").Code);
    }

    [Fact]
    public void Up_on_a_running_cluster_shows_it_and_applies_what_it_is_given()
    {
        var file = Path.Combine(clusters.Machine.Directory, "given.yaml");
        File.WriteAllText(file, ConfigMap("given") + """
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: given}
            spec:
              replicas: 0
              selector: {matchLabels: {app: given}}
              template: {metadata: {labels: {app: given}}, spec: {containers: [{name: c, image: "registry.example/given:1"}]}}
            """);

        var (code, output, error) = clusters.TryFairlead("up", "--name", Closed, "--nodes", "1", "--no-egress", "-f", file);

        Assert.True(code == 0, error);
        Assert.Contains("ready", output, StringComparison.Ordinal);
        Assert.Contains("configmap/given created", output, StringComparison.Ordinal);
        Assert.Contains("warning: spec.template.spec.containers[0].image: \"registry.example/given:1\" is not run on this cluster", error, StringComparison.Ordinal);
        clusters.Kubectl(Closed, "get", "configmap", "given");
    }

    [Fact]
    public void Down_of_one_leaves_the_other_whole_and_a_range_taken_meanwhile_is_told()
    {
        clusters.Kubectl(Closed, "create", "configmap", "kept");
        var pods = clusters.Get(Closed, "node", $"{Closed}-1", "{.spec.podCIDR}");

        var (code, _, error) = clusters.TryFairlead("down", "--name", Closed, "--keep-state");

        Assert.True(code == 0, error);
        Assert.Equal("web", (string?)clusters.Ask(Open, clusters.Get(Open, "service", "web", "{.spec.clusterIP}"))["pod"]);
        Assert.Contains("ready", clusters.Machine.Run(ClusterFixture.BuiltProgram, "status", "--name", Open), StringComparison.Ordinal);
        Assert.DoesNotContain(Closed, File.ReadAllText(clusters.Kubeconfig), StringComparison.Ordinal);
        Assert.DoesNotContain(Closed, clusters.Machine.Run("nft", "list", "ruleset") + clusters.Machine.Run("ip", "netns"), StringComparison.Ordinal);

        clusters.Machine.Run("ip", "route", "add", pods, "dev", "taken");
        (code, _, error) = clusters.TryFairlead("up", "--detach", "--name", Closed);
        Assert.Equal(1, code);
        Assert.Contains($"10.246.0.0/16 for its pods, and this machine now uses {pods}", error, StringComparison.Ordinal);
        clusters.Machine.Run("ip", "route", "del", pods, "dev", "taken");

        clusters.Sudo("fresh", "up", "--detach", "--name", Closed);
        clusters.Kubectl(Closed, "get", "configmap", "kept");
        Assert.Contains("no egress", clusters.Machine.Run("nft", "list", "table", "inet", $"fairlead-host-{Closed}"), StringComparison.Ordinal);
        var fresh = Path.Combine(clusters.Machine.Directory, "fresh", ".kube");
        Assert.Equal("700 4711:4712\n600 4711:4712\n", clusters.Machine.Run("stat", "-c", "%a %u:%g", fresh, Path.Combine(fresh, "config")));

        // The pods are started anew, and what says so is true of now.
        clusters.Kubectl(Closed, "wait", "--for=condition=Ready", "pod/web", "pod/asker", "--timeout=120s");
        Assert.Equal("web", (string?)clusters.Ask(Closed, clusters.Get(Closed, "service", "web", "{.spec.clusterIP}"))["pod"]);
    }

    [Fact]
    public void A_full_disk_refuses_writes_and_loses_none_that_it_took()
    {
        var big = Path.Combine(clusters.Machine.Directory, "big");
        File.WriteAllText(big, new string('x', 700_000));
        clusters.Machine.TryRun("sh", "-c", "cat /dev/zero > /var/lib/fill");
        List<string> taken = [];
        var refusal = "";
        for (var i = 0; i < 40 && refusal.Length == 0; i++)
        {
            var (code, _, error) = clusters.TryKubectl(Open, "", "create", "configmap", $"full-{i}", $"--from-file={big}");
            if (code == 0)
            {
                taken.Add($"configmap/full-{i}");
            }

            refusal = code == 0 ? "" : error;
        }

        Assert.Contains("store.db is full; nothing was written", refusal, StringComparison.Ordinal);
        Assert.Equal("web", clusters.Get(Open, "pod", "web", "{.metadata.name}"));
        Assert.Equal("web", (string?)clusters.Ask(Open, clusters.Get(Open, "service", "web", "{.spec.clusterIP}"))["pod"]);

        clusters.Machine.Run("rm", "/var/lib/fill");
        clusters.Kubectl(Open, "run", "after", "--image=registry.example/web:1", "--port=80");
        clusters.Kubectl(Open, "wait", "--for=condition=Ready", "pod/after", "--timeout=120s");
        Assert.All(taken, name => clusters.Kubectl(Open, "get", name));
        var status = JsonNode.Parse(clusters.Machine.Run(ClusterFixture.BuiltProgram, "status", "--name", Open, "-o", "json"))!;
        Assert.Equal("ready", (string?)status["state"]);
        Assert.All(status["processes"]!.AsArray(), process => Assert.Equal(0, (int)process!["restarts"]!));
    }

    private static string ConfigMap(string name) => $"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n";
}
