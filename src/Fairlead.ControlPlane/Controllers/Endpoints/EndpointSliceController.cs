using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Controllers.Endpoints;

/// <summary>Keeps the EndpointSlices of Services with a selector. The decisions are <see cref="SlicePlan"/>'s.</summary>
internal sealed class EndpointSliceController : IController, IDisposable
{
    private readonly ControllerContext _context;
    private readonly ReconcileLoop<ObjectKey> _loop;
    private readonly HintEvents _hints;
    private readonly InformerIndex<ServiceInfo> _hinted;

    public EndpointSliceController(ControllerContext context)
    {
        _context = context;
        _hints = new HintEvents(context.Recorder("endpoint-slice-controller"));
        _hinted = context.Services.AddIndex(service => service.TopologyAuto ? [""] : []);
        _loop = context.Loop<ObjectKey>(Name, ReconcileAsync, 4, rest: 4);
        ServiceTriggers.Connect(context, _loop.Queue);
        context.Slices.Changed += (old, slice) =>
        {
            // Somebody else's hand on a slice of ours.
            if ((slice ?? old) is { ManagedBy: SlicePlan.Manager, Service: { Name.Length: > 0 } service })
            {
                _loop.Queue.Add(service);
            }
        };
        context.Nodes.Changed += (old, node) =>
        {
            // Another distribution of processors over the zones is another distribution of hints.
            foreach (var service in Weight(old) == Weight(node) ? [] : _hinted[""])
            {
                _loop.Queue.Add(service.Meta.Key);
            }
        };
    }

    public string Name => "endpointslice";

    public Task RunAsync(CancellationToken cancellationToken) =>
        _loop.RunAsync([_context.Pods.Synced, _context.Services.Synced, _context.Slices.Synced, _context.Nodes.Synced], cancellationToken);

    public void Dispose() => _loop.Dispose();

    private async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var existing = _context.SlicesByService[key.ToString()].Where(slice => slice.ManagedBy == SlicePlan.Manager).ToList();
        if (_context.Services.Get(key) is not { } service || service.Type == "ExternalName")
        {
            _hints.Forget(key);
            await DeleteAsync(existing, cancellationToken);
            return;
        }

        if (service.Selector is null || service.Meta.Deleted is not null)
        {
            return;
        }

        var pods = ServiceTriggers.Selected(_context, service);
        var zones = service.TopologyAuto ? ZoneShares.Of(_context.Nodes.Rows) : null;
        var plan = SlicePlan.For(service, pods, name => _context.Nodes.Get(new ObjectKey("", name)), existing, zones);
        var trigger = PodEndpoints.TriggerTime(service, pods);
        foreach (var write in plan.Write)
        {
            await WriteAsync(service, write, trigger, cancellationToken);
        }

        await DeleteAsync(plan.Delete, cancellationToken);
        await _hints.SayAsync(service, plan.Hints, cancellationToken);
    }

    private static (string Zone, long Processors) Weight(NodeInfo? node) =>
        node is { Ready: "True", IsControlPlane: false } ? (node.Zone, node.MilliProcessors) : ("", -1);

    private async Task WriteAsync(ServiceInfo service, SliceWrite write, DateTimeOffset trigger, CancellationToken cancellationToken)
    {
        var (space, name) = service.Meta.Key;
        var owner = new OwnerReference("v1", "Service", name, service.Meta.Uid, true, true);
        var body = SliceJson.Write(write, space, name + "-", SlicePlan.LabelsFor(service), owner, trigger);
        _context.Slices.Observe(write.Existing is { } existing
            ? await _context.Api.UpdateAsync(ResourceTypes.EndpointSlices, space, existing.Meta.Key.Name, "", body, cancellationToken)
            : await _context.Api.CreateAsync(ResourceTypes.EndpointSlices, space, body, cancellationToken));
    }

    private async Task DeleteAsync(IReadOnlyList<SliceInfo> slices, CancellationToken cancellationToken)
    {
        foreach (var slice in slices)
        {
            await Deletion.DeleteAsync(_context.Api, ResourceTypes.EndpointSlices, slice.Meta, _context.Slices, cancellationToken);
        }
    }
}
