using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns.Config;
using Fairlead.Dns.Kubernetes;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;
using Fairlead.State;
using static Fairlead.Dns.Explain.ExplanationWords;

namespace Fairlead.Dns.Explain;

/// <summary>
/// Says why a name of a zone of the clusterset answers as it does (option <c>multicluster</c>): which ServiceImport and which imported endpoints it is made of,
/// or what is missing. Codes are those of the index, as the server reads it; the tables say why.
/// </summary>
/// <param name="tables">The cluster.</param>
/// <param name="options">Plugin <c>kubernetes</c> of the name's server block.</param>
/// <param name="zone">The longest of its zones that the name is in, lower case, without dots at its ends.</param>
internal sealed class ImportNameExplainer(ClusterTables tables, KubernetesOptions options, string zone)
{
    private readonly KubernetesOptions _options = options.OfImports();

    /// <summary>What becomes of a name.</summary>
    /// <param name="name">Dotted, lower case, without a dot at its end.</param>
    /// <param name="type">What is asked for.</param>
    public NameAccount Explain(string name, RecordType type)
    {
        if (tables.ServiceImports.Wanted is not { Initialized: true } imports || !tables.EndpointSlices.Initialized || !tables.Namespaces.Initialized)
        {
            return new NameAccount(
                ResponseCode.ServFail,
                [tables.ServiceImports.Refusal is { Length: > 0 } refusal
                    ? $"{zone} is made of ServiceImports, which the API server does not give: {refusal}"
                    : $"{zone} is made of ServiceImports, which this node's agent has not yet heard of from the API server"]);
        }

        var account = Named(imports, name == zone ? [] : name[..^(zone.Length + 1)].Split('.'), type);

        // As CoreDNS: asked for its SOA, every name is.
        return account.Code == ResponseCode.NxDomain && type == RecordType.SOA ? account with { Code = ResponseCode.NoError } : account;
    }

    private NameAccount Named(Table<ObjectKey, ServiceRow> imports, string[] labels, RecordType type) => labels switch
    {
        [] => NameAccount.Exists($"{zone} is the clusterset's zone itself: it has no address"),
        ["dns-version"] or ["dns"] or ["ns", "dns"] => NameAccount.Exists(),
        ["svc"] or ["pod"] => NameAccount.Exists("the name exists, but only names of imported Services below it have addresses"),
        [.., "pod"] => NameAccount.Missing($"pods have no names in {zone}"),
        [var space, "svc"] => Namespace(space),
        [.. var own, var service, var space, "svc"] => Service(imports, new ObjectKey(space, service), own, type),
        _ => NameAccount.Missing($"names of the clusterset end in svc.{zone}"),
    };

    private NameAccount Namespace(string space) => tables.Namespaces.Get(space) is null || !IsServed(space)
        ? NameAccount.Missing($"there is no namespace {space} that is served")
        : NameAccount.Exists($"{space} is a namespace: only names of imported Services below it have addresses");

    private bool IsServed(string space) => (_options.Namespaces.Count == 0 || _options.Namespaces.Contains(space))
        && (_options.NamespaceLabels is not { } wanted || (tables.Namespaces.Get(space) is { } row && wanted.Matches(row.Labels)));

    private NameAccount Service(Table<ObjectKey, ServiceRow> imports, ObjectKey key, string[] own, RecordType type)
    {
        if (imports.Get(key) is not { } import)
        {
            return NameAccount.Missing(
                [
                    $"there is no ServiceImport {key.Name} in namespace {key.Namespace}",
                    .. tables.Services.Get(key) is null ? (string[])[]
                        : [$"Service {key} is this cluster's own: it is in the clusterset when it is exported, and an implementation of the Multi-Cluster Services API makes the import"],
                ]);
        }

        List<EndpointSliceRow> slices = [.. tables.EndpointSlices.Snapshot().Values.Where(slice => slice.Import?.Service == key)];
        if (!IsServed(key.Namespace) || ServiceNamesCompiler.Compile(import, slices, _options) is not { } names)
        {
            return NameAccount.Missing($"ServiceImport {key} is not served: the configuration's `namespaces`, `namespace_labels` or `labels` leave it out");
        }

        var made = Made(import, slices);
        if (!names.Exists)
        {
            return NameAccount.Missing([$"ServiceImport {key} has no ready endpoint, so the name does not exist", .. made]);
        }

        return own.Length == 0 ? Own(import, names, made, type) : Below(import, names, own, made);
    }

    private static NameAccount Own(ServiceRow import, ServiceNames names, IEnumerable<string> made, RecordType type)
    {
        var family = type switch { RecordType.A => IpFamily.V4, RecordType.AAAA => IpFamily.V6, _ => null };
        var lacks = family is not null && names.Addresses.All(one => one.Address.Family != family);
        return NameAccount.Exists([.. lacks ? (string[])[$"ServiceImport {import.Key} has no {family} address"] : [], .. made]);
    }

    private static NameAccount Below(ServiceRow import, ServiceNames names, string[] own, IEnumerable<string> made)
    {
        var labels = DnsName.TryEncode(string.Join('.', own), out var wire) ? wire.AsSpan()[..^1] : default;
        var isPort = own.Length == 2 && own.Any(label => label.StartsWith('_'));
        if (isPort)
        {
            var key = DnsName.Encode(string.Join('.', own.Select(label => label.StartsWith('_') ? label : $"_{label}")))[..^1];
            return names.Port(key) is not null ? NameAccount.Exists(made) : NameAccount.Missing([$"ServiceImport {import.Key} has no such port", .. made]);
        }

        if (!names.Labelled(labels).IsEmpty || names.HasCluster(labels) || names.HasProtocol(labels))
        {
            return NameAccount.Exists(made);
        }

        return NameAccount.Missing(
            [
                import.IsHeadless ? $"no endpoint of ServiceImport {import.Key} has that name: endpoints are HOSTNAME.CLUSTER.{import.Key.Name}, with the id of the cluster they are in"
                    : $"ServiceImport {import.Key} has an address in the clusterset: its endpoints have no names",
                .. made,
            ]);
    }

    // What the name is made of.
    private static IEnumerable<string> Made(ServiceRow import, List<EndpointSliceRow> slices)
    {
        if (!import.IsHeadless)
        {
            yield return import.ClusterIPs.Count == 0 ? $"ServiceImport {import.Key} (ClusterSetIP) has no address yet"
                : $"made of ServiceImport {import.Key} (ClusterSetIP) with {string.Join(", ", import.ClusterIPs)}";
            yield break;
        }

        var clusters = slices.GroupBy(slice => slice.Import!.Cluster.Length == 0 ? "no cluster that is named" : $"cluster {slice.Import.Cluster}", StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => $"{Count(group.Sum(slice => slice.Endpoints.Count(endpoint => endpoint.Ready)), "ready endpoint")} of {group.Key}").ToList();
        yield return clusters.Count == 0 ? $"ServiceImport {import.Key} (Headless) has no EndpointSlice with the label multicluster.kubernetes.io/service-name"
            : $"made of ServiceImport {import.Key} (Headless): {List(clusters)}";
    }
}
