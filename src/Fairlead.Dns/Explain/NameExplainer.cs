using System.Text;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns.Config;
using Fairlead.Dns.Kubernetes;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;
using static Fairlead.Dns.Explain.ExplanationWords;

namespace Fairlead.Dns.Explain;

/// <summary>
/// Says from the cluster's objects, and from what a configuration lets be seen of them, why a name of one of its zones answers as it does: which object is
/// missing, is not served or lacks what was asked for. Pure: it reads the tables and asks nobody.
/// </summary>
/// <param name="tables">The cluster.</param>
/// <param name="options">Plugin <c>kubernetes</c> of the name's server block.</param>
/// <param name="zone">The longest of its zones that the name is in, lower case, without dots at its ends.</param>
internal sealed class NameExplainer(ClusterTables tables, KubernetesOptions options, string zone)
{
    private static readonly NameAccount NotSynced = new(
        ResponseCode.ServFail, ["this node's agent has not yet heard from the API server what there is: every name of the cluster is SERVFAIL until then"]);

    private bool IsSynced => tables.Services.Initialized && tables.EndpointSlices.Initialized && tables.Namespaces.Initialized
        && (options.Pods != PodNames.Verified || tables.Pods.Initialized);

    /// <summary>What becomes of a name of a zone that is no reverse zone.</summary>
    /// <param name="name">Dotted, lower case, without a dot at its end.</param>
    /// <param name="type">What is asked for.</param>
    public NameAccount Explain(string name, RecordType type) => !IsSynced ? NotSynced : DenyNoSoa(Named(name, type), type);

    /// <summary>What becomes of a name of a reverse zone.</summary>
    /// <param name="name">Dotted, lower case, without a dot at its end.</param>
    /// <param name="type">What is asked for.</param>
    /// <param name="passes">The configuration says <c>fallthrough</c> for it.</param>
    public NameAccount Reverse(string name, RecordType type, bool passes)
    {
        var isWhole = TryReverse(name, out var address);
        if (!isWhole && passes)
        {
            return new NameAccount(null, ["not the reverse name of a whole address"]) { Passes = true };
        }

        if (!IsSynced)
        {
            return NotSynced;
        }

        if (!isWhole)
        {
            return DenyNoSoa(OfServer(Before(name)) ?? NameAccount.Missing("not the reverse name of a whole address"), type);
        }

        if (Holder(address) is { } holder)
        {
            return NameAccount.Exists(holder);
        }

        var unknown = Unknown(address);
        return passes && !options.OwnRanges.Any(range => range.Contains(address))
            ? new NameAccount(null, unknown) { Passes = true }
            : DenyNoSoa(NameAccount.Missing(unknown), type);
    }

    /// <summary>What a name that is none of the cluster's was perhaps meant to be.</summary>
    /// <param name="name">Dotted, lower case.</param>
    public IEnumerable<string> Meant(string name)
    {
        var labels = name.Split('.');
        if (labels.Length > 1 && (labels.Length == 2 || labels[2] == "svc") && tables.Services.Get(new ObjectKey(labels[1], labels[0])) is { } service)
        {
            yield return $"the whole name of Service {service.Key} is {service.Key.Name}.{service.Key.Namespace}.svc.{zone}";
        }
    }

    // As CoreDNS: asked for its SOA, every name is.
    private static NameAccount DenyNoSoa(NameAccount account, RecordType type) =>
        account.Code == ResponseCode.NxDomain && type == RecordType.SOA ? account with { Code = ResponseCode.NoError } : account;

    private static bool TryReverse(string name, out IpAddr address)
    {
        Span<byte> wire = stackalloc byte[DnsReader.MaxName];
        Span<byte> labels = stackalloc byte[QueryName.MaxLabels];
        address = default;
        return DnsName.TryEncode(name, out var encoded) && AddressNames.TryReverse(new QueryName(encoded, wire, labels), out address);
    }

    // What every zone has: its apex, and the name of its server.
    private static NameAccount? OfServer(string[] labels) => labels is [] or ["dns"] or ["ns", "dns"] ? NameAccount.Exists() : null;

    private string[] Before(string name) => name == zone ? [] : (zone.Length == 0 ? name : name[..^(zone.Length + 1)]).Split('.');

    private NameAccount Named(string name, RecordType type) => Before(name) switch
    {
        [] => NameAccount.Exists($"{zone} is the cluster's zone itself: it has no address"),
        [.. var labels, "svc"] => Service(labels, type),
        [.. var labels, "pod"] => Pod(labels),
        ["dns-version"] => NameAccount.Exists(),
        var labels => OfServer(labels) ?? NameAccount.Missing($"names of the cluster end in svc.{zone} or pod.{zone}: {name} does not"),
    };

