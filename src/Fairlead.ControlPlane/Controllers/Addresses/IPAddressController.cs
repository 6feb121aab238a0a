using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Controllers.Addresses;

/// <summary>
/// Keeps an IPAddress for each address of a Service (KEP-1880), and says of each ServiceCIDR whether Services get addresses from it. The objects follow
/// the allocation, which is kept with the Services themselves: taking one away frees nothing, and it comes back.
/// </summary>
internal sealed class IPAddressController : IController, IDisposable
{
    private const string Manager = "ipallocator.k8s.io";

    /// <summary>The ServiceCIDR of the ranges that the control plane was started with.</summary>
    private const string OwnRange = "kubernetes";

    private readonly ControllerContext _context;
    private readonly Informer<AddressInfo> _addresses;
    private readonly Informer<RangeInfo> _ranges;
    private readonly InformerIndex<ServiceInfo> _servicesByAddress;
    private readonly ReconcileLoop<(bool IsRange, string Name)> _loop;

    public IPAddressController(ControllerContext context)
    {
        _context = context;
        _addresses = context.Reflectors.Inform(ResourceTypes.IPAddresses, AddressInfo.Read);
        _ranges = context.Reflectors.Inform(ResourceTypes.ServiceCidrs, RangeInfo.Read);
        _servicesByAddress = context.Services.AddIndex(service => service.Addresses);
        _loop = context.Loop<(bool, string)>(Name, ReconcileAsync, 1);
        context.Services.Changed += (old, service) =>
        {
            foreach (var address in (old?.Addresses ?? []).Concat(service?.Addresses ?? []).Distinct(StringComparer.Ordinal))
            {
                _loop.Queue.Add((false, address));
            }
        };
        _addresses.Changed += (old, address) => _loop.Queue.Add((false, (address ?? old)!.Meta.Key.Name));
        _ranges.Changed += (_, range) =>
        {
            if (range is not null)
            {
                _loop.Queue.Add((true, range.Meta.Key.Name));
            }
        };
    }

    public string Name => "ipaddress";

    public Task RunAsync(CancellationToken cancellationToken) =>
        _loop.RunAsync([_context.Services.Synced, _addresses.Synced, _ranges.Synced], cancellationToken);

    public void Dispose() => _loop.Dispose();

    private Task ReconcileAsync((bool IsRange, string Name) item, CancellationToken cancellationToken) =>
        item.IsRange ? SayReadyAsync(item.Name, cancellationToken) : FollowAsync(item.Name, cancellationToken);

    private async Task FollowAsync(string name, CancellationToken cancellationToken)
    {
        var service = _servicesByAddress[name] is [var first, ..] ? first : null;
        var found = _addresses.Get(new ObjectKey("", name));
        if (found is { Managed: true } && found.Parent != service?.Meta.Key)
        {
            await Deletion.DeleteAsync(_context.Api, ResourceTypes.IPAddresses, found.Meta, _addresses, cancellationToken);
            found = null;
        }

        if (found is null && service is not null)
        {
            _addresses.Observe(await _context.Api.CreateAsync(ResourceTypes.IPAddresses, "", Document(name, service.Meta.Key), cancellationToken));
        }
    }

    private async Task SayReadyAsync(string name, CancellationToken cancellationToken)
    {
        if (_ranges.Get(new ObjectKey("", name)) is not { Ready: "" })
        {
            return;
        }

        var own = name == OwnRange;
        var condition = new JsonObject
        {
            ["type"] = "Ready",
            ["status"] = own ? "True" : "False",
            ["reason"] = own ? "InUse" : "NotUsed",
            ["message"] = own
                ? "Kubernetes Service CIDR is ready"
                : "this control plane gives Services addresses of the ranges it was started with, and of no other",
            ["lastTransitionTime"] = _context.Time.GetUtcNow().ToApiTime(),
        };
        var patch = new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } };
        _ranges.Observe(await _context.Api.PatchAsync(
            ResourceTypes.ServiceCidrs, "", name, "status", PatchKind.Strategic, patch, cancellationToken));
    }

    private static JsonObject Document(string address, ObjectKey service) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = address,
            ["labels"] = new JsonObject
            {
                ["ipaddress.kubernetes.io/ip-family"] = IpAddr.Parse(address).Family.Name,
                ["ipaddress.kubernetes.io/managed-by"] = Manager,
            },
        },
        ["spec"] = new JsonObject
        {
            ["parentRef"] = new JsonObject { ["group"] = "", ["resource"] = "services", ["namespace"] = service.Namespace, ["name"] = service.Name },
        },
    };

    private sealed record AddressInfo : IObjectRow
    {
        public required RowMeta Meta { get; init; }

        public ObjectKey Parent { get; init; }

        /// <summary>Ours to keep; others are made by people.</summary>
        public bool Managed { get; init; }

        public static AddressInfo Read(JsonObject item)
        {
            var meta = RowMeta.From(item);
            var parent = item.At("spec", "parentRef");
            return new AddressInfo
            {
                Meta = meta,
                Parent = new ObjectKey(parent.Text("namespace"), parent.Text("name")),
                Managed = meta.Labels["ipaddress.kubernetes.io/managed-by"] == Manager,
            };
        }
    }

    private sealed record RangeInfo : IObjectRow
    {
        public required RowMeta Meta { get; init; }

        /// <summary>Status of condition Ready; empty when there is none.</summary>
        public string Ready { get; init; } = "";

        public static RangeInfo Read(JsonObject item) => new()
        {
            Meta = RowMeta.From(item),
            Ready = item.Objects("status", "conditions").Where(condition => condition.Text("type") == "Ready")
                .Select(condition => condition.Text("status")).FirstOrDefault(""),
        };
    }
}
