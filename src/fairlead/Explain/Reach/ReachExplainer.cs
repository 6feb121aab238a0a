using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Policy;
using Fairlead.Proxy;
using Fairlead.Proxy.Frontends;
using Fairlead.Proxy.Inspection;
using Fairlead.State;

namespace Fairlead.Explain.Reach;

/// <summary>
/// Follows a connection from who opens it to who listens, as the cluster's objects have it: the Service's endpoints by the proxy room's rules, the policies by
/// the evaluator. Pure: it reads the tables, and asks nobody but <see cref="ReachSettings"/>.
/// </summary>
internal sealed class ReachExplainer
{
    private const int MaxNamed = 8;

    private readonly ClusterTables _tables;
    private readonly ReachSettings _settings;
    private readonly PolicyWorld _world;
    private readonly ReachPath _path;
    private readonly Dictionary<string, PlannedNode> _plans = [];

    /// <summary>Explains by the tables as they are now.</summary>
    public ReachExplainer(ClusterTables tables, ReachSettings settings)
    {
        _tables = tables;
        _settings = settings;
        _world = PolicyWorld.Of(tables);
        _path = new ReachPath(tables, _world, settings);
    }

    /// <summary>The cluster as policies see it.</summary>
    public PolicyWorld World => _world;

    /// <summary>The plan of a node.</summary>
    public PlannedNode PlanOf(string node)
    {
        if (!_plans.TryGetValue(node, out var plan))
        {
            _plans[node] = plan = new PlannedNode(_tables, new ProxyOptions
            {
                NodeName = node,
                ExternalIPRanges = _settings.ExternalIPRanges,
                ServedByNode = _settings.NodesAnswerDns ? [PolicyWorld.DnsService] : default,
            });
        }

        return plan;
    }

    /// <summary>What becomes of a connection to an address.</summary>
    /// <param name="source">Who opens it.</param>
    /// <param name="asked">Whom it is to reach, in words; the address, protocol and port it is opened to; the steps that came before.</param>
    public ReachExplanation Explain(ReachSource source, ReachExplanation asked)
    {
        var client = source.Of(asked.Address.Family);
        if (client.IsNone)
        {
            return With(asked, new ReachStep("source", StepVerdict.Fails, "", $"{source.Text} has no {asked.Address.Family} address"));
        }

        var key = new FrontendKey(asked.Address, asked.Protocol, asked.Port);
        if (ServiceAt(key.Address) is { } owner && source.IsOutside)
        {
            return With(asked, new ReachStep(
                "route", StepVerdict.Fails, $"Service {owner.Key}", $"{key.Address} is the cluster address of Service {owner.Key}: only nodes and pods of the cluster reach it"));
        }

        if (!source.IsOutside && PlanOf(source.NodeName).At(key) is { } here)
        {
            return Translated(source, asked, here, source.NodeName, fromOutside: false);
        }

        if (NodeAt(key.Address) is { } node)
        {
            return ToNode(source, asked, key, node);
        }

        if (source.IsOutside && BalancerAt(key.Address) is { } balanced)
        {
            return ToBalancer(source, asked, key, balanced);
        }

        if (ServiceAt(key.Address) is { } service)
        {
            return ToOtherPort(source, asked, key, service);
        }

        if (source.IsOutside && _settings.PodsAreHidden && _world.PodAt(key.Address) is { } pod)
        {
            return With(asked, new ReachStep("route", StepVerdict.Fails, $"Pod {pod.Key}", $"{key.Address} is a pod's address: the outside has no route to it"));
        }

        return asked with { Endpoints = [_path.Of(new LastStretch(source, key.Address, key.Port, key.Protocol, client))] };
    }

