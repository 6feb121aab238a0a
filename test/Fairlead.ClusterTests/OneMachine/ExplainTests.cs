using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Fairlead.Linux.Namespaces;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>`fairlead explain A B --probe` on a running cluster with the lesson and the classic mistakes: what is explained is what a real packet meets.</summary>
public sealed class ExplainTests : IClassFixture<ClusterFixture>
{
    private const string Mistakes =
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: front, labels: {app: front} }
        spec: {containers: [{name: main, image: "registry.example/web:1", ports: [{containerPort: 8080}]}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: mute, labels: {app: mute} }
        spec: {containers: [{name: main, image: "registry.example/web:1", ports: [{containerPort: 8080}]}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: store, labels: {app: store} }
        spec: {containers: [{name: main, image: "registry.example/web:1", ports: [{name: http, containerPort: 8080}]}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: vault, labels: {app: vault} }
        spec: {containers: [{name: main, image: "registry.example/web:1", ports: [{name: http, containerPort: 8080}]}]}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: right}, spec: {selector: {app: front}, ports: [{port: 80, targetPort: 8080}]} }
        ---
        {apiVersion: v1, kind: Service, metadata: {name: wrong-target}, spec: {selector: {app: front}, ports: [{port: 80, targetPort: 9999}]} }
        ---
        {apiVersion: v1, kind: Service, metadata: {name: loopback}, spec: {selector: {app: front}, ports: [{port: 80, targetPort: 7777}]} }
        ---
        {apiVersion: v1, kind: Service, metadata: {name: no-pods}, spec: {selector: {app: fornt}, ports: [{port: 80, targetPort: 8080}]} }
        ---
        {apiVersion: v1, kind: Service, metadata: {name: no-name}, spec: {selector: {app: store}, ports: [{port: 80, targetPort: htp}]} }
        ---
        {apiVersion: v1, kind: Service, metadata: {name: store}, spec: {selector: {app: store}, ports: [{port: 80, targetPort: http}]} }
        ---
        {apiVersion: v1, kind: Service, metadata: {name: vault}, spec: {selector: {app: vault}, ports: [{port: 80, targetPort: http}]} }
        ---
        # written against the Service's port: the pods see 8080
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: store}
        spec:
          podSelector: {matchLabels: {app: store} }
          ingress:
          - from: [{podSelector: {} }]
            ports: [{port: 80}]
        ---
        # a label that nothing sets
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: vault}
        spec:
          podSelector: {matchLabels: {app: vault} }
          ingress:
          - from: [{namespaceSelector: {matchLabels: {name: default} } }]
          - from:
            - podSelector: {matchLabels: {app: mute} }
        ---
        # no rule for the DNS
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: mute}
        spec:
          podSelector: {matchLabels: {app: mute} }
          policyTypes: [Egress]
          egress: [{to: [{podSelector: {} }]}]
        """;

    private readonly ClusterFixture _cluster;

    public ExplainTests(ClusterFixture cluster)
    {
        _cluster = cluster;
        _cluster.Kubectl("apply", "-f", Path.Combine(AppContext.BaseDirectory, "lesson"));
        _cluster.Apply(Mistakes);
        _cluster.Kubectl("wait", "--for=condition=Ready", "pod", "--all", "-A", "--timeout=120s");
        _cluster.Kubectl("wait", "--for=jsonpath={.status.loadBalancer.ingress[0].ip}", "service/web-service-lb", "--timeout=120s");
    }

    [Theory]
    [InlineData("mute", "front:8080")]
    [InlineData("front", "svc/right:80")]
    [InlineData("deploy/web", "svc/api-service")]
    [InlineData("web-frontend.production", "svc/api-service.production:80")]
    [InlineData("prometheus.monitoring", "svc/api-service.production:9090")]
    [InlineData("web-frontend.production", "svc/postgres-headless.default")]
    [InlineData("front", "svc/kubernetes")]
    [InlineData("front", "svc/kube-dns.kube-system:53/udp")]
    [InlineData("outside", "svc/web-service-lb")]
    [InlineData("outside", "svc/web-service-nodeport")]
    [InlineData("front", "svc/web-service-nodeport")]
    [InlineData("mute", "vault:8080")]
    public void What_is_open_is_explained_reachable_and_a_packet_arrives(string from, string to)
    {
        var (code, connections) = Agreed(from, to);

        Assert.All(connections, one => Assert.Equal("Reachable", (string)one["verdict"]!));
        Assert.Equal(0, code);
    }

    [Theory]
    [InlineData("front", "svc/wrong-target", "listener", "nothing in pod default/front listens on 9999/TCP; it listens on 8080/TCP")]
    [InlineData("mute", "wrong:1", "", "there is no pod wrong in namespace default")]
    [InlineData("store", "svc/no-pods", "endpoints", "the Service has no endpoint for this port: connections are refused")]
    [InlineData("front", "svc/no-name", "endpoints", "the Service has no endpoint for this port: connections are refused")]
    [InlineData("front", "svc/store", "ingress", "default/store is isolated by NetworkPolicy default/store, and no rule allows TCP 8080 from pod default/front")]
    [InlineData("front", "svc/vault", "ingress", "default/vault is isolated by NetworkPolicy default/vault, and no rule allows TCP 8080 from pod default/front")]
    [InlineData("mute", "svc/right", "dns", "default/mute is isolated by NetworkPolicy default/mute, and no rule allows UDP 53 to")]
    [InlineData("batch.production", "svc/api-service.production:80", "ingress", "production/api-server is isolated by NetworkPolicy production/api-network-policy")]
    [InlineData("api-server.production", "svc/right", "egress", "production/api-server is isolated by NetworkPolicy production/api-network-policy")]
    [InlineData("front", "svc/right:8080", "service", "8080 is the targetPort of port 80: that is the one to call")]
    [InlineData("outside", "svc/right", "service", "Service default/right has no address for the outside: it is of type ClusterIP")]
    public void A_mistake_is_named_and_no_packet_arrives(string from, string to, string step, string words)
    {
        if (step.Length == 0)
        {
            var (failed, _, error) = _cluster.TryFairlead("explain", from, to, "--name", _cluster.Name);
            Assert.Equal(1, failed);
            Assert.Contains(words, error, StringComparison.Ordinal);
            return;
        }

        var (code, connections) = Agreed(from, to);
        var one = Assert.Single(connections);
        var failing = one["steps"]!.AsArray().Concat(one["endpoints"]!.AsArray().SelectMany(endpoint => endpoint!["steps"]!.AsArray())).First(found => (string)found!["verdict"]! == "Fails")!;
        Assert.Equal(1, code);
        Assert.Equal(step, (string)failing["what"]!);
        Assert.Contains(words, (string)failing["words"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("front", "svc/right:80", 0, "was answered, as explained")]
    [InlineData("front", "svc/wrong-target", 1, "was refused at once, as explained")]
    [InlineData("front", "svc/vault", 1, "met silence; answered mute, as explained")]
    [InlineData("front", "svc/store", 1, "met silence, and there is nobody else to ask from: whether a policy is why cannot be told\n")]
    [InlineData("mute", "svc/right", 1, "right was not found by mute, as explained")]
    [InlineData("front", "svc/kube-dns.kube-system:53/udp", 0, "UDP cannot be told from within a container\n")]
    [InlineData("outside", "svc/web-service-lb", 0, "it is no pod\n")]
    public void By_what_a_container_has_a_packet_is_sent_too_and_silence_alone_proves_nothing(string from, string to, int code, string words)
    {
        var (exit, output, error) = ClusterFixture.Until(
            () => _cluster.TryFairlead("explain", from, to, "--probe", "--exec", "--name", _cluster.Name), seen => seen.Output.Contains(words, StringComparison.Ordinal));

        Assert.Contains(words, output + error, StringComparison.Ordinal);
        Assert.Equal(code, exit);
    }

    [Fact]
    public void A_program_that_listens_on_loopback_alone_is_found_out()
    {
        var uid = _cluster.Kubectl("get", "pod", "front", "-o", "jsonpath={.metadata.uid}");
        using var netns = NetNamespace.Open($"/run/fairlead/{_cluster.Name}/pods/default_front_{uid}/net");
        using var listener = netns.Run(() =>
        {
            var only = new TcpListener(IPAddress.Loopback, 7777);
            only.Start();
            return only;
        });

        var (code, connections) = Agreed("store", "svc/loopback");
        Assert.Equal(1, code);
        Assert.Contains("pod default/front listens on 127.0.0.1:7777/TCP only", (string)connections[0]["sentence"]!, StringComparison.Ordinal);
    }

    [Fact]
    public void With_the_users_manifests_a_rule_is_shown_by_file_and_line()
    {
        var file = Path.Combine(Path.GetTempPath(), $"fairlead-{Guid.NewGuid():N}.yaml");
        File.WriteAllText(file, Mistakes);
        try
        {
            var (code, output, _) = _cluster.TryFairlead("explain", "mute", "vault:8080", "--name", _cluster.Name, "-f", file);
            var line = Mistakes.Split('\n').ToList().FindIndex(text => text.Contains("matchLabels: {app: mute} }", StringComparison.Ordinal) && text.TrimStart().StartsWith("- pod", StringComparison.Ordinal)) + 1;
            Assert.Equal(0, code);
            Assert.Contains($"NetworkPolicy default/vault spec.ingress[1].from[0] allows TCP 8080 from pod default/mute", output, StringComparison.Ordinal);
            Assert.Contains($"{file}:{line}\n", output, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }

        // Without them, the rule itself.
        Assert.Contains("spec.ingress[1].from[0]:\n                podSelector:\n                  matchLabels:\n                    app: mute\n", _cluster.Fairlead("explain", "mute", "vault:8080", "--name", _cluster.Name), StringComparison.Ordinal);
    }

    [Fact]
    public void The_kubeconfigs_current_context_says_which_cluster_and_usage_errors_exit_2()
    {
        Assert.EndsWith("default/front can reach svc/right.default:80/TCP\n", _cluster.Fairlead("explain", "front", "svc/right"), StringComparison.Ordinal);
        Assert.StartsWith("reachable: true\nconnections:\n- from: default/front\n", _cluster.Fairlead("explain", "front", "svc/right", "-o", "yaml"), StringComparison.Ordinal);
        var file = Path.Combine(Path.GetTempPath(), $"fairlead-{Guid.NewGuid():N}.yaml");
        File.WriteAllText(file, Regex.Replace(File.ReadAllText(_cluster.Kubeconfig), "(?m)^current-context: .*$", "current-context: another"));
        try
        {
            var (code, _, error) = _cluster.TryFairlead("explain", "front", "svc/right", "--kubeconfig", file);
            Assert.Equal(2, code);
            Assert.Contains("contexts has no entry 'another'", error, StringComparison.Ordinal);
            var context = $"fairlead-{_cluster.Name}";
            Assert.EndsWith("default/front can reach svc/right.default:80/TCP\n", _cluster.Fairlead("explain", "front", "svc/right", "--kubeconfig", file, "--context", context), StringComparison.Ordinal);
            Assert.EndsWith("kubernetes resolves\n", _cluster.Fairlead("explain", "dns", "front", "kubernetes", "--kubeconfig", file, "--context", context), StringComparison.Ordinal);
            Assert.Equal(2, _cluster.TryFairlead("explain", "front", "svc/right", "--name", _cluster.Name, "--context", _cluster.Name).Code);
        }
        finally
        {
            File.Delete(file);
        }

        Assert.Equal(2, _cluster.TryFairlead("explain", "front", "svc/right:0").Code);
        Assert.Equal(2, _cluster.TryFairlead("explain", "front").Code);
        Assert.Equal(2, _cluster.TryFairlead("explain", "front", "node/" + _cluster.Name + "-1").Code);
    }

    /// <summary>
    /// Explains, and sends packets, until they met what was explained: what the API server has been told, the nodes hear of a moment later. Nothing waits for
    /// what was explained to change.
    /// </summary>
    private (int Code, IReadOnlyList<JsonNode> Connections) Agreed(string from, string to) => ClusterFixture.Until(
        () =>
        {
            var (code, output, error) = _cluster.TryFairlead("explain", from, to, "--probe", "-o", "json", "--name", _cluster.Name);
            Assert.True(code is 0 or 1 && output.StartsWith('{'), $"{code}: {error}{output}");
            return (code, (IReadOnlyList<JsonNode>)[.. JsonNode.Parse(output)!["connections"]!.AsArray().Select(one => one!)]);
        },
        seen => seen.Item2.All(one => (bool?)one["probe"]!["agrees"] == true));
}
