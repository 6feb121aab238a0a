using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.ControlPlane.Controllers.Endpoints;

/// <summary>Keeps the Endpoints object (core/v1) of each Service with a selector. The decisions are <see cref="EndpointsPlan"/>'s.</summary>
internal sealed class EndpointsController : IController, IDisposable
{
    public const string ManagedByLabel = "endpoints.kubernetes.io/managed-by";
    public const string Manager = "endpoint-controller";

    private readonly ControllerContext _context;
    private readonly ReconcileLoop<ObjectKey> _loop;

    public EndpointsController(ControllerContext context)
    {
        _context = context;
        _loop = context.Loop<ObjectKey>(Name, ReconcileAsync, 4, rest: 4);
        ServiceTriggers.Connect(context, _loop.Queue);
        context.Endpoints.Changed += (old, endpoints) => _loop.Queue.Add((endpoints ?? old)!.Meta.Key);
    }

    public string Name => "endpoints";

    public Task RunAsync(CancellationToken cancellationToken) =>
        _loop.RunAsync([_context.Pods.Synced, _context.Services.Synced, _context.Endpoints.Synced], cancellationToken);

    public void Dispose() => _loop.Dispose();

    private async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var existing = _context.Endpoints.Get(key);
        if (_context.Services.Get(key) is not { } service)
        {
            // Without its Service an Endpoints object of ours is garbage; others (leader election) are not ours to judge.
            if (existing?.Meta.Labels[ManagedByLabel] == Manager)
            {
                await Deletion.DeleteAsync(_context.Api, ResourceTypes.Endpoints, existing.Meta, _context.Endpoints, cancellationToken);
            }

            return;
        }

        if (service.Selector is null || service.Type == "ExternalName" || service.Meta.Deleted is not null)
        {
            return;
        }

        var pods = ServiceTriggers.Selected(_context, service);
        var (subsets, truncated) = EndpointsPlan.For(service, pods);
        var labels = LabelsFor(service);
        if (existing is not null && existing.Subsets == CanonicalJson.Write(subsets) && existing.Meta.Labels.Equals(labels)
            && existing.Meta.Annotations[EndpointsPlan.OverCapacity] is not null == truncated)
        {
            return;
        }

        var body = Body(key, existing, subsets, truncated, labels, PodEndpoints.TriggerTime(service, pods));
        _context.Endpoints.Observe(existing is null
            ? await _context.Api.CreateAsync(ResourceTypes.Endpoints, key.Namespace, body, cancellationToken)
            : await _context.Api.UpdateAsync(ResourceTypes.Endpoints, key.Namespace, key.Name, "", body, cancellationToken));
    }

    private static Kube.Selectors.Labels LabelsFor(ServiceInfo service)
    {
        var labels = service.Meta.Labels.Where(pair => pair.Key != SlicePlan.HeadlessLabel).ToDictionary();
        labels[ManagedByLabel] = Manager;
        if (service.IsHeadless)
        {
            labels[SlicePlan.HeadlessLabel] = "";
        }

        return Kube.Selectors.Labels.From(labels);
    }

    private static JsonObject Body(
        ObjectKey key, EndpointsInfo? existing, JsonArray subsets, bool truncated, Kube.Selectors.Labels labels, DateTimeOffset trigger)
    {
        var annotations = new JsonObject { [SliceJson.TriggerTime] = trigger.ToApiTime() };
        if (truncated)
        {
            annotations[EndpointsPlan.OverCapacity] = "truncated";
        }

        var meta = new JsonObject
        {
            ["namespace"] = key.Namespace,
            ["name"] = key.Name,
            ["labels"] = labels.ToJson(),
            ["annotations"] = annotations,
        };
        if (existing is not null)
        {
            meta["resourceVersion"] = existing.Meta.ResourceVersion.ToString(CultureInfo.InvariantCulture);
        }

        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Endpoints", ["metadata"] = meta, ["subsets"] = subsets };
    }
}
