using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;

namespace Fairlead.Tests.Kinds;

public sealed class OtherKindTests
{
    private readonly KindHarness _harness = new();

    [Fact]
    public void A_namespace_is_active_labelled_with_its_name_and_keeps_its_finalizer()
    {
        var created = _harness.Create("""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"}}""");
        Assert.Equal("a", created.Text("metadata", "labels", "kubernetes.io/metadata.name"));
        Assert.Equal("Active", created.Text("status", "phase"));
        var updated = _harness.Update(created, obj =>
        {
            obj["spec"] = new JsonObject();
            obj["metadata"]!["labels"]!["kubernetes.io/metadata.name"] = "b";
        });
        Assert.Equal("""{"finalizers":["kubernetes"]}""", updated["spec"]!.ToJsonString());
        Assert.Equal("a", updated.Text("metadata", "labels", "kubernetes.io/metadata.name"));
        Assert.Null(_harness.Update(created, obj => obj.Remove("spec"), "finalize")["spec"]);
    }

    [Theory]
    [InlineData("""{"metadata":{"name":"UPPER"}}""", "metadata.name: Invalid value: \"UPPER\": a lowercase RFC 1123 label")]
    [InlineData("""{"metadata":{"name":"a","labels":{"a b":"c"}}}""", "metadata.labels: Invalid value: \"a b\": name part must consist of")]
    [InlineData("""{"metadata":{"name":"a","labels":{"a":"c d"}}}""", "metadata.labels: Invalid value: \"c d\": a valid label must be")]
    [InlineData("""{"metadata":{"name":"a","annotations":{"/a":"c"}}}""", "metadata.annotations: Invalid value: \"/a\": prefix part must be non-empty")]
    [InlineData("""{"metadata":{"name":"a","finalizers":["plain"]}}""", "metadata.finalizers: Invalid value: \"plain\": name is neither")]
    [InlineData("""{"metadata":{"name":"a","namespace":"b"}}""", "metadata.namespace: Forbidden: not allowed on this type")]
    public void Bad_metadata_is_refused(string document, string fault)
    {
        var obj = JsonNode.Parse(document)!.AsObject();
        obj["apiVersion"] = "v1";
        obj["kind"] = "Namespace";
        Assert.StartsWith(fault, Assert.Single(_harness.Faults(obj.ToJsonString())), StringComparison.Ordinal);
    }

    [Fact]
    public void Annotations_have_a_limit()
    {
        var text = new string('x', 256 * 1024);
        Assert.Equal(
            ["metadata.annotations: Too long: may not be more than 262144 bytes"],
            _harness.Faults($$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","annotations":{"a":"{{text}}"} } }"""));
    }

    [Fact]
    public void An_object_under_deletion_takes_no_new_finalizer()
    {
        var old = _harness.Create("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"finalizers":["a.b/c"],"deletionTimestamp":"2026-01-02T03:04:05Z"}}""");
        Assert.Equal(
            ["metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"d.e/f\"}"],
            _harness.UpdateFaults(old, obj => obj["metadata"]!["finalizers"]!.AsArray().Add((JsonNode)"d.e/f")));
    }

    [Fact]
    public void A_secret_encodes_its_texts_and_checks_its_type()
    {
        var secret = _harness.Create("""{"apiVersion":"v1","kind":"Secret","stringData":{"a":"b"},"data":{"c":"ZA=="}}""");
        Assert.Equal("""{"c":"ZA==","a":"Yg=="}""", secret["data"]!.ToJsonString());
        Assert.Equal("x|Opaque|2|60m", Row(secret));
        Assert.Equal(
            ["data[tls.crt]: Required value", "data[tls.key]: Required value"], _harness.Faults("""{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/tls"}"""));
        Assert.Equal(["type: Invalid value: \"a/b\": field is immutable"], _harness.UpdateFaults(secret, obj => obj["type"] = "a/b"));
    }

