using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Controllers.Endpoints;

/// <summary>Mirrors users' own Endpoints objects into EndpointSlices. The decisions are <see cref="MirrorPlan"/>'s.</summary>
internal sealed class MirroringController : IController, IDisposable
{
    private readonly ControllerContext _context;
    private readonly ReconcileLoop<ObjectKey> _loop;

    public MirroringController(ControllerContext context)
    {
        _context = context;
        _loop = context.Loop<ObjectKey>(Name, ReconcileAsync, 1);
        context.Services.Changed += (old, service) => _loop.Queue.Add((service ?? old)!.Meta.Key);
        context.Endpoints.Changed += (old, endpoints) => _loop.Queue.Add((endpoints ?? old)!.Meta.Key);
        context.Slices.Changed += (old, slice) =>
        {
            if ((slice ?? old) is { ManagedBy: MirrorPlan.Manager, Service: { Name.Length: > 0 } service })
            {
                _loop.Queue.Add(service);
            }
        };
    }

    public string Name => "endpointslicemirroring";

    public Task RunAsync(CancellationToken cancellationToken) =>
        _loop.RunAsync([_context.Services.Synced, _context.Endpoints.Synced, _context.Slices.Synced], cancellationToken);

    public void Dispose() => _loop.Dispose();

    private async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var endpoints = _context.Endpoints.Get(key);
        var existing = _context.SlicesByService[key.ToString()].Where(slice => slice.ManagedBy == MirrorPlan.Manager).ToList();
        var plan = MirrorPlan.Applies(endpoints, _context.Services.Get(key)) ? MirrorPlan.For(endpoints!, existing) : new SlicePlan([], existing);
        foreach (var write in plan.Write)
        {
            var owner = new OwnerReference("v1", "Endpoints", key.Name, endpoints!.Meta.Uid, true, true);
            var body = SliceJson.Write(write, key.Namespace, key.Name + "-", MirrorPlan.LabelsFor(endpoints), owner, MirrorPlan.AnnotationsFor(endpoints));
            _context.Slices.Observe(write.Existing is { } slice
                ? await _context.Api.UpdateAsync(ResourceTypes.EndpointSlices, key.Namespace, slice.Meta.Key.Name, "", body, cancellationToken)
                : await _context.Api.CreateAsync(ResourceTypes.EndpointSlices, key.Namespace, body, cancellationToken));
        }

        foreach (var slice in plan.Delete)
        {
            await Deletion.DeleteAsync(_context.Api, ResourceTypes.EndpointSlices, slice.Meta, _context.Slices, cancellationToken);
        }
    }
}
