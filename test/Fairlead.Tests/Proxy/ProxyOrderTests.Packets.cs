using CsCheck;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Tracing;
using Fairlead.Proxy.Frontends;

namespace Fairlead.Tests.Proxy;

/// <summary>Whatever Services and endpoints there are, packets go where features.md §1.2 says; that is said here once more, from the rows and without the compiler.</summary>
public sealed partial class ProxyOrderTests
{
    private const ushort NodePort = 30_000;

    private static readonly IpAddr NodeIP = Ip("172.30.0.11");

    // A pod of this node that may be an endpoint, one that is none, the node itself; outside: let in by the source ranges, and not.
    private static readonly (string Source, string Interface)[] Sources =
        [("10.244.0.2", "fl1"), ("10.244.0.99", "fl1"), ("172.30.0.11", ""), ("172.30.0.1", "eth0"), ("192.0.2.77", "eth0")];

    private static readonly FrontendKey[] Asked =
    [
        .. from address in new[] { "10.96.0.1", "10.96.0.2", "10.96.0.3", "172.30.255.0", "172.30.255.1", "192.0.2.1" }
           from port in new[] { (IpProtocol.Tcp, 80), (IpProtocol.Udp, 53), (IpProtocol.Tcp, 81) }
           select new FrontendKey(Ip(address), port.Item1, (ushort)port.Item2),
        .. Enumerable.Range(NodePort, 4).Select(port => new FrontendKey(NodeIP, IpProtocol.Tcp, (ushort)port)),
    ];

    [Fact]
    public void Whatever_there_is_packets_go_where_they_should()
    {
        Gen.Select(Events.List[1, 40], Gen.Int[1, 6]).Sample((events, perCommit) =>
        {
            var run = new Run();
            foreach (var chunk in events.Chunk(perCommit))
            {
                run.Take(chunk);
            }

            var rows = run.Rows().ToList();
            var oracle = new Oracle([.. rows.Select(row => row.Service).OfType<ServiceRow>()], [.. rows.Select(row => row.Slice).OfType<EndpointSliceRow>()]);
            foreach (var key in Asked)
            {
                foreach (var (source, from) in Sources)
                {
                    Assert.Equal((key, source, string.Join(" | ", oracle.Outcomes(key, Ip(source)))), (key, source, string.Join(" | ", Traced(run, key, Ip(source), from))));
                }
            }
        }, iter: 60);
    }

    /// <summary>What may become of the packet, with every choice among at most eight endpoints.</summary>
    private static SortedSet<string> Traced(Run run, FrontendKey key, IpAddr source, string from)
    {
        var outcomes = new SortedSet<string>(StringComparer.Ordinal);
        var host = new TraceHost(address => address == NodeIP, address => Node.PodCIDRs[0].Contains(address) ? "fl1" : "eth0");
        for (uint pick = 0; pick < 8; pick++)
        {
            var choice = pick;
            outcomes.Add(new PacketTracer(run.Nft.Tables.Values, host, modulus => choice % modulus).Trace(new Packet
            {
                Source = source,
                SourcePort = 40_000,
                Destination = key.Address,
                DestinationPort = key.Port,
                Protocol = key.Protocol,
                InInterface = from,
            }).ToString());
        }

        return outcomes;
    }

    private sealed class Oracle(IReadOnlyList<ServiceRow> services, IReadOnlyList<EndpointSliceRow> slices)
    {
        public SortedSet<string> Outcomes(FrontendKey key, IpAddr source)
        {
            var inside = source == NodeIP || Node.PodCIDRs[0].Contains(source);
            var isClusterIP = services.Any(service => service.ClusterIPs.Contains(key.Address));
            if (Owner(key) is not var (service, kind, port))
            {
                return
                [
                    isClusterIP ? inside ? "rejected" : "dropped"
                    : services.Any(service => service.Type == ServiceType.LoadBalancer && service.LoadBalancerIPs.Contains(key.Address)) ? "rejected"
                    : $"accepted {key.Address}:{key.Port}",
                ];
            }

            var ready = Endpoints(service, port, onlyHere: false);
            var here = Endpoints(service, port, onlyHere: true);
            var isLocal = kind == FrontendKind.ClusterIP ? service.InternalLocal : service.ExternalLocal && !inside;
            var chosen = isLocal ? here : ready;
            return kind == FrontendKind.LoadBalancer && service.SourceRanges.Count > 0 && !service.SourceRanges.Any(range => range.Contains(source)) ? ["dropped"]
                : kind == FrontendKind.ClusterIP && !inside ? ["dropped"]
                : ready.Count == 0 ? ["rejected"]
                : chosen.Count == 0 ? ["dropped"]
                : [.. chosen.Select(end => $"accepted {end.Address}:{end.Port}{(end.Address == source || (!inside && !isLocal) ? " masqueraded" : "")}")];
        }

        /// <summary>Of several that claim it: who was given it before who asks for it, then by name.</summary>
        private (ServiceRow Service, FrontendKind Kind, ServicePort Port)? Owner(FrontendKey key)
        {
            var claims = from service in services
                         from port in service.Ports
                         where port.Protocol == key.Protocol
                         from kind in Enum.GetValues<FrontendKind>()
                         where kind == FrontendKind.NodePort ? IsAtNode(service, port) : port.Port == key.Port && Has(service, kind)
                         orderby kind, service.Key
                         select (service, kind, port);
            return claims.Select(claim => ((ServiceRow, FrontendKind, ServicePort)?)claim).FirstOrDefault();

            bool IsAtNode(ServiceRow service, ServicePort port) =>
                service.Type == ServiceType.LoadBalancer && key.Address == NodeIP && port.NodePort == key.Port && key.Port != 0;

            bool Has(ServiceRow service, FrontendKind kind) => kind switch
            {
                FrontendKind.ClusterIP => service.ClusterIPs.Contains(key.Address),
                FrontendKind.LoadBalancer => service.Type == ServiceType.LoadBalancer && service.LoadBalancerIPs.Contains(key.Address),
                _ => service.ExternalIPs.Contains(key.Address) && Options.ExternalIPRanges.Any(range => range.Contains(key.Address)),
            };
        }

        /// <summary>Those that are ready; when none is, those that serve while they terminate.</summary>
        private List<(IpAddr Address, ushort Port)> Endpoints(ServiceRow service, ServicePort port, bool onlyHere)
        {
            var all = (from slice in slices
                       where slice.Service == service.Key
                       from number in slice.Ports.Where(number => number.Name == port.Name)
                       from end in slice.Endpoints.Where(end => !onlyHere || end.NodeName == "n1")
                       select (end, Key: (end.Address, number.Port))).ToList();
            var ready = all.Where(one => one.end.Ready).ToList();
            return [.. (ready.Count > 0 ? ready : all.Where(one => one.end is { Serving: true, Terminating: true })).Select(one => one.Key).Distinct()];
        }
    }
}