    [Fact]
    public void An_immutable_config_map_does_not_change()
    {
        var map = _harness.Create("""{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"b"},"binaryData":{"c":"ZA=="},"immutable":true}""");
        Assert.Equal("x|2|60m", Row(map));
        Assert.Equal(["data: Forbidden: field is immutable when `immutable` is set"], _harness.UpdateFaults(map, obj => obj["data"]!["a"] = "c"));
        Assert.StartsWith(
            "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of",
            Assert.Single(_harness.Faults("""{"apiVersion":"v1","kind":"ConfigMap","data":{"a/b":""}}""")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_keeps_its_status_and_its_ranges()
    {
        var node = _harness.Create("""
            {"apiVersion":"v1","kind":"Node","metadata":{"name":"n","labels":{"node-role.kubernetes.io/worker":"","node-role.kubernetes.io/control-plane":""}},
             "spec":{"podCIDR":"10.244.0.0/24","unschedulable":true},
             "status":{"capacity":{"cpu":"4"},"conditions":[{"type":"Ready","status":"True"}],"addresses":[{"type":"InternalIP","address":"172.30.0.11"}],
              "nodeInfo":{"kubeletVersion":"v1.36.0","osImage":"Debian","kernelVersion":"6.18","containerRuntimeVersion":"fairlead://1","architecture":"amd64",
                "bootID":"b","kubeProxyVersion":"","machineID":"m","operatingSystem":"linux","systemUUID":"u"}}}
            """);
        Assert.Equal("""["10.244.0.0/24"]""", node["spec"]!["podCIDRs"]!.ToJsonString());
        Assert.Equal("""{"cpu":"4"}""", node["status"]!["allocatable"]!.ToJsonString());
        Assert.Equal("n|Ready,SchedulingDisabled|control-plane,worker|60m|v1.36.0|172.30.0.11|<none>|Debian|6.18|fairlead://1", Row(node));
        Assert.Equal(
            ["spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid"],
            _harness.UpdateFaults(node, obj => obj["spec"] = JsonNode.Parse("""{"podCIDR":"10.244.1.0/24"}""")));
    }

    [Fact]
    public void Endpoints_print_three_addresses_and_are_deprecated()
    {
        var endpoints = _harness.Create("""
            {"apiVersion":"v1","kind":"Endpoints","subsets":[{"addresses":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}],"ports":[{"name":"a","port":80},{"name":"b","port":81}]}]}
            """);
        Assert.Equal("x|10.0.0.1:80,[fd00::1]:80,10.0.0.1:81 + 1 more...|60m", Row(endpoints));
        Assert.StartsWith("v1 Endpoints is deprecated", new EndpointsKind().Deprecation, StringComparison.Ordinal);
        Assert.Equal(
            ["subsets[0].addresses[0].ip: Invalid value: \"169.254.1.1\": may not be in the link-local range (169.254.0.0/16, fe80::/10)"],
            _harness.Faults("""{"apiVersion":"v1","kind":"Endpoints","subsets":[{"addresses":[{"ip":"169.254.1.1"}]}]}"""));
    }

    [Fact]
    public void An_endpoint_slice_is_checked_and_printed()
    {
        var slice = _harness.Create("""
            {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","ports":[{"port":80},{"name":"b","port":81,"protocol":"UDP"}],
             "endpoints":[{"addresses":["10.0.0.1"]},{"addresses":["10.0.0.2"]},{"addresses":["10.0.0.3"]},{"addresses":["10.0.0.4"]}]}
            """);
        Assert.Equal("""{"port":80,"name":"","protocol":"TCP"}""", slice["ports"]![0]!.ToJsonString());
        Assert.Equal("x|IPv4|80,81|10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...|60m", Row(slice));
        Assert.Equal(2, _harness.Update(slice, obj => obj["endpoints"]!.AsArray().RemoveAt(0)).Number("metadata", "generation"));
        Assert.Equal(
            ["endpoints[0].addresses[0]: Invalid value: \"fd00::1\": must be an IPv4 address"],
            _harness.UpdateFaults(slice, obj => obj["endpoints"] = JsonNode.Parse("""[{"addresses":["fd00::1"]}]""")));
        Assert.Equal("x|IPv6|<unset>|<unset>|60m", Row(_harness.Create("""{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv6","endpoints":[]}""")));
    }

    [Fact]
    public void An_event_reads_the_same_in_both_api_versions()
    {
        var core = _harness.Create("""
            {"apiVersion":"v1","kind":"Event","involvedObject":{"kind":"Pod","name":"p","namespace":"default","fieldPath":"spec.containers{a}"},"reason":"Started",
             "message":"Started container\n","type":"Normal","source":{"component":"kubelet","host":"n1"},"count":3,
             "firstTimestamp":"2026-01-02T03:00:05Z","lastTimestamp":"2026-01-02T03:04:00Z"}
            """);
        const string Cells = "5s|Normal|Started|pod/p|spec.containers{a}|kubelet, n1|Started container|4m|3|x";
        Assert.Equal(Cells, Row(core));
        var kind = new EventsV1Kind();
        var modern = core.DeepClone().AsObject();
        kind.FromStorage(modern);
        Assert.Equal("Started container\n", modern.Text("note"));
        Assert.Equal("p", modern.Text("regarding", "name"));
        Assert.Equal("events.k8s.io/v1", modern.Text("apiVersion"));
        Assert.Equal(Cells, string.Join('|', kind.Row(modern, KindHarness.Now).Select(cell => cell!.ToString())));
        kind.ToStorage(modern);
        Assert.True(JsonNode.DeepEquals(core, modern));
        Assert.Equal("kubelet", new EventKind().FieldSelectors["source"](core));
        Assert.Equal("p", new EventKind().FieldSelectors["involvedObject.name"](core));
    }

    [Fact]
    public void An_event_belongs_to_the_namespace_of_its_object() => Assert.Equal(
        ["involvedObject.namespace: Invalid value: \"other\": does not match event.namespace"],
        _harness.Faults("""{"apiVersion":"v1","kind":"Event","involvedObject":{"namespace":"other"}}"""));

    [Fact]
    public void Small_kinds_print_as_kubectl_prints_them()
    {
        Assert.Equal("x|holder|60m", Row(_harness.Create("""{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","spec":{"holderIdentity":"holder"}}""")));
        Assert.Equal("x|10.96.0.0/12|60m", Row(_harness.Create("""{"apiVersion":"networking.k8s.io/v1","kind":"ServiceCIDR","spec":{"cidrs":["10.96.0.0/12"]}}""")));
        Assert.Equal(
            "10.96.0.1|services/default/kubernetes|60m",
            Row(_harness.Create("""
                {"apiVersion":"networking.k8s.io/v1","kind":"IPAddress","metadata":{"name":"10.96.0.1"},"spec":{"parentRef":{"resource":"services","namespace":"default","name":"kubernetes"}}}
                """)));
        Assert.Equal("x|acme.io/foo|<none>|60m", Row(_harness.Create("""{"apiVersion":"networking.k8s.io/v1","kind":"IngressClass","spec":{"controller":"acme.io/foo"}}""")));
        Assert.Equal("x|60m", Row(_harness.Create("""{"apiVersion":"v1","kind":"ServiceAccount"}""")));
    }

    [Fact]
    public void Every_row_has_a_cell_for_each_column()
    {
        foreach (var kind in KindTable.All)
        {
            Assert.Equal(kind.Columns.Count, kind.Row(new JsonObject(), KindHarness.Now).Count);
            Assert.Contains("metadata.name", kind.FieldSelectors.Keys);
        }
    }

    [Theory]
    [InlineData(59, "59s")]
    [InlineData(119, "119s")]
    [InlineData(125, "2m5s")]
    [InlineData(600, "10m")]
    [InlineData((3 * 3600) + (12 * 60), "3h12m")]
    [InlineData(9 * 3600, "9h")]
    [InlineData(49 * 3600, "2d1h")]
    [InlineData(9 * 86400, "9d")]
    [InlineData(800 * 86400, "2y70d")]
    [InlineData(-5, "<invalid>")]
    public void Ages_take_one_or_two_units(int seconds, string text) => Assert.Equal(text, Print.Duration(TimeSpan.FromSeconds(seconds)));

    private static string Row(JsonObject obj) => string.Join('|', KindHarness.KindOf(obj).Row(obj, KindHarness.Now).Select(cell => cell?.ToString()));
}
