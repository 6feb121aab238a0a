using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Registry;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.Tests.ControlPlane;

/// <summary>
/// The calls that Kubernetes' own sig-network tests make of the API alone, in their order: Service status, Endpoints, EndpointSlice, IPAddress and
/// ServiceCIDR operations, collections (features.md §1.1, rows 11, 17, 18, 21, 22 and 23).
/// </summary>
public sealed class NetworkObjectLifecycleTests : IAsyncLifetime
{
    private readonly RegistryHarness _api = new();

    public async ValueTask InitializeAsync() => await _api.NamespaceAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task A_Services_status_is_read_patched_updated_and_watched_by_itself()
    {
        var since = RegistryHarness.Text(_api.Revision);
        await _api.CreateAsync(ResourceTypes.Services, """
            {"metadata":{"name":"s","labels":{"test-service-static":"true"}},
             "spec":{"type":"LoadBalancer","clusterIP":"10.96.0.9","ports":[{"name":"http","protocol":"TCP","port":80,"targetPort":80}]},"status":{"loadBalancer":{}}}
            """);
        await _api.PatchAsync(
            ResourceTypes.Services, "s", """{"metadata":{"annotations":{"patchedstatus":"true"}},"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.1"}]}}}""", "status");

        // As a typed client sends it: a condition without a time.
        var read = _api.List(ResourceTypes.Services, new ListQuery()).Items.Single().Parse();
        Assert.Equal("VIP", read["status"]!["loadBalancer"]!["ingress"]![0].Text("ipMode"));
        read["status"]!["conditions"] = JsonNode.Parse("""[{"type":"StatusUpdate","status":"True","lastTransitionTime":null,"reason":"E2E","message":"Set from e2e test"}]""");
        read["spec"]!["type"] = "NodePort";
        await _api.UpdateAsync(ResourceTypes.Services, read, "status");
        await _api.PatchAsync(ResourceTypes.Services, "s", """{"metadata":{"labels":{"test-service":"patched"}}}""");
        await _api.DeleteAsync(ResourceTypes.Services, "s");

        Assert.Equal(
            [
                "Added LoadBalancer   ",
                "Modified LoadBalancer true  ",
                "Modified LoadBalancer true E2E ",
                "Modified LoadBalancer true E2E patched",
                "Deleted LoadBalancer true E2E patched",
            ],
            await WatchAsync(ResourceTypes.Services, since, "test-service-static=true", 5, item => string.Join(
                ' ', item.Text("spec", "type"), item.Text("metadata", "annotations", "patchedstatus"),
                item.Objects("status", "conditions").Select(condition => condition.Text("reason")).FirstOrDefault(""), item.Text("metadata", "labels", "test-service"))));
    }

    [Fact]
    public async Task Ingress_of_a_Service_that_is_no_load_balancer_is_refused_and_goes_with_the_type()
    {
        await _api.CreateAsync(ResourceTypes.Services, """{"metadata":{"name":"s"},"spec":{"clusterIP":"10.96.0.9","ports":[{"port":80}]}}""");
        var refusal = await Assert.ThrowsAsync<StatusException>(() => _api.PatchAsync(
            ResourceTypes.Services, "s", """{"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.1"}]}}}""", "status"));
        Assert.Contains("may only be used when `spec.type` is \"LoadBalancer\"", refusal.Message, StringComparison.Ordinal);
        await _api.PatchAsync(ResourceTypes.Services, "s", """{"spec":{"type":"LoadBalancer"}}""");
        await _api.PatchAsync(ResourceTypes.Services, "s", """{"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.1"}]}}}""", "status");
        var back = await _api.PatchAsync(ResourceTypes.Services, "s", """{"spec":{"type":"ClusterIP"}}""");
        Assert.Equal("{}", back["status"]!["loadBalancer"]!.ToJsonString());
    }

