using System.Globalization;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Naming;
using Fairlead.Linux.Addresses;
using Fairlead.Offline;
using Fairlead.Policy;

namespace Fairlead.Expectations;

/// <summary>What an expectation stands for in a cluster: every connection, or why there is none. An expectation about nobody must not hold.</summary>
/// <param name="Connections">The connections.</param>
/// <param name="Fault">Why there is none; empty when there are.</param>
internal sealed record Resolution(IReadOnlyList<Connection> Connections, string Fault);

/// <summary>Finds the pods and addresses that names and selectors stand for. Pure.</summary>
internal sealed class ConnectionResolver(ClusterView view)
{
    private readonly ILookup<WorkloadName, PodRow> _made = view.Makers.Where(pair => view.World.Pods.ContainsKey(pair.Key)).ToLookup(pair => pair.Value, pair => view.World.Pods[pair.Key]);

    /// <summary>Finds them.</summary>
    public Resolution Resolve(Expectation expectation)
    {
        var (sources, who) = Sources(expectation.From);
        if (who.Length > 0)
        {
            return new Resolution([], who);
        }

        var (targets, whom) = Targets(expectation);
        if (whom.Length > 0)
        {
            return new Resolution([], whom);
        }

        var pairs = (
            from source in sources
            from target in targets
            where source.Address.Family == target.Address.Family
            select new Connection(source.Name, target.Name, source.Address, target.Address, target.Protocol, target.Port) { SourcePod = source.Pod, TargetPod = target.Pod }).Distinct().ToList();

        // A pod always reaches itself: that says nothing of the others it stands for.
        var others = pairs.Where(pair => pair.Source != pair.Target).ToList();
        return pairs.Count == 0 ? new Resolution([], $"{expectation.From.Text} and {expectation.To.Text} have no address of one family") : new Resolution(others.Count > 0 ? others : pairs, "");
    }

    private (IReadOnlyList<(string Name, IpAddr Address, PodRow? Pod)> Found, string Fault) Sources(ExpectedEnd end)
    {
        if (end.Named is { Kind: EndKind.Address } or { Kind: EndKind.Outside } or { Kind: EndKind.Node })
        {
            var addresses = Addresses(end.Named);
            return ([.. addresses.Select(one => (end.Text, one, view.World.PodAt(one)))], addresses.Count > 0 ? "" : Nobody(end));
        }

        var pods = end.Named is { Kind: EndKind.Service } service ? ServicePods(service) : Pods(end);
        return ([.. pods.SelectMany(pod => pod.IPs.Select(address => (Label(end, pod), address, (PodRow?)pod)))], pods.Any(pod => pod.IPs.Count > 0) ? "" : Nobody(end));
    }

    private (List<(string Name, IpAddr Address, PodRow? Pod, IpProtocol Protocol, ushort Port)> Found, string Fault) Targets(Expectation expectation)
    {
        var found = new List<(string, IpAddr, PodRow?, IpProtocol, ushort)>();
        foreach (var port in expectation.Ports)
        {
            var before = found.Count;
            var fault = expectation.To.Named is { Kind: EndKind.Service } service
                ? ServiceTargets(expectation.To, service, port, found)
                : PodTargets(expectation.To, port, found);
            if (fault.Length > 0 || found.Count == before)
            {
                return (found, fault.Length > 0 ? fault : Nobody(expectation.To));
            }
        }

        return (found, "");
    }

