using System.Text.Json.Nodes;
using Fairlead.Cluster.Reflectors;

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
    public void A_rule_that_cannot_be_understood_allows_nothing(string rule)
    {
        var document = $$"""{ "metadata": { "name": "p", "namespace": "default" }, "spec": { "podSelector": {}, "ingress": [ {{rule}} ] } }""";
        var row = PolicyReader.Read((JsonObject)JsonNode.Parse(document)!);
        Assert.True(row.IsolatesIngress);
        Assert.Empty(row.Ingress);
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
}
