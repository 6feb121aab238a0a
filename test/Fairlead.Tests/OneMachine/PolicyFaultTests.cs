using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Composition;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Client;
using Fairlead.OneMachine;
using Fairlead.Testing;
using Fairlead.Tests.Controllers;
using Fairlead.Tests.Kube;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.OneMachine;

/// <summary>A policy that is not understood, which another API server let in, says so on itself and in the status.</summary>
public sealed class PolicyFaultTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-faults-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private ObjectStore _store = null!;
    private LocalApi _api = null!;

    public ValueTask InitializeAsync()
    {
        _store = ObjectStore.Open(Path.Combine(_directory, "store.db"), new KindIndex(), 256);
        _api = new LocalApi(new ApiRegistry(_store, TimeProvider.System, null));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _stop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task One_event_on_the_policy_names_the_field_whichever_and_however_many_nodes_tell()
    {
        foreach (var name in new[] { "shop", "default" })
        {
            await _api.CreateAsync(ResourceTypes.Namespaces, "", Make.Document($$"""{ "metadata": { "name": "{{name}}" } }"""), default);
        }

        var tables = new ClusterTables();
        tables.Policies.Upsert(new ObjectKey("shop", "broken"), new PolicyRow { Key = new ObjectKey("shop", "broken"), Uid = "u1", Faults = ["spec.ingress[0].from[1]: no peer"] });
        Task[] agents = [Agent(tables, "n1"), Agent(tables, "n2")];
        var first = Assert.Single(await EventsAsync(1));
        Assert.Equal(
            ("Warning", "PolicyNotUnderstood", "Not understood, and closed: spec.ingress[0].from[1]: no peer", "NetworkPolicy", "shop"),
            ((string)first["type"]!, (string)first["reason"]!, (string)first["message"]!, (string)first["involvedObject"]!["kind"]!, (string)first["metadata"]!["namespace"]!));

        // Those of no namespace are in default; what is understood says nothing.
        tables.ClusterPolicies.Upsert("whole", new ClusterPolicyRow { Name = "whole" });
        tables.ClusterPolicies.Upsert("odd", new ClusterPolicyRow { Name = "odd", Uid = "u2", Faults = ["spec.tier: neither Admin nor Baseline"] });
        var both = await EventsAsync(2);
        Assert.Equal(["odd", "broken"], both.Select(one => (string)one["involvedObject"]!["name"]!).OrderDescending());
        await _stop.CancelAsync();
        await Task.WhenAll(agents).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    [Fact]
    public async Task The_status_lists_what_is_not_understood()
    {
        Assert.Equal(
            [
                "NetworkPolicy shop/broken is not understood, and closed: spec.ingress[0].from: no list",
                "ClusterNetworkPolicy odd is not understood, and closed: spec.tier: neither Admin nor Baseline",
            ],
            await PolicyProblems.ReadAsync(new ForeignApi(_api), default));
    }

    private Task Agent(ClusterTables tables, string node) =>
        new PolicyFaultEvents(_api, tables, node, TimeProvider.System, NullLogger.Instance).RunAsync(_stop.Token);

    private async Task<List<JsonObject>> EventsAsync(int count)
    {
        for (var deadline = Deadline.Token(); ;)
        {
            var list = await _api.ListAsync(ResourceTypes.Events, "", ListOptions.All, default);
            if (list["items"]!.AsArray() is { } items && items.Count >= count)
            {
                return [.. items.Select(item => item!.AsObject())];
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, deadline);
        }
    }

    /// <summary>Serves policies that the registry would refuse.</summary>
    private sealed class ForeignApi(IKubeApi api) : PassingApi(api)
    {
        public override Task<JsonObject> ListAsync(ResourceType type, string ns, ListOptions options, CancellationToken cancellationToken) => Task.FromResult(Make.Document(
            type == ResourceTypes.NetworkPolicies
                ? """{ "items": [ { "metadata": { "name": "broken", "namespace": "shop" }, "spec": { "ingress": [ { "from": "all" } ] } }, { "metadata": { "name": "whole", "namespace": "shop" }, "spec": { "ingress": [ {} ] } } ] }"""
                : """{ "items": [ { "metadata": { "name": "odd" }, "spec": { "tier": "Middle", "priority": 1, "subject": { "namespaces": {} } } } ] }"""));
    }
}
