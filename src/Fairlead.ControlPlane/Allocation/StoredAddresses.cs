using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Client;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Allocation;

/// <summary>What the stored ServiceCIDRs and IPAddresses say about Service addresses (KEP-1880). Safe for concurrent readers.</summary>
internal sealed class StoredAddresses(ObjectStore store)
{
    /// <summary>Who keeps the IPAddresses that follow Services.</summary>
    public const string Manager = "ipallocator.k8s.io";

    public const string ManagedByLabel = "ipaddress.kubernetes.io/managed-by";

    private static readonly string RangeResource = KindIndex.Resource(ResourceTypes.ServiceCidrs);
    private static readonly string AddressResource = KindIndex.Resource(ResourceTypes.IPAddresses);

    private Known _known = new(null, []);

    /// <summary>
    /// The ranges of ServiceCIDRs that are Ready and not being deleted, the oldest first. The same list as long as no ServiceCIDR changes.
    /// </summary>
    public IReadOnlyList<IpNet> Ranges
    {
        get
        {
            var objects = store.Snapshot(RangeResource).Objects;
            var known = _known;
            if (!ReferenceEquals(known.Objects, objects))
            {
                _known = known = new Known(objects, Read(objects.Values));
            }

            return known.Ranges;
        }
    }

    /// <summary>True when somebody else has said by an IPAddress that the address is in use.</summary>
    public bool IsReserved(IpAddr address) =>
        store.Get(new ObjectId(AddressResource, "", address.ToString())) is { } stored
        && stored.Parse().Text("metadata", "labels", ManagedByLabel) != Manager;

    private static IpNet[] Read(IEnumerable<StoredObject> objects) =>
    [
        .. objects.Select(item => item.Parse()).Where(IsReady)
            .OrderBy(item => item.Text("metadata", "creationTimestamp"), StringComparer.Ordinal)
            .SelectMany(item => item.List("spec", "cidrs").Texts()).Where(text => IpNet.TryParse(text, out _)).Select(IpNet.Parse),
    ];

    private static bool IsReady(JsonObject item) => !ObjectMeta.IsDeleting(item)
        && item.List("status", "conditions").Items().Any(entry => entry.Item.Text("type") == "Ready" && entry.Item.Text("status") == "True");

    private sealed record Known(ImmutableSortedDictionary<ObjectPath, StoredObject>? Objects, IReadOnlyList<IpNet> Ranges);
}
