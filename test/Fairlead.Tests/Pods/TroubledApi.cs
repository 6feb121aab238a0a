using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.Tests.Pods;

/// <summary>The real API behind a network that lets the test hold up or break off status writes and deletions.</summary>
internal sealed class TroubledApi(IKubeApi api) : IKubeApi
{
    private int _statusWrites;
    private int _deletions;

    /// <summary>What happens before the status write of a number, counted from 1, gets through.</summary>
    public Func<int, Task> BeforeStatusWrite { get; set; } = _ => Task.CompletedTask;

    public Func<int, Task> BeforeDeletion { get; set; } = _ => Task.CompletedTask;

    public int StatusWrites => _statusWrites;

    public int Deletions => _deletions;

    public Task<JsonObject> GetAsync(ResourceType type, string ns, string name, CancellationToken cancellationToken) =>
        api.GetAsync(type, ns, name, cancellationToken);

    public Task<JsonObject> ListAsync(ResourceType type, string ns, ListOptions options, CancellationToken cancellationToken) =>
        api.ListAsync(type, ns, options, cancellationToken);

    public IAsyncEnumerable<WatchEvent> WatchAsync(ResourceType type, string ns, ListOptions options, CancellationToken cancellationToken) =>
        api.WatchAsync(type, ns, options, cancellationToken);

    public Task<JsonObject> CreateAsync(ResourceType type, string ns, JsonObject body, CancellationToken cancellationToken) =>
        api.CreateAsync(type, ns, body, cancellationToken);

    public Task<JsonObject> UpdateAsync(
        ResourceType type, string ns, string name, string subresource, JsonObject body, CancellationToken cancellationToken) =>
        api.UpdateAsync(type, ns, name, subresource, body, cancellationToken);

    public async Task<JsonObject> PatchAsync(
        ResourceType type, string ns, string name, string subresource, PatchKind kind, JsonNode patch, CancellationToken cancellationToken)
    {
        await BeforeStatusWrite(Interlocked.Increment(ref _statusWrites));
        return await api.PatchAsync(type, ns, name, subresource, kind, patch, cancellationToken);
    }

    public async Task<JsonObject> DeleteAsync(ResourceType type, string ns, string name, JsonObject? deleteOptions, CancellationToken cancellationToken)
    {
        await BeforeDeletion(Interlocked.Increment(ref _deletions));
        return await api.DeleteAsync(type, ns, name, deleteOptions, cancellationToken);
    }
}
