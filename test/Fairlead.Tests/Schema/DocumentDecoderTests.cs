using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Schema;

namespace Fairlead.Tests.Schema;

public sealed class DocumentDecoderTests
{
    [Theory]
    [InlineData(Manifests.Deployment)]
    [InlineData(Manifests.LoadBalancer)]
    [InlineData(Manifests.Policy)]
    [InlineData(Manifests.Ingress)]
    public void A_manifest_from_the_real_world_passes_strictly(string manifest)
    {
        var (report, _) = Decode(manifest);
        Assert.Empty(report.UnknownFields);
        Assert.Null(report.TypeError);
    }

    [Fact]
    public void Every_kind_has_a_schema_with_metadata()
    {
        foreach (var type in KindTable.All.Select(kind => kind.Type))
        {
            Assert.NotNull(SchemaCatalog.Default.Find(type)?.Field("metadata"));
            Assert.True(SchemaCatalog.Default.Find(type.ApiVersion, type.ListKind)?.IsList);
        }
    }

    [Fact]
    public void Unknown_fields_are_named_with_their_path_and_removed()
    {
        var (report, obj) = Decode("""
            {"apiVersion":"v1","kind":"Service","spec":{"foo":1,"ports":[{"port":80},{"port":81,"prot":"TCP"}]}}
            """);
        Assert.Equal(["spec.foo", "spec.ports[1].prot"], report.UnknownFields);
        Assert.Null(obj["spec"]!["foo"]);
        Assert.Equal(["unknown field \"spec.foo\"", "unknown field \"spec.ports[1].prot\"", "duplicate field \"a\""], report.StrictErrors(["a"]));
    }

    [Theory]
    [InlineData("""{"spec":{"ports":[{"port":"http"}]}}""",
        "spec.ports[0].port: json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32")]
    [InlineData("""{"spec":{"ports":[{"port":99999999999}]}}""",
        "spec.ports[0].port: json: cannot unmarshal number 99999999999 into Go struct field ServicePort.spec.ports.port of type int32")]
    [InlineData("""{"spec":{"ports":[{"port":8.5}]}}""",
        "spec.ports[0].port: json: cannot unmarshal number 8.5 into Go struct field ServicePort.spec.ports.port of type int32")]
    [InlineData("""{"spec":{"selector":{"app":true}}}""",
        "spec.selector.app: json: cannot unmarshal bool into Go struct field ServiceSpec.spec.selector of type string")]
    [InlineData("""{"spec":{"ports":{}}}""",
        "spec.ports: json: cannot unmarshal object into Go struct field ServiceSpec.spec.ports of type []v1.ServicePort")]
    [InlineData("""{"metadata":{"creationTimestamp":"yesterday"}}""",
        "metadata.creationTimestamp: parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\"")]
    public void A_value_of_the_wrong_type_is_named_with_its_path(string fields, string fault)
    {
        var obj = JsonNode.Parse(fields)!.AsObject();
        if (fields.Contains("\"ports\":{}", StringComparison.Ordinal))
        {
            obj["spec"]!["ports"] = new JsonObject { ["a"] = 1 };
        }

        Assert.Equal(fault, DocumentDecoder.Decode(SchemaCatalog.Default.Find("v1", "Service")!, obj).TypeError);
    }

    [Fact]
    public void Nulls_and_empty_lists_go_but_empty_objects_stay()
    {
        var (_, obj) = Decode("""
            {"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"p","labels":{},"creationTimestamp":null},
             "spec":{"podSelector":{},"ingress":[{"from":[]}],"egress":[]}}
            """);
        Assert.Equal(
            """{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"p"},"spec":{"podSelector":{},"ingress":[{}]}}""",
            obj.ToJsonString());
    }

    [Fact]
    public void Amounts_and_times_take_their_canonical_text()
    {
        var (_, obj) = Decode(Manifests.Deployment);
        var resources = obj["spec"]!["template"]!["spec"]!["containers"]![0]!["resources"]!;
        Assert.Equal("""{"cpu":"500m","memory":"256Mi"}""", resources["requests"]!.ToJsonString());
        Assert.Equal("""{"cpu":"1","memory":"1Gi","nvidia.com/gpu":"1"}""", resources["limits"]!.ToJsonString());

        var (_, lease) = Decode("""{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","spec":{"renewTime":"2026-01-02T03:04:05+02:00"}}""");
        Assert.Equal("2026-01-02T01:04:05.000000Z", (string?)lease["spec"]!["renewTime"]);
    }

    [Fact]
    public void Fields_written_twice_are_found_and_the_last_wins()
    {
        var node = StrictJson.Parse("""{"a":1,"b":[{"c":1,"d":{}},{"c":2,"c":3}],"a":{"x":[1,null,"t",true,2.5]}}"""u8, out var duplicates);
        Assert.Equal(["b[1].c", "a"], duplicates);
        Assert.Equal("""{"a":{"x":[1,null,"t",true,2.5]},"b":[{"c":1,"d":{}},{"c":3}]}""", Sorted(node!));
        Assert.Equal("""{"a":[1,2]}""", StrictJson.Parse("""{"a":[1,2]}"""u8, out duplicates)!.ToJsonString());
        Assert.Empty(duplicates);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"a\":1} x")]
    public void What_is_not_json_is_refused(string text) =>
        Assert.ThrowsAny<JsonException>(() => StrictJson.Parse(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void A_document_too_deep_is_refused() =>
        Assert.ThrowsAny<JsonException>(() => StrictJson.Parse(Encoding.UTF8.GetBytes(new string('[', 200) + new string(']', 200)), out _));

    private static (DecodeReport Report, JsonObject Document) Decode(string manifest)
    {
        var obj = StrictJson.Parse(Encoding.UTF8.GetBytes(manifest), out _)!.AsObject();
        var schema = SchemaCatalog.Default.Find((string)obj["apiVersion"]!, (string)obj["kind"]!)!;
        return (DocumentDecoder.Decode(schema, obj), obj);
    }

    private static string Sorted(JsonNode node) =>
        new JsonObject(node.AsObject().OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => new KeyValuePair<string, JsonNode?>(pair.Key, pair.Value?.DeepClone())))
            .ToJsonString();
}
