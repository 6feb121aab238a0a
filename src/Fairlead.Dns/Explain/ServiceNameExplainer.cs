using System.Net;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns.Config;
using Fairlead.Dns.Kubernetes;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;
using static Fairlead.Dns.Explain.ExplanationWords;

namespace Fairlead.Dns.Explain;

/// <summary>Says why the names of one Service that is served answer as they do.</summary>
/// <param name="tables">The cluster.</param>
/// <param name="options">Plugin <c>kubernetes</c>.</param>
/// <param name="zone">The zone.</param>
/// <param name="service">The Service.</param>
internal sealed class ServiceNameExplainer(ClusterTables tables, KubernetesOptions options, string zone, ServiceRow service)
{
    private readonly List<EndpointSliceRow> _slices = [.. tables.EndpointSlices.Snapshot().Values.Where(slice => slice.Service == service.Key)];

    private string Name => $"{service.Key.Name}.{service.Key.Namespace}.svc.{zone}";

    private IEnumerable<SliceEndpoint> Endpoints => _slices.SelectMany(slice => slice.Endpoints);

    /// <summary>Endpoints that names are made of.</summary>
    private List<SliceEndpoint> Ready => options.NoEndpoints ? [] : [.. Endpoints.Where(endpoint => endpoint.Ready)];

    /// <summary>What becomes of a name.</summary>
    /// <param name="labels">What stands before the Service's own name.</param>
    /// <param name="type">What is asked for.</param>
    public NameAccount Explain(string[] labels, RecordType type)
    {
        var isZonal = options.Zonal && service.IsHeadless && labels is (["_zone"] or [.., "pin" or "prefer", "_zone"]);
        if (labels.Length > 2 && !isZonal)
        {
            return NameAccount.Missing(labels[^1] == "_zone" ? $"only headless Services have names of topology zones, and only where the configuration says `zonal`: {Name} has none"
                : "the name has too many labels for a name of a Service");
        }

        if (service.Type == ServiceType.ExternalName)
        {
            return External(labels, type);
        }

        if ((service.IsHeadless || options.IgnoreEmptyService) && Ready.Count == 0)
        {
            return NameAccount.Missing([.. labels.Length == 1 ? WaitingFor(labels[0]) : [], Empty(), .. WhyNoneReady()]);
        }

        if (isZonal)
        {
            return NameAccount.Exists($"the name stands for the endpoints of Service {service.Key} in one topology zone, as ZONE.pin._zone.{Name} or ZONE.prefer._zone.{Name}");
        }

        return labels.Length switch
        {
            0 => NameAccount.Exists(Own(type)),
            1 => Endpoint(labels[0]),
            _ => Port(labels[0], labels[1]),
        };
    }

    private NameAccount External(string[] labels, RecordType type)
    {
        var text = $"Service {service.Key} is an ExternalName: it stands for {service.ExternalName}";
        if (labels.Length > 0)
        {
            return NameAccount.Missing($"{text}, and there is nothing below {Name}");
        }

        if (IPAddress.TryParse(service.ExternalName, out _))
        {
            return NameAccount.Missing($"{text}, which is an address and no name");
        }

        if (!DnsName.TryEncode(service.ExternalName, out var alias) || alias.Length <= 1)
        {
            return NameAccount.Exists($"{text}, which is no name that can be asked for");
        }

        return type switch
        {
            RecordType.SRV or RecordType.PTR or RecordType.ANY => NameAccount.Exists($"{text}, and has no {type} record of its own"),
            RecordType.CNAME => NameAccount.Exists(text),
            _ => new NameAccount(null, [$"{text}, and what that name answers is the answer"]) { Alias = service.ExternalName.TrimEnd('.').ToLowerInvariant() },
        };
    }

    private string Empty() => options.NoEndpoints ? $"Service {service.Key} has no names: the configuration's `noendpoints` leaves out whatever endpoints make"
        : service.IsHeadless ? $"Service {service.Key} is headless and has no ready endpoint, so the name does not exist"
        : $"Service {service.Key} has no ready endpoint, and the configuration's `ignore empty_service` leaves such Services out";

    private IEnumerable<string> Own(RecordType type)
    {
        var (endpoints, ready) = (Endpoints.ToList(), Ready);
        var family = type switch { RecordType.A => IpFamily.V4, RecordType.AAAA => IpFamily.V6, _ => null };
        if (service.IsHeadless)
        {
            return family is not null && ready.All(endpoint => endpoint.Address.Family != family) ? [$"no endpoint of Service {service.Key} has an {family} address"]
                : [$"Service {service.Key} is headless: the name stands for its {Count(ready.Count, "ready endpoint")}", .. NotReady(endpoints)];
        }

        if (service.ClusterIPs.Count == 0)
        {
            return [$"Service {service.Key} has not been given a cluster address yet"];
        }

        if (family is not null && service.ClusterIPs.All(address => address.Family != family))
        {
            return [$"Service {service.Key} has no {family} address, only {string.Join(", ", service.ClusterIPs)}"];
        }

        return endpoints.Count(endpoint => endpoint.Ready) is > 0 and var count
            ? [$"Service {service.Key} has {Count(count, "ready endpoint")}"]
            : [$"Service {service.Key} resolves, but has no ready endpoint: connections to it are refused", .. WhyNoneReady()];
    }

