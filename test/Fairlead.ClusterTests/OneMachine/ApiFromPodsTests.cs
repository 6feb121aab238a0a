using System.Text.Json.Nodes;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>The API server and pods, by way of each other.</summary>
public sealed class ApiFromPodsTests(ClusterFixture cluster) : IClassFixture<ClusterFixture>
{
    private const string Account = "/var/run/secrets/kubernetes.io/serviceaccount";

    private const string Caller = """
        apiVersion: v1
        kind: Pod
        metadata: {name: NAME}
        spec:
          automountServiceAccountToken: MOUNT
          containers: [{name: c, image: "busybox:1.36", command: [sleep, "600"]}]
        """;

    [Fact]
    public void A_pod_finds_its_token_the_authority_and_the_API_server_which_knows_it()
    {
        Start("caller", "true");
        Assert.Equal("default", In("caller", $"cat {Account}/namespace"));
        var whoami = In("caller", Curl("/apis/authentication.k8s.io/v1/selfsubjectreviews", "-X POST -H 'Content-Type: application/json' -d {}"));
        var user = JsonNode.Parse(whoami)!["status"]!["userInfo"]!;
        Assert.Equal("system:serviceaccount:default:default", (string?)user["username"]);
        Assert.Equal("caller", (string?)user["extra"]!["authentication.kubernetes.io/pod-name"]![0]);
        Assert.Contains("cannot list resource", In("caller", Curl("/api/v1/namespaces/default/pods", "")), StringComparison.Ordinal);
        Assert.Contains("Read-only file system", cluster.TryKubectl("", "exec", "caller", "--", "sh", "-c", $"echo x > {Account}/token").Error, StringComparison.Ordinal);
        var token = In("caller", $"cat {Account}/token");
        cluster.Kubectl("delete", "pod", "caller", "--now");
        Start("other", "true");
        Assert.Contains("Unauthorized", In("other", Curl("/version", "", token)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pod_that_declines_has_no_token()
    {
        Start("shy", "false");
        Assert.Equal("none", In("shy", $"test -e {Account} || echo none"));
    }

    [Fact]
    public void The_API_server_reaches_pods_Services_and_nodes_for_its_clients()
    {
        Serve("web", "");
        foreach (var kind in (string[])["pods/web:80", "services/web:http"])
        {
            var answer = JsonNode.Parse(cluster.Kubectl("get", "--raw", $"/api/v1/namespaces/default/{kind}/proxy/some/path"))!;
            Assert.Equal("web", (string?)answer["pod"]);
        }

        var node = cluster.Kubectl("get", "pod", "web", "-o", "jsonpath={.spec.nodeName}");
        Assert.Contains("lastUpdated", cluster.Kubectl("get", "--raw", $"/api/v1/nodes/{node}:10256/proxy/healthz"), StringComparison.Ordinal);
        Assert.Contains("web_default_c.log", cluster.Kubectl("get", "--raw", $"/api/v1/nodes/{node}/proxy/logs/containers/"), StringComparison.Ordinal);
        Assert.Contains(
            "error trying to reach service: dial tcp", cluster.TryKubectl("", "get", "--raw", "/api/v1/namespaces/default/pods/web:81/proxy/").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_Service_of_a_further_range_is_served()
    {
        cluster.Kubectl("apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: more}\nspec: {cidrs: [203.0.113.0/24]}", ["apply", "-f", "-"]);
        cluster.Kubectl("wait", "--for=condition=Ready", "servicecidr/more", "--timeout=120s");
        Serve("far", "clusterIP: 203.0.113.10,");
        Start("asker", "false");
        Assert.Contains("far", In("asker", "curl -sS --max-time 30 http://203.0.113.10/"), StringComparison.Ordinal);
        cluster.Kubectl("delete", "service", "far");
        cluster.Kubectl("delete", "servicecidr", "more", "--timeout=120s");
    }

    [Fact]
    public async Task An_address_of_a_further_range_that_no_Service_has_is_dropped_as_long_as_there_is_the_range()
    {
        Start("lost", "false");
        var node = cluster.Kubectl("get", "pod", "lost", "-o", "jsonpath={.spec.nodeName}")[^1];
        Assert.Equal("7", In("lost", Reach));
        cluster.Kubectl("apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: spare}\nspec: {cidrs: [198.51.100.0/24]}", ["apply", "-f", "-"]);
        await UntilAsync(() => Ranges(node).Contains("198.51.100.0/24", StringComparison.Ordinal));

        // Whoever waits for an answer waits in vain (28), rather than being told by a router far away, or by whoever is there (7: could not connect).
        Assert.Equal("28", In("lost", Reach));
        cluster.Kubectl("delete", "servicecidr", "spare", "--timeout=120s");
        await UntilAsync(() => !Ranges(node).Contains("198.51.100.0/24", StringComparison.Ordinal));
        Assert.Equal("7", In("lost", Reach));
    }

    private const string Reach = "curl -sS --max-time 2 http://198.51.100.7/ 2>/dev/null; echo $?";

    private string Ranges(char node) =>
        Tool.Run("nsenter", $"--net=/run/netns/fairlead-{cluster.Name}-node-{node}", "nft", "list", "set", "inet", "fairlead-proxy", "service-ranges4");

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var deadline = Deadline.Token(); !holds();)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, deadline);
        }
    }

    /// <summary>A stand-in and its Service, ready to answer.</summary>
    private void Serve(string name, string address)
    {
        cluster.Kubectl(
            $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: {{name}}, labels: {app: {{name}} } }
            spec: {containers: [{name: c, image: nginx, ports: [{containerPort: 80}]}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: {{name}}}
            spec: { {{address}} selector: {app: {{name}} }, ports: [{name: http, port: 80}]}
            """,
            ["apply", "-f", "-"]);
        cluster.Kubectl("wait", "--for=condition=Ready", $"pod/{name}", "--timeout=120s");
        cluster.Kubectl("wait", "--for=jsonpath={.subsets[0].addresses[0].ip}", $"endpoints/{name}", "--timeout=120s");
    }

    /// <summary>By the variables that every pod has, as in-cluster clients do.</summary>
    private static string Curl(string path, string more, string token = "") =>
        $"curl -sS --max-time 30 --cacert {Account}/ca.crt -H \"Authorization: Bearer {(token.Length > 0 ? token : $"$(cat {Account}/token)")}\" {more} " +
        $"https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT{path}";

    private void Start(string name, string mount)
    {
        cluster.Kubectl(Caller.Replace("NAME", name, StringComparison.Ordinal).Replace("MOUNT", mount, StringComparison.Ordinal), ["apply", "-f", "-"]);
        cluster.Kubectl("wait", "--for=condition=Ready", $"pod/{name}", "--timeout=120s");
    }

    private string In(string pod, string script) => cluster.Kubectl("exec", pod, "--", "sh", "-c", script).Trim();
}
