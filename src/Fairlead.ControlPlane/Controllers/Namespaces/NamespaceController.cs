using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.ControlPlane.Controllers.Garbage;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.ControlPlane.Controllers.Namespaces;

/// <summary>Furnishes new namespaces, and empties those being deleted. The order of that is <see cref="NamespacePlan"/>'s.</summary>
internal sealed class NamespaceController : IController, IDisposable
{
    private const string Finalizer = "kubernetes";
    private const string RootCertificateName = "kube-root-ca.crt";
    private const string AccountName = "default";

    private readonly ControllerContext _context;
    private readonly ObjectGraph _graph;
    private readonly Informer<NamespaceInfo> _namespaces;
    private readonly ReconcileLoop<string> _loop;

    public NamespaceController(ControllerContext context, ObjectGraph graph)
    {
        _context = context;
        _graph = graph;
        _namespaces = context.Reflectors.Inform(ResourceTypes.Namespaces, NamespaceInfo.Read);
        _loop = context.Loop<string>(Name, ReconcileAsync, 4);
        _namespaces.Changed += (_, item) =>
        {
            if (item is not null)
            {
                _loop.Queue.Add(item.Meta.Key.Name);
            }
        };
        graph.Changed += OnContent;
    }

    public string Name => "namespace";

    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync([.. _graph.Synced, _namespaces.Synced], cancellationToken);

    public void Dispose() => _loop.Dispose();

    private void OnContent(GraphNode? old, GraphNode? node)
    {
        var changed = (node ?? old)!;
        var space = changed.Meta.Key.Namespace;
        if (space.Length == 0 || _namespaces.Get(new ObjectKey("", space)) is not { } item)
        {
            return;
        }

        var isFurniture = node is null && changed.Meta.Key.Name is RootCertificateName or AccountName;
        if (isFurniture || item.Meta.Deleted is not null)
        {
            _loop.Queue.Add(space);
        }
    }

    private async Task ReconcileAsync(string name, CancellationToken cancellationToken)
    {
        if (_namespaces.Get(new ObjectKey("", name)) is not { } item)
        {
            return;
        }

        if (item.Meta.Deleted is null)
        {
            await FurnishAsync(name, cancellationToken);
        }
        else if (item.Finalizers.Contains(Finalizer))
        {
            await EmptyAsync(item, cancellationToken);
        }
    }

    private async Task FurnishAsync(string name, CancellationToken cancellationToken)
    {
        var content = _graph.InNamespace(name);
        await EnsureAsync(ResourceTypes.ServiceAccounts, AccountName, []);
        var certificate = new JsonObject { ["data"] = new JsonObject { ["ca.crt"] = _context.Options.RootCertificate } };
        await EnsureAsync(ResourceTypes.ConfigMaps, RootCertificateName, certificate);

        async Task EnsureAsync(ResourceType type, string objectName, JsonObject body)
        {
            if (content.Any(node => node.Type == type && node.Meta.Key.Name == objectName))
            {
                return;
            }

            body["apiVersion"] = type.ApiVersion;
            body["kind"] = type.Kind;
            body["metadata"] = new JsonObject { ["namespace"] = name, ["name"] = objectName };
            try
            {
                await _context.Api.CreateAsync(type, name, body, cancellationToken);
            }
            catch (KubeException e) when (e.IsAlreadyExists)
            {
                // The graph is behind; it is there, which is all that is wanted.
                return;
            }
        }
    }

    private async Task EmptyAsync(NamespaceInfo item, CancellationToken cancellationToken)
    {
        var name = item.Meta.Key.Name;
        var plan = NamespacePlan.For(_graph.InNamespace(name));
        await Batch.RunAsync(
            plan.Delete, (node, token) => Deletion.DeleteAsync(_context.Api, node.Type, node.Meta, "Background", token), cancellationToken);
        var conditions = NamespaceConditions.For(plan, item.Conditions, _context.Time.GetUtcNow());
        if (conditions is not null)
        {
            var status = new JsonObject { ["status"] = new JsonObject { ["phase"] = "Terminating", ["conditions"] = conditions } };
            await _context.Api.PatchAsync(ResourceTypes.Namespaces, "", name, "status", PatchKind.Merge, status, cancellationToken);
        }

        if (!plan.IsEmpty || await HasContentAsync(name, cancellationToken))
        {
            return;
        }

        var body = await _context.Api.GetAsync(ResourceTypes.Namespaces, "", name, cancellationToken);
        if (body.Text("metadata", "uid") == item.Meta.Uid && body["spec"] is JsonObject spec)
        {
            spec["finalizers"] = item.Finalizers.Where(finalizer => finalizer != Finalizer).ToJson();
            await _context.Api.UpdateAsync(ResourceTypes.Namespaces, "", name, "finalize", body, cancellationToken);
        }
    }

    /// <summary>The graph may be behind: before the last word the server is asked. What it finds the graph will show, and this runs again.</summary>
    private async Task<bool> HasContentAsync(string name, CancellationToken cancellationToken)
    {
        foreach (var type in _context.Kinds.Where(type => type.Namespaced))
        {
            var list = await _context.Api.ListAsync(type, name, new ListOptions { Limit = 1 }, cancellationToken);
            if (list["items"] is JsonArray { Count: > 0 })
            {
                return true;
            }
        }

        return false;
    }
}
