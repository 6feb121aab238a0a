using System.Globalization;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns.Kubernetes;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Explain;

/// <summary>
/// Says from the cluster's objects why a name of its zone answers as it does: which object is missing or lacks what was asked for. Pure: it reads the tables
/// and asks nobody.
/// </summary>
/// <param name="tables">The cluster.</param>
/// <param name="zone">The cluster's zone, lower case, without dots at its ends.</param>
internal sealed class NameExplainer(ClusterTables tables, string zone)
{
    private const int MaxNamed = 5;

    /// <summary>The reasons, the most telling first; empty: there is nothing to say beyond the answer.</summary>
    /// <param name="name">Dotted, without a dot at its end.</param>
    /// <param name="type">What is asked for.</param>
    public IReadOnlyList<string> Explain(string name, RecordType type)
    {
        var lower = name.ToLowerInvariant();
        if (lower == zone)
        {
            return [$"{zone} is the cluster's zone itself: it has no address"];
        }

        if (!lower.EndsWith("." + zone, StringComparison.Ordinal))
        {
            return IsReverse(lower) ? Reverse(lower) : Elsewhere(lower);
        }

        if (!(tables.Services.Initialized && tables.EndpointSlices.Initialized && tables.Namespaces.Initialized))
        {
            return ["this node's agent has not yet heard from the API server what there is: every name of the cluster is SERVFAIL until then"];
        }

        var labels = lower[..^(zone.Length + 1)].Split('.');
        return labels[^1] switch
        {
            "svc" => Service(labels[..^1], type),
            "pod" => Pod(labels[..^1]),
            "dns-version" or "dns" or "ns" when labels.Length <= 2 => [],
            _ => [$"names of the cluster end in svc.{zone} or pod.{zone}: {name} does not"],
        };
    }

    private static bool IsReverse(string name) =>
        name.EndsWith(".in-addr.arpa", StringComparison.Ordinal) || name.EndsWith(".ip6.arpa", StringComparison.Ordinal);

    // Names that only look like the cluster's: a Service's own, cut short.
    private List<string> Elsewhere(string name)
    {
        var reasons = new List<string> { $"not a name of the cluster's zone {zone}: it is asked upstream as it stands" };
        var labels = name.Split('.');
        var space = labels.Length > 1 ? labels[1] : "";
        if (tables.Services.Get(new ObjectKey(space, labels[0])) is { } service && (labels.Length == 2 || (labels.Length > 2 && labels[2] == "svc")))
        {
            reasons.Add($"the whole name of Service {service.Key} is {service.Key.Name}.{service.Key.Namespace}.svc.{zone}");
        }

        return reasons;
    }

    private List<string> Reverse(string name)
    {
        Span<byte> wire = stackalloc byte[DnsReader.MaxName];
        Span<byte> labels = stackalloc byte[128];
        if (!DnsName.TryEncode(name, out var encoded) || !AddressNames.TryReverse(new QueryName(encoded, wire, labels), out var address))
        {
            return ["not the reverse name of a whole address"];
        }

        foreach (var service in tables.Services.Snapshot().Values)
        {
            if (service.ClusterIPs.Contains(address))
            {
                return [$"{address} is the cluster address of Service {service.Key}"];
            }
        }

        var pod = tables.Pods.Snapshot().Values.FirstOrDefault(pod => pod.NetworkIPs.Contains(address));
        return pod is null
            ? [$"no Service and no endpoint of this cluster has the address {address}"]
            : [$"{address} is pod {pod.Key}: only endpoints of a Service have reverse names, and only ready ones"];
    }

    private List<string> Pod(string[] labels)
    {
        if (labels.Length == 0 || (labels.Length == 1 && Exists(labels[^1])))
        {
            return ["the name exists, but only names of pods below it have addresses"];
        }

        if (!Exists(labels[^1]))
        {
            return [NoNamespace(labels[^1])];
        }

        return labels.Length == 2 && AddressNames.TryDashed(System.Text.Encoding.ASCII.GetBytes(labels[0]), out _)
            ? []
            : [$"a pod's name is its address with dashes, such as 10-244-0-7.{labels[^1]}.pod.{zone}; names of pods of a Service are POD.SERVICE.{labels[^1]}.svc.{zone}"];
    }

    private List<string> Service(string[] labels, RecordType type)
    {
        if (labels.Length == 0)
        {
            return ["the name exists, but only names of Services below it have addresses"];
        }

        if (!Exists(labels[^1]))
        {
            return [NoNamespace(labels[^1]), .. Elsewhere(labels[^1], labels.Length > 1 ? labels[^2] : "")];
        }

        if (labels.Length == 1)
        {
            return [$"{labels[0]} is a namespace: only names of Services below it have addresses", .. Elsewhere("", labels[0])];
        }

        var key = new ObjectKey(labels[^1], labels[^2]);
        if (tables.Services.Get(key) is not { } service)
        {
            return [$"there is no Service {key.Name} in namespace {key.Namespace}", .. Similar(key), .. Elsewhere(key.Namespace, key.Name)];
        }

        return labels.Length switch
        {
            2 => Own(service, type),
            3 when labels[0].StartsWith('_') => [$"{labels[0]} alone is no name with records: SRV is asked for as _PORT.{labels[0]}.{key.Name}.{key.Namespace}.svc.{zone}"],
            3 => Endpoint(service, labels[0]),
            4 => Port(service, labels[0].TrimStart('_'), labels[1].TrimStart('_')),
            _ => ["the name has too many labels for a name of a Service"],
        };
    }