    [Fact]
    public async Task Endpoints_are_created_updated_patched_and_deleted_by_label()
    {
        var since = RegistryHarness.Text(_api.Revision);
        var created = await _api.CreateAsync(ResourceTypes.Endpoints, """
            {"metadata":{"name":"testservice","labels":{"test-endpoint-static":"true"}},
             "subsets":[{"addresses":[{"ip":"10.0.0.24"}],"ports":[{"name":"http","port":80,"protocol":"TCP"}]}]}
            """);
        created["metadata"]!["labels"]!["test-service"] = "updated";
        await _api.UpdateAsync(ResourceTypes.Endpoints, created);
        var patched = (await _api.Registry.PatchAsync(
            RegistryHarness.Kind(ResourceTypes.Endpoints), "default", "testservice", "", PatchKind.Strategic,
            RegistryHarness.Document("""
                {"metadata":{"labels":{"test-service":"patched"}},"subsets":[{"addresses":[{"ip":"10.0.0.25"}],"ports":[{"name":"http-test","port":8080}]}]}
                """),
            new WriteOptions())).Object.Parse();
        var subset = Assert.Single(patched.Objects("subsets"));
        Assert.Equal(("10.0.0.25", "http-test", 8080, "TCP"), (
            subset["addresses"]![0].Text("ip"), subset["ports"]![0].Text("name"), subset["ports"]![0].Number(0, "port"), subset["ports"]![0].Text("protocol")));
        await DeleteAllAsync(ResourceTypes.Endpoints, "test-endpoint-static=true");
        Assert.Equal(
            ["Added ", "Modified updated", "Modified patched", "Deleted patched"],
            await WatchAsync(ResourceTypes.Endpoints, since, "test-endpoint-static=true", 4, item => item.Text("metadata", "labels", "test-service")));
    }

    [Fact]
    public async Task EndpointSlices_are_created_by_generated_name_listed_by_label_updated_and_deleted_together()
    {
        foreach (var _ in (int[])[1, 2, 3])
        {
            await _api.CreateAsync(ResourceTypes.EndpointSlices, """
                {"metadata":{"generateName":"e2e-example-ing","labels":{"special-label":"x"}},"addressType":"IPv4",
                 "endpoints":[{"addresses":["1.2.3.4","5.6.7.8"]}]}
                """);
        }

        await _api.CreateAsync(ResourceTypes.EndpointSlices, """{"metadata":{"name":"other"},"addressType":"IPv6","endpoints":[]}""");
        var slices = _api.List(ResourceTypes.EndpointSlices, new ListQuery { LabelSelector = "special-label=x" }).Items.Select(item => item.Parse()).ToArray();
        Assert.Equal(3, slices.Select(slice => slice.Text("metadata", "name")).Distinct().Count());
        slices[0]["metadata"]!["annotations"] = new JsonObject { ["updated"] = "true" };
        await _api.UpdateAsync(ResourceTypes.EndpointSlices, slices[0]);
        await _api.PatchAsync(ResourceTypes.EndpointSlices, slices[1].Text("metadata", "name"), """{"metadata":{"annotations":{"patched":"true"}}}""");
        await _api.DeleteAsync(ResourceTypes.EndpointSlices, slices[2].Text("metadata", "name"));
        Assert.Equal(
            ["patched", "updated"],
            _api.List(ResourceTypes.EndpointSlices, new ListQuery { LabelSelector = "special-label=x" }).Items
                .Select(item => item.Parse()["metadata"]!["annotations"]!.AsObject().Single().Key).Order());
        await DeleteAllAsync(ResourceTypes.EndpointSlices, "special-label=x");
        Assert.Equal("other", Assert.Single(_api.List(ResourceTypes.EndpointSlices, new ListQuery()).Items).Id.Name);
    }

    [Fact]
    public async Task A_collection_of_Services_is_deleted_by_label_and_found_by_field()
    {
        foreach (var (name, label, type) in new[] { ("e2e-svc-a", "yes", "ClusterIP"), ("e2e-svc-b", "yes", "NodePort"), ("e2e-svc-c", "no", "ClusterIP") })
        {
            await _api.CreateAsync(ResourceTypes.Services, $$$"""
                {"metadata":{"name":"{{{name}}}","labels":{"e2e":"{{{label}}}"}},"spec":{"type":"{{{type}}}","clusterIP":"10.96.0.{{{name[^1] - 'a' + 10}}}","ports":[{"port":80}]} }
                """);
        }

        Assert.Equal(["e2e-svc-b"], Names("spec.type=NodePort"));
        Assert.Equal(["e2e-svc-c"], Names("spec.clusterIP=10.96.0.12"));
        Assert.Equal(["e2e-svc-a", "e2e-svc-c"], Names("spec.type!=NodePort,metadata.namespace=default"));
        await DeleteAllAsync(ResourceTypes.Services, "e2e=yes");
        Assert.Equal(["e2e-svc-c"], Names(""));
    }

