using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Tests.Kube;

namespace Fairlead.Tests.Pods;

/// <summary>The real API behind a network that lets the test hold up or break off status writes and deletions.</summary>
internal sealed class TroubledApi(IKubeApi api) : PassingApi(api)
{
    private int _statusWrites;
    private int _deletions;

    /// <summary>What happens before the status write of a number, counted from 1, gets through.</summary>
    public Func<int, Task> BeforeStatusWrite { get; set; } = _ => Task.CompletedTask;

    public Func<int, Task> BeforeDeletion { get; set; } = _ => Task.CompletedTask;

    public int StatusWrites => _statusWrites;

    public int Deletions => _deletions;

    public override async Task<JsonObject> PatchAsync(
        ResourceType type, string ns, string name, string subresource, PatchKind kind, JsonNode patch, CancellationToken cancellationToken)
    {
        await BeforeStatusWrite(Interlocked.Increment(ref _statusWrites));
        return await base.PatchAsync(type, ns, name, subresource, kind, patch, cancellationToken);
    }

    public override async Task<JsonObject> DeleteAsync(ResourceType type, string ns, string name, JsonObject? deleteOptions, CancellationToken cancellationToken)
    {
        await BeforeDeletion(Interlocked.Increment(ref _deletions));
        return await base.DeleteAsync(type, ns, name, deleteOptions, cancellationToken);
    }
}