    private List<string> Own(ServiceRow service, RecordType type)
    {
        if (service.Type == ServiceType.ExternalName)
        {
            return [$"Service {service.Key} is an ExternalName: it stands for {service.ExternalName}, and what that name answers is the answer"];
        }

        var endpoints = Endpoints(service).ToList();
        var ready = endpoints.Where(endpoint => endpoint.Ready).ToList();
        var family = type switch { RecordType.A => IpFamily.V4, RecordType.AAAA => IpFamily.V6, _ => null };
        if (service.IsHeadless)
        {
            return ready.Count == 0
                ? [$"Service {service.Key} is headless and has no ready endpoint, so the name does not exist", .. WhyNoneReady(service, endpoints)]
                : family is not null && ready.All(endpoint => endpoint.Address.Family != family) ? [$"no endpoint of Service {service.Key} has an {family} address"]
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

        return ready.Count > 0
            ? [$"Service {service.Key} has {Count(ready.Count, "ready endpoint")}"]
            : [$"Service {service.Key} resolves, but has no ready endpoint: connections to it are refused", .. WhyNoneReady(service, endpoints)];
    }

    private List<string> Endpoint(ServiceRow service, string label)
    {
        var named = Endpoints(service).Where(endpoint => string.Equals(Label(endpoint), label, StringComparison.OrdinalIgnoreCase)).ToList();
        if (named.Count > 0)
        {
            return named.Exists(endpoint => endpoint.Ready) ? [] : [$"endpoint {label} of Service {service.Key} is not ready: {Describe(named[0])}"];
        }

        var names = Endpoints(service).Where(endpoint => endpoint.Ready).Select(Label).Distinct().Order(StringComparer.Ordinal).ToList();
        return
        [
            $"no endpoint of Service {service.Key} is called {label}",
            names.Count == 0 ? "it has no ready endpoint at all" : $"its ready endpoints: {List(names)}",
            .. PodCalled(service, label),
        ];
    }

    private IEnumerable<string> PodCalled(ServiceRow service, string label) => tables.Pods.Get(new ObjectKey(service.Key.Namespace, label)) is null
        ? []
        : [$"pod {label} has a name below {service.Key.Name} only with spec.hostname and spec.subdomain: {service.Key.Name}, as pods of a StatefulSet have"];

    private static List<string> Port(ServiceRow service, string port, string protocol)
    {
        var named = service.Ports.Where(own => own.Name.Length > 0).ToList();
        if (named.Exists(own => own.Name == port && own.Protocol.ToString().Equals(protocol, StringComparison.OrdinalIgnoreCase)))
        {
            return [];
        }

        return
        [
            $"Service {service.Key} has no port named {port} with protocol {protocol}",
            named.Count == 0 ? "its ports have no names, and only named ports have SRV records of their own"
                : $"its named ports: {List(named.Select(own => $"_{own.Name}._{own.Protocol.ToString().ToLowerInvariant()}"))}",
        ];
    }

    private IEnumerable<SliceEndpoint> Endpoints(ServiceRow service) =>
        tables.EndpointSlices.Snapshot().Values.Where(slice => slice.Service == service.Key).SelectMany(slice => slice.Endpoints);

    private List<string> WhyNoneReady(ServiceRow service, List<SliceEndpoint> endpoints)
    {
        if (endpoints.Count > 0)
        {
            return [.. NotReady(endpoints)];
        }

        if (service.Selector is not { } selector)
        {
            return ["it has no selector, and no EndpointSlice names it"];
        }

        var pods = tables.Pods.Snapshot().Values.Count(pod => pod.Key.Namespace == service.Key.Namespace && selector.All(label => pod.Labels[label.Key] == label.Value));
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

    private static string Label(SliceEndpoint endpoint) => ServiceNamesCompiler.EndpointLabel(endpoint, podNames: false);

    private bool Exists(string space) => tables.Namespaces.Get(space) is not null;

    private string NoNamespace(string space)
    {
        var close = tables.Namespaces.Snapshot().Keys.Where(other => IsClose(other, space)).Order(StringComparer.Ordinal).ToList();
        return $"there is no namespace {space}{(close.Count > 0 ? $"; did you mean {List(close)}?" : "")}";
    }

    // Where the name is a Service's, but another namespace's.
    private IEnumerable<string> Elsewhere(string space, string name)
    {
        var others = tables.Services.Snapshot().Keys.Where(key => key.Name == name && key.Namespace != space).Order().Select(key => $"{key.Name}.{key.Namespace}").ToList();
        return others.Count == 0 ? [] : [$"there is one in another namespace: ask for {List(others)}"];
    }

    private IEnumerable<string> Similar(ObjectKey key)
    {
        var close = tables.Services.Snapshot().Keys.Where(other => other.Namespace == key.Namespace && IsClose(other.Name, key.Name))
            .Select(other => other.Name).Order(StringComparer.Ordinal).ToList();
        return close.Count == 0 ? [] : [$"did you mean {List(close)}?"];
    }

    private static bool IsClose(string left, string right) =>
        Math.Min(left.Length, right.Length) >= 3
        && (left.StartsWith(right, StringComparison.Ordinal) || right.StartsWith(left, StringComparison.Ordinal) || Distance(left, right) <= Math.Max(1, right.Length / 4));

    // Levenshtein's: how many letters must be put in, left out or changed.
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var (diagonal, _) = (row[0], row[0] = i);
            for (var j = 1; j <= right.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (left[i - 1] == right[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }

    private static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");

    private static string List(IEnumerable<string> texts)
    {
        var all = texts.ToList();
        return string.Join(", ", all.Take(MaxNamed)) + (all.Count > MaxNamed ? string.Create(CultureInfo.InvariantCulture, $" and {all.Count - MaxNamed} more") : "");
    }
}