    private string PodTargets(ExpectedEnd end, ExpectedPort port, List<(string, IpAddr, PodRow?, IpProtocol, ushort)> found)
    {
        if (end.Named is { Kind: EndKind.Address } or { Kind: EndKind.Outside } or { Kind: EndKind.Node })
        {
            if (!ushort.TryParse(port.Port, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return $"{end.Text}: {(port.Port.Length == 0 ? "which port?" : $"it is no pod and has no port named {port.Port}")}";
            }

            found.AddRange(Addresses(end.Named).Select(address => (end.Text, address, view.World.PodAt(address), port.Protocol ?? IpProtocol.Tcp, number)));
            return "";
        }

        foreach (var pod in Pods(end))
        {
            var ports = Ports(pod, port).ToList();
            if (ports.Count == 0)
            {
                return port.Port.Length == 0 ? $"{view.NameOf(pod)} declares no port: which one is meant?" : $"{view.NameOf(pod)} has no port named {port.Port}";
            }

            found.AddRange(from address in pod.IPs from one in ports select (Label(end, pod), address, (PodRow?)pod, one.Protocol, one.Port));
        }

        return "";
    }

    private static IEnumerable<(IpProtocol Protocol, ushort Port)> Ports(PodRow pod, ExpectedPort wanted) =>
        ushort.TryParse(wanted.Port, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? [(wanted.Protocol ?? IpProtocol.Tcp, number)]
            : pod.Ports.Where(own => (wanted.Port.Length == 0 || own.Name == wanted.Port) && (wanted.Protocol is null || own.Protocol == wanted.Protocol))
                .Select(own => (own.Protocol, own.Port)).Distinct();

    private string ServiceTargets(ExpectedEnd end, ConnectionEnd named, ExpectedPort wanted, List<(string, IpAddr, PodRow?, IpProtocol, ushort)> found)
    {
        if (view.Services.GetValueOrDefault(new ObjectKey(named.Namespace, named.Name)) is not { } service)
        {
            return Nobody(end);
        }

        var ports = service.Ports.Where(port => (wanted.Port.Length == 0 || wanted.Port == port.Name || wanted.Port == port.Port.ToString(CultureInfo.InvariantCulture))
            && (wanted.Protocol is null || wanted.Protocol == port.Protocol)).ToList();
        if (ports.Count == 0)
        {
            var has = string.Join(", ", service.Ports.Select(port => string.Create(CultureInfo.InvariantCulture, $"{port.Port}/{port.Protocol.ToString().ToLowerInvariant()}")));
            return $"{end.Text}: the Service has no port {wanted.Port}{(wanted.Protocol is { } protocol ? $"/{protocol.ToString().ToLowerInvariant()}" : "")}; it has {has}";
        }

        foreach (var port in ports)
        {
            var before = found.Count;
            found.AddRange(Endpoints(service, port).Select(one => (Through(end, one.Address), one.Address, view.World.PodAt(one.Address), port.Protocol, one.Port)));
            if (found.Count == before)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{end.Text}: port {port.Port} of the Service has no endpoint: no pod with its selector{(ushort.TryParse(port.TargetPort, out _) ? "" : $" and a port named {port.TargetPort}")}");
            }
        }

        return "";
    }

    private List<(IpAddr Address, ushort Port)> Endpoints(ServiceRow service, ServicePort port)
    {
        var slices = view.Slices.Values.Where(slice => slice.Service == service.Key).ToList();
        var found = (slices.Count > 0 ? OfSlices(slices, port) : OfPods(service, port)).ToList();

        // Where no pod does, each node answers DNS at the Service's own address.
        return found.Count == 0 && service.Key == PolicyWorld.DnsService ? [.. service.ClusterIPs.ToArray().Select(address => (address, port.Port))] : found;
    }

    private static IEnumerable<(IpAddr Address, ushort Port)> OfSlices(IEnumerable<EndpointSliceRow> slices, ServicePort port) =>
        from slice in slices
        from own in slice.Ports
        where own.Name == port.Name && own.Protocol == port.Protocol
        from endpoint in slice.Endpoints
        where endpoint.Ready
        select (endpoint.Address, own.Port);

    private IEnumerable<(IpAddr Address, ushort Port)> OfPods(ServiceRow service, ServicePort port) =>
        from pod in Selected(service)
        let number = ushort.TryParse(port.TargetPort, NumberStyles.None, CultureInfo.InvariantCulture, out var target)
            ? target
            : pod.Ports.FirstOrDefault(own => own.Name == port.TargetPort && own.Protocol == port.Protocol)?.Port ?? 0
        where number > 0
        from address in pod.IPs
        select (address, number);

    private IEnumerable<PodRow> Selected(ServiceRow service) => service.Selector is not { } selector ? [] : view.World.Pods.Values
        .Where(pod => pod.Key.Namespace == service.Key.Namespace && !pod.Finished && selector.All(pair => pod.Labels[pair.Key] == pair.Value)).OrderBy(pod => pod.Key);

    private IReadOnlyList<PodRow> ServicePods(ConnectionEnd named) =>
        view.Services.GetValueOrDefault(new ObjectKey(named.Namespace, named.Name)) is { } service ? [.. Selected(service)] : [];

    private IReadOnlyList<PodRow> Pods(ExpectedEnd end)
    {
        if (end.Named is not { } named)
        {
            return [.. view.World.Pods.Values.Where(pod => !pod.Finished && InNamespace(end, pod) && end.Pods?.Matches(pod.Labels) != false).OrderBy(pod => pod.Key)];
        }

        var key = new ObjectKey(named.Namespace, named.Name);
        return named.Kind switch
        {
            EndKind.Pod => view.World.Pods.GetValueOrDefault(key) is { } pod ? [pod] : [],
            EndKind.Namespace => [.. view.World.Pods.Values.Where(pod => pod.Key.Namespace == named.Name && !pod.Finished).OrderBy(pod => pod.Key)],
            _ => [.. _made[new WorkloadName(named.Kind, key)].Where(pod => !pod.Finished).OrderBy(pod => pod.Key)],
        };
    }

    private bool InNamespace(ExpectedEnd end, PodRow pod) => end.Namespaces is null
        ? pod.Key.Namespace == end.Namespace
        : view.World.Namespaces.TryGetValue(pod.Key.Namespace, out var row) && end.Namespaces.Matches(row.Labels);

    private IReadOnlyList<IpAddr> Addresses(ConnectionEnd named) => named.Kind switch
    {
        EndKind.Outside => view.Outside,
        EndKind.Node => view.World.Nodes.GetValueOrDefault(named.Name)?.InternalIPs.ToArray() ?? [],
        _ => named.Range is { } range ? range.Prefix == range.Address.Family.Bits ? [range.Address] : [range.Address, range.Last] : [],
    };

    private string Through(ExpectedEnd end, IpAddr address) => view.World.PodAt(address) is { } pod ? $"{end.Text} ({view.NameOf(pod)})" : end.Text;

    private static string Label(ExpectedEnd end, PodRow pod) => end.Named is { Kind: EndKind.Pod } ? end.Text : $"{end.Text} ({pod.Key.Name})";

    private string Nobody(ExpectedEnd end)
    {
        if (end.Named is not { } named)
        {
            return $"{end.Text}: the selectors choose no pod";
        }

        var workload = new WorkloadName(named.Kind, new ObjectKey(named.Namespace, named.Name));
        if (view.Workloads.Contains(workload))
        {
            return $"{end.Text}: it has no pod";
        }

        var others = view.World.Pods.Keys.Concat(view.Services.Keys).Concat(view.Workloads.Select(one => one.Key)).Where(key => key.Name == named.Name && key.Namespace != named.Namespace)
            .Select(key => key.Namespace).Distinct().Order(StringComparer.Ordinal).ToList();
        var isWorkload = named.Kind == EndKind.Pod ? view.Workloads.Where(one => one.Key == workload.Key).Select(one => $"{new ConnectionEnd(one.Kind, named.Name, "")}").ToList() : [];
        var hint = isWorkload.Count > 0 ? $"; {isWorkload[0]} there is" : others.Count > 0 ? $"; in namespace {string.Join(", ", others)} there is" : "";
        return $"{end.Text}: there is none{(named.Namespace.Length > 0 ? $" in namespace {named.Namespace}" : "")}{hint}";
    }
}
