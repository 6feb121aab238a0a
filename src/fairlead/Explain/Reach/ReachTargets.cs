using System.Globalization;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Naming;
using Fairlead.Linux.Addresses;
using Fairlead.Policy;
using Fairlead.Policy.Evaluate;
using Fairlead.State;

namespace Fairlead.Explain.Reach;

/// <summary>What one end of a connection turned out to be.</summary>
/// <param name="End">As it was written.</param>
/// <param name="Pods">Its pods: one of a name, each of a Deployment or a namespace.</param>
internal sealed record ResolvedEnd(ConnectionEnd End, IReadOnlyList<PodRow> Pods)
{
    /// <summary>The Service, when it is one.</summary>
    public ServiceRow? Service { get; init; }

    /// <summary>The node, when it is one.</summary>
    public NodeRow? Node { get; init; }

    /// <summary>The address, when it is one, or is somebody outside.</summary>
    public ValueArray<IpAddr> Addresses { get; init; }

    /// <summary>Which ports are meant.</summary>
    public PortAsked Port => new(
        ushort.TryParse(End.Port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : (ushort)0,
        number == 0 ? End.Port : "", End.Protocol ?? IpProtocol.Any);
}

/// <summary>From whom somebody is to reach to the addresses and ports that are tried for it, and what comes before: the name, and whether it may be asked for. Pure.</summary>
internal sealed class ReachTargets(ClusterTables tables, ReachSettings settings, ReachExplainer explainer)
{
    private const ushort DnsPort = 53;

    /// <summary>Explains every connection that is meant.</summary>
    /// <exception cref="FormatException">The port is missing, or nothing has that name.</exception>
    public IReadOnlyList<ReachExplanation> Explain(ReachSource source, ResolvedEnd target)
    {
        if (target.Service is { } service)
        {
            return [.. OfService(source, service, target.Port, byName: true)];
        }

        if (target.Addresses.Count > 0 && tables.Services.Snapshot().Values.FirstOrDefault(row => row.ClusterIPs.Contains(target.Addresses[0])) is { } owner && !source.IsOutside)
        {
            return [.. OfService(source, owner, target.Port, byName: false).Where(one => one.Address == target.Addresses[0] || one.Address.IsNone)];
        }

        if (target.Pods.Count > 0)
        {
            return [.. target.Pods.SelectMany(pod => OfPod(source, pod, target))];
        }

        var port = target.Port.Number != 0 ? target.Port.Number : throw new FormatException($"{target.End} needs a port number: {target.End}:PORT");
        var addresses = target.Node is { } node ? node.InternalIPs : target.Addresses;
        return
        [
            .. addresses.Where(address => !source.Of(address.Family).IsNone || addresses.Count == 1)
                .Select(address => explainer.Explain(source, Asked(source, Name(target), address, target.Port.ProtocolOrTcp, port))),
        ];
    }

    private static string Name(ResolvedEnd target) => (target.End with { Port = "", Protocol = null }).ToString();

    private IEnumerable<ReachExplanation> OfPod(ReachSource source, PodRow pod, ResolvedEnd target)
    {
        var asked = target.Port;
        var name = $"{pod.Key}";
        var declared = pod.Ports.Where(port => asked.Fits(port.Name, port.Protocol, port.Port)).Select(port => (port.Protocol, port.Port)).Distinct().ToList();
        if (declared.Count == 0 && asked.Number == 0)
        {
            throw new FormatException(asked.IsAll
                ? $"pod {pod.Key} declares no ports: name one, {target.End}:PORT" : $"pod {pod.Key} has no port named {asked}{(pod.Ports.Count > 0 ? $": it has {string.Join(", ", pod.Ports.Select(port => port.Name.Length > 0 ? port.Name : $"{port.Port}"))}" : "")}");
        }

        var ports = declared.Count > 0 ? declared : [(asked.ProtocolOrTcp, asked.Number)];
        return ports.SelectMany(port => Addresses(pod, source, target).Select(address => explainer.Explain(source, Asked(source, name, address, port.Item1, port.Item2))))
            .DefaultIfEmpty(Asked(source, name, default, ports[0].Item1, ports[0].Item2) with
            {
                Steps = [new ReachStep("route", StepVerdict.Fails, $"Pod {pod.Key}", pod.Finished ? $"pod {pod.Key} has finished: its address is not its own any more" : $"pod {pod.Key} has no address {source.Text} could reach{(pod.NodeName.Length == 0 ? ": it is not scheduled" : "")}")],
            });
    }

