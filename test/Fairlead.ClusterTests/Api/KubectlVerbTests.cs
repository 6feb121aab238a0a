namespace Fairlead.ClusterTests.Api;

/// <summary>Verbs of kubectl beside those of <see cref="KubectlTests"/>, and refusals in the words that its users know.</summary>
public sealed class KubectlVerbTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public void Version_names_one_version_without_a_warning_of_skew()
    {
        var (_, output, error) = api.TryKubectl("", "version");
        Assert.Contains("Server Version: v1.33.0+fairlead", output, StringComparison.Ordinal);
        Assert.DoesNotContain("WARNING", output + error, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_address_of_a_Service_is_an_IPAddress_and_goes_with_it()
    {
        var ns = Namespace();
        api.Kubectl("create", "service", "clusterip", "s", "-n", ns, "--tcp=80", "--clusterip=10.96.0.77");
        api.Kubectl("wait", "ipaddress/10.96.0.77", "--for=create", "--timeout=30s");
        Assert.Contains($"services/{ns}/s", api.Kubectl("get", "ipaddresses"), StringComparison.Ordinal);
        Assert.Equal(
            "IPv4 ipallocator.k8s.io",
            api.Kubectl("get", "ip", "10.96.0.77", "-o", "jsonpath={.metadata.labels['ipaddress\\.kubernetes\\.io/ip-family']} {.metadata.labels['ipaddress\\.kubernetes\\.io/managed-by']}"));
        api.Kubectl("patch", "svc", "s", "-n", ns, "--type=merge", "-p", """{"spec":{"type":"ExternalName","externalName":"a.b","clusterIP":null,"clusterIPs":null}}""");
        api.Kubectl("wait", "ipaddress/10.96.0.77", "--for=delete", "--timeout=30s");
        api.Kubectl("wait", "servicecidr/kubernetes", "--for=condition=Ready", "--timeout=30s");
    }

    [Fact]
    public void Nodes_are_tainted_cordoned_and_uncordoned()
    {
        api.KubectlWith("{apiVersion: v1, kind: Node, metadata: {name: verbs}}", "create", "-f", "-");
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
        api.Kubectl("wait", "deployment/d", "-n", ns, "--for=jsonpath={.status.replicas}=2", "--timeout=30s");
        api.Kubectl("delete", "deployment", "d", "-n", ns, "--cascade=foreground", "--timeout=30s");
        Assert.Empty(api.Kubectl("get", "deployment,replicaset,pod", "-n", ns, "-o", "name"));
        api.Kubectl("create", "deployment", "e", "-n", ns, "--image=one", "--replicas=1");
        api.Kubectl("wait", "deployment/e", "-n", ns, "--for=jsonpath={.status.replicas}=1", "--timeout=30s");
        api.Kubectl("delete", "deployment", "e", "-n", ns, "--cascade=orphan");
        Assert.Contains("replicaset.apps/e-", api.Kubectl("get", "replicaset,pod", "-n", ns, "-o", "name"), StringComparison.Ordinal);
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
        var (code, _, error) = api.TryKubectl($"{{apiVersion: v1, kind: Service, metadata: {{name: bad}}, spec: {{{spec}}}}}", "apply", "-f", "-");
        Assert.Equal(1, code);
        Assert.Contains(said, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Metrics API not available", "top", "node")]
    [InlineData("the server doesn't have a resource type \"nosuch\"", "get", "nosuch")]
    [InlineData("field label not supported: bad", "get", "pods", "--field-selector=bad=1")]
    [InlineData("pods \"nosuch\" not found", "get", "pod", "nosuch")]
    public void What_is_not_there_is_told(string said, params string[] arguments)
    {
        var (code, _, error) = api.TryKubectl("", arguments);
        Assert.Equal(1, code);
        Assert.Contains(said, error, StringComparison.Ordinal);
    }

    private string Namespace()
    {
        var ns = $"v-{Guid.NewGuid():N}"[..12];
        api.Kubectl("create", "namespace", ns);
        return ns;
    }
}
