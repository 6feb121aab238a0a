using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.ControlPlane.Controllers.Nodes;

/// <summary>
/// Gives nodes their pod ranges, and says of a node whose Lease is not renewed that nobody knows how it is: conditions Unknown, and taints that keep
/// new pods away. A node's own word takes the taints off again.
/// </summary>
internal sealed class NodeController : IController, IDisposable
{
    public const string LeaseNamespace = "kube-node-lease";

    private readonly ControllerContext _context;
    private readonly EventRecorder _events;
    private readonly Informer<LeaseInfo> _leases;
    private readonly ReconcileLoop<string> _loop;

    /// <summary>When a node last said itself that it is ready. That counts as a renewal: its Lease may be seen later than its status.</summary>
    private readonly ConcurrentDictionary<string, DateTimeOffset> _spoke = new(StringComparer.Ordinal);

    public NodeController(ControllerContext context)
    {
        _context = context;
        _events = context.Recorder("node-controller");
        _leases = context.Reflectors.Inform(ResourceTypes.Leases, LeaseInfo.Reader(context.Time));

        // One worker: each range given out counts for the next.
        _loop = context.Loop<string>(Name, ReconcileAsync, 1);
        context.Nodes.Changed += (old, node) =>
        {
            if (node is null)
            {
                _spoke.TryRemove(old!.Name, out _);
                return;
            }

            if (node.Ready == "True" && old?.Ready == "Unknown")
            {
                _spoke[node.Name] = context.Time.GetUtcNow();
            }

            _loop.Queue.Add(node.Name);
        };
        _leases.Changed += (_, lease) =>
        {
            if (lease?.Meta.Key.Namespace == LeaseNamespace)
            {
                _loop.Queue.Add(lease.Meta.Key.Name);
            }
        };
    }

    public string Name => "node";

    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync([_context.Nodes.Synced, _leases.Synced], cancellationToken);

    public void Dispose() => _loop.Dispose();

    private async Task ReconcileAsync(string name, CancellationToken cancellationToken)
    {
        if (_context.Nodes.Get(new ObjectKey("", name)) is not { Meta.Deleted: null } node)
        {
            return;
        }

        if (node.PodCIDRs.Count == 0 && _context.Options.PodNetworks.Count > 0)
        {
            node = await GiveRangesAsync(node, cancellationToken);
        }

        var now = _context.Time.GetUtcNow();
        var heard = Heard(name);
        var isLost = heard + _context.Options.NodeGrace <= now;
        if (isLost && node.Ready is not "Unknown")
        {
            node = await MarkLostAsync(node, now, cancellationToken);
        }
        else if (heard is { } since && !isLost)
        {
            _loop.Queue.AddAfter(name, since + _context.Options.NodeGrace - now);
        }

        var taints = NodeTaints.For(node);
        if (taints != node.Taints)
        {
            var spec = new JsonObject { ["taints"] = taints.Count == 0 ? null : new JsonArray([.. taints.Select(taint => NodeTaints.ToJson(taint, now))]) };
            await PatchAsync(node, "", PatchKind.Merge, new JsonObject { ["metadata"] = Version(node), ["spec"] = spec }, cancellationToken);
        }
    }

    /// <summary>When the node was last heard of; null for one without a Lease, of which nothing is expected.</summary>
    private DateTimeOffset? Heard(string name) =>
        _leases.Get(new ObjectKey(LeaseNamespace, name)) is not { Renewed: var renewed } ? null
        : _spoke.TryGetValue(name, out var spoke) && spoke > renewed ? spoke
        : renewed;

    private async Task<NodeInfo> GiveRangesAsync(NodeInfo node, CancellationToken cancellationToken)
    {
        if (PodRangePlan.For(_context.Options, _context.Nodes.Rows) is not { } ranges)
        {
            var message = $"No pod range is left for node {node.Name} in {string.Join(", ", _context.Options.PodNetworks)}";
            await _events.WarningAsync(EventSubject.Of(ResourceTypes.Nodes, node.Meta), "CIDRNotAvailable", message, cancellationToken);
            return node;
        }

        var spec = new JsonObject
        {
            ["podCIDR"] = ranges[0].ToString(),
            ["podCIDRs"] = ranges.Select(range => range.ToString()).ToJson(),
        };
        return await PatchAsync(node, "", PatchKind.Merge, new JsonObject { ["metadata"] = Version(node), ["spec"] = spec }, cancellationToken);
    }

    private async Task<NodeInfo> MarkLostAsync(NodeInfo node, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var condition = new JsonObject
        {
            ["type"] = "Ready",
            ["status"] = "Unknown",
            ["reason"] = "NodeStatusUnknown",
            ["message"] = "The node's agent stopped renewing its Lease.",
            ["lastTransitionTime"] = now.ToApiTime(),
        };
        var patch = new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } };
        var marked = await PatchAsync(node, "status", PatchKind.Strategic, patch, cancellationToken);
        var subject = EventSubject.Of(ResourceTypes.Nodes, node.Meta);
        await _events.NormalAsync(subject, "NodeNotReady", $"Node {node.Name} status is now: NodeNotReady", cancellationToken);
        return marked;
    }

    private async Task<NodeInfo> PatchAsync(NodeInfo node, string subresource, PatchKind kind, JsonObject patch, CancellationToken cancellationToken)
    {
        var answer = await _context.Api.PatchAsync(ResourceTypes.Nodes, "", node.Name, subresource, kind, patch, cancellationToken);
        _context.Nodes.Observe(answer);
        return NodeInfo.Read(answer);
    }

    private static JsonObject Version(NodeInfo node) =>
        new() { ["resourceVersion"] = node.Meta.ResourceVersion.ToString(CultureInfo.InvariantCulture) };
}
