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
using Fairlead.Tests.Kube;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Controllers;

public sealed class GarbageCollectorTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-garbage-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private ObjectStore _store = null!;
    private LaggingApi _api = null!;
    private GarbageCollector _collector = null!;
    private Task _running = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        _store = ObjectStore.Open(Path.Combine(_directory, "store.db"), new KindIndex(), 256);
        _api = new LaggingApi(new LocalApi(new ApiRegistry(_store, TimeProvider.System, null)));
        await _api.CreateAsync(ResourceTypes.Namespaces, "", Make.Document("""{ "metadata": { "name": "default" } }"""), default);
        var context = new ControllerContext(_api, new ControllerOptions(), TimeProvider.System, NullLoggerFactory.Instance);
        var graph = new ObjectGraph();
        graph.Follow(context.Reflectors, ResourceTypes.ConfigMaps);
        graph.Follow(context.Reflectors, ResourceTypes.Secrets);
        _collector = new GarbageCollector(context, graph);
        _running = Task.WhenAll(context.Reflectors.RunAsync(_stop.Token), _collector.RunAsync(_stop.Token));
        await Task.WhenAll(graph.Synced).WaitAsync(Deadline.Long);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _collector.Dispose();
        await _store.DisposeAsync();
        _stop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task An_owner_waits_for_a_dependent_whose_watch_lags_behind()
    {
        var owner = await CreateAsync("owner");
        await CreateAsync(ResourceTypes.Secrets, "dependent", owner);

        await DeleteInForegroundAsync("owner");
        await _api.Asked.Task.WaitAsync(Deadline.Long);
        _api.Released.SetResult();
        await _api.Gone("owner").WaitAsync(Deadline.Long);

        Assert.Equal(["delete configmaps/owner", "delete secrets/dependent", "patch configmaps/owner"], _api.Writes);
    }

    [Fact]
    public async Task An_answer_from_before_an_owner_began_to_wait_does_not_let_its_leaves_go()
    {
        await CreateAsync("earlier");
        var owner = await CreateAsync("owner");
        var leaf = await CreateAsync(ResourceTypes.ConfigMaps, "leaf", owner);
        await DeleteInForegroundAsync("earlier");
        await _api.Gone("earlier").WaitAsync(Deadline.Long);

        await CreateAsync(ResourceTypes.Secrets, "dependent", leaf);
        _api.Asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _api.Writes.Clear();
        await DeleteInForegroundAsync("owner");
        await _api.Asked.Task.WaitAsync(Deadline.Long);
        _api.Released.SetResult();
        await _api.Gone("owner").WaitAsync(Deadline.Long);

        Assert.Equal(
            ["delete configmaps/owner", "delete configmaps/leaf", "delete secrets/dependent", "patch configmaps/leaf", "patch configmaps/owner"], _api.Writes);
    }

    [Fact]
    public async Task However_many_leaves_a_tree_has_each_kind_is_listed_once_for_them_and_once_for_their_owner()
    {
        const int Leaves = 60;
        var owner = await CreateAsync("owner");
        for (var number = 0; number < Leaves; number++)
        {
            await CreateAsync(ResourceTypes.ConfigMaps, $"leaf-{number}", owner);
        }

        await DeleteInForegroundAsync("owner");
        await _api.Gone("owner").WaitAsync(Deadline.Long);

        Assert.Equal(Leaves + 1, _api.Writes.Count(write => write.StartsWith("delete", StringComparison.Ordinal)));
        Assert.All(_api.Lists, kind => Assert.Equal(2, kind.Value));
        Assert.Contains("secrets", _api.Lists.Keys);
    }

    private Task<JsonObject> CreateAsync(string name) =>
        _api.CreateAsync(ResourceTypes.ConfigMaps, "default", Make.Document($$"""{ "metadata": { "name": "{{name}}" } }"""), default);

    private Task<JsonObject> CreateAsync(ResourceType type, string name, JsonObject owner) => _api.CreateAsync(
        type, "default",
        Make.Document(
            $$"""
            { "metadata": { "name": "{{name}}", "ownerReferences": [ { "apiVersion": "v1", "kind": "ConfigMap",
              "name": "{{owner.Text("metadata", "name")}}", "uid": "{{owner.Text("metadata", "uid")}}", "blockOwnerDeletion": true } ] } }
            """),
        default);

    private Task<JsonObject> DeleteInForegroundAsync(string name) =>
        _api.DeleteAsync(ResourceTypes.ConfigMaps, "default", name, Make.Document("""{ "propagationPolicy": "Foreground" }"""), default);

    /// <summary>The real API, whose watch of Secrets shows nothing before it is released.</summary>
    private sealed class LaggingApi(IKubeApi api) : PassingApi(api)
    {
        private readonly ConcurrentDictionary<string, TaskCompletionSource> _patched = [];

        public TaskCompletionSource Released { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The server has been asked for the secrets of the namespace.</summary>
        public TaskCompletionSource Asked { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ConcurrentQueue<string> Writes { get; } = [];

        /// <summary>How often each kind was listed in one namespace, as nobody but the collector does.</summary>
        public ConcurrentDictionary<string, int> Lists { get; } = [];

        /// <summary>Complete once the last finalizer of the object has been taken off.</summary>
        public Task Gone(string name) => Patched(name).Task;

        public override async Task<JsonObject> ListAsync(ResourceType type, string ns, ListOptions options, CancellationToken cancellationToken)
        {
            var list = await base.ListAsync(type, ns, options, cancellationToken);
            if (ns.Length > 0)
            {
                Lists.AddOrUpdate(type.Plural, 1, (_, count) => count + 1);
            }

            if (type == ResourceTypes.Secrets && ns.Length > 0)
            {
                Asked.TrySetResult();
            }

            return list;
        }

        public override async IAsyncEnumerable<WatchEvent> WatchAsync(
            ResourceType type, string ns, ListOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            if (type == ResourceTypes.Secrets)
            {
                await Released.Task.WaitAsync(cancellationToken);
            }

            await foreach (var change in base.WatchAsync(type, ns, options, cancellationToken))
            {
                yield return change;
            }
        }

        public override async Task<JsonObject> PatchAsync(
            ResourceType type, string ns, string name, string subresource, PatchKind kind, JsonNode patch, CancellationToken cancellationToken)
        {
            Writes.Enqueue($"patch {type.Plural}/{name}");
            var patched = await base.PatchAsync(type, ns, name, subresource, kind, patch, cancellationToken);
            Patched(name).TrySetResult();
            return patched;
        }

        public override Task<JsonObject> DeleteAsync(ResourceType type, string ns, string name, JsonObject? deleteOptions, CancellationToken cancellationToken)
        {
            Writes.Enqueue($"delete {type.Plural}/{name}");
            return base.DeleteAsync(type, ns, name, deleteOptions, cancellationToken);
        }

        private TaskCompletionSource Patched(string name) =>
            _patched.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
    }
}
