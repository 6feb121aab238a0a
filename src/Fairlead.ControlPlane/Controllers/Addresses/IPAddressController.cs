using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.ControlPlane.Allocation;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Controllers.Addresses;

/// <summary>
/// Keeps an IPAddress for each address of a Service (KEP-1880). The objects follow the allocation, which is kept with the Services themselves: taking
/// one away frees nothing, and it comes back.
/// </summary>
internal sealed class IPAddressController : IController, IDisposable
{
    private readonly ControllerContext _context;
    private readonly Informer<AddressInfo> _addresses;
    private readonly InformerIndex<ServiceInfo> _servicesByAddress;
    private readonly ReconcileLoop<string> _loop;

    public IPAddressController(ControllerContext context)
    {
        _context = context;
        _addresses = context.Reflectors.Inform(ResourceTypes.IPAddresses, AddressInfo.Read);
        _servicesByAddress = context.Services.AddIndex(service => service.Addresses);
        _loop = context.Loop<string>(Name, ReconcileAsync, 1);
        context.Services.Changed += (old, service) =>
        {
            foreach (var address in (old?.Addresses ?? []).Concat(service?.Addresses ?? []).Distinct(StringComparer.Ordinal))
            {
                _loop.Queue.Add(address);
            }
        };
        _addresses.Changed += (old, address) => _loop.Queue.Add((address ?? old)!.Meta.Key.Name);
    }

    public string Name => "ipaddress";

    public Task RunAsync(CancellationToken cancellationToken) =>
        _loop.RunAsync([_context.Services.Synced, _addresses.Synced], cancellationToken);

    public void Dispose() => _loop.Dispose();

    private async Task ReconcileAsync(string name, CancellationToken cancellationToken)
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

    private static JsonObject Document(string address, ObjectKey service) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = address,
            ["labels"] = new JsonObject
            {
                ["ipaddress.kubernetes.io/ip-family"] = IpAddr.Parse(address).Family.Name,
                [StoredAddresses.ManagedByLabel] = StoredAddresses.Manager,
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
                Managed = meta.Labels[StoredAddresses.ManagedByLabel] == StoredAddresses.Manager,
            };
        }
    }
}
