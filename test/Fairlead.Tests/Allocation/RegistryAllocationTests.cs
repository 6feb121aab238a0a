using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Allocation;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Client;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Allocation;

/// <summary>Allocation through the registry: what a stored, refused, dry or deleted Service leaves taken.</summary>
public sealed class RegistryAllocationTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-test-").FullName;
    private ObjectStore _store = null!;
    private ApiRegistry _registry = null!;
    private LocalApi _api = null!;

    private static KindDefinition Services => KindTable.Find(ResourceTypes.Services)!;

    public async ValueTask InitializeAsync()
    {
        _store = ObjectStore.Open(Path.Combine(_directory, "store.db"), new KindIndex(), 100);
        _registry = new ApiRegistry(_store, TimeProvider.System, Allocation());
        _api = new LocalApi(_registry);
        await _api.CreateAsync(ResourceTypes.Namespaces, "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "default" } }, default);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_created_service_has_an_address_that_only_its_deletion_frees()
    {
        var created = await _api.CreateAsync(ResourceTypes.Services, "default", New("a", "10.0.0.5"), default);
        Assert.Equal("10.0.0.5", created.Text("spec", "clusterIP"));
        var refusal = await Assert.ThrowsAsync<KubeException>(() => _api.CreateAsync(ResourceTypes.Services, "default", New("b", "10.0.0.5"), default));
        Assert.Equal(422, refusal.Code);
        Assert.Contains("provided IP is already allocated", refusal.Message, StringComparison.Ordinal);
        await _api.DeleteAsync(ResourceTypes.Services, "default", "a", null, default);
        await _api.CreateAsync(ResourceTypes.Services, "default", New("b", "10.0.0.5"), default);
    }

    [Fact]
    public async Task A_dry_run_shows_an_address_and_takes_none()
    {
        var reply = await _registry.CreateAsync(Services, "default", New("a", "10.0.0.5"), WriteOptions.Internal with { DryRun = true });
        Assert.Equal("10.0.0.5", reply.Object.Parse().Text("spec", "clusterIP"));
        await _api.CreateAsync(ResourceTypes.Services, "default", New("b", "10.0.0.5"), default);
    }

    [Fact]
    public async Task A_name_that_is_taken_leaves_no_address_taken()
    {
        await _api.CreateAsync(ResourceTypes.Services, "default", New("a", "10.0.0.5"), default);
        await Assert.ThrowsAsync<KubeException>(() => _api.CreateAsync(ResourceTypes.Services, "default", New("a", "10.0.0.6"), default));
        await _api.CreateAsync(ResourceTypes.Services, "default", New("b", "10.0.0.6"), default);
    }

    [Fact]
    public async Task A_finalizer_keeps_the_address_until_it_goes()
    {
        var service = New("a", "10.0.0.5");
        service["metadata"]!["finalizers"] = new JsonArray("a.b/c");
        await _api.CreateAsync(ResourceTypes.Services, "default", service, default);
        await _api.DeleteAsync(ResourceTypes.Services, "default", "a", null, default);
        await Assert.ThrowsAsync<KubeException>(() => _api.CreateAsync(ResourceTypes.Services, "default", New("b", "10.0.0.5"), default));
        await _api.PatchAsync(ResourceTypes.Services, "default", "a", "", PatchKind.Merge, JsonNode.Parse("""{"metadata":{"finalizers":null}}""")!, default);
        await _api.CreateAsync(ResourceTypes.Services, "default", New("b", "10.0.0.5"), default);
    }

    [Fact]
    public async Task After_a_restart_what_Services_hold_is_theirs_and_nothing_else_is_taken()
    {
        await _api.CreateAsync(ResourceTypes.Services, "default", New("gone", "10.0.0.6"), default);
        var kept = await _api.CreateAsync(ResourceTypes.Services, "default", Balancer("kept"), default);
        await _api.DeleteAsync(ResourceTypes.Services, "default", "gone", null, default);
        var services = Allocation();
        Assert.Empty(services.Restore(_store.Snapshot(KindIndex.Resource(ResourceTypes.Services)).Objects.Values.Select(item => item.Parse())));
        var restarted = new LocalApi(new ApiRegistry(_store, TimeProvider.System, services));

        var (address, node, health) = (kept.Text("spec", "clusterIP"), kept["spec"]!["ports"]![0].Number("nodePort"), kept.Number("spec", "healthCheckNodePort"));
        foreach (var wish in (string[])[$"\"clusterIP\":\"{address}\"", $"\"type\":\"NodePort\",\"ports\":[{{\"port\":80,\"nodePort\":{node}}}]", $"\"type\":\"NodePort\",\"ports\":[{{\"port\":80,\"nodePort\":{health}}}]"])
        {
            var thief = JsonNode.Parse($$"""{"metadata":{"name":"thief"},"spec":{"ports":[{"port":80}]} }""")!.AsObject();
            foreach (var (name, value) in JsonNode.Parse($"{{{wish}}}")!.AsObject())
            {
                thief["spec"]![name] = value?.DeepClone();
            }

            var refusal = await Assert.ThrowsAsync<KubeException>(() => restarted.CreateAsync(ResourceTypes.Services, "default", thief, default));
            Assert.Contains("is already allocated", refusal.Message, StringComparison.Ordinal);
        }

        var again = await restarted.PatchAsync(
            ResourceTypes.Services, "default", "kept", "", PatchKind.Merge, JsonNode.Parse("""{"metadata":{"labels":{"a":"b"}}}""")!, default);
        Assert.Equal(kept["spec"]!.ToJsonString(), again["spec"]!.ToJsonString());
        foreach (var free in (string[])["a", "b", "c", "d", "e"])
        {
            await restarted.CreateAsync(ResourceTypes.Services, "default", New(free, ""), default);
        }

        await Assert.ThrowsAsync<KubeException>(() => restarted.CreateAsync(ResourceTypes.Services, "default", New("f", ""), default));
    }

    private static ServiceAllocation Allocation() => new(new ClusterRanges { Services = [IpNet.Parse("10.0.0.0/29")] });

    private static JsonObject Balancer(string name) => JsonNode.Parse(
        $$"""{"metadata":{"name":"{{name}}"},"spec":{"type":"LoadBalancer","externalTrafficPolicy":"Local","ports":[{"port":80}]} }""")!.AsObject();

    private static JsonObject New(string name, string address) => JsonNode.Parse(
        $$"""{"metadata":{"name":"{{name}}"},"spec":{"clusterIP":"{{address}}","ports":[{"port":80}]} }""")!.AsObject();
}