    private NameAccount Endpoint(string label)
    {
        if (Ready.Exists(endpoint => Label(endpoint) == label))
        {
            return NameAccount.Exists();
        }

        if (NamedPorts().Any(port => $"_{port.Protocol}" == label))
        {
            return NameAccount.Exists($"{label} alone is no name with records: SRV is asked for as _PORT.{label}.{Name}");
        }

        if (label.StartsWith('_'))
        {
            return NameAccount.Missing($"{label} alone is no name with records, and no named port of Service {service.Key} has that protocol");
        }

        var names = Ready.Select(Label).Distinct().Order(StringComparer.Ordinal).ToList();
        return NameAccount.Missing(
            [
                .. WaitingFor(label), $"no endpoint of Service {service.Key} is called {label}",
                options.NoEndpoints ? "the configuration's `noendpoints` gives endpoints no names"
                    : names.Count == 0 ? "it has no ready endpoint at all" : $"its ready endpoints: {List(names)}",
                .. PodCalled(label),
            ]);
    }

    private IEnumerable<string> WaitingFor(string label) =>
        Endpoints.FirstOrDefault(endpoint => !endpoint.Ready && Label(endpoint) == label) is { } waiting
            ? [$"endpoint {label} of Service {service.Key} is not ready: {Describe(waiting)}"] : [];

    private IEnumerable<string> PodCalled(string label) => tables.Pods.Get(new ObjectKey(service.Key.Namespace, label)) is null
        ? []
        : [$"pod {label} has a name below {service.Key.Name} only with spec.hostname and spec.subdomain: {service.Key.Name}, as pods of a StatefulSet have"];

    private NameAccount Port(string first, string second)
    {
        var (port, protocol) = (WithoutScore(first), WithoutScore(second));
        var named = NamedPorts().Distinct().ToList();
        return named.Contains((port, protocol)) ? NameAccount.Exists() : NameAccount.Missing(
            $"Service {service.Key} has no port named {port} with protocol {protocol}",
            named.Count == 0 ? "its ports have no names, and only named ports have SRV records of their own"
                : $"its named ports: {List(named.Select(own => $"_{own.Name}._{own.Protocol}"))}");
    }

    // Of a headless Service those of its endpoints count, which may be others.
    private IEnumerable<(string Name, string Protocol)> NamedPorts() => service.IsHeadless
        ? _slices.Where(slice => !options.NoEndpoints && slice.Endpoints.Any(endpoint => endpoint.Ready)).SelectMany(slice => slice.Ports)
            .Where(port => port.Port != 0 && port.Name.Length > 0).Select(port => (port.Name, Lower(port.Protocol)))
        : service.Ports.Where(port => port.Name.Length > 0).Select(port => (port.Name, Lower(port.Protocol)));

    private static string Lower(IpProtocol protocol) => protocol.ToString().ToLowerInvariant();

    private static string WithoutScore(string label) => label.StartsWith('_') ? label[1..] : label;

    private List<string> WhyNoneReady()
    {
        var endpoints = Endpoints.ToList();
        if (endpoints.Count > 0)
        {
            return [.. NotReady(endpoints)];
        }

        if (service.Selector is not { } selector)
        {
            return ["it has no selector, and no EndpointSlice names it"];
        }

        var pods = tables.Pods.Snapshot().Values.Count(pod => pod.Key.Namespace == service.Key.Namespace && pod.Labels.HasAll(selector));
        return [pods == 0
            ? $"its selector {selector} matches no pod of namespace {service.Key.Namespace}"
            : $"its selector matches {Count(pods, "pod")}, none of which has an address yet"];
    }

    private static IEnumerable<string> NotReady(List<SliceEndpoint> endpoints)
    {
        var waiting = endpoints.Where(endpoint => !endpoint.Ready).Select(Describe).ToList();
        return waiting.Count == 0 ? [] : [$"not ready: {List(waiting)}"];
    }

    private static string Describe(SliceEndpoint endpoint) =>
        $"{endpoint.Address}{(endpoint.Pod == default ? "" : $" (pod {endpoint.Pod.Name}{(endpoint.Terminating ? ", terminating" : "")})")}";

    private string Label(SliceEndpoint endpoint) => ServiceNamesCompiler.EndpointLabel(endpoint, options.EndpointPodNames);
}