    [Fact]
    public async Task Any_address_may_be_an_IPAddress_under_its_canonical_name_and_of_one_parent()
    {
        const string Spec = """ "spec":{"parentRef":{"group":"mygroup","resource":"myresources","namespace":"foo","name":"bar"}} """;
        await _api.CreateAsync(ResourceTypes.IPAddresses, $$$"""{"metadata":{"name":"255.255.255.255","labels":{"type":"broadcast"}},{{{Spec}}} }""");
        await _api.CreateAsync(ResourceTypes.IPAddresses, $$$"""{"metadata":{"name":"fe80::42:1dff:fe84:f9e2","labels":{"type":"link-local"}},{{{Spec}}} }""");
        await Assert.ThrowsAsync<StatusException>(() => _api.CreateAsync(ResourceTypes.IPAddresses, $$$"""{"metadata":{"name":"fe80:0::1"},{{{Spec}}} }"""));
        await _api.PatchAsync(ResourceTypes.IPAddresses, "255.255.255.255", """{"metadata":{"annotations":{"patched":"true"}}}""");
        await Assert.ThrowsAsync<StatusException>(() => _api.PatchAsync(
            ResourceTypes.IPAddresses, "255.255.255.255", """{"spec":{"parentRef":{"name":"other"}}}"""));
        await _api.DeleteAsync(ResourceTypes.IPAddresses, "255.255.255.255");
        await DeleteAllAsync(ResourceTypes.IPAddresses, "type=link-local");
        Assert.Empty(_api.List(ResourceTypes.IPAddresses, new ListQuery()).Items);
    }

    [Theory]
    [InlineData("""["10.1.0.0/16"]""", "")]
    [InlineData("""["10.1.0.0/16","fd00:1::/112"]""", "")]
    [InlineData("[]", "at least one CIDR required")]
    [InlineData("""["10.1.0.0/16","10.2.0.0/16"]""", "may specify no more than one IP for each IP family")]
    [InlineData("""["10.1.0.0/16","fd00:1::/112","fd00:2::/112"]""", "may only hold up to 2 values")]
    [InlineData("""["10.1.0.1/16"]""", "must not have bits set beyond the prefix length")]
    public async Task A_ServiceCIDR_has_one_range_per_family_for_good_and_its_status_is_not_written_with_it(string cidrs, string fault)
    {
        var creation = _api.CreateAsync(ResourceTypes.ServiceCidrs, $$$"""
            {"metadata":{"name":"more"},"spec":{"cidrs":{{{cidrs}}}},"status":{"conditions":[{"type":"Ready","status":"True"}]} }
            """);
        if (fault.Length > 0)
        {
            Assert.Contains(fault, (await Assert.ThrowsAsync<StatusException>(() => creation)).Message, StringComparison.Ordinal);
            return;
        }

        Assert.Null((await creation)["status"]);
        var refusal = await Assert.ThrowsAsync<StatusException>(() => _api.PatchAsync(ResourceTypes.ServiceCidrs, "more", """{"spec":{"cidrs":["10.9.0.0/16"]}}"""));
        Assert.Contains("field is immutable", refusal.Message, StringComparison.Ordinal);
        var patched = await _api.PatchAsync(ResourceTypes.ServiceCidrs, "more", """{"status":{"conditions":[{"type":"Ready","status":"True"}]}}""", "status");
        Assert.Equal("True", patched["status"]!["conditions"]![0].Text("status"));
    }

    private IEnumerable<string> Names(string fields) =>
        _api.List(ResourceTypes.Services, new ListQuery { FieldSelector = fields }).Items.Select(item => item.Id.Name);

    private Task<ListReply> DeleteAllAsync(ResourceType type, string labels) => _api.Registry.DeleteCollectionAsync(
        RegistryHarness.Kind(type), type.Namespaced ? "default" : "", new ListQuery { LabelSelector = labels }, new DeleteOptions());

    private async Task<IReadOnlyList<string>> WatchAsync(ResourceType type, string since, string labels, int count, Func<JsonObject, string> describe)
    {
        var seen = new List<string>();
        await using var watch = _api.Watch(type, new ListQuery { ResourceVersion = since, LabelSelector = labels });
        while (seen.Count < count && await watch.MoveNextAsync())
        {
            seen.Add($"{watch.Current.Type} {describe(watch.Current.Object!.Parse())}");
        }

        return seen;
    }
}
