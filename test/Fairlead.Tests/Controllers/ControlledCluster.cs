using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Allocation;
using Fairlead.ControlPlane.Controllers;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Controllers;

/// <summary>The real store and API with the real controllers; the test itself plays the nodes.</summary>
internal sealed class ControlledCluster : IAsyncDisposable
{
    private static readonly TimeSpan Patience = Deadline.Long;

    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-controllers-").FullName;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ObjectStore _store;
    private readonly ControllerManager _manager;
    private readonly Task _running;

    private ControlledCluster(ControllerOptions options, TimeProvider time, string? serviceRange)
    {
        _store = ObjectStore.Open(Path.Combine(_directory, "store.db"), new KindIndex(), 4096);
        var services = serviceRange is null
            ? null
            : new ServiceAllocation(new ClusterRanges { Services = [IpNet.Parse(serviceRange)] }, new StoredAddresses(_store), new Random(1));
        Api = new LocalApi(new ApiRegistry(_store, time, services));
        _manager = new ControllerManager(Api, options, time, NullLoggerFactory.Instance);
        _running = _manager.RunAsync(_stopping.Token);
    }

    public IKubeApi Api { get; }

    /// <summary>Starts one; with <paramref name="serviceRange"/> Services get addresses of ServiceCIDR kubernetes, otherwise those they ask for.</summary>
    public static async Task<ControlledCluster> StartAsync(
        int nodes = 2, ControllerOptions? options = null, TimeProvider? time = null, string? serviceRange = null)
    {
        var cluster = new ControlledCluster(options ?? new ControllerOptions(), time ?? TimeProvider.System, serviceRange);
        foreach (var name in new[] { "default", "kube-node-lease" })
        {
            await cluster.CreateAsync(ResourceTypes.Namespaces, "", $$"""{ "metadata": { "name": "{{name}}" } }""");
        }

        if (serviceRange is not null)
        {
            await cluster.CreateAsync(
                ResourceTypes.ServiceCidrs, "", $$"""{ "metadata": { "name": "kubernetes" }, "spec": { "cidrs": [ "{{serviceRange}}" ] } }""");
            await cluster.UntilAsync(ResourceTypes.ServiceCidrs, "", items =>
                items[0].Objects("status", "conditions").Any(condition => condition.Text("status") == "True"));
        }

        for (var i = 1; i <= nodes; i++)
        {
            await PlayedNodes.AddAsync(cluster.Api, $"n{i}", $"z{i}");
        }

        return cluster;
    }

    public Task<JsonObject> CreateAsync(ResourceType type, string space, string body) => Api.CreateAsync(type, space, Make.Document(body), default);

    public Task<JsonObject> GetAsync(ResourceType type, string space, string name) => Api.GetAsync(type, space, name, default);

    public Task<JsonObject> PatchAsync(ResourceType type, string space, string name, string patch) =>
        Api.PatchAsync(type, space, name, "", PatchKind.Merge, Make.Document(patch), default);

    public Task<JsonObject> StatusAsync(ResourceType type, string space, string name, string status) =>
        Api.PatchAsync(type, space, name, "status", PatchKind.Strategic, new JsonObject { ["status"] = Make.Document(status) }, default);

    public Task DeleteAsync(ResourceType type, string space, string name, string options = "{}") => Api.DeleteAsync(type, space, name, Make.Document(options), default);

    public async Task<IReadOnlyList<JsonObject>> ListAsync(ResourceType type, string space) =>
        [.. (await Api.ListAsync(type, space, ListOptions.All, default)).Objects("items")];

    /// <summary>Waits, by watching, until the objects of a kind are as <paramref name="condition"/> wants them; returns them.</summary>
    public async Task<IReadOnlyList<JsonObject>> UntilAsync(ResourceType type, string space, Func<IReadOnlyList<JsonObject>, bool> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        var list = await Api.ListAsync(type, space, ListOptions.All, patience.Token);
        var items = list.Objects("items").ToDictionary(item => item.Text("metadata", "name"));
        try
        {
            if (condition([.. items.Values]))
            {
                return [.. items.Values];
            }

            var options = new ListOptions { ResourceVersion = list.Text("metadata", "resourceVersion") };
            await foreach (var change in Api.WatchAsync(type, space, options, patience.Token))
            {
                _ = change.Type == "DELETED" ? items.Remove(change.Object.Text("metadata", "name")) : change.Type != "BOOKMARK" && Set(items, change.Object);
                if (condition([.. items.Values]))
                {
                    return [.. items.Values];
                }
            }
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            throw new TimeoutException($"{type.Plural} never became as wanted: {string.Join('\n', items.Values.Select(item => item.ToJsonString()))}");
        }

        throw new InvalidOperationException("the watch ended");
    }

    /// <summary>Waits until the scheduler knows both nodes and would place pods on them; what a pod is placed by before depends on what it has seen by then.</summary>
    public async Task SchedulesAsync(params string[] nodes)
    {
        foreach (var node in nodes)
        {
            await CreateAsync(ResourceTypes.Pods, "kube-node-lease", $$"""
                {
                    "metadata": { "name": "probe-{{node}}" },
                    "spec": {
                        "containers": [ { "name": "c", "image": "c" } ],
                        "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [
                            { "matchFields": [ { "key": "metadata.name", "operator": "In", "values": [ "{{node}}" ] } ] } ] } } }
                    }
                }
                """);
            await UntilAsync(ResourceTypes.Pods, "kube-node-lease", pods => pods.Any(pod => pod.Text("spec", "nodeName") == node));
        }
    }

    /// <summary>Plays the nodes until the cluster stops: bound pods run and are Ready at an address of their own, terminating ones go.</summary>
    public void PlayNodes() => _ = new PlayedNodes(Api, TimeProvider.System).RunAsync(_stopping.Token);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            _manager.Dispose();
        }

        await _store.DisposeAsync();
        _stopping.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static bool Set(Dictionary<string, JsonObject> items, JsonObject item)
    {
        items[item.Text("metadata", "name")] = item;
        return true;
    }
}
