using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.ControlPlane.Controllers.Garbage;

/// <summary>
/// Deletes what no owner is left for, and carries out foreground and orphan deletion. The decisions are <see cref="GarbagePlan"/>'s. Before anything
/// is deleted the server itself is asked for the owner: the graph may be behind.
/// </summary>
internal sealed class GarbageCollector : IController, IDisposable
{
    private readonly ControllerContext _context;
    private readonly ObjectGraph _graph;
    private readonly ReconcileLoop<string> _loop;

    public GarbageCollector(ControllerContext context, ObjectGraph graph)
    {
        _context = context;
        _graph = graph;
        _loop = context.Loop<string>(Name, ReconcileAsync, 4);
        graph.Changed += OnChanged;
    }

    public string Name => "garbagecollector";

    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(_graph.Synced, cancellationToken);

    public void Dispose() => _loop.Dispose();

    private void OnChanged(GraphNode? old, GraphNode? node)
    {
        if (node is not null && (old is null || old.Meta.Owners != node.Meta.Owners || (old.Meta.Deleted is null) != (node.Meta.Deleted is null)))
        {
            if (node.Meta.Owners.Count > 0 || node.Meta.Deleted is not null)
            {
                _loop.Queue.Add(node.Meta.Uid);
            }
        }

        var isBeingDeleted = node is { Meta.Deleted: not null } && node.Meta.Finalizers.Count > 0;
        if (node is null || (isBeingDeleted && old?.Meta.Deleted is null))
        {
            foreach (var dependent in _graph.Dependents((node ?? old)!.Meta.Uid))
            {
                _loop.Queue.Add(dependent.Meta.Uid);
            }
        }

        // An owner may wait for this one to go, or to let go.
        foreach (var owner in old?.Meta.Owners ?? [])
        {
            if (_graph.Get(owner.Uid) is { Meta.Deleted: not null })
            {
                _loop.Queue.Add(owner.Uid);
            }
        }
    }

    private async Task ReconcileAsync(string uid, CancellationToken cancellationToken)
    {
        if (_graph.Get(uid) is not { } node)
        {
            return;
        }

        var absent = new HashSet<string>();
        var owners = node.Meta.Deleted is null ? node.Meta.Owners.ToList() : [];
        foreach (var owner in owners)
        {
            if (_graph.Get(owner.Uid) is null && await IsAbsentAsync(node, owner, cancellationToken))
            {
                absent.Add(owner.Uid);
            }
        }

        switch (GarbagePlan.For(node, _graph.Dependents(uid), _graph.Get, absent))
        {
            case GarbagePlan.Delete delete:
                await Deletion.DeleteAsync(_context.Api, node.Type, node.Meta, delete.Policy, cancellationToken);
                break;
            case GarbagePlan.Disown disown:
                await PatchAsync(node, Ownership.Patch(node.Meta, disown.Remaining), cancellationToken);
                break;
            case GarbagePlan.Orphan orphan:
                foreach (var dependent in orphan.Dependents)
                {
                    var others = dependent.Meta.Owners.Where(owner => owner.Uid != uid);
                    await PatchAsync(dependent, Ownership.Patch(dependent.Meta, [.. others]), cancellationToken);
                }

                // Once the graph shows them without owner, the finalizer goes.
                break;
            case GarbagePlan.Unblock unblock:
                await PatchAsync(node, WithoutFinalizer(node.Meta, unblock.Finalizer), cancellationToken);
                break;
        }
    }

    /// <summary>Asks the server; an owner of a kind it does not serve is taken to exist.</summary>
    private async Task<bool> IsAbsentAsync(GraphNode node, OwnerReference owner, CancellationToken cancellationToken)
    {
        if (ControllerContext.FindKind(owner.ApiVersion, owner.Kind) is not { } type)
        {
            return false;
        }

        try
        {
            var found = await _context.Api.GetAsync(type, type.Namespaced ? node.Meta.Key.Namespace : "", owner.Name, cancellationToken);
            return found.Text("metadata", "uid") != owner.Uid;
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            return true;
        }
    }

    private async Task PatchAsync(GraphNode node, JsonObject patch, CancellationToken cancellationToken)
    {
        try
        {
            await _context.Api.PatchAsync(node.Type, node.Meta.Key.Namespace, node.Meta.Key.Name, "", PatchKind.Merge, patch, cancellationToken);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            // Gone already: what the patch was for has happened.
            return;
        }
    }

    private static JsonObject WithoutFinalizer(RowMeta meta, string finalizer) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["uid"] = meta.Uid,
            ["resourceVersion"] = meta.ResourceVersion.ToString(CultureInfo.InvariantCulture),
            ["finalizers"] = meta.Finalizers.Where(name => name != finalizer).ToJson(),
        },
    };
}
