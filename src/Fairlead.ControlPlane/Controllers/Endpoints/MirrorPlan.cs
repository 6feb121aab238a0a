using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers.Endpoints;

/// <summary>The EndpointSlices that say what a user's own Endpoints object says, for readers of slices only (KEP-752). Pure.</summary>
internal static class MirrorPlan
{
    /// <summary>Addresses of one subset that are mirrored at most.</summary>
    public const int SubsetCapacity = 1000;

    public const string Manager = "endpointslicemirroring-controller.k8s.io";

    private const string SkipLabel = "endpointslice.kubernetes.io/skip-mirror";
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";
    private const string LeaderAnnotation = "control-plane.alpha.kubernetes.io/leader";

    /// <summary>True when the Endpoints object is a user's, for a Service without selector.</summary>
    public static bool Applies(EndpointsInfo? endpoints, ServiceInfo? service) =>
        endpoints is { Meta.Deleted: null } && service is { Selector: null, Meta.Deleted: null }
        && endpoints.Meta.Labels[SkipLabel] != "true" && endpoints.Meta.Annotations[LeaderAnnotation] is null;

    /// <summary>Plans the slices for <paramref name="endpoints"/> beside the ones that mirror it already.</summary>
    public static SlicePlan For(EndpointsInfo endpoints, IReadOnlyCollection<SliceInfo> existing)
    {
        var annotations = AnnotationsFor(endpoints);
        List<SliceWrite> write = [];
        List<SliceInfo> delete = [];
        var subsets = JsonNode.Parse(endpoints.Subsets) as JsonArray ?? [];
        foreach (var family in IpFamily.All)
        {
            new SlicePacker(family.Name, LabelsFor(endpoints), write, delete).Pack(Desired(subsets, family), existing);
        }

        // Annotations alone are worth a write, too.
        var told = write.Select(item => item.Existing).Concat(delete).OfType<SliceInfo>().ToHashSet();
        write.AddRange(existing.Where(slice => !told.Contains(slice) && slice.Meta.Deleted is null && !slice.Meta.Annotations.Equals(annotations))
            .Select(slice => new SliceWrite(slice, slice.AddressType, slice.Ports, slice.Addresses)));
        return new SlicePlan(write, delete);
    }

    /// <summary>The annotations of every mirrored slice: the Endpoints object's, but for what kubectl keeps there for itself.</summary>
    public static Labels AnnotationsFor(EndpointsInfo endpoints) =>
        Labels.From(endpoints.Meta.Annotations.Where(pair => pair.Key != LastApplied).ToDictionary());

    /// <summary>The labels of every mirrored slice.</summary>
    public static Labels LabelsFor(EndpointsInfo endpoints)
    {
        var labels = endpoints.Meta.Labels.ToDictionary();
        labels[SliceInfo.ServiceLabel] = endpoints.Meta.Key.Name;
        labels[SliceInfo.ManagedByLabel] = Manager;
        return Labels.From(labels);
    }

    private static Dictionary<ValueArray<SlicePort>, List<SliceAddress>> Desired(JsonArray subsets, IpFamily family)
    {
        var groups = new Dictionary<ValueArray<SlicePort>, Dictionary<(string, string), SliceAddress>>();
        foreach (var subset in subsets.OfType<JsonObject>())
        {
            var ports = subset.Objects("ports").Select(Port).ToValueArray();
            var addresses = subset.Objects("addresses").Select(address => (address, Ready: true))
                .Concat(subset.Objects("notReadyAddresses").Select(address => (address, Ready: false))).Take(SubsetCapacity);
            foreach (var (address, ready) in addresses)
            {
                if (!IpAddr.TryParse(address.Text("ip"), out var ip) || ip.Family != family)
                {
                    continue;
                }

                if (!groups.TryGetValue(ports, out var group))
                {
                    groups[ports] = group = [];
                }

                var mirrored = Mirror(address, ip, ready);
                group.TryAdd((mirrored.Address, mirrored.PodUid), mirrored);
            }
        }

        return groups.ToDictionary(pair => pair.Key, pair => pair.Value.Values.ToList());
    }

    private static SlicePort Port(JsonObject port)
    {
        var protocol = port.Text("protocol") is { Length: > 0 } written ? written : "TCP";
        return new SlicePort(port.Text("name"), protocol, port.Number(0, "port"), port.Text("appProtocol"));
    }

    private static SliceAddress Mirror(JsonObject address, IpAddr ip, bool ready)
    {
        var isPod = address.Text("targetRef", "kind") == "Pod";
        return new SliceAddress
        {
            Address = ip.ToString(),
            Ready = ready,
            Serving = ready,
            Hostname = address.Text("hostname"),
            NodeName = address.Text("nodeName"),
            Pod = isPod ? new ObjectKey(address.Text("targetRef", "namespace"), address.Text("targetRef", "name")) : default,
            PodUid = isPod ? address.Text("targetRef", "uid") : "",
        };
    }
}
