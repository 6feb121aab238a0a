using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Tests.Schema;

namespace Fairlead.Tests.Kinds;

public sealed class NetworkPolicyKindTests
{
    private readonly KindHarness _harness = new();

    [Theory]
    [InlineData("""{"podSelector":{}}""", "Ingress")]
    [InlineData("""{"podSelector":{},"egress":[]}""", "Ingress")]
    [InlineData("""{"podSelector":{},"egress":[{}]}""", "Ingress,Egress")]
    [InlineData("""{"podSelector":{},"policyTypes":["Egress"]}""", "Egress")]
    public void Policy_types_follow_the_rules_that_are_there(string spec, string types) =>
        Assert.Equal(types, string.Join(',', _harness.Create(Policy(spec)).List("spec", "policyTypes").Texts()));

    [Fact]
    public void The_policy_of_the_lesson_is_stored_as_a_real_server_stores_it()
    {
        var policy = _harness.Create(Manifests.Policy.Replace("\"metrics\"", "9090", StringComparison.Ordinal));
        Assert.Equal(
            """[{"ports":[{"protocol":"UDP","port":53},{"port":32000,"endPort":32768,"protocol":"TCP"}]},{"to":[{"podSelector":{"matchLabels":{"app":"postgres"}}}],"ports":[{"port":5432,"protocol":"TCP"}]}]""",
            policy["spec"]!["egress"]!.ToJsonString());
        Assert.Equal(1, policy.Number("metadata", "generation"));
        Assert.Equal(["api-network-policy", "app=api-server", "60m"], new NetworkPolicyKind().Row(policy, KindHarness.Now).Select(cell => cell!.ToString()));
    }

    [Theory]
    [InlineData("""{"podSelector":{},"ingress":[{"from":[{}]}]}""", "spec.ingress[0].from[0]: Required value: must specify a peer")]
    [InlineData("""{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8"},"podSelector":{}}]}]}""",
        "spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer")]
    [InlineData("""{"podSelector":{},"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0"}}]}]}""",
        "spec.egress[0].to[0].ipBlock.cidr: Invalid value: \"10.0.0.0\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")]
    [InlineData("""{"podSelector":{},"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.0.0.0/8"]}}]}]}""",
        "spec.egress[0].to[0].ipBlock.except[0]: Invalid value: \"10.0.0.0/8\": must be a strict subset of `cidr`")]
    [InlineData("""{"podSelector":{},"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["fd00::/64"]}}]}]}""",
        "spec.egress[0].to[0].ipBlock.except[0]: Invalid value: \"fd00::/64\": must be a strict subset of `cidr`")]
    [InlineData("""{"podSelector":{},"ingress":[{"ports":[{"port":"http","endPort":90}]}]}""",
        "spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is non-numeric")]
    [InlineData("""{"podSelector":{},"ingress":[{"ports":[{"endPort":90}]}]}""",
        "spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is not specified")]
    [InlineData("""{"podSelector":{},"ingress":[{"ports":[{"port":100,"endPort":90}]}]}""",
        "spec.ingress[0].ports[0].endPort: Invalid value: 90: must be greater than or equal to `port`")]
    [InlineData("""{"podSelector":{},"ingress":[{"ports":[{"port":0}]}]}""", "spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive")]
    [InlineData("""{"podSelector":{},"ingress":[{"ports":[{"protocol":"ICMP"}]}]}""",
        "spec.ingress[0].ports[0].protocol: Unsupported value: \"ICMP\": supported values: \"SCTP\", \"TCP\", \"UDP\"")]
    [InlineData("""{"podSelector":{},"policyTypes":["Sideways"]}""", "spec.policyTypes[0]: Unsupported value: \"Sideways\": supported values: \"Egress\", \"Ingress\"")]
    [InlineData("""{"podSelector":{"matchExpressions":[{"key":"a","operator":"In"}]}}""",
        "spec.podSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'")]
    [InlineData("""{"podSelector":{"matchExpressions":[{"key":"a","operator":"Exists","values":["x"]}]}}""",
        "spec.podSelector.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
    [InlineData("""{"podSelector":{"matchExpressions":[{"key":"a","operator":"Like"}]}}""",
        "spec.podSelector.matchExpressions[0].operator: Invalid value: \"Like\": not a valid selector operator")]
    public void A_bad_policy_is_refused_with_the_path_of_the_field(string spec, string fault) => Assert.Equal([fault], _harness.Faults(Policy(spec)));

    [Fact]
    public void Only_a_change_of_the_specification_is_a_new_generation()
    {
        var old = _harness.Create(Policy("""{"podSelector":{}}"""));
        Assert.Equal(1, _harness.Update(old, obj => obj["metadata"]!["labels"] = new JsonObject { ["a"] = "b" }).Number("metadata", "generation"));
        Assert.Equal(2, _harness.Update(old, obj => obj["spec"]!["ingress"] = new JsonArray(new JsonObject())).Number("metadata", "generation"));
    }

    private static string Policy(string spec) => $$"""{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","spec":{{spec}} }""";
}
