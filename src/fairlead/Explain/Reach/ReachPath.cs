using System.Globalization;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Policy;
using Fairlead.Policy.Evaluate;
using Fairlead.State;

namespace Fairlead.Explain.Reach;

/// <summary>One connection on its last stretch, after every translation.</summary>
/// <param name="Source">Who opens it.</param>
/// <param name="Address">The endpoint's address.</param>
/// <param name="Port">The endpoint's port.</param>
/// <param name="Protocol">Transport protocol.</param>
/// <param name="Client">The client's address as the endpoint sees it.</param>
internal sealed record LastStretch(ReachSource Source, IpAddr Address, ushort Port, IpProtocol Protocol, IpAddr Client)
{
    /// <summary>Address and port that the opening pod's own node sees it go to: another than the endpoint's where a later node translates it.</summary>
    public (IpAddr Address, ushort Port) Left { get; init; } = (Address, Port);

    /// <summary>The node's DNS stands for this address.</summary>
    public bool IsNodeDns { get; init; }

    /// <summary><c>10.244.0.5:8080</c>.</summary>
    public string Endpoint => Address.IsV4 ? $"{Address}:{Port}" : $"[{Address}]:{Port}";
}

/// <summary>The steps of the last stretch: route, the policies of both sides, and whether anybody listens. Pure.</summary>
/// <param name="tables">The cluster.</param>
/// <param name="world">The same, as policies see it.</param>
/// <param name="settings">What else is known.</param>
internal sealed class ReachPath(ClusterTables tables, PolicyWorld world, ReachSettings settings)
{
    /// <summary>The steps.</summary>
    public EndpointReach Of(LastStretch stretch)
    {
        var pod = world.PodAt(stretch.Address) ?? HostNetworkPod(stretch);
        var node = pod is { NodeName.Length: > 0 } ? tables.Nodes.Get(pod.NodeName) : NodeAt(stretch.Address);
        var steps = new List<ReachStep> { Route(stretch, pod, node) };
        steps.AddRange(Policies(stretch, pod));
        if (steps.TrueForAll(step => step.Verdict != StepVerdict.Fails))
        {
            steps.Add(Listener(stretch, pod, node));
        }

        return new EndpointReach(stretch.Endpoint, pod is null ? "" : $"{pod.Key}", node?.Name ?? pod?.NodeName ?? "", stretch.Client.ToString(), steps.ToValueArray());
    }

    private NodeRow? NodeAt(IpAddr address) => tables.Nodes.Snapshot().Values.FirstOrDefault(node => node.InternalIPs.Contains(address));

    /// <summary>The pod that declares the port on its node's own address; null: none does.</summary>
    private PodRow? HostNetworkPod(LastStretch stretch) => tables.Pods.Snapshot().Values.OrderBy(pod => pod.Key).FirstOrDefault(pod =>
        pod is { HostNetwork: true, Finished: false } && pod.IPs.Contains(stretch.Address) && pod.Ports.Any(port => port.Port == stretch.Port && port.Protocol == stretch.Protocol));

    private ReachStep Route(LastStretch stretch, PodRow? pod, NodeRow? node)
    {
        if (stretch.IsNodeDns)
        {
            return Ok($"the DNS of node {stretch.Source.NodeName} answers there itself");
        }

        if (pod is null && node is null)
        {
            return IsOfPods(stretch.Address)
                ? Fails($"no pod has {stretch.Address}, an address of the pods' range: packets to it are dropped")
                : settings.IsCutOff(stretch.Address) && !stretch.Source.IsOutside ? Fails($"{stretch.Address} is outside, and the cluster was started with --no-egress")
                : stretch.Source.IsOutside ? new ReachStep("route", StepVerdict.Unknown, "", $"neither {stretch.Source.Text} nor {stretch.Address} is of the cluster")
                : new ReachStep("route", StepVerdict.Unknown, "", $"{stretch.Address} is outside the cluster: the way on from {OnNode(stretch.Source.NodeName)} is not known here");
        }

        if (pod is not null && node is null)
        {
            return Fails($"pod {pod.Key} is on {OnNode(pod.NodeName)}, which is no node of the cluster");
        }

        if (stretch.Source.NodeName == node!.Name)
        {
            return Ok(pod is null ? $"{stretch.Address} is {OnNode(node.Name)} itself" : $"pod {pod.Key} is on the same node, {node.Name}");
        }

        var way = stretch.Source.IsOutside ? $"from outside to {OnNode(node.Name)}" : $"from {OnNode(stretch.Source.NodeName)} to {OnNode(node.Name)}";
        return !node.Ready ? new ReachStep("route", StepVerdict.Unknown, $"Node {node.Name}", $"{way}, which is not Ready: it may be gone")
            : pod is { HostNetwork: false } && node.PodCIDRs.Count > 0 && !node.PodCIDRs.Any(range => range.Contains(stretch.Address))
                ? new ReachStep("route", StepVerdict.Unknown, $"Node {node.Name}", $"{way}; {stretch.Address} is in none of its pod ranges ({string.Join(", ", node.PodCIDRs)}), so another network plugin must know the way")
            : Ok(way + (pod is { HostNetwork: false } ? $", whose pods have {node.PodCIDRs.FirstOrDefault(range => range.Contains(stretch.Address))}" : ""));
    }

