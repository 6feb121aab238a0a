using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Reflectors;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Yaml;
using Fairlead.Linux.Addresses;
using Fairlead.Policy.Findings;
using Fairlead.Testing;

namespace Fairlead.Tests.Policy;

/// <summary>Each classic mistake is found in the manifest that makes it, and in none that does not.</summary>
public sealed class FindingTests
{
    private const string Pods = """
        ---
        {kind: Namespace, metadata: {name: shop, labels: {kubernetes.io/metadata.name: shop, team: a}}}
        ---
        {kind: Namespace, metadata: {name: monitoring, labels: {kubernetes.io/metadata.name: monitoring}}}
        ---
        {kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, spec: {containers: [{ports: [{name: http, containerPort: 3000}]}]}}
        ---
        {kind: Pod, metadata: {name: api, namespace: shop, labels: {app: api}}, spec: {containers: [{ports: [{name: http, containerPort: 8080}, {name: metrics, containerPort: 9090}]}]}}
        ---
        {kind: Pod, metadata: {name: prometheus, namespace: monitoring, labels: {app: prometheus}}, spec: {containers: [{}]}}
        ---
        {kind: Service, metadata: {name: api, namespace: shop}, spec: {clusterIP: 10.96.3.4, clusterIPs: [10.96.3.4], selector: {app: api}, ports: [{name: http, port: 80, targetPort: http}]}}
        ---
        {kind: Service, metadata: {name: kube-dns, namespace: kube-system}, spec: {clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10], selector: {k8s-app: kube-dns}, ports: [{name: dns, protocol: UDP, port: 53}]}}
        ---
        {kind: Node, metadata: {name: one}, spec: {podCIDR: 10.244.1.0/24}}
        ---
        {kind: Namespace, metadata: {name: kube-system, labels: {kubernetes.io/metadata.name: kube-system}}}
        """;

