using System.Text.Json.Nodes;

namespace Fairlead.Kube.Client;

/// <summary>
/// The Kubernetes API as its clients use it: over HTTPS, or in the control plane's own process. A refusal is a <see cref="KubeException"/>.
/// Documents handed in belong to the callee afterwards; documents handed out belong to the caller.
/// </summary>
public interface IKubeApi
{
    /// <summary>Reads one object. <paramref name="ns"/> is empty for cluster-scoped kinds.</summary>
    Task<JsonObject> GetAsync(ResourceType type, string ns, string name, CancellationToken cancellationToken);

    /// <summary>Reads a list of namespace <paramref name="ns"/>, or of all when it is empty.</summary>
    Task<JsonObject> ListAsync(ResourceType type, string ns, ListOptions options, CancellationToken cancellationToken);

    /// <summary>Watches from <see cref="ListOptions.ResourceVersion"/> on, bookmarks included; ends when the server ends it.</summary>
    IAsyncEnumerable<WatchEvent> WatchAsync(ResourceType type, string ns, ListOptions options, CancellationToken cancellationToken);

    /// <summary>Creates an object.</summary>
    Task<JsonObject> CreateAsync(ResourceType type, string ns, JsonObject body, CancellationToken cancellationToken);

    /// <summary>Replaces an object, or its <paramref name="subresource"/> (<c>status</c>, <c>scale</c>; empty for the object itself). <c>binding</c> and <c>token</c> are created.</summary>
    Task<JsonObject> UpdateAsync(ResourceType type, string ns, string name, string subresource, JsonObject body, CancellationToken cancellationToken);

    /// <summary>Changes an object, or its subresource, by a patch.</summary>
    Task<JsonObject> PatchAsync(
        ResourceType type, string ns, string name, string subresource, PatchKind kind, JsonNode patch, CancellationToken cancellationToken);

    /// <summary>Deletes an object; <paramref name="deleteOptions"/> is a meta/v1 DeleteOptions or null.</summary>
    Task<JsonObject> DeleteAsync(ResourceType type, string ns, string name, JsonObject? deleteOptions, CancellationToken cancellationToken);
}
