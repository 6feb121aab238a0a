using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Client;
using Fairlead.Kube.Schema;

namespace Fairlead.Tests.Kinds;

public sealed class ClusterNetworkPolicyKindTests
{
    private const string Everybody = """[{"namespaces":{}}]""";

    private readonly KindHarness _harness = new();

    /// <summary>Every kind of peer and protocol, as upstream's definition takes them.</summary>
    [Fact]
    public void A_policy_is_stored_as_it_was_written_and_printed_with_its_tier_and_priority()
    {
        const string Spec = """
            {"tier":"Baseline","priority":40,"subject":{"pods":{"podSelector":{"matchLabels":{"app":"db"}}}},
             "ingress":[{"name":"web","action":"Accept","from":[{"pods":{"namespaceSelector":{"matchLabels":{"team":"a"}},"podSelector":{}}},{"namespaces":{}}],
                         "protocols":[{"tcp":{"destinationPort":{"number":5432}}},{"destinationNamedPort":"metrics"}]}],
             "egress":[{"action":"Pass","to":[{"networks":["10.0.0.0/8","fd00::/8"]},{"nodes":{}}],"protocols":[{"udp":{"destinationPort":{"range":{"start":53,"end":54}}}}]},
                       {"action":"Deny","to":[{"networks":["0.0.0.0/0"]}]}]}
            """;
        var stored = _harness.Create(Policy(Spec));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Spec), stored["spec"]));
        Assert.Equal(1, stored.Number("metadata", "generation"));
        Assert.Equal(["x", "Baseline", "40", "60m"], new ClusterNetworkPolicyKind().Row(stored, KindHarness.Now).Select(cell => cell!.ToString()));
    }

    [Fact]
    public void It_is_found_as_upstreams_definition_is_and_domain_names_are_no_field()
    {
        var kind = KindTable.Find("policy.networking.k8s.io", "v1alpha2", "clusternetworkpolicies")!;
        Assert.Equal((false, "clusternetworkpolicy", "cnp", "status"), (kind.Type.Namespaced, kind.Singular, kind.ShortNames[0], kind.Subresources.Single().Name));
        var schema = SchemaCatalog.Default.Find(ResourceTypes.ClusterNetworkPolicies)!;
        var document = KindHarness.Parse(Policy(WithEgress("""{"action":"Accept","to":[{"domainNames":["example.com"]}]}""")));
        Assert.Equal(["spec.egress[0].to[0].domainNames"], DocumentDecoder.Decode(schema, document).UnknownFields);
    }

    [Theory]
    [InlineData("""{"priority":1,"subject":{"namespaces":{}}}""", "spec.tier: Required value")]
    [InlineData("""{"tier":"admin","priority":1,"subject":{"namespaces":{}}}""", "spec.tier: Unsupported value: \"admin\": supported values: \"Admin\", \"Baseline\"")]
    [InlineData("""{"tier":"Admin","subject":{"namespaces":{}}}""", "spec.priority: Required value")]
    [InlineData("""{"tier":"Admin","priority":-1,"subject":{"namespaces":{}}}""",
        "spec.priority: Invalid value: -1: spec.priority in body should be greater than or equal to 0")]
    [InlineData("""{"tier":"Admin","priority":1001,"subject":{"namespaces":{}}}""",
        "spec.priority: Invalid value: 1001: spec.priority in body should be less than or equal to 1000")]
    [InlineData("""{"tier":"Admin","priority":1}""", "spec.subject: Required value")]
    [InlineData("""{"tier":"Admin","priority":1,"subject":{"namespaces":{},"pods":{"podSelector":{}}}}""", "spec.subject: Too many: 2: must have at most 1 items")]
    [InlineData("""{"tier":"Admin","priority":1,"subject":{"pods":{"namespaceSelector":{}}}}""", "spec.subject.pods.podSelector: Required value")]
    [InlineData("""{"tier":"Admin","priority":1,"subject":{"namespaces":{"matchExpressions":[{"key":"a","operator":"Like"}]}}}""",
        "spec.subject.namespaces.matchExpressions[0].operator: Invalid value: \"Like\": not a valid selector operator")]
    public void A_policy_without_tier_priority_or_one_subject_is_refused(string spec, string fault) => Assert.Equal([fault], _harness.Faults(Policy(spec)));

    [Theory]
    [InlineData("""{"to":[{"namespaces":{}}]}""", "spec.egress[0].action: Required value")]
    [InlineData("""{"action":"Allow","to":[{"namespaces":{}}]}""", "spec.egress[0].action: Unsupported value: \"Allow\": supported values: \"Accept\", \"Deny\", \"Pass\"")]
    [InlineData("""{"action":"Deny"}""", "spec.egress[0].to: Required value")]
    [InlineData("""{"action":"Deny","to":[]}""", "spec.egress[0].to: Invalid value: 0: spec.egress[0].to in body should have at least 1 items")]
    [InlineData("""{"action":"Deny","to":[{}]}""", "spec.egress[0].to[0]: Invalid value: 0: spec.egress[0].to[0] in body should have at least 1 properties")]
    [InlineData("""{"action":"Deny","to":[{"nodes":{},"namespaces":{}}]}""", "spec.egress[0].to[0]: Too many: 2: must have at most 1 items")]
    [InlineData("""{"action":"Deny","to":[{"networks":["10.0.0.1/8"]}]}""",
        "spec.egress[0].to[0].networks[0]: Invalid value: \"10.0.0.1/8\": must not have bits set beyond the prefix length; did you mean \"10.0.0.0/8\"?")]
    [InlineData("""{"action":"Deny","to":[{"networks":["::/0","::/0"]}]}""", "spec.egress[0].to[0].networks[1]: Duplicate value: \"::/0\"")]
    [InlineData("""{"action":"Deny","to":[{"namespaces":{}}],"protocols":[{}]}""",
        "spec.egress[0].protocols[0]: Invalid value: 0: spec.egress[0].protocols[0] in body should have at least 1 properties")]
    [InlineData("""{"action":"Deny","to":[{"namespaces":{}}],"protocols":[{"tcp":{}}]}""", "spec.egress[0].protocols[0].tcp.destinationPort: Required value")]
    [InlineData("""{"action":"Deny","to":[{"namespaces":{}}],"protocols":[{"udp":{"destinationPort":{"number":0}}}]}""",
        "spec.egress[0].protocols[0].udp.destinationPort.number: Invalid value: 0: spec.egress[0].protocols[0].udp.destinationPort.number in body should be greater than or equal to 1")]
    [InlineData("""{"action":"Deny","to":[{"namespaces":{}}],"protocols":[{"sctp":{"destinationPort":{"range":{"start":80,"end":80}}}}]}""",
        "spec.egress[0].protocols[0].sctp.destinationPort.range: Invalid value: \"object\": start must be less than end")]
    [InlineData("""{"action":"Deny","to":[{"nodes":{}}],"protocols":[{"destinationNamedPort":"http"}]}""",
        "spec.egress[0]: Invalid value: \"object\": networks and nodes have no named ports: such peers cannot stand beside destinationNamedPort")]
    public void A_bad_rule_is_refused_with_the_path_of_the_field(string rule, string fault) => Assert.Equal([fault], _harness.Faults(Policy(WithEgress(rule))));

    [Fact]
    public void Lists_have_at_most_25_items()
    {
        var rules = string.Join(',', Enumerable.Repeat($$"""{"action":"Deny","from":{{Everybody}} }""", 26));
        Assert.Equal(
            ["spec.ingress: Too many: 26: must have at most 25 items"],
            _harness.Faults(Policy($$"""{"tier":"Admin","priority":1,"subject":{"namespaces":{} },"ingress":[{{rules}}]}""")));
        var networks = string.Join(',', Enumerable.Range(0, 26).Select(i => $"\"10.{i}.0.0/16\""));
        Assert.Equal(
            ["spec.egress[0].to[0].networks: Too many: 26: must have at most 25 items"],
            _harness.Faults(Policy(WithEgress($$"""{"action":"Deny","to":[{"networks":[{{networks}}]}]}"""))));
    }

    [Fact]
    public void Status_is_written_by_its_own_subresource_alone()
    {
        var old = _harness.Create(Policy(WithEgress($$"""{"action":"Deny","to":{{Everybody}} }""")));
        var told = _harness.Update(old, Tell, "status");
        Assert.Equal("Accepted", told["status"]!["conditions"]![0].Text("type"));
        Assert.Null(_harness.Update(old, Tell)["status"]);

        static void Tell(JsonObject obj) => obj["status"] = JsonNode.Parse(
            """{"conditions":[{"type":"Accepted","status":"True","reason":"Known","message":"","lastTransitionTime":"2026-01-02T03:04:05Z"}]}""");
    }

    private static string WithEgress(string rule) => $$"""{"tier":"Admin","priority":1,"subject":{"namespaces":{} },"egress":[{{rule}}]}""";

    private static string Policy(string spec) => $$"""{"apiVersion":"policy.networking.k8s.io/v1alpha2","kind":"ClusterNetworkPolicy","spec":{{spec}} }""";
}