    private static IEnumerable<IpAddr> Addresses(PodRow pod, ReachSource source, ResolvedEnd target) => pod.Finished ? []
        : pod.IPs.Where(address => !source.Of(address.Family).IsNone && (target.Addresses.Count == 0 || target.Addresses.Contains(address)));

    private IEnumerable<ReachExplanation> OfService(ReachSource source, ServiceRow service, PortAsked asked, bool byName)
    {
        var text = byName ? $"svc/{service.Key.Name}.{service.Key.Namespace}" : $"{service.Key}";
        var first = byName ? NameSteps(source, service).ToValueArray() : default;
        var name = byName && source.Pod is not null ? NameFor(source.Pod, service) : "";
        return Reached(source, service, asked, text, first).Select(one => one with { Name = name });
    }

    private static string NameFor(PodRow pod, ServiceRow service) => pod.Key.Namespace == service.Key.Namespace ? service.Key.Name : $"{service.Key.Name}.{service.Key.Namespace}";

    private IEnumerable<ReachExplanation> Reached(ReachSource source, ServiceRow service, PortAsked asked, string text, ValueArray<ReachStep> first)
    {
        if (service.Type == ServiceType.ExternalName)
        {
            return [Elsewhere(source, service, text, first, asked)];
        }

        var ports = service.Ports.Where(port => asked.Fits(port.Name, port.Protocol, port.Port)).ToList();
        if (ports.Count == 0 && !(service.IsHeadless && asked.Number != 0))
        {
            var words = asked.Number != 0 ? ServicePorts.NoSuchPort(service, asked.ProtocolOrTcp, asked.Number)
                : $"Service {service.Key} has no port {asked}: it has {string.Join(", ", service.Ports.Select(ServicePorts.Text))}";
            return [Asked(source, text, default, asked.ProtocolOrTcp, asked.Number) with { Steps = first.Append(new ReachStep("service", StepVerdict.Fails, $"Service {service.Key}", words)).ToValueArray() }];
        }

        if (service.IsHeadless)
        {
            return ports.Count == 0 ? [Headless(source, service, text, first, asked.ProtocolOrTcp, asked.Number)]
                : ports.Select(port => Headless(source, service, text, first, port.Protocol, asked.Name.Length > 0 ? SlicePort(service, port) : port.Port));
        }

        return ports.SelectMany(port => Where(source, service, port)
            .Select(at => explainer.Explain(source, Asked(source, text, at.Address, port.Protocol, at.Port) with { Steps = first }))
            .DefaultIfEmpty(Asked(source, text, default, port.Protocol, port.Port) with
            {
                Steps = first.Append(new ReachStep("service", StepVerdict.Fails, $"Service {service.Key}", source.IsOutside
                    ? $"Service {service.Key} has no address for the outside: it is of type {service.Type}" : $"Service {service.Key} has no cluster address {source.Text} could reach")).ToValueArray(),
            }));
    }

    private IEnumerable<(IpAddr Address, ushort Port)> Where(ReachSource source, ServiceRow service, ServicePort port)
    {
        var families = source.Addresses.Select(address => address.Family).ToHashSet();
        var addresses = !source.IsOutside ? service.ClusterIPs.Select(address => (address, port.Port))
            : service.LoadBalancerIPs.Concat(service.ExternalIPs).Select(address => (address, port.Port))
                .Concat(port.NodePort == 0 ? [] : tables.Nodes.Snapshot().Values.OrderBy(node => node.Name, StringComparer.Ordinal).SelectMany(node => node.InternalIPs.Select(address => (address, port.NodePort))));
        return addresses.Where(one => families.Contains(one.Item1.Family));
    }

