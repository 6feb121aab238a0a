using System.Text.Json.Nodes;
using Fairlead.Cluster.Reflectors;

namespace Fairlead.Tests.Proxy;

public sealed class NodeReaderTests
{
    [Theory]
    [InlineData("", "", false)]
    [InlineData("", """, "spec": { "taints": [ { "key": "node.kubernetes.io/not-ready", "effect": "NoSchedule" } ] } """, false)]
    [InlineData("", """, "spec": { "taints": [ { "key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule" } ] } """, true)]
    [InlineData(""", "deletionTimestamp": "2026-05-01T12:00:00Z" """, "", true)]
    public void A_node_is_leaving_once_it_is_being_deleted_or_the_autoscaler_has_tainted_it(string meta, string more, bool leaving) =>
        Assert.Equal(leaving, PodReader.Node(JsonNode.Parse($$"""{ "metadata": { "name": "n1" {{meta}} } {{more}} }""")!.AsObject()).IsLeaving);
}
