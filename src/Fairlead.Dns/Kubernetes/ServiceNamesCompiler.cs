using System.Text;
using Fairlead.Cluster.Model;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Kubernetes;

/// <summary>Rows of one Service to its names. Pure: the cost is that Service's and no other's.</summary>
internal static class ServiceNamesCompiler
{
    private const int MaxLabel = 63;

    /// <summary>Compiles one Service. Null: its name is none in DNS, so that nothing can ask for it.</summary>
    public static ServiceNames? Compile(ServiceRow service, IReadOnlyCollection<EndpointSliceRow> slices, string zone)
    {
        if (!DnsName.TryEncode($"{service.Key.Name}.{service.Key.Namespace}.svc.{zone}", out var name))
        {
            return null;
        }

        if (service.Type == ServiceType.ExternalName)
        {
            // What cannot be encoded (the API allows none) leaves the name without an answer, not without existence.
            return new ServiceNames { Name = name, Alias = DnsName.TryEncode(service.ExternalName, out var alias) && alias.Length > 1 ? alias : [] };
        }

        var endpoints = Endpoints(slices);
        return service.IsHeadless ? Headless(name, slices, endpoints) : WithAddress(name, service, endpoints);
    }

    /// <summary>The label of an endpoint: its hostname, else its address with dashes (a trailing dash gets a 0, since no label may end so).</summary>
    public static string EndpointLabel(SliceEndpoint endpoint)
    {
        if (endpoint.Hostname.Length is > 0 and <= MaxLabel)
        {
            return endpoint.Hostname;
        }

        var dashed = endpoint.Address.ToString().Replace('.', '-').Replace(':', '-');
        return dashed.EndsWith('-') ? dashed + "0" : dashed;
    }

    private static NamedAddress[] Endpoints(IReadOnlyCollection<EndpointSliceRow> slices) =>
    [
        .. slices.SelectMany(slice => slice.Endpoints)
            .Where(endpoint => endpoint.Ready)
            .Select(endpoint => (Label: EndpointLabel(endpoint), endpoint.Address))
            .Distinct()
            .OrderBy(endpoint => endpoint.Label.ToLowerInvariant(), StringComparer.Ordinal)
            .ThenBy(endpoint => endpoint.Address)
            .Select(endpoint => new NamedAddress(Label(endpoint.Label), endpoint.Address)),
    ];

    private static ServiceNames WithAddress(byte[] name, ServiceRow service, NamedAddress[] endpoints) => new()
    {
        Name = name,
        Addresses = [.. service.ClusterIPs.Select(address => new NamedAddress([], address))],
        Endpoints = endpoints,
        Ports = [.. service.Ports
            .Where(port => port.Name.Length > 0)
            .Select(port => new SrvGroup(PortKey(port.Name, port.Protocol), [new SrvTarget(port.Port, [])]))],
        AllPorts = [.. service.Ports.Select(port => port.Port).Distinct().Select(port => new SrvTarget(port, []))],
    };

    private static ServiceNames Headless(byte[] name, IReadOnlyCollection<EndpointSliceRow> slices, NamedAddress[] endpoints)
    {
        var targets = slices
            .SelectMany(slice => slice.Ports, (slice, port) => (slice, port))
            .Where(pair => pair.port.Port != 0)
            .SelectMany(pair => pair.slice.Endpoints, (pair, endpoint) => (pair.port, endpoint))
            .Where(pair => pair.endpoint.Ready)
            .Select(pair => (pair.port.Name, pair.port.Protocol, pair.port.Port, Label: EndpointLabel(pair.endpoint)))
            .Distinct()
            .OrderBy(target => target.Label, StringComparer.Ordinal)
            .ToList();
        return new ServiceNames
        {
            Name = name,
            IsHeadless = true,
            Exists = endpoints.Length > 0,
            Addresses = [.. endpoints.DistinctBy(endpoint => endpoint.Address)],
            Endpoints = endpoints,
            Ports = [.. targets
                .Where(target => target.Name.Length > 0)
                .GroupBy(target => (target.Name, target.Protocol))
                .Select(group => new SrvGroup(
                    PortKey(group.Key.Name, group.Key.Protocol), [.. group.Select(target => new SrvTarget(target.Port, Label(target.Label)))]))],
            AllPorts = [.. targets.Select(target => (target.Port, target.Label)).Distinct().Select(target => new SrvTarget(target.Port, Label(target.Label)))],
        };
    }

    private static byte[] Label(string text) => Encoding.ASCII.GetBytes(text.ToLowerInvariant());

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
}
