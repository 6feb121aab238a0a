using System.Globalization;
using System.Text.RegularExpressions;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.Api;

/// <summary>Verbs of kubectl beside those of <see cref="KubectlTests"/>, and refusals in the words that its users know.</summary>
public sealed partial class KubectlVerbTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public void Version_names_one_version_without_a_warning_of_skew()
    {
        var (_, output, error) = api.TryKubectl("", "version");
        Assert.Contains("Server Version: v1.33.0+fairlead", output, StringComparison.Ordinal);

        // kubectl warns where its own version is more than one away.
        var client = int.Parse(ClientMinor().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.Equal(Math.Abs(client - 33) > 1, (output + error).Contains("WARNING", StringComparison.Ordinal));
    }

    [Fact]
    public void Each_address_of_a_Service_is_an_IPAddress_and_goes_with_it()
    {
        var ns = Namespace();
        api.Kubectl("create", "service", "clusterip", "s", "-n", ns, "--tcp=80", "--clusterip=10.96.0.77");
        WaitFor("ipaddress/10.96.0.77");
        Assert.Contains($"services/{ns}/s", api.Kubectl("get", "ipaddresses"), StringComparison.Ordinal);
        Assert.Equal(
            "IPv4 ipallocator.k8s.io",
            api.Kubectl("get", "ip", "10.96.0.77", "-o", "jsonpath={.metadata.labels['ipaddress\\.kubernetes\\.io/ip-family']} {.metadata.labels['ipaddress\\.kubernetes\\.io/managed-by']}"));
        api.Kubectl("patch", "svc", "s", "-n", ns, "--type=merge", "-p", """{"spec":{"type":"ExternalName","externalName":"a.b","clusterIP":null,"clusterIPs":null}}""");
        api.Kubectl("wait", "ipaddress/10.96.0.77", "--for=delete", "--timeout=120s");
        api.Kubectl("wait", "servicecidr/kubernetes", "--for=condition=Ready", "--timeout=120s");
    }

    [Fact]
    public void A_ReplicaSet_is_scaled()
    {
        var ns = Namespace();
        api.KubectlWith(
            "---\n{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: r}, spec: {replicas: 1, selector: {matchLabels: {app: r}}, template: {metadata: {labels: {app: r}}, spec: {containers: [{name: c, image: one}]}}}}",
            "create", "-n", ns, "-f", "-");
        api.Kubectl("scale", "replicaset", "r", "-n", ns, "--replicas=3");
        api.Kubectl("wait", "replicaset/r", "-n", ns, "--for=jsonpath={.status.replicas}=3", "--timeout=120s");
        Assert.Equal(3, api.Kubectl("get", "pods", "-n", ns, "-l", "app=r", "-o", "name").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void Nodes_are_tainted_cordoned_and_uncordoned()
    {
        api.KubectlWith("---\n{apiVersion: v1, kind: Node, metadata: {name: verbs}}", "create", "-f", "-");
        Assert.Contains("node/verbs tainted", api.Kubectl("taint", "node", "verbs", "k=v:NoSchedule"), StringComparison.Ordinal);
        Assert.Contains("already has k taint(s)", api.TryKubectl("", "taint", "node", "verbs", "k=v:NoSchedule").Error, StringComparison.Ordinal);
        api.Kubectl("cordon", "verbs");
        Assert.Contains("SchedulingDisabled", api.Kubectl("get", "node", "verbs"), StringComparison.Ordinal);
        Assert.Contains("node/verbs uncordoned", api.Kubectl("uncordon", "verbs"), StringComparison.Ordinal);
        api.Kubectl("delete", "node", "verbs");
    }

    [Fact]
    public void Set_patches_parts_and_a_patch_writes_a_subresource()
    {
        var ns = Namespace();
        api.Kubectl("create", "deployment", "d", "-n", ns, "--image=one", "--replicas=0");
        api.Kubectl("expose", "deployment", "d", "-n", ns, "--port=80");
        api.Kubectl("set", "image", "deployment/d", "-n", ns, "one=two");
        api.Kubectl("set", "selector", "service", "d", "-n", ns, "tier=x");
        api.Kubectl("patch", "deployment", "d", "-n", ns, "--subresource=scale", "--type=merge", "-p", """{"spec":{"replicas":1}}""");
        Assert.Equal("two 1", api.Kubectl("get", "deployment", "d", "-n", ns, "-o", "jsonpath={.spec.template.spec.containers[0].image} {.spec.replicas}"));
        Assert.Equal("x", api.Kubectl("get", "svc", "d", "-n", ns, "-o", "jsonpath={.spec.selector.tier}"));
    }

    [Fact]
    public void Foreground_waits_for_the_pods_and_orphan_leaves_them()
    {
        var ns = Namespace();
        api.Kubectl("create", "deployment", "d", "-n", ns, "--image=one", "--replicas=2");
        api.Kubectl("wait", "deployment/d", "-n", ns, "--for=jsonpath={.status.replicas}=2", "--timeout=120s");
        api.Kubectl("delete", "deployment", "d", "-n", ns, "--cascade=foreground", "--timeout=120s");
        Assert.Empty(api.Kubectl("get", "deployment,replicaset,pod", "-n", ns, "-o", "name"));
        api.Kubectl("create", "deployment", "e", "-n", ns, "--image=one", "--replicas=1");
        api.Kubectl("wait", "deployment/e", "-n", ns, "--for=jsonpath={.status.replicas}=1", "--timeout=120s");
        api.Kubectl("delete", "deployment", "e", "-n", ns, "--cascade=orphan");
        Assert.Contains("replicaset.apps/e-", api.Kubectl("get", "replicaset,pod", "-n", ns, "-o", "name"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_scale_has_its_columns_and_can_be_applied()
    {
        var ns = Namespace();
        api.Kubectl("create", "deployment", "d", "-n", ns, "--image=one", "--replicas=2");
        api.Kubectl("wait", "deployment/d", "-n", ns, "--for=jsonpath={.status.replicas}=2", "--timeout=120s");
        Assert.Matches(@"^NAME +DESIRED +AVAILABLE +AGE\nd +2 +2 +\d+s", api.Kubectl("get", "deployment", "d", "-n", ns, "--subresource=scale"));
        Assert.Equal("Scale app=d", api.Kubectl("get", "deployment", "d", "-n", ns, "--subresource=scale", "-o", "jsonpath={.kind} {.status.selector}"));
        const string Scale = """{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"d"},"spec":{"replicas":1}}""";
        var patch = $"/apis/apps/v1/namespaces/{ns}/deployments/d/scale?fieldManager=scaler";
        Assert.Equal(409, ApplyAs(patch, Scale));
        Assert.Equal(200, ApplyAs(patch + "&force=true", Scale));
        Assert.Equal("1", api.Kubectl("get", "deployment", "d", "-n", ns, "-o", "jsonpath={.spec.replicas}"));
        Assert.Contains("scaler Apply scale", api.Kubectl(
            "get", "deployment", "d", "-n", ns, "-o", "jsonpath={range .metadata.managedFields[*]}{.manager} {.operation} {.subresource}{'\\n'}{end}"), StringComparison.Ordinal);
        api.Kubectl("create", "service", "loadbalancer", "lb", "-n", ns, "--tcp=80");
        const string Service = """
            {"apiVersion":"v1","kind":"Service","metadata":{"name":"lb"},"spec":{"type":"ClusterIP"},"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}}
            """;
        Assert.Equal(200, ApplyAs($"/api/v1/namespaces/{ns}/services/lb/status?fieldManager=teller", Service));
        Assert.Equal("LoadBalancer 192.0.2.1", api.Kubectl("get", "svc", "lb", "-n", ns, "-o", "jsonpath={.spec.type} {.status.loadBalancer.ingress[0].ip}"));
        Assert.Contains("teller Apply status", api.Kubectl(
            "get", "svc", "lb", "-n", ns, "-o", "jsonpath={range .metadata.managedFields[*]}{.manager} {.operation} {.subresource}{'\\n'}{end}"), StringComparison.Ordinal);
    }

    [Fact]
    public void Cluster_info_names_the_server_and_dumps_everything()
    {
        Assert.Matches($"Kubernetes control plane.* is running at .*https://{api.Plane.Endpoints[0]}", api.Kubectl("cluster-info"));
        var dump = api.Kubectl("cluster-info", "dump", "--namespaces=kube-system,default");
        Assert.Contains("\"kind\": \"DaemonSetList\"", dump, StringComparison.Ordinal);
        Assert.Contains("\"name\": \"kube-dns\"", dump, StringComparison.Ordinal);
        Assert.DoesNotContain("daemonsets", api.Kubectl("api-resources"), StringComparison.Ordinal);
    }

    [Fact]
    public void An_administrator_acts_as_others_and_gets_their_answers()
    {
        const string Robot = "--as=system:serviceaccount:default:robot";
        Assert.Matches(@"Username +system:serviceaccount:default:robot\n", api.Kubectl("auth", "whoami", Robot));
        Assert.Contains("[system:serviceaccounts system:serviceaccounts:default system:authenticated]", api.Kubectl("auth", "whoami", Robot), StringComparison.Ordinal);
        Assert.Equal("no\n", api.TryKubectl("", "auth", "can-i", "list", "pods", Robot).Output);
        Assert.Equal("yes\n", api.Kubectl("auth", "can-i", "list", "pods", "--as=jane", "--as-group=system:masters"));
        Assert.Equal("no\n", api.TryKubectl("", "auth", "can-i", "get", "/metrics", Robot).Output);
        Assert.Equal("yes\n", api.Kubectl("auth", "can-i", "get", "/version", Robot));
        Assert.Contains(
            "pods is forbidden: User \"system:serviceaccount:default:robot\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"",
            api.TryKubectl("", "get", "pods", "-n", "default", Robot).Error, StringComparison.Ordinal);
        var node = api.KubeconfigOf("node-two", api.Plane.IssueNode("two"));
        Assert.Contains(
            "users \"jane\" is forbidden: User \"system:node:two\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope",
            api.Run(node, "", "get", "pods", "--as=jane").Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_accounts_token_opens_discovery_and_nothing_else()
    {
        var ns = Namespace();
        api.Kubectl("create", "serviceaccount", "robot", "-n", ns);
        var token = api.Kubectl("create", "token", "robot", "-n", ns, "--duration=10m").Trim();
        using var robot = api.Client(token);
        Assert.Contains($"system:serviceaccount:{ns}:robot", (await PostAsync(robot, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}")).Body, StringComparison.Ordinal);
        Assert.Contains("\"networking.k8s.io\"", await robot.GetStringAsync("/apis"), StringComparison.Ordinal);
        var refused = await robot.GetAsync($"/api/v1/namespaces/{ns}/pods");
        Assert.Equal(403, (int)refused.StatusCode);
        Assert.Contains(
            $"pods is forbidden: User \\\"system:serviceaccount:{ns}:robot\\\" cannot list resource \\\"pods\\\" in API group \\\"\\\" in the namespace \\\"{ns}\\\"",
            await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(403, (int)(await robot.GetAsync("/metrics")).StatusCode);
        Assert.Equal(403, (await PostAsync(robot, "/apis/authentication.k8s.io/v1/tokenreviews", "{}")).Code);
        Assert.Contains("ES256", await robot.GetStringAsync("/openid/v1/jwks"), StringComparison.Ordinal);
        using var admin = api.Client();
        var review = (await PostAsync(admin, "/apis/authentication.k8s.io/v1/tokenreviews", $$$"""{"spec":{"token":"{{{token}}}"}}""")).Body;
        Assert.Contains("\"authenticated\":true", review, StringComparison.Ordinal);
        api.Kubectl("delete", "serviceaccount", "robot", "-n", ns);
        Assert.Equal(401, (int)(await robot.GetAsync("/apis")).StatusCode);
        Assert.Contains("\"authenticated\":false", (await PostAsync(admin, "/apis/authentication.k8s.io/v1/tokenreviews", $$$"""{"spec":{"token":"{{{token}}}"}}""")).Body, StringComparison.Ordinal);
        Assert.Contains("serviceaccounts \"robot\" not found", api.TryKubectl("", "create", "token", "robot", "-n", ns).Error, StringComparison.Ordinal);
        Assert.Contains("may not specify a duration less than 10 minutes", api.TryKubectl("", "create", "token", "default", "--duration=10s").Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ports: [{port: -1}]", "spec.ports[0].port: Invalid value: -1: must be between 1 and 65535, inclusive")]
    [InlineData("ports: [{port: eighty}]", "cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32")]
    [InlineData("type: NodePort, ports: [{port: 80, nodePort: 80}]", "provided port is not in the valid range. The range of valid ports is 30000-32767")]
    [InlineData("type: NodePort, ports: [{port: 80, nodePort: 30001, name: a}, {port: 81, nodePort: 30001, name: b}]", "spec.ports[1].nodePort: Duplicate value: 30001")]
    [InlineData("clusterIP: 1.2.3.4, ports: [{port: 80}]", "failed to allocate IP 1.2.3.4: the provided network does not match the current range")]
    [InlineData("selectr: {a: b}, ports: [{port: 80}]", "strict decoding error: unknown field \"spec.selectr\"")]
    [InlineData("type: Foo, ports: [{port: 80}]", "spec.type: Unsupported value: \"Foo\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \"NodePort\"")]
    public void A_bad_Service_is_refused_with_the_path_of_the_field(string spec, string said)
    {
        var (code, _, error) = api.TryKubectl($"---\n{{apiVersion: v1, kind: Service, metadata: {{name: bad}}, spec: {{{spec}}}}}", "apply", "-f", "-");
        Assert.Equal(1, code);
        Assert.Contains(said, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Metrics API not available", "top", "node")]
    [InlineData("Metrics API not available", "top", "pod")]
    [InlineData("the server doesn't have a resource type \"nosuch\"", "get", "nosuch")]
    [InlineData("field label not supported: bad", "get", "pods", "--field-selector=bad=1")]
    [InlineData("pods \"nosuch\" not found", "get", "pod", "nosuch")]
    public void What_is_not_there_is_told(string said, params string[] arguments)
    {
        var (code, _, error) = api.TryKubectl("", arguments);
        Assert.Equal(1, code);
        Assert.Contains(said, error, StringComparison.Ordinal);
    }

    /// <summary>A server-side apply that kubectl cannot send: of a Scale, or, before 1.32, of any subresource.</summary>
    private int ApplyAs(string path, string body)
    {
        using var client = api.Client();
        using var content = new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/apply-patch+yaml"));
        return (int)client.PatchAsync(path, content).Result.StatusCode;
    }

    private static async Task<(int Code, string Body)> PostAsync(HttpClient client, string path, string body)
    {
        using var content = new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
        var answer = await client.PostAsync(path, content);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>`kubectl wait --for=create` is of 1.31.</summary>
    private void WaitFor(string what)
    {
        var deadline = Deadline.Token();
        while (api.TryKubectl("", "get", what).Code != 0)
        {
            Assert.False(deadline.IsCancellationRequested, $"{what} never came");
        }
    }

    [GeneratedRegex(@"Client Version: v1\.(\d+)")]
    private static partial Regex ClientMinor();

    private string Namespace()
    {
        var ns = $"v-{Guid.NewGuid():N}"[..12];
        api.Kubectl("create", "namespace", ns);
        return ns;
    }
}
