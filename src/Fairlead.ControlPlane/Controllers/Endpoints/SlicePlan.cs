using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers.Endpoints;

/// <summary>
/// The writes that make a Service's EndpointSlices say which pods serve it. Pure: what the slices say together depends on the pods only, not on
/// the order of events.
/// </summary>
internal sealed record SlicePlan(IReadOnlyList<SliceWrite> Write, IReadOnlyList<SliceInfo> Delete)
{
    public const string Manager = "endpointslice-controller.k8s.io";
    public const string HeadlessLabel = "service.kubernetes.io/headless";

    /// <summary>What came of zone hints, per address type; empty when none are wanted.</summary>
    public IReadOnlyList<HintOutcome> Hints { get; private init; } = [];

    /// <summary>Plans for <paramref name="service"/>, which has a selector.</summary>
    /// <param name="service">The Service.</param>
    /// <param name="pods">The pods it selects.</param>
    /// <param name="node">Looks a node up by name.</param>
    /// <param name="existing">The slices of the Service that this controller manages.</param>
    /// <param name="zones">The zones' parts, for a Service that asks for hints by them.</param>
    public static SlicePlan For(
        ServiceInfo service, IReadOnlyCollection<PodInfo> pods, Func<string, NodeInfo?> node, IReadOnlyCollection<SliceInfo> existing, ZoneShares? zones = null)
    {
        List<HintOutcome> hints = [];
        List<SliceWrite> write = [];
        List<SliceInfo> delete = [.. existing.Where(slice => service.Families.All(family => family.Name != slice.AddressType))];
        foreach (var family in service.Families)
        {
            var desired = Desired(service, pods, node, family);
            if (zones is not null)
            {
                hints.Add(new HintOutcome(family.Name, AddHints(desired, zones)));
            }

            if (desired.Count == 0)
            {
                // A Service that nothing serves has one slice that says so.
                desired[default] = [];
            }

            new SlicePacker(family.Name, LabelsFor(service), write, delete).Pack(desired, existing);
        }

        return new SlicePlan(write, delete) { Hints = hints };
    }

    /// <summary>The labels of every slice of the Service: the Service's own, and those that say what the slice is.</summary>
    public static Labels LabelsFor(ServiceInfo service)
    {
        var labels = service.Meta.Labels.Where(pair => pair.Key != HeadlessLabel).ToDictionary();
        labels[SliceInfo.ServiceLabel] = service.Meta.Key.Name;
        labels[SliceInfo.ManagedByLabel] = Manager;
        if (service.IsHeadless)
        {
            labels[HeadlessLabel] = "";
        }

        return Labels.From(labels);
    }

    private static Dictionary<ValueArray<SlicePort>, List<SliceAddress>> Desired(
        ServiceInfo service, IReadOnlyCollection<PodInfo> pods, Func<string, NodeInfo?> node, IpFamily family)
    {
        var groups = new Dictionary<ValueArray<SlicePort>, List<SliceAddress>>();
        foreach (var pod in pods.Where(pod => !pod.IsFinished).OrderBy(pod => pod.Meta.Key))
        {
            var address = PodEndpoints.Address(pod, family);
            if (address.IsNone)
            {
                continue;
            }

            var ports = PodEndpoints.Ports(service, pod);
            if (!groups.TryGetValue(ports, out var group))
            {
                groups[ports] = group = [];
            }

            group.Add(Endpoint(service, pod, address, node));
        }

        return groups;
    }

    /// <summary>Gives the ready endpoints their hints; returns why there are none.</summary>
    private static string AddHints(Dictionary<ValueArray<SlicePort>, List<SliceAddress>> desired, ZoneShares shares)
    {
        var places = desired.Values.SelectMany(group => group.Select((address, index) => (Group: group, Index: index, Address: address)))
            .Where(place => place.Address.Ready).OrderBy(place => place.Address.Pod).ToList();
        var (zones, problem) = TopologyHints.For([.. places.Select(place => place.Address.Zone)], shares);
        foreach (var (place, zone) in places.Zip(zones))
        {
            place.Group[place.Index] = place.Address with { ForZones = [zone] };
        }

        return problem;
    }

    private static SliceAddress Endpoint(ServiceInfo service, PodInfo pod, IpAddr address, Func<string, NodeInfo?> node)
    {
        var zone = node(pod.NodeName)?.Zone ?? "";
        var ready = service.PublishNotReady || (pod.IsReady && !pod.IsTerminating);
        var near = ready && service.TrafficDistribution is "PreferClose" or "PreferSameZone" or "PreferSameNode";
        return new SliceAddress
        {
            Address = address.ToString(),
            Ready = ready,
            Serving = pod.IsReady,
            Terminating = pod.IsTerminating,
            Hostname = PodEndpoints.Hostname(service, pod),
            NodeName = pod.NodeName,
            Zone = zone,
            Pod = pod.Meta.Key,
            PodUid = pod.Meta.Uid,
            ForZones = near && zone.Length > 0 ? [zone] : [],
            ForNodes = near && service.TrafficDistribution == "PreferSameNode" && pod.NodeName.Length > 0 ? [pod.NodeName] : [],
        };
    }
}
