using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Reflectors;
using Fairlead.Policy.Evaluate;

namespace Fairlead.Tests.Policy;

public sealed class MalformedPolicyTests
{
    [Theory]
    [InlineData("\"everything\"")]
    [InlineData("""{ "from": [ "everything" ] }""")]
    [InlineData("""{ "from": [ null ] }""")]
    [InlineData("""{ "from": "everything" }""")]
    [InlineData("""{ "ports": {} }""")]
    [InlineData("""{ "from": [ { "podSelector": { "matchLabels": { "app": 5 } } } ] }""")]
    [InlineData("""{ "from": [ { "podSelector": "web", "namespaceSelector": {} } ] }""")]
    [InlineData("""{ "from": [ { "ipBlock": { "cidr": "10.0.0.0/8", "except": [ "10.1.0.0" ] } } ] }""")]
    [InlineData("""{ "from": [ { "ipBlock": { "cidr": "10.0.0.0/8", "except": "10.1.0.0/16" } } ] }""")]
    [InlineData("""{ "from": [ { "ipBlock": "10.0.0.0/8", "podSelector": {} } ] }""")]
    [InlineData("""{ "from": [ {} ] }""")]
    [InlineData("""{ "ports": [ { "endPort": 90 } ] }""")]
    [InlineData("""{ "ports": [ { "port": 80, "endPort": 70000 } ] }""")]
    [InlineData("""{ "ports": [ { "port": "web", "endPort": 90 } ] }""")]
    [InlineData("""{ "ports": [ { "port": 80, "protocol": 6 } ] }""")]
    public void A_rule_that_cannot_be_understood_allows_nothing(string rule)
    {
        var document = $$"""{ "metadata": { "name": "p", "namespace": "default" }, "spec": { "podSelector": {}, "ingress": [ {{rule}} ] } }""";
        var row = PolicyReader.Read((JsonObject)JsonNode.Parse(document)!);
        Assert.True(row.IsolatesIngress);
        Assert.Empty(row.Ingress);
        Assert.StartsWith("spec.ingress[0]", Assert.Single(row.Faults), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{ "from": [], "ports": null }""")]
    public void A_rule_without_peers_and_ports_allows_all(string rule)
    {
        var document = $$"""{ "metadata": { "name": "p", "namespace": "default" }, "spec": { "podSelector": {}, "ingress": [ {{rule}} ] } }""";
        var allowed = Assert.Single(PolicyReader.Read((JsonObject)JsonNode.Parse(document)!).Ingress);
        Assert.Empty(allowed.Peers);
        Assert.Empty(allowed.Ports);
    }

    [Theory]
    [InlineData("\"Ingress\"")]
    [InlineData("[ \"Sideways\" ]")]
    [InlineData("[ \"Ingress\", 5 ]")]
    public void Directions_that_cannot_be_understood_are_both(string types)
    {
        var row = Read($$"""{ "metadata": { "name": "p", "namespace": "default" }, "spec": { "policyTypes": {{types}} } }""");
        Assert.Equal((true, true), (row.IsolatesIngress, row.IsolatesEgress));
        Assert.Equal(["spec.policyTypes: neither Ingress nor Egress"], row.Faults);
    }

    [Fact]
    public void What_is_left_of_a_policy_is_still_found_where_it_stands_in_the_document()
    {
        var row = Read("""
            { "metadata": { "name": "p", "namespace": "default" }, "spec": { "podSelector": "all", "ingress": [
              { "from": [ "everything" ] },
              { "from": [ {}, { "podSelector": {} } ], "ports": [ { "protocol": "ICMP" }, { "port": 80 } ] },
              { "from": [ { "podSelector": {} } ] } ] } }
            """);
        Assert.Equal([new RulePlaces(1, [1], [1]), new RulePlaces(2, [0], [])], row.Ingress.Select(rule => rule.Places));
        Assert.Equal(
            [
                "spec.podSelector: no selector", "spec.ingress[0].from[0]: no object", "spec.ingress[1].from[0]: no peer",
                "spec.ingress[1].ports[0].protocol: none of TCP, UDP and SCTP",
            ],
            row.Faults);
        var reference = new RuleReference(RuleReference.NetworkPolicy, row.Key, true, 0, 0, 0) { Places = row.Ingress[0].Places };
        Assert.Equal("spec.ingress[1].from[1]", reference.Path);
        Assert.Null(Read("""{ "spec": { "ingress": [ { "from": [ { "podSelector": {} } ] } ] } }""").Ingress[0].Places);
    }

    private static PolicyRow Read(string document) => PolicyReader.Read((JsonObject)JsonNode.Parse(document)!);
}