    private ReachExplanation ToNode(ReachSource source, ReachExplanation asked, FrontendKey key, NodeRow node)
    {
        if (node.Name != source.NodeName && PlanOf(node.Name).At(key) is { } frontend)
        {
            return Translated(source, asked, frontend, node.Name, fromOutside: true);
        }

        var client = source.Of(key.Address.Family);
        var host = _tables.Pods.Snapshot().Values.Where(pod => pod is { HostNetwork: false, Finished: false } && pod.NodeName == node.Name).OrderBy(pod => pod.Key)
            .SelectMany(pod => pod.Ports.Select(port => (Pod: pod, Port: port)))
            .FirstOrDefault(one => one.Port.HostPort == key.Port && one.Port.HostPort != 0 && one.Port.Protocol == key.Protocol && (one.Port.HostIP.IsNone || one.Port.HostIP.Value == 0 || one.Port.HostIP == key.Address));
        if (host.Pod?.IPs.FirstOrDefault(address => address.Family == key.Address.Family) is { IsNone: false } address)
        {
            var step = new ReachStep("service", StepVerdict.Ok, $"Pod {host.Pod.Key}", $"{key} is the host port of pod {host.Pod.Key}, port {host.Port.Port}");
            var stretch = new LastStretch(source, address, host.Port.Port, key.Protocol, client);
            return With(asked, step) with { Endpoints = [_path.Of(node.Name == source.NodeName ? stretch : stretch with { Left = (key.Address, key.Port) })] };
        }

        return asked with { Endpoints = [_path.Of(new LastStretch(source, key.Address, key.Port, key.Protocol, client))] };
    }

    private ReachExplanation ToBalancer(ReachSource source, ReachExplanation asked, FrontendKey key, ServiceRow service)
    {
        var answering = service.AnsweredBy.Split(',').Select(pair => pair.Split('=')).FirstOrDefault(pair => pair.Length == 2 && pair[0] == $"{key.Address}")?[1] ?? "";
        var entry = _tables.Nodes.Get(answering) ?? _tables.Nodes.Snapshot().Values.Where(node => node.Ready).OrderBy(node => node.Name, StringComparer.Ordinal).FirstOrDefault();
        if (entry is null)
        {
            return With(asked, new ReachStep("route", StepVerdict.Fails, $"Service {service.Key}", $"no node that is Ready answers for {key.Address}"));
        }

        var route = answering == entry.Name
            ? new ReachStep("route", StepVerdict.Ok, $"Service {service.Key}", $"node {entry.Name} answers for {key.Address}")
            : new ReachStep("route", StepVerdict.Unknown, $"Service {service.Key}", $"which node {key.Address} leads to is not known here; node {entry.Name} is taken for it");
        return PlanOf(entry.Name).At(key) is { } frontend ? Translated(source, With(asked, route), frontend, entry.Name, fromOutside: true) : ToOtherPort(source, With(asked, route), key, service);
    }

    /// <summary>An address of a Service at which nothing accepts on that port.</summary>
    private ReachExplanation ToOtherPort(ReachSource source, ReachExplanation asked, FrontendKey key, ServiceRow service)
    {
        var why = source.IsOutside ? "" : PlanOf(source.NodeName).LeftAlone(service);
        var known = service.Ports.Any(port => port.Port == key.Port && port.Protocol == key.Protocol);
        if (known && _settings.NodesAnswerDns && service.Key == PolicyWorld.DnsService)
        {
            var stretch = new LastStretch(source, key.Address, key.Port, key.Protocol, source.Of(key.Address.Family)) { IsNodeDns = true };
            return asked with { Endpoints = [_path.Of(stretch)] };
        }

        return With(asked, known
            ? new ReachStep("service", StepVerdict.Fails, $"Service {service.Key}", why.Length > 0 ? $"nobody accepts at {key}: {why}" : $"nobody accepts at {key}{Warned(source, service)}")
            : new ReachStep("service", StepVerdict.Fails, $"Service {service.Key}", ServicePorts.NoSuchPort(service, key.Protocol, key.Port)));
    }

    private string Warned(ReachSource source, ServiceRow service) =>
        source.IsOutside ? "" : string.Concat(PlanOf(source.NodeName).WarningsOf(service.Key).Select(warning => $"; {warning}"));

