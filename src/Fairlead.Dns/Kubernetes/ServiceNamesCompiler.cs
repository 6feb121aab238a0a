using System.Net;
using System.Text;
using Fairlead.Cluster.Model;
using Fairlead.Dns.Config;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Dns.Kubernetes;

/// <summary>Rows of one Service to its names. Pure: the cost is that Service's and no other's.</summary>
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

        var names = Headless(stem, served, options.EndpointPodNames);
        return options.Zonal ? names with { Zones = Zones(stem, served, options.EndpointPodNames) } : names;
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
        var labels = new EndpointLabels(slices, options.EndpointPodNames);
        var endpoints = Endpoints(labels);
        var addresses = Math.Max(1, service.ClusterIPs.Count);
        ushort[] ports = [.. service.Ports.Select(port => port.Port)];
        return new ServiceNames
        {
            Stem = stem,
            Exists = !options.IgnoreEmptyService || endpoints.Length > 0,
            Addresses = [.. service.ClusterIPs.Select(address => new NamedAddress([], address))],
            Endpoints = endpoints,
            Ports = [.. service.Ports
                .Where(port => port.Name.Length > 0)
                .Select(port => new SrvGroup(PortKey(port.Name, port.Protocol), [new SrvTarget(port.Port, [])], Weight(addresses)))],
            AllPorts = new SrvGroup([], [.. ports.Distinct().Select(port => new SrvTarget(port, []))], Weight(addresses * ports.Length)),
            EndpointPorts = Targets(Entries(labels)),
        };
    }

    private static ServiceNames Headless(byte[] stem, IReadOnlyCollection<EndpointSliceRow> slices, bool podNames)
    {
        var labels = new EndpointLabels(slices, podNames);
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
            Ports = [.. named.Select(group => named.Count == 1 && group.Count() == entries.Count
                ? all with { Key = PortKey(group.Key.Name, group.Key.Protocol) }
                : Group(PortKey(group.Key.Name, group.Key.Protocol), [.. group]))],
        };
    }

    // A zone whose name cannot be spelt in labels is one that nobody can ask for.
    private static ZonalNames[] Zones(byte[] stem, IReadOnlyCollection<EndpointSliceRow> slices, bool podNames) =>
    [
        .. slices.SelectMany(slice => slice.Endpoints).Where(endpoint => endpoint.Ready && endpoint.Zone.Length > 0).Select(endpoint => endpoint.Zone)
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .Select(zone => DnsName.TryEncode(zone, out var name) ? new ZonalNames(name[..^1], Headless(stem, InZone(slices, zone), podNames)) : null)
            .OfType<ZonalNames>(),
    ];

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
            .SelectMany(pair => pair.slice.Endpoints, (pair, endpoint) => (pair.port, endpoint))
            .Where(pair => pair.endpoint.Ready)
            .Select(pair => new SrvEntry(pair.port, labels.Of(pair.endpoint), pair.endpoint.Address))
            .Distinct()
            .OrderBy(entry => entry.Label.Text, StringComparer.Ordinal),
    ];

    private static SrvGroup Group(byte[] key, List<SrvEntry> entries) => new(key, Targets(entries), Weight(entries.Count));

    private static SrvTarget[] Targets(List<SrvEntry> entries) =>
        [.. entries.Select(entry => new SrvTarget(entry.Port.Port, entry.Label.Bytes)).Distinct()];

    private static ushort Weight(int entries) => (ushort)Math.Max(1, 100 / Math.Max(1, entries));

    private static NamedAddress[] Endpoints(EndpointLabels labels) =>
    [
        .. labels.Slices.SelectMany(slice => slice.Endpoints)
            .Where(endpoint => endpoint.Ready)
            .Select(endpoint => (Label: labels.Of(endpoint), endpoint.Address))
            .Distinct()
            .OrderBy(endpoint => endpoint.Label.Text, StringComparer.Ordinal)
            .ThenBy(endpoint => endpoint.Address)
            .Select(endpoint => new NamedAddress(endpoint.Label.Bytes, endpoint.Address)),
    ];

    private static byte[] PortKey(string name, IpProtocol protocol)
    {
        var proto = protocol switch
        {
            IpProtocol.Udp => "_udp",
            IpProtocol.Sctp => "_sctp",
            _ => "_tcp",
        };
        return DnsName.Encode($"_{name}.{proto}")[..^1];
    }

    private readonly record struct SrvEntry(EndpointPort Port, SharedLabel Label, IpAddr Address);

    /// <summary>A label as text, by which it is compared, and as bytes, of which each Service holds it once.</summary>
    private sealed record SharedLabel(string Text, byte[] Bytes)
    {
        public bool Equals(SharedLabel? other) => ReferenceEquals(this, other);

        public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);
    }

    private sealed class EndpointLabels(IReadOnlyCollection<EndpointSliceRow> slices, bool podNames)
    {
        private readonly Dictionary<string, SharedLabel> _labels = new(StringComparer.Ordinal);

        public IReadOnlyCollection<EndpointSliceRow> Slices => slices;

        public SharedLabel Of(SliceEndpoint endpoint)
        {
            var text = ServiceNamesCompiler.EndpointLabel(endpoint, podNames);
            if (!_labels.TryGetValue(text, out var label))
            {
                _labels[text] = label = new SharedLabel(text, Encoding.ASCII.GetBytes(text));
            }

            return label;
        }
    }
}
