using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Reflectors;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Watch;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Kube;

/// <summary>A list of many pages reaches a sink page by page, and counts only when it is whole.</summary>
public sealed class PagedListTests
{
    [Fact]
    public async Task A_list_that_breaks_off_leaves_nothing_behind_of_its_pages()
    {
        var tables = new ClusterTables();
        var sink = new WatchedSink(new RowSink<string, NamespaceRow>(
            tables.Namespaces, key => key.Name, document => new NamespaceRow(document.Text("metadata", "name"), document.Labels("metadata", "labels")), NullLogger.Instance));
        using var stop = new CancellationTokenSource();
        var api = new PagedApi();
        var running = new Reflector(api, ResourceTypes.Namespaces, ListOptions.All, sink, TimeProvider.System, NullLogger.Instance).RunAsync(stop.Token);
        await api.Broken.Task.WaitAsync(Deadline.Token());
        Assert.False(tables.Namespaces.Initialized);
        Assert.Empty(tables.Namespaces.Snapshot());
        await sink.Ended.Task.WaitAsync(Deadline.Token());
        Assert.Equal(["b", "c", "d"], tables.Namespaces.Snapshot().Keys.Order(StringComparer.Ordinal));
        Assert.True(tables.Namespaces.Initialized);
        Assert.Equal(["begin", "a", "begin", "b", "c,d", "end"], sink.Calls);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    /// <summary>Writes down how a sink is called.</summary>
    private sealed class WatchedSink(IPagedSink sink) : IPagedSink
    {
        public List<string> Calls { get; } = [];

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void BeginList()
        {
            Calls.Add("begin");
            sink.BeginList();
        }

        public void AddPage(IReadOnlyList<JsonObject> items)
        {
            Calls.Add(string.Join(',', items.Select(item => item.Text("metadata", "name"))));
            sink.AddPage(items);
        }

        public void EndList()
        {
            Calls.Add("end");
            sink.EndList();
            Ended.SetResult();
        }

        public void Replace(IReadOnlyList<JsonObject> items) => Calls.Add("replace");

        public void Upsert(JsonObject item) => sink.Upsert(item);

        public void Delete(JsonObject item) => sink.Delete(item);
    }

    /// <summary>Two lists of two pages; the first one's second page fails.</summary>
    private sealed class PagedApi : IKubeApi
    {
        private int _lists;

        public TaskCompletionSource Broken { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<JsonObject> ListAsync(ResourceType type, string ns, ListOptions options, CancellationToken cancellationToken)
        {
            if (options.Continue.Length == 0)
            {
                return Task.FromResult(Page(++_lists == 1 ? "a" : "b", "next"));
            }

            if (_lists > 1)
            {
                return Task.FromResult(Page("c d", ""));
            }

            Broken.TrySetResult();
            return Task.FromException<JsonObject>(new HttpRequestException("gone"));
        }

        public async IAsyncEnumerable<WatchEvent> WatchAsync(
            ResourceType type, string ns, ListOptions options, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            yield break;
        }

        public Task<JsonObject> GetAsync(ResourceType type, string ns, string name, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<JsonObject> CreateAsync(ResourceType type, string ns, JsonObject body, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<JsonObject> UpdateAsync(ResourceType type, string ns, string name, string subresource, JsonObject body, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<JsonObject> PatchAsync(
            ResourceType type, string ns, string name, string subresource, PatchKind kind, JsonNode patch, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<JsonObject> DeleteAsync(ResourceType type, string ns, string name, JsonObject? deleteOptions, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        private static JsonObject Page(string names, string next) => new()
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = "1", ["continue"] = next },
            ["items"] = new JsonArray([.. names.Split(' ').Select(name => (JsonNode)new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } })]),
        };
    }
}
