using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Balancer.Allocate;

/// <summary>
/// Gives Services of type LoadBalancer their addresses and takes them back. The decisions are <see cref="AllocationPlan"/>'s. One instance per
/// cluster: two would give out the same address.
/// </summary>
public sealed class LoadBalancerController : IController, IDisposable
{
    private readonly IKubeApi _api;
    private readonly BalancerOptions _options;
    private readonly EventRecorder _events;
    private readonly SharedReflectors _reflectors;
    private readonly Informer<BalancedService> _services;
    private readonly InformerIndex<BalancedService> _byAddress;
    private readonly InformerIndex<BalancedService> _pending;
    private readonly ReconcileLoop<ObjectKey> _loop;

    // What was last said on a Service, so that a Service that stays pending is not told again and again.
    private readonly Dictionary<ObjectKey, string> _said = [];

    /// <summary>Nothing runs before <see cref="RunAsync"/>.</summary>
    public LoadBalancerController(IKubeApi api, BalancerOptions options, TimeProvider time, ILogger logger)
    {
        _api = api;
        _options = options;
        _events = new EventRecorder(api, "fairlead-balancer", "", time, logger);
        _reflectors = new SharedReflectors(api, time, logger);
        _services = _reflectors.Inform(ResourceTypes.Services, BalancedService.Read);
        _byAddress = _services.AddIndex(service => service.IsLoadBalancer ? service.Addresses.Select(address => address.ToString()) : []);
        _pending = _services.AddIndex(service => service.IsLoadBalancer && service.Addresses.Count < service.Families.Count ? [""] : []);

        // One worker: each address given out counts for the next choice.
        _loop = new ReconcileLoop<ObjectKey>(Name, ReconcileAsync, 1, time, logger);
        _services.Changed += OnChanged;
    }

    /// <inheritdoc/>
    public string Name => "loadbalancer";

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_reflectors.RunAsync(cancellationToken), _loop.RunAsync([_services.Synced], cancellationToken));

    /// <inheritdoc/>
    public void Dispose() => _loop.Dispose();

    private void OnChanged(BalancedService? old, BalancedService? service)
    {
        if (service is not null && (service.IsLoadBalancer || service.HasFinalizer))
        {
            _loop.Queue.Add(service.Meta.Key);
        }

        var freed = old is { IsLoadBalancer: true, Addresses.Count: > 0 }
            && (service is null or { IsLoadBalancer: false } || service.Addresses != old.Addresses);
        foreach (var waiting in freed ? _pending[""] : [])
        {
            _loop.Queue.Add(waiting.Meta.Key);
        }
    }

    private async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_services.Get(key) is not { } service || !_options.Serves(service.Class))
        {
            _said.Remove(key);
            return;
        }

        if (!service.IsLoadBalancer || service.Meta.Deleted is not null)
        {
            _said.Remove(key);
            await ReleaseAsync(service, cancellationToken);
            return;
        }

        if (!service.HasFinalizer)
        {
            await PatchAsync(service, "", Finalizers(service, service.Meta.Finalizers.Append(BalancedService.Finalizer)), cancellationToken);
        }

        var plan = AllocationPlan.For(service, _options.Pool, Holder);
        if (plan.Addresses != service.Addresses)
        {
            await PatchAsync(service, "status", Status(plan.Addresses), cancellationToken);
            if (plan.Addresses.Count > 0)
            {
                await _events.NormalAsync(Subject(service), "IPAllocated", $"Assigned {string.Join(", ", plan.Addresses)}", cancellationToken);
            }
        }

        if (plan.Problem != _said.GetValueOrDefault(key, "") && plan.Problem.Length > 0)
        {
            await _events.WarningAsync(Subject(service), "AllocationFailed", plan.Problem, cancellationToken);
        }

        _said[key] = plan.Problem;
    }

    /// <summary>Should two Services claim an address, the older one has it.</summary>
    private ObjectKey? Holder(IpAddr address) =>
        _byAddress[address.ToString()].OrderBy(service => service.Meta.Created).ThenBy(service => service.Meta.Key).FirstOrDefault()?.Meta.Key;

    private async Task ReleaseAsync(BalancedService service, CancellationToken cancellationToken)
    {
        if (service.Addresses.Count > 0 && service.Meta.Deleted is null)
        {
            await PatchAsync(service, "status", Status([]), cancellationToken);
        }

        if (service.HasFinalizer)
        {
            var others = service.Meta.Finalizers.Where(name => name != BalancedService.Finalizer);
            await PatchAsync(service, "", Finalizers(service, others), cancellationToken);
        }
    }

    private async Task PatchAsync(BalancedService service, string subresource, JsonObject patch, CancellationToken cancellationToken)
    {
        var (space, name) = service.Meta.Key;
        _services.Observe(await _api.PatchAsync(ResourceTypes.Services, space, name, subresource, PatchKind.Merge, patch, cancellationToken));
    }

    private static EventSubject Subject(BalancedService service) => EventSubject.Of(ResourceTypes.Services, service.Meta);

    private static JsonObject Finalizers(BalancedService service, IEnumerable<string> finalizers) => new()
    {
        ["metadata"] = new JsonObject
        {
            // A list is patched as a whole: only onto the version it was read from.
            ["resourceVersion"] = service.Meta.ResourceVersion.ToString(CultureInfo.InvariantCulture),
            ["finalizers"] = finalizers.ToJson(),
        },
    };

    private static JsonObject Status(ValueArray<IpAddr> addresses)
    {
        var ingress = addresses.Select(address => (JsonNode)new JsonObject { ["ip"] = address.ToString(), ["ipMode"] = "VIP" }).ToArray();
        var balancer = new JsonObject { ["ingress"] = ingress.Length == 0 ? null : new JsonArray(ingress) };
        return new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = balancer } };
    }
}
