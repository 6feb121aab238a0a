using System.Text.Json.Nodes;

namespace Fairlead.ClusterTests.Api;

public sealed partial class KubectlVerbTests
{
    [Fact]
    public void Get_prints_documents_of_either_form_and_every_namespace()
    {
        var (one, two) = (Namespace(), Namespace());
        api.Kubectl("create", "configmap", "shown", "-n", one, "--from-literal=key=first");
        api.Kubectl("create", "configmap", "shown", "-n", two, "--from-literal=key=second");
        Assert.Matches(@"apiVersion: v1\ndata:\n  key: first\nkind: ConfigMap\n", api.Kubectl("get", "configmap", "shown", "-n", one, "-o", "yaml"));
        Assert.Matches("\"data\": \\{\n +\"key\": \"second\"\n", api.Kubectl("get", "configmap", "shown", "-n", two, "-o", "json"));
        var all = api.Kubectl("get", "configmaps", "-A", "--show-labels");
        Assert.Matches($@"^NAMESPACE +NAME +DATA +AGE +LABELS\n", all);
        Assert.Matches($@"\n{one} +shown +1 +\d+s +<none>\n", all);
        Assert.Matches($@"\n{two} +shown +1 +\d+s +<none>\n", all);
    }

    [Fact]
    public void Explain_and_describe_know_every_kind()
    {
        var ns = Namespace();
        api.KubectlWith(
            """
            ---
            {apiVersion: v1, kind: Pod, metadata: {name: p, labels: {app: x}}, spec: {containers: [{name: c, image: busybox, ports: [{name: http, containerPort: 8080}]}]}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: s}, spec: {type: NodePort, selector: {app: x}, ports: [{name: web, port: 80, targetPort: http}]}}
            ---
            {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: np}, spec: {podSelector: {matchLabels: {app: x}}, ingress: [{ports: [{port: 8080, endPort: 8090}]}]}}
            ---
            {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i}, spec: {defaultBackend: {service: {name: s, port: {name: web}}}}}
            ---
            {apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {replicas: 0, selector: {matchLabels: {app: z}}, template: {metadata: {labels: {app: z}}, spec: {containers: [{name: c, image: two}]}}}}
            """,
            "apply", "-n", ns, "-f", "-");
        api.KubectlWith(ClusterPolicy(ns, 40), "apply", "-f", "-");
        (string Kind, string Name, string Explained, string Described)[] kinds =
        [
            ("pod", "p", "pod.spec.dnsConfig.nameservers", @"Containers:\n  c:\n(.*\n)*? +Port: +8080/TCP( \(http\))?\n"),
            ("service", "s", "service.spec.externalTrafficPolicy", @"TargetPort: +http/TCP\nNodePort: +web  3\d{4}/TCP\n"),
            ("networkpolicy", "np", "networkpolicy.spec.ingress.from.ipBlock.except", @"PodSelector: +app=x\n  Allowing ingress traffic:\n    To Port( Range: 8080-8090|: 8080)/TCP"),
            ("ingress", "i", "ingress.spec.rules.http.paths.pathType", @"Default backend: +s:web"),
            ("deployment", "d", "deployment.spec.strategy.rollingUpdate.maxSurge", @"Replicas: +0 desired"),
            ("clusternetworkpolicy", ns, "cnp.spec.egress.protocols.tcp.destinationPort.range.start", @"Tier: +Baseline\n"),
            ("namespace", ns, "namespace.status.phase", @"Status: +Active"),
        ];
        foreach (var (kind, name, explained, described) in kinds)
        {
            Assert.Matches($@"FIELD: {explained.Split('.')[^1]} <", api.Kubectl("explain", explained));
            Assert.Matches(described, api.Kubectl("describe", kind, name, "-n", ns));
        }

        Assert.Contains("endpoints.conditions.serving", Flat(api.Kubectl("explain", "endpointslice", "--recursive")), StringComparison.Ordinal);

        // Fields below others stand further to the right.
        static string Flat(string tree) => string.Join('\n', Paths(tree.Split('\n')));

        static IEnumerable<string> Paths(string[] lines)
        {
            var open = new Stack<(int Depth, string Name)>();
            foreach (var line in lines.Where(line => line.StartsWith("  ", StringComparison.Ordinal) && line.Contains('<', StringComparison.Ordinal)))
            {
                var depth = line.Length - line.TrimStart().Length;
                while (open.Count > 0 && open.Peek().Depth >= depth)
                {
                    open.Pop();
                }

                open.Push((depth, line.Trim().Split(['\t', ' '])[0]));
                yield return string.Join('.', open.Reverse().Select(one => one.Name));
            }
        }
    }

    [Fact]
    public void A_cluster_policy_is_applied_printed_patched_and_judged()
    {
        var name = Namespace();
        api.KubectlWith(ClusterPolicy(name, 40), "apply", "-f", "-");
        api.KubectlWith(ClusterPolicy(name, 41), "apply", "-f", "-");
        Assert.Matches($@"^NAME +TIER +PRIORITY +AGE\n{name} +Baseline +41 +", api.Kubectl("get", "cnp", name));
        api.Kubectl("patch", "cnp", name, "--type", "merge", "-p", """{"spec":{"priority":42}}""");
        Assert.Equal("42", api.Kubectl("get", "clusternetworkpolicies.policy.networking.k8s.io", name, "-o", "jsonpath={.spec.priority}"));
        api.KubectlWith(ClusterPolicy(name, 43), "apply", "--server-side", "--force-conflicts", "-f", "-");
        Assert.Contains("f:subject", api.Kubectl("get", "cnp", name, "-o", "json", "--show-managed-fields"), StringComparison.Ordinal);
        var (code, _, error) = api.TryKubectl(ClusterPolicy(name, 4300), "apply", "-f", "-");
        Assert.NotEqual(0, code);
        Assert.Contains("spec.priority: Invalid value: 4300", error, StringComparison.Ordinal);
        (code, _, error) = api.TryKubectl(ClusterPolicy(name, 43).Replace("namespaces: {}", "domainNames: [a.b]", StringComparison.Ordinal), "apply", "-f", "-");
        Assert.NotEqual(0, code);
        Assert.Contains("unknown field \"spec.ingress[0].from[0].domainNames\"", error, StringComparison.Ordinal);
        api.Kubectl("delete", "cnp", name);
    }

