using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Controllers;
using Fairlead.ControlPlane.Controllers.Garbage;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Controllers;

public sealed class GarbageCollectorTests
{
    [Fact]
    public async Task An_owner_waits_for_a_dependent_whose_watch_lags_behind()
    {
        var directory = Directory.CreateTempSubdirectory("fairlead-garbage-").FullName;
        await using var store = ObjectStore.Open(Path.Combine(directory, "store.db"), new KindIndex(), 256);
        var api = new LaggingApi(new LocalApi(new ApiRegistry(store, TimeProvider.System, null)));
        await api.CreateAsync(ResourceTypes.Namespaces, "", Make.Document("""{ "metadata": { "name": "default" } }"""), default);
        var owner = await api.CreateAsync(ResourceTypes.ConfigMaps, "default", Make.Document("""{ "metadata": { "name": "owner" } }"""), default);
        var context = new ControllerContext(api, new ControllerOptions(), TimeProvider.System, NullLoggerFactory.Instance);
        var graph = new ObjectGraph();
        graph.Follow(context.Reflectors, ResourceTypes.ConfigMaps);
        graph.Follow(context.Reflectors, ResourceTypes.Secrets);
        using var collector = new GarbageCollector(context, graph);
        using var stop = new CancellationTokenSource();
        var running = Task.WhenAll(context.Reflectors.RunAsync(stop.Token), collector.RunAsync(stop.Token));
        await Task.WhenAll(graph.Synced).WaitAsync(Deadline.Long);
        await api.CreateAsync(
            ResourceTypes.Secrets, "default",
            Make.Document(
                $$"""
                { "metadata": { "name": "dependent", "ownerReferences": [
                  { "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "{{owner.Text("metadata", "uid")}}", "blockOwnerDeletion": true } ] } }
                """),
            default);
        api.Writes.Clear();

        await api.DeleteAsync(ResourceTypes.ConfigMaps, "default", "owner", Make.Document("""{ "propagationPolicy": "Foreground" }"""), default);
        await api.Asked.Task.WaitAsync(Deadline.Long);
        api.Released.SetResult();
        await api.Patched.Task.WaitAsync(Deadline.Long);

        Assert.Equal(["delete configmaps/owner", "delete secrets/dependent", "patch configmaps/owner"], api.Writes);
        await stop.CancelAsync();
        await running.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>The real API, whose watch of Secrets shows nothing before it is released.</summary>
    private sealed class LaggingApi(IKubeApi api) : IKubeApi
    {
        public TaskCompletionSource Released { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The server has been asked for the secrets of the namespace.</summary>
        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Patched { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ConcurrentQueue<string> Writes { get; } = [];

        public Task<JsonObject> GetAsync(ResourceType type, string ns, string name, CancellationToken cancellationToken) => api.GetAsync(type, ns, name, cancellationToken);

        public async Task<JsonObject> ListAsync(ResourceType type, string ns, ListOptions options, CancellationToken cancellationToken)
        {
            var list = await api.ListAsync(type, ns, options, cancellationToken);
            if (type == ResourceTypes.Secrets && ns.Length > 0)
            {
                Asked.TrySetResult();
            }

            return list;
        }

        public async IAsyncEnumerable<WatchEvent> WatchAsync(
            ResourceType type, string ns, ListOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            if (type == ResourceTypes.Secrets)
            {
                await Released.Task.WaitAsync(cancellationToken);
            }

            await foreach (var change in api.WatchAsync(type, ns, options, cancellationToken))
            {
                yield return change;
            }
        }

        public Task<JsonObject> CreateAsync(ResourceType type, string ns, JsonObject body, CancellationToken cancellationToken) =>
            api.CreateAsync(type, ns, body, cancellationToken);

        public Task<JsonObject> UpdateAsync(
            ResourceType type, string ns, string name, string subresource, JsonObject body, CancellationToken cancellationToken) =>
            api.UpdateAsync(type, ns, name, subresource, body, cancellationToken);

        public async Task<JsonObject> PatchAsync(
            ResourceType type, string ns, string name, string subresource, PatchKind kind, JsonNode patch, CancellationToken cancellationToken)
        {
            Writes.Enqueue($"patch {type.Plural}/{name}");
            var patched = await api.PatchAsync(type, ns, name, subresource, kind, patch, cancellationToken);
            Patched.TrySetResult();
            return patched;
        }

        public Task<JsonObject> DeleteAsync(ResourceType type, string ns, string name, JsonObject? deleteOptions, CancellationToken cancellationToken)
        {
            Writes.Enqueue($"delete {type.Plural}/{name}");
            return api.DeleteAsync(type, ns, name, deleteOptions, cancellationToken);
        }
    }
}
