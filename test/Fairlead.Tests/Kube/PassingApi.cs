using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.Tests.Kube;

/// <summary>Passes every call on to the real API; what a test troubles, it overrides.</summary>
internal abstract class PassingApi(IKubeApi api) : IKubeApi
{
    public virtual Task<JsonObject> GetAsync(ResourceType type, string ns, string name, CancellationToken cancellationToken) =>
        api.GetAsync(type, ns, name, cancellationToken);

    public virtual Task<JsonObject> ListAsync(ResourceType type, string ns, ListOptions options, CancellationToken cancellationToken) =>
        api.ListAsync(type, ns, options, cancellationToken);

    public virtual IAsyncEnumerable<WatchEvent> WatchAsync(ResourceType type, string ns, ListOptions options, CancellationToken cancellationToken) =>
        api.WatchAsync(type, ns, options, cancellationToken);

    public virtual Task<JsonObject> CreateAsync(ResourceType type, string ns, JsonObject body, CancellationToken cancellationToken) =>
        api.CreateAsync(type, ns, body, cancellationToken);

    public virtual Task<JsonObject> UpdateAsync(
        ResourceType type, string ns, string name, string subresource, JsonObject body, CancellationToken cancellationToken) =>
        api.UpdateAsync(type, ns, name, subresource, body, cancellationToken);

    public virtual Task<JsonObject> PatchAsync(
        ResourceType type, string ns, string name, string subresource, PatchKind kind, JsonNode patch, CancellationToken cancellationToken) =>
        api.PatchAsync(type, ns, name, subresource, kind, patch, cancellationToken);

    public virtual Task<JsonObject> DeleteAsync(ResourceType type, string ns, string name, JsonObject? deleteOptions, CancellationToken cancellationToken) =>
        api.DeleteAsync(type, ns, name, deleteOptions, cancellationToken);
}
