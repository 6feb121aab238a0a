using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Proxy.Inspection;
using Fairlead.State;

namespace Fairlead.Explain.Reach;

/// <summary>Says why a port of a Service has no endpoint that is used: what of selector, pods, readiness and targetPort is not as it would have to be. Pure.</summary>
internal static class NoEndpoints
{
    private const int MaxNamed = 5;

    /// <summary>The reasons, the most telling first.</summary>
    /// <param name="tables">The cluster.</param>
    /// <param name="service">The Service.</param>
    /// <param name="port">Its port.</param>
    /// <param name="known">The endpoints it has, none of which is used.</param>
    public static ValueArray<string> Of(ClusterTables tables, ServiceRow service, ServicePort port, IReadOnlyList<InspectedEndpoint> known)
    {
        if (known.Count > 0)
        {
            return known.Take(MaxNamed).Select(endpoint => $"{endpoint.Text()}{(endpoint.Pod.Length > 0 ? $" pod {endpoint.Pod}" : "")}: {endpoint.Why}").ToValueArray();
        }

        if (service.Selector is not { Count: > 0 } selector)
        {
            return ["it has no selector, and no EndpointSlice of its own has this port"];
        }

        var pods = tables.Pods.Snapshot().Values.Where(pod => pod.Key.Namespace == service.Key.Namespace && !pod.Finished).OrderBy(pod => pod.Key).ToList();
        var selected = pods.FindAll(pod => pod.Labels.HasAll(selector));
        if (selected.Count == 0)
        {
            return [$"its selector {selector} matches no pod of namespace {service.Key.Namespace}", .. Nearest(pods, service)];
        }

        if (!ushort.TryParse(port.TargetPort, out _) && port.TargetPort.Length > 0 && !selected.Exists(pod => Names(pod, port)))
        {
            return [$"targetPort {port.TargetPort} is the name of no {port.Protocol.Text()} port of the pods that its selector matches ({Declared(selected)})"];
        }

        var names = string.Join(", ", selected.Take(MaxNamed).Select(pod => $"{pod.Key.Name}{(pod.Terminating ? " (terminating)" : pod.IPs.Count == 0 ? " (no address yet)" : "")}"));
        return [$"its selector matches {names}, and no EndpointSlice has them yet"];
    }

    private static bool Names(PodRow pod, ServicePort port) => pod.Ports.Any(own => own.Name == port.TargetPort && own.Protocol == port.Protocol);

    private static string Declared(List<PodRow> pods)
    {
        var ports = pods.SelectMany(pod => pod.Ports).Select(port => $"{(port.Name.Length > 0 ? port.Name : "unnamed")}={port.Port}/{port.Protocol.Text()}").Distinct().Take(MaxNamed).ToList();
        return ports.Count == 0 ? "they declare none" : $"they declare {string.Join(", ", ports)}";
    }

    /// <summary>The pod that lacks the fewest of the selector's labels, and which.</summary>
    private static IEnumerable<string> Nearest(List<PodRow> pods, ServiceRow service)
    {
        var near = pods.Select(pod => (Pod: pod, Misses: service.Selector!.Where(label => pod.Labels[label.Key] != label.Value).ToList()))
            .Where(one => one.Misses.Count < service.Selector!.Count || one.Misses.Exists(label => one.Pod.Labels[label.Key] is not null))
            .OrderBy(one => one.Misses.Count).ToList();
        return near.Count == 0 ? [] :
        [
            $"nearest: pod {near[0].Pod.Key} has {string.Join(", ", near[0].Misses.Select(label => near[0].Pod.Labels[label.Key] is { } other ? $"{label.Key}={other}" : $"no label {label.Key}"))}",
        ];
    }
}