    private ReachExplanation Translated(ReachSource source, ReachExplanation asked, Frontend frontend, string entry, bool fromOutside)
    {
        var service = _tables.Services.Get(frontend.Service)!;
        var port = service.Ports.First(port => port.Name == frontend.PortName && port.Protocol == frontend.Key.Protocol);
        var client = source.Of(asked.Address.Family);
        var steps = asked.Steps.Append(ServicePorts.Accepts(service, port, frontend)).ToList();
        if (frontend.IsRestricted && !frontend.SourceRanges.Any(range => range.Contains(client)))
        {
            steps.Add(new ReachStep(
                "service", StepVerdict.Fails, $"Service {service.Key}", $"spec.loadBalancerSourceRanges has {client} in none of {string.Join(", ", service.SourceRanges)}: packets are dropped"));
            return asked with { Steps = steps.ToValueArray() };
        }

        var local = fromOutside && frontend.Outside == OutsidePolicy.Local;
        var endpoints = local ? frontend.LocalEndpoints : frontend.Endpoints;
        var known = PlanOf(entry).EndpointsOf(frontend);
        steps.Add(endpoints.Count == 0 ? None(service, port, frontend, entry, local, known) : Chosen(service, endpoints, entry, local, known));
        if (endpoints.Count == 0)
        {
            return asked with { Steps = steps.ToValueArray() };
        }

        // Where any endpoint will do, the node that took the packet puts its own address in, lest the answer go past it.
        var seen = fromOutside && frontend.Outside == OutsidePolicy.Cluster ? _tables.Nodes.Get(entry)!.InternalIPs.FirstOrDefault(own => own.Family == client.Family) : client;
        return asked with
        {
            Steps = steps.ToValueArray(),
            Endpoints = endpoints.Select(endpoint => new LastStretch(source, endpoint.Address, endpoint.Port, frontend.Key.Protocol, seen))
                .Select(stretch => _path.Of(fromOutside ? stretch with { Left = (asked.Address, asked.Port) } : stretch)).ToValueArray(),
        };
    }

    private static ReachStep Chosen(ServiceRow service, ValueArray<Endpoint> endpoints, string entry, bool local, IReadOnlyList<InspectedEndpoint> known)
    {
        var chosen = endpoints.Select(endpoint => endpoint.ToString()).ToHashSet();
        var unused = known.Where(endpoint => !chosen.Contains(endpoint.Text())).ToList();
        return new ReachStep(
            "endpoints", StepVerdict.Ok, $"Service {service.Key}",
            $"{endpoints.Count} of {known.Count} {(known.Count == 1 ? "endpoint" : "endpoints")} used on node {entry}{(local ? " (traffic policy Local)" : "")}: {List(endpoints.Select(endpoint => Named(endpoint, known)))}")
        {
            Notes = unused.Take(MaxNamed).Select(endpoint => $"not used: {endpoint.Text()}{(endpoint.Pod.Length > 0 ? $" pod {endpoint.Pod}" : "")}: {(local ? endpoint.LocalWhy : endpoint.Why)}").ToValueArray(),
        };
    }

    private ReachStep None(ServiceRow service, ServicePort port, Frontend frontend, string entry, bool local, IReadOnlyList<InspectedEndpoint> known)
    {
        var policy = local || (frontend.Kind == FrontendKind.ClusterIP && service.InternalLocal);
        var words = frontend.HasEndpoints && policy
            ? $"none on node {entry}, and {(local ? "externalTrafficPolicy" : "internalTrafficPolicy")} is Local: packets are dropped"
            : "the Service has no endpoint for this port: connections are refused";
        return new ReachStep("endpoints", StepVerdict.Fails, $"Service {service.Key}", words)
        {
            Notes = frontend.HasEndpoints && policy ? known.Take(MaxNamed).Select(endpoint => $"not used: {endpoint.Text()} on node {endpoint.Node}").ToValueArray() : NoEndpoints.Of(_tables, service, port, known),
        };
    }

    private static string Named(Endpoint endpoint, IReadOnlyList<InspectedEndpoint> known) =>
        known.FirstOrDefault(other => other.Text() == endpoint.ToString()) is { Pod.Length: > 0 } found ? $"{endpoint} ({found.Pod})" : endpoint.ToString();

    private static string List(IEnumerable<string> texts)
    {
        var all = texts.ToList();
        return string.Join(", ", all.Take(MaxNamed)) + (all.Count > MaxNamed ? $" and {all.Count - MaxNamed} more" : "");
    }

    private static ReachExplanation With(ReachExplanation asked, ReachStep step) => asked with { Steps = asked.Steps.Append(step).ToValueArray() };

    private ServiceRow? ServiceAt(IpAddr address) => _tables.Services.Snapshot().Values.FirstOrDefault(service => service.ClusterIPs.Contains(address));

    private ServiceRow? BalancerAt(IpAddr address) =>
        _tables.Services.Snapshot().Values.OrderBy(service => service.Key).FirstOrDefault(service => service.LoadBalancerIPs.Contains(address) || service.ExternalIPs.Contains(address));

    private NodeRow? NodeAt(IpAddr address) => _tables.Nodes.Snapshot().Values.FirstOrDefault(node => node.InternalIPs.Contains(address));
}
