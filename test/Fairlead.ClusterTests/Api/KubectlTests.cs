namespace Fairlead.ClusterTests.Api;

/// <summary>The kubectl of the machine, with no flags that a user would not give.</summary>
public sealed class KubectlTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Shop = """
        apiVersion: v1
        kind: Service
        metadata:
          name: shop
          labels: { app: shop }
        spec:
          selector: { app: shop }
          ports:
          - { name: http, port: 80, targetPort: 8080 }
          - { name: metrics, port: 9090 }
        """;

    [Fact]
    public void Apply_creates_then_changes_then_leaves_alone()
    {
        var ns = Namespace();
        Assert.Contains("service/shop created", api.KubectlWith(Shop, "apply", "-n", ns, "-f", "-"), StringComparison.Ordinal);
        Assert.Contains("service/shop unchanged", api.KubectlWith(Shop, "apply", "-n", ns, "-f", "-"), StringComparison.Ordinal);
        var less = Shop.Replace("  - { name: metrics, port: 9090 }", "", StringComparison.Ordinal).Replace("8080", "8081", StringComparison.Ordinal);
        Assert.Contains("service/shop configured", api.KubectlWith(less, "apply", "-n", ns, "-f", "-"), StringComparison.Ordinal);
        Assert.Equal("80:8081", api.Kubectl("get", "svc", "shop", "-n", ns, "-o", "jsonpath={range .spec.ports[*]}{.port}:{.targetPort}{end}"));
        Assert.NotEmpty(api.Kubectl("get", "svc", "shop", "-n", ns, "-o", "jsonpath={.spec.clusterIP}"));
    }

    [Fact]
    public void Diff_shows_what_apply_would_change_and_changes_nothing()
    {
        var ns = Namespace();
        api.KubectlWith(Shop, "apply", "-n", ns, "-f", "-");
        Assert.Equal(0, api.TryKubectl(Shop, "diff", "-n", ns, "-f", "-").Code);
        var (code, output, _) = api.TryKubectl(Shop.Replace("8080", "9999", StringComparison.Ordinal), "diff", "-n", ns, "-f", "-");
        Assert.Equal(1, code);
        Assert.Contains("+    targetPort: 9999", output, StringComparison.Ordinal);
        Assert.Equal("8080", api.Kubectl("get", "svc", "shop", "-n", ns, "-o", "jsonpath={.spec.ports[0].targetPort}"));
    }

    [Fact]
    public void Label_annotate_patch_edit_and_replace_change_an_object()
    {
        var ns = Namespace();
        api.Kubectl("create", "configmap", "c", "-n", ns, "--from-literal=key=before");
        api.Kubectl("label", "configmap", "c", "-n", ns, "tier=one");
        api.Kubectl("annotate", "configmap", "c", "-n", ns, "note=two");
        api.Kubectl("edit", "configmap", "c", "-n", ns);
        api.Kubectl("patch", "configmap", "c", "-n", ns, "-p", """{"data":{"strategic":"1"}}""");
        api.Kubectl("patch", "configmap", "c", "-n", ns, "--type=merge", "-p", """{"data":{"merge":"2"}}""");
        api.Kubectl("patch", "configmap", "c", "-n", ns, "--type=json", "-p", """[{"op":"add","path":"/data/json","value":"3"}]""");
        Assert.Equal(
            "one two after 1 2 3",
            api.Kubectl("get", "configmap", "c", "-n", ns, "-o", "jsonpath={.metadata.labels.tier} {.metadata.annotations.note} {.data.key} {.data.strategic} {.data.merge} {.data.json}"));
        Assert.Contains("c", api.Kubectl("get", "configmap", "-n", ns, "-l", "tier in (one,two),!absent", "-o", "name"), StringComparison.Ordinal);
        var (code, _, error) = api.TryKubectl("", "patch", "configmap", "c", "-n", ns, "--type=json", "-p", """[{"op":"test","path":"/data/json","value":"4"}]""");
        Assert.Equal(1, code);
        Assert.Contains("test failed", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_create_command_works_though_kubectl_sends_protobuf()
    {
        var ns = Namespace();
        api.Kubectl("create", "secret", "generic", "s", "-n", ns, "--from-literal=password=pw");
        api.Kubectl("create", "serviceaccount", "robot", "-n", ns);
        api.Kubectl("create", "deployment", "web", "-n", ns, "--image=nginx", "--replicas=0", "--port=8080");
        api.Kubectl("create", "service", "nodeport", "np", "-n", ns, "--tcp=80:8080");
        api.Kubectl("create", "ingress", "in", "-n", ns, "--rule=example.com/*=web:80");
        Assert.Equal("cHc=", api.Kubectl("get", "secret", "s", "-n", ns, "-o", "jsonpath={.data.password}"));
        Assert.Equal("0 8080 RollingUpdate", api.Kubectl(
            "get", "deploy", "web", "-n", ns, "-o", "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].ports[0].containerPort} {.spec.strategy.type}"));
        Assert.Equal("8080", api.Kubectl("get", "svc", "np", "-n", ns, "-o", "jsonpath={.spec.ports[0].targetPort}"));
        Assert.Equal("example.com web", api.Kubectl(
            "get", "ingress", "in", "-n", ns, "-o", "jsonpath={.spec.rules[0].host} {.spec.rules[0].http.paths[0].backend.service.name}"));
    }

    [Fact]
    public void Scale_and_expose_work_on_a_deployment()
    {
        var ns = Namespace();
        api.Kubectl("create", "deployment", "web", "-n", ns, "--image=nginx", "--replicas=1", "--port=8080");
        api.Kubectl("scale", "deployment", "web", "-n", ns, "--replicas=3");
        api.Kubectl("wait", "deployment/web", "-n", ns, "--for=jsonpath={.status.replicas}=3", "--timeout=120s");
        api.Kubectl("expose", "deployment", "web", "-n", ns, "--port=80", "--target-port=8080");
        Assert.Equal("80 8080 web", api.Kubectl(
            "get", "svc", "web", "-n", ns, "-o", "jsonpath={.spec.ports[0].port} {.spec.ports[0].targetPort} {.spec.selector.app}"));
        var (code, _, error) = api.TryKubectl("", "scale", "deployment", "web", "-n", ns, "--current-replicas=9", "--replicas=1");
        Assert.Equal(1, code);
        Assert.Contains("Expected replicas to be 9, was 3", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_namespace_goes_with_all_that_is_in_it()
    {
        var ns = Namespace();
        api.KubectlWith(Shop, "apply", "-n", ns, "-f", "-");
        api.Kubectl("create", "deployment", "web", "-n", ns, "--image=nginx", "--replicas=2");
        api.Kubectl("delete", "namespace", ns, "--timeout=120s");
        var (code, _, error) = api.TryKubectl("", "get", "namespace", ns);
        Assert.Equal(1, code);
        Assert.Contains($"namespaces \"{ns}\" not found", error, StringComparison.Ordinal);
        Assert.DoesNotContain(ns, api.Kubectl("get", "svc,deploy,rs,pods,endpointslices", "-A"), StringComparison.Ordinal);
        Assert.Contains("this namespace may not be deleted", api.TryKubectl("", "delete", "namespace", "default").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Wait_sees_conditions_values_and_deletion()
    {
        var ns = Namespace();
        api.Kubectl("create", "configmap", "c", "-n", ns, "--from-literal=phase=done");
        api.Kubectl("wait", "configmap/c", "-n", ns, "--for=jsonpath={.data.phase}=done", "--timeout=120s");
        using var waiting = api.Start(api.Kubeconfig, "wait", "configmap/c", "-n", ns, "--for=delete", "--timeout=120s");
        api.Kubectl("delete", "configmap", "c", "-n", ns);
        waiting.WaitForExit();
        Assert.Equal(0, waiting.ExitCode);
    }

    [Fact]
    public void Faults_of_a_manifest_are_told_as_kubectl_users_know_them()
    {
        var ns = Namespace();
        string Refused(string manifest, params string[] more)
        {
            var (code, _, error) = api.TryKubectl(manifest, ["apply", "-n", ns, "-f", "-", .. more]);
            Assert.Equal(1, code);
            return error;
        }

        Assert.Contains("unknown field \"spec.prots\"", Refused(Shop.Replace("ports:", "prots:", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("cannot unmarshal string into Go", Refused(Shop.Replace("port: 80,", "port: eighty,", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains(
            "spec.ports[0].port: Invalid value: -1: must be between 1 and 65535, inclusive",
            Refused(Shop.Replace("port: 80,", "port: -1,", StringComparison.Ordinal)), StringComparison.Ordinal);
        var (code, output, error) = api.TryKubectl(
            Shop.Replace("selector:", "selektor:", StringComparison.Ordinal), "create", "-n", ns, "--validate=warn", "-f", "-");
        Assert.Equal((0, "service/shop created\n"), (code, output));
        Assert.Contains("Warning: unknown field \"spec.selektor\"", error, StringComparison.Ordinal);
        Assert.Contains("services \"shop\" already exists", api.TryKubectl(Shop, "create", "-n", ns, "-f", "-").Error, StringComparison.Ordinal);
        Assert.Contains(
            "spec.clusterIP", Refused(Shop.Replace("spec:", "spec:\n  clusterIP: 10.96.7.7", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_port_that_is_taken_or_out_of_range_and_text_that_is_no_document_are_refused()
    {
        var ns = Namespace();
        api.Kubectl("create", "service", "nodeport", "first", "-n", ns, "--tcp=80", "--node-port=30099");
        var taken = api.TryKubectl("", "create", "service", "nodeport", "second", "-n", ns, "--tcp=80", "--node-port=30099");
        Assert.Equal(1, taken.Code);
        Assert.Contains("spec.ports[0].nodePort: Invalid value: 30099: provided port is already allocated", taken.Error, StringComparison.Ordinal);
        var outside = api.TryKubectl("", "create", "service", "nodeport", "second", "-n", ns, "--tcp=80", "--node-port=80");
        Assert.Equal(1, outside.Code);
        Assert.Contains("spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range", outside.Error, StringComparison.Ordinal);

        Assert.Contains("yaml: line 2", api.TryKubectl("kind: Service\n\tname: x\n", "apply", "-n", ns, "-f", "-").Error, StringComparison.Ordinal);
        var raw = api.TryKubectl("{\"kind\":", "create", "--raw", $"/api/v1/namespaces/{ns}/services", "-f", "-");
        Assert.Equal(1, raw.Code);
        Assert.Contains("Error from server (BadRequest)", raw.Error, StringComparison.Ordinal);
        Assert.Equal("service/first\n", api.Kubectl("get", "services", "-n", ns, "-o", "name"));
    }

    [Fact]
    public void A_dry_run_says_what_would_be_and_stores_nothing()
    {
        var ns = Namespace();
        Assert.Contains("created (server dry run)", api.KubectlWith(Shop, "apply", "-n", ns, "--dry-run=server", "-f", "-"), StringComparison.Ordinal);
        Assert.DoesNotContain("shop", api.Kubectl("get", "svc", "-n", ns), StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_are_the_servers_and_a_watch_goes_on_with_them()
    {
        var ns = Namespace();
        api.KubectlWith(Shop, "apply", "-n", ns, "-f", "-");
        Assert.Matches(@"^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE +SELECTOR\nshop +ClusterIP +10\.\S+ +<none> +80/TCP,9090/TCP +\d+s +app=shop", api.Kubectl("get", "svc", "-n", ns, "-o", "wide"));
        Assert.Contains("app=shop", api.Kubectl("get", "svc", "-n", ns, "--show-labels"), StringComparison.Ordinal);
        using var watch = api.Start(api.Kubeconfig, "get", "configmaps", "-n", ns, "-w", "--no-headers");
        api.Kubectl("create", "configmap", "c", "-n", ns);
        string? line;
        do
        {
            line = watch.StandardOutput.ReadLine();
        }
        while (line is not null && !line.StartsWith("c ", StringComparison.Ordinal));
        Assert.NotNull(line);
        watch.Kill();
    }

    [Fact]
    public void Lists_come_in_chunks_that_fit_together()
    {
        var ns = Namespace();
        var many = string.Join("\n---\n", Enumerable.Range(0, 25).Select(i => $"apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: c{i:d2} }}"));
        api.KubectlWith(many, "create", "-n", ns, "-f", "-");
        var names = api.Kubectl("get", "configmaps", "-n", ns, "-o", "name", "--chunk-size=4").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Enumerable.Range(0, 25).Select(i => $"configmap/c{i:d2}"), names.Where(name => name != "configmap/kube-root-ca.crt"));
    }

    [Fact]
    public void What_the_server_offers_can_be_asked()
    {
        Assert.Contains("\"gitVersion\": \"v1.", api.Kubectl("version", "-o", "json"), StringComparison.Ordinal);
        var resources = api.Kubectl("api-resources");
        Assert.Matches(@"networkpolicies +netpol +networking.k8s.io/v1 +true +NetworkPolicy", resources);
        Assert.Matches(@"services +svc +v1 +true +Service", resources);
        Assert.Contains("discovery.k8s.io/v1", api.Kubectl("api-versions"), StringComparison.Ordinal);
        Assert.Contains("sessionAffinityConfig", api.Kubectl("explain", "service.spec"), StringComparison.Ordinal);
        Assert.Contains("ok", api.Kubectl("get", "--raw", "/readyz"), StringComparison.Ordinal);
        Assert.Contains("fairlead-admin", api.Kubectl("auth", "whoami"), StringComparison.Ordinal);
        Assert.Contains("yes", api.Kubectl("auth", "can-i", "delete", "pods"), StringComparison.Ordinal);
        Assert.Contains("*.*", api.Kubectl("auth", "can-i", "--list"), StringComparison.Ordinal);
    }

    [Fact]
    public void Events_are_the_same_in_both_of_their_groups()
    {
        var ns = Namespace();
        api.KubectlWith(
            """{"apiVersion":"v1","kind":"Event","metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"p"},"reason":"Tested","message":"it was seen","type":"Normal"}"""
                .Replace("\"name\":\"p\"", $"\"name\":\"p\",\"namespace\":\"{ns}\"", StringComparison.Ordinal),
            "create", "-n", ns, "-f", "-");
        Assert.Contains("it was seen", api.Kubectl("events", "-n", ns), StringComparison.Ordinal);
        Assert.Contains("it was seen", api.Kubectl("get", "events", "-n", ns, "--field-selector", "involvedObject.name=p,reason!=Other"), StringComparison.Ordinal);
        Assert.Equal("it was seen p", api.Kubectl("get", "events.events.k8s.io", "e", "-n", ns, "-o", "jsonpath={.note} {.regarding.name}"));
        var (_, _, error) = api.TryKubectl("", "get", "events", "-n", ns, "--field-selector", "color=red");
        Assert.Contains("field label not supported: color", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Describe_finds_what_belongs_together()
    {
        var text = api.Kubectl("describe", "svc", "kubernetes");
        Assert.Matches(@"IP: +10\.96\.0\.1\n", text);
        Assert.Matches(@"Endpoints: +172\.30\.0\.1:6443\n", text);
        Assert.Matches(@"Cluster-IP|10\.96\.0\.10", api.Kubectl("get", "svc", "-n", "kube-system", "kube-dns"));
    }

    [Fact]
    public void A_node_and_the_pods_role_may_do_their_work_and_no_more()
    {
        var node = api.KubeconfigOf("node-one", api.Plane.IssueNode("one"));
        Assert.Equal(0, api.Run(node, "", "get", "services,endpointslices,networkpolicies,clusternetworkpolicies,nodes,pods,namespaces", "-A").Code);
        Assert.Contains(
            "User \"system:node:one\" cannot list resource \"secrets\" in API group \"\"", api.Run(node, "", "get", "secrets").Error, StringComparison.Ordinal);
        Assert.Equal("no\n", api.Run(node, "", "auth", "can-i", "update", "nodes/two", "--subresource=status").Output);
        string[][] writes =
        [
            ["update", "nodes/one", "--subresource=status"], ["patch", "nodes/one"], ["patch", "leases.coordination.k8s.io/two", "-n=kube-node-lease"], ["delete", "events"], ["get", "events"],
        ];
        Assert.All(writes, write => Assert.Equal("no\n", api.Run(node, "", ["auth", "can-i", .. write]).Output));
        Assert.Equal("yes\n", api.Run(node, "", "auth", "can-i", "create", "events").Output);
        Assert.Equal(0, api.Run(node, "", "get", "configmaps", "--namespace=kube-system", "--field-selector=metadata.name=coredns").Code);
        Assert.Contains("cannot list resource \"configmaps\"", api.Run(node, "", "get", "configmaps", "--namespace=kube-system").Error, StringComparison.Ordinal);
        Assert.Contains("cannot get resource \"configmaps\"", api.Run(node, "", "get", "configmap", "other", "--namespace=kube-system").Error, StringComparison.Ordinal);
        var pods = api.KubeconfigOf("pods", api.Plane.IssuePodsRole());
        Assert.Equal("yes\n", api.Run(pods, "", "auth", "can-i", "patch", "pods", "--subresource=status").Output);
        Assert.Equal("no\n", api.Run(pods, "", "auth", "can-i", "create", "pods").Output);
    }

    private string Namespace()
    {
        var name = $"t-{Guid.NewGuid():n}"[..12];
        api.Kubectl("create", "namespace", name);
        return name;
    }

}
