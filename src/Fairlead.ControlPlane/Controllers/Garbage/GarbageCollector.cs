using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.ControlPlane.Controllers.Garbage;

/// <summary>
/// Deletes what no owner is left for, and carries out foreground and orphan deletion. The decisions are <see cref="GarbagePlan"/>'s. Before anything
/// is deleted the server itself is asked for the owner, and before an object goes as its tree's last for dependents: the graph may be behind, in each kind
/// by itself.
/// </summary>
internal sealed class GarbageCollector : IController, IDisposable
{
    private static readonly TimeSpan Lag = TimeSpan.FromMilliseconds(200);

    private readonly ControllerContext _context;
    private readonly ObjectGraph _graph;
    private readonly NamedOwners _owners;
    private readonly ReconcileLoop<string> _loop;

    public GarbageCollector(ControllerContext context, ObjectGraph graph)
    {
        _context = context;
        _graph = graph;
        _owners = new NamedOwners(context.Api, context.Kinds);
        _loop = context.Loop<string>(Name, ReconcileAsync, 4);
        graph.Changed += OnChanged;
    }

    public string Name => "garbagecollector";

    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(_graph.Synced, cancellationToken);

    public void Dispose()
    {
        _loop.Dispose();
        _owners.Dispose();
    }

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

        var plan = GarbagePlan.For(node, _graph.Dependents(uid), _graph.Get, absent);
        if (plan.CountsOnNoDependents && await HasDependentsAsync(node, plan is GarbagePlan.Unblock { Finalizer: GarbagePlan.ForegroundFinalizer }, cancellationToken))
        {
            _loop.Queue.AddAfter(uid, Lag);
            return;
        }

        await CarryOutAsync(plan, node, cancellationToken);
    }

    private async Task CarryOutAsync(GarbagePlan plan, GraphNode node, CancellationToken cancellationToken)
    {
        switch (plan)
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
                    var others = dependent.Meta.Owners.Where(owner => owner.Uid != node.Meta.Uid);
                    await PatchAsync(dependent, Ownership.Patch(dependent.Meta, [.. others]), cancellationToken);
                }

                // Once the graph shows them without owner, the finalizer goes.
                break;
            case GarbagePlan.Unblock unblock:
                await PatchAsync(node, WithoutFinalizer(node.Meta, unblock.Finalizer), cancellationToken);
                break;
        }
    }

    /// <summary>Asks the server, as of the object's last change and of the moment its owners began to wait, whichever was later.</summary>
    private Task<bool> HasDependentsAsync(GraphNode node, bool blockingOnly, CancellationToken cancellationToken)
    {
        var since = node.Meta.Owners.Select(owner => _graph.Get(owner.Uid)?.WaitsSince ?? 0).Append(node.Meta.ResourceVersion).Max();
        return _owners.ContainAsync(node.Meta.Key.Namespace, node.Meta.Uid, blockingOnly, since, cancellationToken);
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
