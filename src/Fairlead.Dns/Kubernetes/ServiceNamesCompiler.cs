using System.Net;
using System.Text;
using Fairlead.Cluster.Model;
using Fairlead.Dns.Config;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Dns.Kubernetes;

/// <summary>Rows of one Service, or of one import, to its names. Pure: the cost is that Service's and no other's.</summary>
internal static class ServiceNamesCompiler
{
    private const int MaxLabel = 63;

    /// <summary>Compiles one Service. Null: its name is none in DNS, so that nothing can ask for it, or its labels are none of those served.</summary>
    public static ServiceNames? Compile(ServiceRow service, IReadOnlyCollection<EndpointSliceRow> slices, KubernetesOptions options)
    {
        if (options.Labels?.Matches(service.Labels) == false || !DnsName.TryEncode($"{service.Key.Name}.{service.Key.Namespace}.svc", out var name))
        {
            return null;
        }

        var stem = name[..^1];
        if (service.Type == ServiceType.ExternalName)
        {
            // An address is no name to stand for (CoreDNS denies it too). What cannot be encoded, which the API allows of none, leaves the name without an answer.
            return IPAddress.TryParse(service.ExternalName, out _)
                ? new ServiceNames { Stem = stem, Exists = false }
                : new ServiceNames { Stem = stem, Alias = DnsName.TryEncode(service.ExternalName, out var alias) && alias.Length > 1 ? alias : [] };
        }

        var served = options.NoEndpoints ? [] : slices;
        if (!service.IsHeadless)
        {
            return WithAddress(stem, service, served, options);
        }

        var names = Headless(stem, served, options);
        return options.Zonal ? names with { Zones = Zones(stem, served, options) } : names;
    }

    /// <summary>
    /// The label of an endpoint: its hostname; else, if so wanted, its pod's name, as far as it is a label; else its address with dashes (a trailing dash gets
    /// a 0, since no label may end so).
    /// </summary>
    public static string EndpointLabel(SliceEndpoint endpoint, bool podNames)
    {
        if (endpoint.Hostname.Length is > 0 and <= MaxLabel)
        {
            return endpoint.Hostname.ToLowerInvariant();
        }

        if (podNames && endpoint.Pod.Name is { Length: > 0 and <= MaxLabel } pod && !pod.Contains('.', StringComparison.Ordinal))
        {
            return pod;
        }

        var dashed = endpoint.Address.ToString().Replace('.', '-').Replace(':', '-');
        return dashed.EndsWith('-') ? dashed + "0" : dashed;
    }

    private static ServiceNames WithAddress(byte[] stem, ServiceRow service, IReadOnlyCollection<EndpointSliceRow> slices, KubernetesOptions options)
    {
        var labels = new EndpointLabels(slices, options);
        var endpoints = Endpoints(labels);
        var addresses = Math.Max(1, service.ClusterIPs.Count);
        ushort[] ports = [.. service.Ports.Select(port => port.Port)];
        return new ServiceNames
        {
            Stem = stem,
            Exists = !options.IgnoreEmptyService || endpoints.Length > 0,
            Addresses = [.. service.ClusterIPs.Select(address => new NamedAddress([], address))],

            // Nobody is to be led to one cluster's endpoints of what has an address in the clusterset (KEP-1645, DNS specification §2.3.4).
            Endpoints = options.Imports ? [] : endpoints,
            Ports = [.. service.Ports
                .Where(port => port.Name.Length > 0)
                .Select(port => PortKey(port.Name, port.Protocol) is { } key ? new SrvGroup(key, [new SrvTarget(port.Port, [])], Weight(addresses)) : null)
                .OfType<SrvGroup>()],
            AllPorts = new SrvGroup([], [.. ports.Distinct().Select(port => new SrvTarget(port, []))], Weight(addresses * ports.Length)),
            EndpointPorts = options.Imports ? [] : Targets(Entries(labels)),
        };
    }

    private static ServiceNames Headless(byte[] stem, IReadOnlyCollection<EndpointSliceRow> slices, KubernetesOptions options)
    {
        var labels = new EndpointLabels(slices, options);
        var endpoints = Endpoints(labels);
        var entries = Entries(labels);
        var all = Group([], entries);
        var named = entries.Where(entry => entry.Port.Name.Length > 0).GroupBy(entry => (entry.Port.Name, entry.Port.Protocol)).ToList();
        return new ServiceNames
        {
            Stem = stem,
            IsHeadless = true,
            Exists = endpoints.Length > 0,

            // The usual Service has each address once and one port: its lists are one and the same, held once.
            Addresses = endpoints.DistinctBy(endpoint => endpoint.Address).Count() == endpoints.Length ? endpoints : [.. endpoints.DistinctBy(endpoint => endpoint.Address)],
            Endpoints = endpoints,
            AllPorts = all,
            EndpointPorts = all.Targets,
            Clusters = options.Imports ? Clusters(slices) : [],
            Ports = [.. named.Select(group => PortKey(group.Key.Name, group.Key.Protocol) is not { } key ? null
                : named.Count == 1 && group.Count() == entries.Count ? all with { Key = key } : Group(key, [.. group])).OfType<SrvGroup>()],
        };
    }

