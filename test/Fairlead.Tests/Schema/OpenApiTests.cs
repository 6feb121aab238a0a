using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Schema;
using Fairlead.Kube.Schema.OpenApi;

namespace Fairlead.Tests.Schema;

public sealed class OpenApiTests
{
    private static readonly OpenApiDocuments Documents = Build();

    [Fact]
    public void The_index_names_every_group_version_with_its_hash()
    {
        var paths = JsonNode.Parse(Documents.Index.Json.Span)!["paths"]!.AsObject();
        Assert.Equal(
            ["api/v1", "apis/apps/v1", "apis/coordination.k8s.io/v1", "apis/discovery.k8s.io/v1", "apis/events.k8s.io/v1", "apis/networking.k8s.io/v1", "apis/policy.networking.k8s.io/v1alpha2"],
            paths.Select(pair => pair.Key));
        Assert.Equal($"/openapi/v3/api/v1?hash={Documents.Find("api/v1")!.Hash}", (string?)paths["api/v1"]!["serverRelativeURL"]);
    }

    [Fact]
    public void The_same_kinds_give_the_same_hash() => Assert.Equal(Build().Index.Hash, Documents.Index.Hash);

    [Theory]
    [InlineData("api/v1", "/api/v1/namespaces/{namespace}/pods/{name}", "", "Pod")]
    [InlineData("api/v1", "/api/v1/nodes/{name}", "", "Node")]
    [InlineData("apis/apps/v1", "/apis/apps/v1/namespaces/{namespace}/deployments/{name}", "apps", "Deployment")]
    [InlineData("apis/apps/v1", "/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale", "autoscaling", "Scale")]
    public void Patch_takes_fieldValidation_and_names_its_kind(string document, string path, string group, string kind)
    {
        var patch = Read(document)["paths"]![path]!["patch"]!;
        Assert.Contains("fieldValidation", patch["parameters"]!.AsArray().Select(item => (string?)item!["name"]));
        Assert.Equal(group, (string?)patch["x-kubernetes-group-version-kind"]!["group"]);
        Assert.Equal(kind, (string?)patch["x-kubernetes-group-version-kind"]!["kind"]);
        Assert.Contains("application/strategic-merge-patch+json", patch["requestBody"]!["content"]!.AsObject().Select(pair => pair.Key));
    }

    [Fact]
    public void Merge_keys_and_list_types_are_told()
    {
        var schemas = Read("api/v1")["components"]!["schemas"]!;
        var ports = schemas["io.k8s.api.core.v1.ServiceSpec"]!["properties"]!["ports"]!;
        Assert.Equal("port", (string?)ports["x-kubernetes-patch-merge-key"]);
        Assert.Equal("merge", (string?)ports["x-kubernetes-patch-strategy"]);
        Assert.Equal("map", (string?)ports["x-kubernetes-list-type"]);
        Assert.Equal("""["port","protocol"]""", ports["x-kubernetes-list-map-keys"]!.ToJsonString());
        Assert.Equal("merge,retainKeys", (string?)schemas["io.k8s.api.core.v1.PodSpec"]!["properties"]!["volumes"]!["x-kubernetes-patch-strategy"]);
        Assert.Equal("v1", (string?)schemas["io.k8s.api.core.v1.Pod"]!["x-kubernetes-group-version-kind"]![0]!["version"]);
    }

    [Theory]
    [InlineData("api/v1")]
    [InlineData("apis/apps/v1")]
    [InlineData("apis/networking.k8s.io/v1")]
    public void Every_reference_is_resolved_within_its_document(string document)
    {
        var root = Read(document);
        var schemas = root["components"]!["schemas"]!.AsObject();
        var missing = References(root).Distinct().Where(name => !schemas.ContainsKey(name["#/components/schemas/".Length..]));
        Assert.Empty(missing);
    }

    [Fact]
    public void The_merge_rules_of_a_patch_follow_the_types()
    {
        var pod = SchemaCatalog.Default.Find("v1", "Pod")!;
        var containers = pod.Rule("spec")!.Element!.Rule("containers")!;
        Assert.Equal((true, "name"), (containers.MergesList, containers.MergeKey));
        Assert.Equal("mountPath", containers.Element!.Rule("volumeMounts")!.MergeKey);
        Assert.False(pod.Rule("spec")!.Element!.Rule("tolerations")!.MergesList);
        Assert.True(pod.Rule("spec")!.Element!.Rule("volumes")!.RetainsKeys);
        Assert.True(pod.Rule("metadata")!.Element!.Rule("finalizers") is { MergesList: true, MergeKey: "" });
        Assert.Null(pod.Rule("nothing"));
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject obj => obj.SelectMany(pair => pair.Key == "$ref" ? [(string)pair.Value!] : References(pair.Value)),
        JsonArray list => list.SelectMany(References),
        _ => [],
    };

    private static JsonNode Read(string document) => JsonNode.Parse(Documents.Find(document)!.Json.Span)!;

    private static OpenApiDocuments Build() => new(
        SchemaCatalog.Default, [.. KindTable.All.Select(kind => new OpenApiResource(kind.Type, kind.Verbs, kind.Subresources))]);
}