    private static string ClusterPolicy(string name, int priority) =>
        $"{{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {{name: {name}}}, spec: {{tier: Baseline, priority: {priority}, " +
        "subject: {pods: {podSelector: {}}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}}";

    [Fact]
    public void A_pod_is_bound_by_its_subresource_once()
    {
        var ns = Namespace();
        api.KubectlWith("---\n{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {schedulerName: mine, containers: [{name: c, image: busybox}]}}", "create", "-n", ns, "-f", "-");
        string[] bind = ["create", "--raw", $"/api/v1/namespaces/{ns}/pods/p/binding", "-f", "-"];
        const string Binding = """{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p"},"target":{"kind":"Node","name":"somewhere"}}""";
        api.KubectlWith(Binding, bind);
        Assert.Equal("somewhere True", api.Kubectl("get", "pod", "p", "-n", ns, "-o", "jsonpath={.spec.nodeName} {.status.conditions[?(@.type==\"PodScheduled\")].status}"));
        Assert.Contains("Conflict", api.TryKubectl(Binding, bind).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_Ingress_is_created_given_the_default_class_described_and_listed()
    {
        var ns = Namespace();
        var stored = api.TryKubectl(
            """
            ---
            {apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: verbs, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}, spec: {controller: example.org/c}}
            ---
            {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i}, spec: {defaultBackend: {service: {name: s, port: {number: 80}}}}}
            """,
            "apply", "-n", ns, "-f", "-");
        Assert.Equal((0, "ingressclass.networking.k8s.io/verbs created\ningress.networking.k8s.io/i created\n", ""), stored);
        Assert.Matches(@"\ni +verbs +\* +80 +\d+s", api.Kubectl("get", "ingress", "-n", ns));

        api.Kubectl(
            "create", "ingress", "web", "-n", ns, "--default-backend=s:http", "--annotation", "a/b=c", "--class=other",
            "--rule=shop.example.org/cart*=cart:8080,tls=cert", "--rule=*.example.org/exact=x:http");
        api.Kubectl("patch", "ingress", "web", "-n", ns, "--subresource=status", "--type=merge", "-p", """{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}}""");
        Assert.Matches(@"\nweb +other +shop.example.org,\*.example.org +192.0.2.1 +80, 443 +\d+s", api.Kubectl("get", "ingress", "-n", ns));
        var described = api.Kubectl("describe", "ingress", "web", "-n", ns);
        foreach (var part in (string[])
        [
            @"Address: +192.0.2.1\n", @"Ingress Class: +other\n", @"Default backend: +s:http", @"TLS:\n +cert terminates shop.example.org\n",
            @"shop.example.org +\n +/cart +cart:8080", @"\*.example.org +\n +/exact +x:http", @"Annotations: +a/b: c\n",
        ])
        {
            Assert.Matches(part, described);
        }

        var (code, _, error) = api.TryKubectl("", "create", "ingress", "bad", "-n", ns, "--rule=shop.example.org/a//b=cart:8080");
        Assert.Equal(1, code);
        Assert.Contains("must not contain '//'", error, StringComparison.Ordinal);
        api.Kubectl("delete", "ingressclass", "verbs");
    }

    [Theory]
    [InlineData("Service", "v1", "services", """{"clusterIP":"10.96.9.9","clusterIPs":["10.96.9.9"]}""", "spec.clusterIPs[0]")]
    [InlineData("Deployment", "apps/v1", "deployments", """{"selector":{"matchLabels":{"app":"other"}}}""", "spec.selector")]
    public async Task An_immutable_field_is_refused_with_422_and_its_path(string kind, string group, string resource, string change, string path)
    {
        var ns = Namespace();
        const string Spec = """{ports: [{port: 80}], replicas: 0, selector: {matchLabels: {app: d}}, template: {metadata: {labels: {app: d}}, spec: {containers: [{name: c, image: one}]}}}""";
        var spec = kind == "Service" ? "{ports: [{port: 80}]}" : Spec.Replace("ports: [{port: 80}], ", "", StringComparison.Ordinal);
        api.KubectlWith($"---\n{{apiVersion: {group}, kind: {kind}, metadata: {{name: fixed}}, spec: {spec}}}", "create", "-n", ns, "-f", "-");

        using var client = api.Client();
        using var content = new StringContent($$"""{"spec":{{change}}}""", new System.Net.Http.Headers.MediaTypeHeaderValue("application/merge-patch+json"));
        using var answer = await client.PatchAsync($"/{(group == "v1" ? "api" : "apis")}/{group}/namespaces/{ns}/{resource}/fixed", content);
        var status = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal((422, "Invalid"), ((int)answer.StatusCode, (string?)status["reason"]));
        Assert.Contains(status["details"]!["causes"]!.AsArray(), cause => (string?)cause!["field"] == path);

        var (code, _, error) = api.TryKubectl("", "patch", resource, "fixed", "-n", ns, "--type=merge", "-p", $$"""{"spec":{{change}}}""");
        Assert.Equal(1, code);
        Assert.StartsWith($"The {kind} \"fixed\" is invalid: ", error, StringComparison.Ordinal);
        Assert.Contains(path, error, StringComparison.Ordinal);
    }
}