    private NameAccount Pod(string[] labels)
    {
        if (labels.Length == 0)
        {
            return NameAccount.Exists("the name exists, but only names of pods below it have addresses");
        }

        if (options.Pods == PodNames.Disabled)
        {
            return NameAccount.Missing("pods have no names of their own: the configuration has neither `pods insecure` nor `pods verified`");
        }

        if (labels.Length <= 2 && NoNamespace(labels[^1]) is { } none)
        {
            return NameAccount.Missing(none);
        }

        if (labels.Length == 1)
        {
            return NameAccount.Exists("the name exists, but only names of pods below it have addresses");
        }

        if (labels.Length > 2 || !AddressNames.TryDashed(Encoding.ASCII.GetBytes(labels[0]), out var address))
        {
            return NameAccount.Missing(
                $"a pod's name is its address with dashes, such as 10-244-0-7.{labels[^1]}.pod.{zone}; names of pods of a Service are POD.SERVICE.{labels[^1]}.svc.{zone}");
        }

        var holders = tables.Pods.Snapshot().Values.Where(pod => !pod.Finished && pod.IPs.Contains(address)).Select(pod => pod.Key).ToList();
        return options.Pods == PodNames.Insecure || holders.Exists(key => key.Namespace == labels[1])
            ? NameAccount.Exists()
            : NameAccount.Missing(
                [
                    $"no pod of namespace {labels[1]} has the address {address}, and the configuration's `pods verified` knows no other names",
                    .. holders.Count == 0 ? (string[])[] : [$"it is the address of {List(holders.Select(key => $"{key}"))}"],
                ]);
    }

    private NameAccount Service(string[] labels, RecordType type)
    {
        if (labels.Length == 0)
        {
            return NameAccount.Exists("the name exists, but only names of Services below it have addresses");
        }

        var space = labels[^1];
        if (labels.Length == 1)
        {
            return NoNamespace(space) is { } none
                ? NameAccount.Missing(none)
                : NameAccount.Exists([$"{space} is a namespace: only names of Services below it have addresses", .. Elsewhere("", space)]);
        }

        // A Service stands for its namespace, which may be heard of later.
        var key = new ObjectKey(space, labels[^2]);
        var service = tables.Services.Get(key);
        var missing = service is null && tables.Namespaces.Get(space) is null ? Absent(space) : NotServed(space);
        if (missing is not null)
        {
            return NameAccount.Missing([missing, .. Elsewhere(space, key.Name)]);
        }

        if (service is null)
        {
            return NameAccount.Missing([$"there is no Service {key.Name} in namespace {key.Namespace}", .. Similar(key), .. Elsewhere(key.Namespace, key.Name)]);
        }

        return options.Labels?.Matches(service.Labels) == false
            ? NameAccount.Missing($"Service {key} is not served: it has not the labels that the configuration's `labels` asks for")
            : new ServiceNameExplainer(tables, options, zone, service).Explain(labels[..^2], type);
    }

    private string? Holder(IpAddr address)
    {
        foreach (var service in Served())
        {
            if (!service.IsHeadless && service.ClusterIPs.Contains(address))
            {
                return $"{address} is the cluster address of Service {service.Key}";
            }

            if (!options.NoEndpoints && Endpoints(service.Key).Any(endpoint => endpoint.Ready && endpoint.Address == address))
            {
                return $"{address} is a ready endpoint of Service {service.Key}";
            }
        }

        return null;
    }

    private List<string> Unknown(IpAddr address)
    {
        var pod = tables.Pods.Snapshot().Values.FirstOrDefault(pod => pod.NetworkIPs.Contains(address));
        var unserved = tables.Services.Snapshot().Values.FirstOrDefault(service => service.ClusterIPs.Contains(address));
        return
        [
            pod is null ? $"no Service and no endpoint that is served has the address {address}"
                : $"{address} is pod {pod.Key}: only endpoints of a Service have reverse names, and only ready ones",
            .. unserved is null ? (string[])[] : [$"Service {unserved.Key} has it, which the configuration does not serve"],
        ];
    }

    private IEnumerable<ServiceRow> Served() => tables.Services.Snapshot().Values.Where(service =>
        service.Type != ServiceType.ExternalName && NotServed(service.Key.Namespace) is null && options.Labels?.Matches(service.Labels) != false);

    private IEnumerable<SliceEndpoint> Endpoints(ObjectKey service) =>
        tables.EndpointSlices.Snapshot().Values.Where(slice => slice.Service == service).SelectMany(slice => slice.Endpoints);

    private string? NoNamespace(string space) => tables.Namespaces.Get(space) is null ? Absent(space) : NotServed(space);

    // Null: it is served.
    private string? NotServed(string space)
    {
        if (options.Namespaces.Count > 0 && !options.Namespaces.Contains(space))
        {
            return $"namespace {space} is not served: the configuration's `namespaces` names {List(options.Namespaces)}";
        }

        return options.NamespaceLabels is not { } wanted || (tables.Namespaces.Get(space) is { } row && wanted.Matches(row.Labels)) ? null
            : $"namespace {space} is not served: it has not the labels that the configuration's `namespace_labels` asks for";
    }

    private string Absent(string space)
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
}