    private bool IsOfPods(IpAddr address) => tables.Nodes.Snapshot().Values.Any(node => node.PodCIDRs.Any(range => range.Contains(address)));

    private IEnumerable<ReachStep> Policies(LastStretch stretch, PodRow? pod)
    {
        var source = stretch.Source;
        var own = source.Of(stretch.Address.Family);
        if (source.IsSubject && source.Pod is { } opener)
        {
            var verdict = PolicyEvaluator.Evaluate(world, own, stretch.Left.Address, stretch.Protocol, stretch.Left.Port);
            yield return PolicyStep.Of(false, verdict.Egress, $"{opener.Key}", NameOf(stretch.Left.Address, stretch.IsNodeDns), stretch.Protocol, stretch.Left.Port);
        }

        if (pod is { HostNetwork: false })
        {
            var verdict = PolicyEvaluator.Evaluate(world, stretch.Client, stretch.Address, stretch.Protocol, stretch.Port);
            var isOwnNode = tables.Nodes.Get(pod.NodeName)?.InternalIPs.Contains(stretch.Client) == true;
            yield return isOwnNode
                ? new ReachStep("ingress", StepVerdict.Ok, "", $"what comes from the pod's own node ({stretch.Client}) is always let in")
                : PolicyStep.Of(true, verdict.Ingress, $"{pod.Key}", NameOf(stretch.Client, false), stretch.Protocol, stretch.Port);
        }
        else if (pod is not null)
        {
            yield return new ReachStep("ingress", StepVerdict.Ok, "", $"{pod.Key} uses its node's network: no policy selects it");
        }
    }

    private string NameOf(IpAddr address, bool isDns) => isDns ? $"{address} (the cluster's DNS)" : world.PodAt(address) is { } pod ? $"pod {pod.Key}" : $"{address}";

    private ReachStep Listener(LastStretch stretch, PodRow? pod, NodeRow? node)
    {
        if (stretch.IsNodeDns)
        {
            return new ReachStep("listener", StepVerdict.Ok, "", "the node's DNS listens");
        }

        var sockets = pod is { HostNetwork: false } ? settings.ListenersOf(pod) : node is not null ? settings.NodeListenersOf(node) : null;
        var port = string.Create(CultureInfo.InvariantCulture, $"{stretch.Port}/{stretch.Protocol.Text()}");
        if (sockets is null)
        {
            return new ReachStep("listener", StepVerdict.Unknown, pod is null ? "" : $"Pod {pod.Key}", $"whether anything listens on {port} cannot be seen from here{Declared(pod, stretch)}");
        }

        var who = pod is null ? OnNode(node!.Name) : $"pod {pod.Key}";
        if (sockets.Any(socket => socket.Takes(stretch.Protocol, stretch.Address, stretch.Port)))
        {
            return new ReachStep("listener", StepVerdict.Ok, "", $"{who} listens on {port}");
        }

        var elsewhere = sockets.Where(socket => socket.Port == stretch.Port && socket.Protocol == stretch.Protocol).ToList();
        var words = elsewhere.Count > 0
            ? $"{who} listens on {string.Join(", ", elsewhere)} only, not on {stretch.Address}: the program must bind every address"
            : $"nothing in {who} listens on {port}{(sockets.Count == 0 ? "; nothing listens there at all" : $"; it listens on {string.Join(", ", sockets.Select(Short).Distinct().Order(StringComparer.Ordinal))}")}";
        return new ReachStep("listener", StepVerdict.Fails, pod is null ? "" : $"Pod {pod.Key}", words);
    }

    private static string Short(ListeningSocket socket) => string.Create(CultureInfo.InvariantCulture, $"{socket.Port}/{socket.Protocol.Text()}");

    private static string Declared(PodRow? pod, LastStretch stretch)
    {
        var ports = pod?.Ports ?? default;
        return ports.Count == 0 ? ""
            : ports.Any(port => port.Port == stretch.Port && port.Protocol == stretch.Protocol) ? "; the pod declares it among its containerPorts"
            : $"; the pod declares {string.Join(", ", ports.Select(port => $"{port.Port}/{port.Protocol.Text()}"))}, not this: is the port right?";
    }

    private static string OnNode(string name) => name.Length == 0 ? "no node" : $"node {name}";

    private static ReachStep Ok(string words) => new("route", StepVerdict.Ok, "", words);

    private static ReachStep Fails(string words) => new("route", StepVerdict.Fails, "", words);
}