    [Theory]
    // Services
    [InlineData("S", "selector: {app: api}, ports: [{port: 80, targetPort: 80}]", "target-port-undeclared", "spec.ports[0].targetPort: no pod it selects declares TCP 80; they declare 8080 (http), 9090 (metrics)")]
    [InlineData("S", "selector: {app: web}, ports: [{port: 80}]", "target-port-undeclared", "spec.ports[0].targetPort: no pod it selects declares TCP 80; they declare 3000 (http); did you mean 3000?")]
    [InlineData("S", "selector: {app: api}, ports: [{port: 80, targetPort: https}]", "target-port-name-absent", "spec.ports[0].targetPort: no pod it selects gives a TCP port the name https; they declare 8080 (http), 9090 (metrics)")]
    [InlineData("S", "selector: {app: api}, ports: [{port: 53, protocol: UDP, targetPort: http}]", "target-port-name-absent", "spec.ports[0].targetPort: no pod it selects gives a UDP port the name http; they declare none")]
    [InlineData("S", "selector: {app: wep}, ports: [{port: 80}]", "service-selects-nothing", "spec.selector: it selects pods app=wep, and there is none in namespace shop; did you mean app=web? shop/web has it")]
    [InlineData("S", "selector: {ap: web}, ports: [{port: 80}]", "?service-selects-nothing", "spec.selector: it selects pods ap=web, and there is none in namespace shop")]
    [InlineData("S", "selector: {app: database}, ports: [{port: 80}]", "?service-selects-nothing", "spec.selector: it selects pods app=database, and there is none in namespace shop")]
    // selectors of policies
    [InlineData("P", "podSelector: {matchLabels: {app: apis}}", "policy-selects-nothing", "spec.podSelector: it is about pods app=apis, and there is none in namespace shop; did you mean app=api? shop/api has it")]
    [InlineData("P", "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: webb}}}]}]", "peer-selects-nothing", "spec.ingress[0].from[0].podSelector: it selects pods app=webb, and there is none in namespace shop; did you mean app=web? shop/web has it")]
    [InlineData("P", "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: prometheus}}}]}]", "peer-in-other-namespace",
        "spec.ingress[0].from[0].podSelector: without a namespaceSelector it selects pods of namespace shop alone, and none there is app=prometheus; such pods are in namespace monitoring; add namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}} to the same peer")]
    [InlineData("P", "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {name: monitoring}}}]}]", "namespace-label-unknown",
        "spec.ingress[0].from[0].namespaceSelector: no namespace has the labels name=monitoring; did you mean kubernetes.io/metadata.name=monitoring? That label each namespace has by itself")]
    [InlineData("P", "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: b}}}]}]", "namespace-label-unknown",
        "spec.ingress[0].from[0].namespaceSelector: no namespace has the labels team=b; labels are set on the namespace, not on its pods: kubectl label namespace")]
    [InlineData("P", "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: later}}}]}]", "?namespace-label-unknown",
        "spec.ingress[0].from[0].namespaceSelector: no namespace has the labels kubernetes.io/metadata.name=later")]
    [InlineData("P", "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}, {podSelector: {matchLabels: {app: prometheus}}}]}]", "peers-either-or",
        "spec.ingress[0].from[1]: namespaceSelector and podSelector are two peers here: every pod of namespaces kubernetes.io/metadata.name=monitoring, and pods app=prometheus of namespace shop; for pods that match both, make them one peer: one dash")]
    [InlineData("P", "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}, {podSelector: {matchLabels: {app: web}}}]}]", "?peers-either-or",
        "spec.ingress[0].from[1]: namespaceSelector and podSelector are two peers here: every pod of namespaces kubernetes.io/metadata.name=monitoring, and pods app=web of namespace shop; for pods that match both, make them one peer: one dash")]
    // ports of policies
    [InlineData("P", "podSelector: {matchLabels: {app: api}}, ingress: [{ports: [{port: 9090}, {port: 80}]}]", "policy-service-port",
        "spec.ingress[0].ports[1]: TCP 80 is the port of Service shop/api; shop/api behind it listens on 8080, and policy is decided after the Service's translation; allow port 8080")]
    [InlineData("P", "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{ports: [{port: 53, protocol: UDP}]}, {to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 80}]}]", "policy-service-port",
        "spec.egress[1].ports[0]: TCP 80 is the port of Service shop/api; shop/api behind it listens on 8080, and policy is decided after the Service's translation; allow port 8080")]
    // directions
    [InlineData("P", "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: api}}}]}]", "dns-egress-forgotten",
        "spec.egress: shop/web may not ask the cluster's DNS: no egress rule of any policy allows UDP 53 there; add a rule with port 53 of UDP and TCP")]
    [InlineData("P", "podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress], ingress: [{}]", "egress-without-rules",
        "spec.policyTypes: it has Egress and there is no egress rule: shop/web may open no connection, not even to the cluster's DNS; leave Egress out, or add egress rules")]
    [InlineData("P", "podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], egress: [{}]", "rules-without-type", "spec.egress: these rules have no effect: policyTypes has no Egress; add Egress to policyTypes")]
    // addresses
    [InlineData("P", "podSelector: {matchLabels: {app: web}}, egress: [{ports: [{port: 53, protocol: UDP}]}, {to: [{ipBlock: {cidr: 10.96.3.4/32}}]}]", "block-of-services",
        "spec.egress[1].to[0].ipBlock: 10.96.3.4/32 are addresses of Services: policy is decided after their translation, and never sees them; select the pods behind the Service")]
    [InlineData("P", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.244.1.7/32}}]}]", "?block-of-pods", "spec.ingress[0].from[0].ipBlock: 10.244.1.7/32 are addresses of pods, which no pod keeps; select pods by their labels")]
    [InlineData("P", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.244.1.7}}]}]", "not-understood", "spec.ingress[0].from[0].ipBlock.cidr: it is not understood (no range of addresses); what it belongs to allows nothing")]
    // the same in a ClusterNetworkPolicy
    [InlineData("C", "tier: Admin, priority: 1, subject: {namespaces: {matchLabels: {name: shop}}}", "namespace-label-unknown",
        "spec.subject: no namespace has the labels name=shop; did you mean kubernetes.io/metadata.name=shop? That label each namespace has by itself")]
    [InlineData("C", "tier: Admin, priority: 1, subject: {pods: {podSelector: {matchLabels: {app: api}}}}, ingress: [{action: Accept, from: [{namespaces: {}}], protocols: [{destinationNamedPort: x}, {tcp: {destinationPort: {number: 80}}}]}]",
        "policy-service-port", "spec.ingress[0].protocols[1]: TCP 80 is the port of Service shop/api; shop/api behind it listens on 8080, and policy is decided after the Service's translation; allow port 8080")]
    [InlineData("C", "tier: Middle, priority: 1, subject: {namespaces: {}}", "not-understood", "spec.tier: it is not understood (neither Admin nor Baseline); what it belongs to accepts nothing, and denies all that it denies or passes")]
    public void A_mistake_is_found_by_its_code_where_it_stands(string kind, string spec, string code, string line)
    {
        var (_, found) = Find(kind, spec);
        var severity = code[0] == '?' ? FindingSeverity.Hint : FindingSeverity.Warning;
        Assert.Equal([(severity, code.TrimStart('?'), $"{line} ({code.TrimStart('?')})")], found.Select(finding => (finding.Severity, finding.Code, finding.Line)));
    }

    [Theory]
    [InlineData("S", "selector: {app: api}, ports: [{port: 80, targetPort: http}, {port: 9090}]")]
    [InlineData("S", "selector: {app: api}, clusterIP: None, ports: [{port: 8080}]")]
    [InlineData("S", "ports: [{port: 80, targetPort: 1234}]")]
    [InlineData("S", "type: ExternalName, externalName: example.com")]
    // default-deny, in each form
    [InlineData("P", "podSelector: {}, policyTypes: [Ingress, Egress]")]
    [InlineData("P", "podSelector: {}, policyTypes: [Egress]")]
    [InlineData("P", "podSelector: {}")]
    // the DNS allowed in the ways it is written
    [InlineData("P", "podSelector: {}, egress: [{to: [], ports: [{port: 53, protocol: UDP}]}]")]
    [InlineData("P", "podSelector: {}, egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: 53, protocol: UDP}]}]")]
    [InlineData("P", "podSelector: {}, egress: [{to: [{namespaceSelector: {}}]}]")]
    [InlineData("P", "podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.96.0.10/32}}]}]")]
    [InlineData("P", "podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.96.3.4/32]}}]}]")]
    // ports
    [InlineData("P", "podSelector: {matchLabels: {app: api}}, ingress: [{ports: [{port: 80}, {port: 8080}]}]")]
    [InlineData("P", "podSelector: {matchLabels: {app: api}}, ingress: [{ports: [{port: http}]}, {ports: [{port: 9090}]}]")]
    [InlineData("P", "podSelector: {matchLabels: {app: web}}, egress: [{ports: [{port: 53, protocol: UDP}, {port: 80}]}]")]
    [InlineData("P", "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}, namespaceSelector: {matchLabels: {team: a}}}]}]")]
    [InlineData("C", "tier: Baseline, priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}], egress: [{action: Accept, to: [{nodes: {}}, {networks: [192.0.2.0/24]}]}]")]
    public void What_is_right_is_left_alone(string kind, string spec) => Assert.Empty(Find(kind, spec).Found);

    [Fact]
    public void Whoever_allows_the_DNS_for_the_same_pods_allows_it_for_all_their_policies()
    {
        var tables = Read(Pods + """

            ---
            {kind: NetworkPolicy, metadata: {name: dns, namespace: shop}, spec: {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 53, protocol: UDP}]}]}}
            ---
            {kind: NetworkPolicy, metadata: {name: web, namespace: shop}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]}}
            """);
        Assert.Empty(Lint.All(FindingWorld.Of(tables)));
        tables.Policies.Delete(new ObjectKey("shop", "dns"));
        Assert.Equal("dns-egress-forgotten", Assert.Single(Lint.All(FindingWorld.Of(tables))).Code);
    }

    /// <summary>The lesson's manifests make no mistake: neither all of them at once, nor one after the other, namespaces first.</summary>
    [Fact]
    public void The_lesson_gives_no_finding_and_no_warning_on_its_way()
    {
        var folder = Path.Combine(Checkout.Root, "examples", "lesson");
        string[] files = [.. Directory.GetFiles(folder, "*.yaml").OrderBy(file => Path.GetFileName(file) != "namespaces.yaml").ThenBy(file => file, StringComparer.Ordinal)];
        foreach (var order in new[] { files, [files[0], .. files[1..].Reverse()] })
        {
            var tables = Read("---\n{kind: Namespace, metadata: {name: default}}");
            foreach (var file in order)
            {
                Fill(tables, File.ReadAllText(file));
                Assert.DoesNotContain(Lint.All(FindingWorld.Of(tables)), finding => finding.Severity == FindingSeverity.Warning);
            }

            Assert.Empty(Lint.All(FindingWorld.Of(tables)));
        }
    }

    [Fact]
    public void Every_code_is_documented_with_an_example()
    {
        var text = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "policy.md"));
        var codes = typeof(FindingCode).GetFields().Select(field => (string)field.GetRawConstantValue()!).ToList();
        Assert.All(codes, code => Assert.Matches($@"\n\| `{code}` \| [^|]+ \| .*`.+` ?.*\|\n", text));
    }

    /// <summary>Whatever policies and pods there are, they are judged.</summary>
    [Fact]
    public void No_cluster_makes_the_checks_fail() => CsCheck.Check.Sample(PolicyGen.Case, generated =>
    {
        var services = generated.World.Dns is { } dns ? new[] { dns with { Key = new ObjectKey("a", "s"), Type = ServiceType.ClusterIP } } : [];
        var world = new FindingWorld(
            generated.World, System.Collections.Immutable.ImmutableDictionary.CreateRange(services.Select(row => KeyValuePair.Create(row.Key, row))), [IpNet.Parse("10.96.0.0/12")]);
        Assert.All(Lint.All(world), finding => Assert.StartsWith("spec", finding.Path, StringComparison.Ordinal));
    }, iter: 300);

    private static (FindingWorld World, List<Finding> Found) Find(string kind, string spec)
    {
        var (name, space) = kind switch { "S" => ("Service", "namespace: shop"), "P" => ("NetworkPolicy", "namespace: shop"), _ => ("ClusterNetworkPolicy", "a: b") };
        var tables = Read($"{Pods}\n---\n{{kind: {name}, metadata: {{name: tried, {space}}}, spec: {{{spec}}}}}");
        var world = FindingWorld.Of(tables);
        return (world, [.. Lint.All(world).Where(finding => finding.Object.Name == "tried")]);
    }

    private static ClusterTables Read(string manifests)
    {
        var tables = new ClusterTables();
        tables.ServiceCidrs.Upsert("kubernetes", new ServiceCidrRow("kubernetes", [IpNet.Parse("10.96.0.0/12")]));
        Fill(tables, manifests);
        return tables;
    }

    private static void Fill(ClusterTables tables, string manifests)
    {
        using var text = new StringReader(manifests);
        foreach (var document in YamlReader.ReadAll(text).OfType<JsonObject>())
        {
            var space = document.TextOr("default", "metadata", "namespace");
            if (document.Text("kind") is not ("Namespace" or "Node" or "ClusterNetworkPolicy"))
            {
                document["metadata"]!["namespace"] = space;
            }

            Put(tables, document);
        }
    }

    private static void Put(ClusterTables tables, JsonObject document)
    {
        switch (document.Text("kind"))
        {
            case "Namespace":
                var name = document.Text("metadata", "name");
                tables.Namespaces.Upsert(name, PodReader.Namespace(document) with
                {
                    Labels = Fairlead.Kube.Selectors.Labels.From([.. document.Labels("metadata", "labels").Where(pair => pair.Key != "kubernetes.io/metadata.name"), new("kubernetes.io/metadata.name", name)]),
                });
                break;
            case "Node":
                tables.Nodes.Upsert("one", PodReader.Node(document));
                break;
            case "Service":
                var service = ServiceReader.Read(document);
                tables.Services.Upsert(service.Key, service);
                break;
            case "NetworkPolicy":
                var policy = PolicyReader.Read(document);
                tables.Policies.Upsert(policy.Key, policy);
                break;
            case "ClusterNetworkPolicy":
                var wide = ClusterPolicyReader.Read(document);
                tables.ClusterPolicies.Upsert(wide.Name, wide);
                break;
            case "Deployment":
                Put(tables, new JsonObject
                {
                    ["kind"] = "Pod",
                    ["metadata"] = new JsonObject
                    {
                        ["name"] = document.Text("metadata", "name"),
                        ["namespace"] = document.Text("metadata", "namespace"),
                        ["labels"] = document.At("spec", "template", "metadata", "labels")?.DeepClone(),
                    },
                    ["spec"] = document.At("spec", "template", "spec")?.DeepClone(),
                });
                break;
            default:
                var pod = PodReader.Pod(document);
                tables.Pods.Upsert(pod.Key, pod);
                break;
        }
    }
}
