using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers.Endpoints;

/// <summary>The subsets of a Service's Endpoints object (core/v1): addresses that offer the same ports stand together. Pure and in a fixed order.</summary>
internal static class EndpointsPlan
{
    /// <summary>Addresses that an Endpoints object holds at most; more are cut off and the annotation below says so.</summary>
    public const int Capacity = 1000;

    public const string OverCapacity = "endpoints.kubernetes.io/over-capacity";

    /// <summary>The subsets for <paramref name="service"/>, and whether some addresses had to be left out.</summary>
    public static (JsonArray Subsets, bool Truncated) For(ServiceInfo service, IEnumerable<PodInfo> pods)
    {
        var family = service.Families[0];
        var serving = pods
            .Where(pod => !pod.IsFinished && (service.PublishNotReady || !pod.IsTerminating) && !PodEndpoints.Address(pod, family).IsNone)
            .Select(pod => (Pod: pod, Ports: PodEndpoints.Ports(service, pod), Ready: service.PublishNotReady || pod.IsReady))
            .Where(entry => entry.Ports.Count > 0 || (service.IsHeadless && service.Ports.Count == 0))
            .ToList();

        // Ready addresses are the last to be cut off.
        var kept = serving.OrderByDescending(entry => entry.Ready).ThenBy(entry => entry.Pod.Meta.Key).Take(Capacity);
        var subsets = kept.GroupBy(entry => entry.Ports)
            .OrderBy(group => string.Join(',', group.Key.Select(port => $"{port.Name}/{port.Protocol}/{port.Port}")), StringComparer.Ordinal)
            .Select(group => (JsonNode)Subset(service, group.Key, [.. group.Select(entry => (entry.Pod, entry.Ready))], family));
        return (new JsonArray([.. subsets]), serving.Count > Capacity);
    }

    private static JsonObject Subset(ServiceInfo service, ValueArray<SlicePort> ports, IReadOnlyList<(PodInfo Pod, bool Ready)> pods, IpFamily family)
    {
        var subset = new JsonObject();
        foreach (var (name, ready) in new[] { ("addresses", true), ("notReadyAddresses", false) })
        {
            var addresses = pods.Where(entry => entry.Ready == ready).OrderBy(entry => PodEndpoints.Address(entry.Pod, family))
                .Select(entry => (JsonNode)Address(service, entry.Pod, family)).ToArray();
            if (addresses.Length > 0)
            {
                subset[name] = new JsonArray(addresses);
            }
        }

        if (ports.Count > 0)
        {
            subset["ports"] = new JsonArray([.. ports.Select(Port)]);
        }

        return subset;
    }

    private static JsonObject Address(ServiceInfo service, PodInfo pod, IpFamily family)
    {
        var json = new JsonObject { ["ip"] = PodEndpoints.Address(pod, family).ToString() };
        if (PodEndpoints.Hostname(service, pod) is { Length: > 0 } hostname)
        {
            json["hostname"] = hostname;
        }

        if (pod.NodeName.Length > 0)
        {
            json["nodeName"] = pod.NodeName;
        }

        json["targetRef"] = new JsonObject
        {
            ["kind"] = "Pod",
            ["namespace"] = pod.Meta.Key.Namespace,
            ["name"] = pod.Meta.Key.Name,
            ["uid"] = pod.Meta.Uid,
        };
        return json;
    }

    private static JsonObject Port(SlicePort port)
    {
        var json = new JsonObject();
        if (port.Name.Length > 0)
        {
            json["name"] = port.Name;
        }

        json["port"] = port.Port;
        json["protocol"] = port.Protocol;
        if (port.AppProtocol.Length > 0)
        {
            json["appProtocol"] = port.AppProtocol;
        }

        return json;
    }
}