    // A zone whose name cannot be spelt in labels is one that nobody can ask for.
    private static ZonalNames[] Zones(byte[] stem, IReadOnlyCollection<EndpointSliceRow> slices, KubernetesOptions options) =>
    [
        .. slices.SelectMany(slice => slice.Endpoints).Where(endpoint => endpoint.Ready && endpoint.Zone.Length > 0).Select(endpoint => endpoint.Zone)
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .Select(zone => DnsName.TryEncode(zone, out var name) ? new ZonalNames(name[..^1], Headless(stem, InZone(slices, zone), options)) : null)
            .OfType<ZonalNames>(),
    ];

    // An id of several labels, which the API allows, has names between.
    private static byte[][] Clusters(IReadOnlyCollection<EndpointSliceRow> slices)
    {
        var found = new HashSet<byte[]>(LabelComparer.Instance);
        foreach (var slice in slices.Where(slice => slice.Endpoints.Any(endpoint => endpoint.Ready)))
        {
            for (var labels = ClusterLabels(slice); labels.Length > 0; labels = labels[(1 + labels[0])..])
            {
                found.Add(labels);
            }
        }

        return [.. found];
    }

    // Empty: the slice says of no cluster, or of one that can be no part of a name; its endpoints are named as those of Services are.
    private static byte[] ClusterLabels(EndpointSliceRow slice) =>
        slice.Import is { } import && DnsName.TryEncode(import.Cluster, out var name) ? name[..^1] : [];

    private static List<EndpointSliceRow> InZone(IReadOnlyCollection<EndpointSliceRow> slices, string zone) =>
    [
        .. slices.Select(slice => slice with
        {
            Endpoints = slice.Endpoints.Where(endpoint => string.Equals(endpoint.Zone, zone, StringComparison.OrdinalIgnoreCase)).ToValueArray(),
        }),
    ];

    // Every port of every ready endpoint, ordered by label.
    private static List<SrvEntry> Entries(EndpointLabels labels) =>
    [
        .. labels.Slices.SelectMany(slice => slice.Ports, (slice, port) => (slice, port))
            .Where(pair => pair.port.Port != 0)
            .SelectMany(pair => pair.slice.Endpoints, (pair, endpoint) => (pair.slice, pair.port, endpoint))
            .Where(pair => pair.endpoint.Ready)
            .Select(pair => new SrvEntry(pair.port, labels.Of(pair.slice, pair.endpoint), pair.endpoint.Address))
            .Distinct()
            .OrderBy(entry => entry.Label),
    ];

    private static SrvGroup Group(byte[] key, List<SrvEntry> entries) => new(key, Targets(entries), Weight(entries.Count));

    private static SrvTarget[] Targets(List<SrvEntry> entries) =>
        [.. entries.Select(entry => new SrvTarget(entry.Port.Port, entry.Label.Bytes)).Distinct()];

    private static ushort Weight(int entries) => (ushort)Math.Max(1, 100 / Math.Max(1, entries));

    private static NamedAddress[] Endpoints(EndpointLabels labels) =>
    [
        .. labels.Slices.SelectMany(slice => slice.Endpoints, (slice, endpoint) => (slice, endpoint))
            .Where(pair => pair.endpoint.Ready)
            .Select(pair => (Label: labels.Of(pair.slice, pair.endpoint), pair.endpoint.Address))
            .Distinct()
            .OrderBy(endpoint => endpoint.Label)
            .ThenBy(endpoint => endpoint.Address)
            .Select(endpoint => new NamedAddress(endpoint.Label.Bytes, endpoint.Address)),
    ];

    // Null: with its underscore the name is none that can be asked for, as one of 63 characters.
    private static byte[]? PortKey(string name, IpProtocol protocol)
    {
        var proto = protocol switch
        {
            IpProtocol.Udp => "_udp",
            IpProtocol.Sctp => "_sctp",
            _ => "_tcp",
        };
        return DnsName.TryEncode($"_{name}.{proto}", out var key) ? key[..^1] : null;
    }

    private readonly record struct SrvEntry(EndpointPort Port, SharedLabel Label, IpAddr Address);

    /// <summary>A label, or several, with their length bytes, of which each Service holds them once; in the order that they are searched in.</summary>
    private sealed class SharedLabel(byte[] bytes) : IComparable<SharedLabel>
    {
        public byte[] Bytes => bytes;

        public int CompareTo(SharedLabel? other) => bytes.AsSpan().SequenceCompareTo(other is null ? default : other.Bytes);
    }

    private sealed class EndpointLabels(IReadOnlyCollection<EndpointSliceRow> slices, KubernetesOptions options)
    {
        private readonly Dictionary<byte[], SharedLabel> _labels = new(LabelComparer.Instance);

        public IReadOnlyCollection<EndpointSliceRow> Slices => slices;

        public SharedLabel Of(EndpointSliceRow slice, SliceEndpoint endpoint)
        {
            var text = EndpointLabel(endpoint, options.EndpointPodNames);
            byte[] bytes = [(byte)text.Length, .. Encoding.ASCII.GetBytes(text), .. options.Imports ? ClusterLabels(slice) : []];
            if (!_labels.TryGetValue(bytes, out var label))
            {
                _labels[bytes] = label = new SharedLabel(bytes);
            }

            return label;
        }
    }
}