    private IEnumerable<ReachStep> NameSteps(ReachSource source, ServiceRow service)
    {
        if (source.Pod is not { } pod)
        {
            yield break;
        }

        var name = NameFor(pod, service);
        var dns = tables.Services.Get(PolicyWorld.DnsService)?.ClusterIPs.FirstOrDefault(address => !source.Of(address.Family).IsNone) ?? default;
        if (dns.IsNone || pod.HostNetwork || !pod.SearchesCluster)
        {
            yield return new ReachStep("name", StepVerdict.Unknown, $"Pod {pod.Key}", dns.IsNone ? $"there is no Service {PolicyWorld.DnsService} to ask for {name}"
                : $"{(pod.HostNetwork ? "hostNetwork" : "dnsPolicy")} of the pod may have it ask another DNS for {name} than the cluster's");
            yield break;
        }

        var egress = PolicyEvaluator.Evaluate(explainer.World, source.Of(dns.Family), dns, IpProtocol.Udp, DnsPort).Egress;
        var step = PolicyStep.Of(false, egress, $"{pod.Key}", $"{dns} (the cluster's DNS)", IpProtocol.Udp, DnsPort);
        yield return step with { What = "dns", Words = $"the cluster's DNS, {dns}: {step.Words}" };
        if (egress.Allowed)
        {
            yield return tables.Namespaces.Get(service.Key.Namespace) is null
                ? new ReachStep("name", StepVerdict.Fails, $"Namespace {service.Key.Namespace}", $"{name} does not resolve: there is no namespace {service.Key.Namespace}")
                : new ReachStep("name", StepVerdict.Ok, $"Service {service.Key}", $"{name} is {service.Key.Name}.{service.Key.Namespace}.svc.{settings.Zone}{Meaning(service)}");
        }
    }

    private static string Meaning(ServiceRow service) => service.Type == ServiceType.ExternalName ? $", which stands for {service.ExternalName}"
        : service.IsHeadless ? ", which stands for the addresses of its ready endpoints" : $": {string.Join(", ", service.ClusterIPs)}";

    private static ReachExplanation Elsewhere(ReachSource source, ServiceRow service, string text, ValueArray<ReachStep> first, PortAsked asked) =>
        Asked(source, text, default, asked.ProtocolOrTcp, asked.Number) with
        {
            Steps = first,
            Endpoints = [new EndpointReach(service.ExternalName, "", "", "", [new ReachStep("route", StepVerdict.Unknown, $"Service {service.Key}", $"where {service.ExternalName} is, and whether policies let {source.Text} go there, is not known here: name its address")])],
        };

    private ReachExplanation Headless(ReachSource source, ServiceRow service, string text, ValueArray<ReachStep> first, IpProtocol protocol, ushort port)
    {
        var ready = Endpoints(service).Where(endpoint => (endpoint.Ready || service.PublishNotReadyAddresses) && !source.Of(endpoint.Address.Family).IsNone).DistinctBy(endpoint => endpoint.Address).OrderBy(endpoint => endpoint.Address).ToList();
        var step = ready.Count == 0
            ? new ReachStep("endpoints", StepVerdict.Fails, $"Service {service.Key}", "the Service is headless and has no ready endpoint: its name does not exist")
            {
                Notes = service.Ports.Count == 0 ? default : NoEndpoints.Of(tables, service, service.Ports[0], []),
            }
            : new ReachStep("endpoints", StepVerdict.Ok, $"Service {service.Key}", $"the Service is headless: the client goes to one of its {ready.Count} ready endpoints itself, at port {port} as it stands");
        return Asked(source, text, ready.Count == 1 ? ready[0].Address : default, protocol, port) with
        {
            Steps = first.Append(step).ToValueArray(),
            Endpoints = ready.SelectMany(endpoint => explainer.Explain(source, Asked(source, text, endpoint.Address, protocol, port)).Endpoints).ToValueArray(),
        };
    }

    private IEnumerable<SliceEndpoint> Endpoints(ServiceRow service) =>
        tables.EndpointSlices.Snapshot().Values.Where(slice => slice.Service == service.Key).OrderBy(slice => slice.Key).SelectMany(slice => slice.Endpoints);

    private ushort SlicePort(ServiceRow service, ServicePort port) =>
        tables.EndpointSlices.Snapshot().Values.Where(slice => slice.Service == service.Key).OrderBy(slice => slice.Key).SelectMany(slice => slice.Ports)
            .FirstOrDefault(own => own.Name == port.Name && own.Protocol == port.Protocol)?.Port ?? port.Port;

    private static ReachExplanation Asked(ReachSource source, string to, IpAddr address, IpProtocol protocol, ushort port) =>
        new()
        {
            From = source.Text,
            Where = string.Join(", ", new[] { (address.IsNone ? default : source.Of(address.Family)).ToString(), source.Pod is null ? "" : $"node {source.NodeName}" }.Where(text => text.Length > 0 && text != source.Text)),
            To = source.IsOutside && !address.IsNone && to != $"{address}" ? $"{to} at {(address.IsV4 ? $"{address}" : $"[{address}]")}" : to,
            Address = address,
            Protocol = protocol,
            Port = port,
        };
}
