using System.Collections.Immutable;
using CsCheck;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Explain.Reach;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Tracing;
using Fairlead.Nftables.Values;
using Fairlead.Policy;
using Fairlead.Policy.Compile;
using Fairlead.Policy.Evaluate;
using Fairlead.Policy.Nftables;
using Fairlead.Proxy;
using Fairlead.Proxy.Compile;
using Fairlead.Proxy.Frontends;
using Fairlead.Proxy.Nftables;
using Fairlead.State;
using Fairlead.Tests.Policy;

namespace Fairlead.Tests.Explain;

/// <summary>
/// What is explained of a connection is what the tables of the nodes on its way do to its first packet: for every endpoint that the packet can be sent to, by
/// the proxy's table and the policies' of the opening pod's node, and by the policies' of the endpoint's.
/// </summary>
public sealed class ReachOracleTests
{
    private const int Picks = 12;
    private static readonly string[] Spaces = ["a", "b", "kube-system"];
    private static readonly ushort[] Ports = [52, 53, 80, 81, 8080];
    private static readonly IpProtocol[] Protocols = [IpProtocol.Tcp, IpProtocol.Udp, IpProtocol.Sctp];
    private static readonly string[] Nodes = ["n1", "n2"];

    private sealed record Backed(int Pod, int State, bool Hinted);

    private sealed record Service(int Space, int Port, int Target, int Protocol, bool Local, List<Backed> Endpoints);

    private sealed record Question(int From, int To, int Protocol, int Port, bool V6);

    private static readonly Gen<Service> SomeService = Gen.Select(
        Gen.Int[0, 2], Gen.Int[0, 4], Gen.Int[0, 4], Gen.Int[0, 2], Gen.Bool, Gen.Select(Gen.Int[0, 8], Gen.Int[0, 3], Gen.Bool).Select((pod, state, hinted) => new Backed(pod, state, hinted)).List[0, 4])
        .Select((space, port, target, protocol, local, ends) => new Service(space, port, target, protocol, local, ends));

    private static readonly Gen<(PolicyCase Case, List<Service> Services, Question[] Questions)> Case = Gen.Select(
        PolicyGen.Case, SomeService.List[1, 3],
        Gen.Select(Gen.Int[0, 8], Gen.Int[0, 12], Gen.Int[0, 2], Gen.Int[0, 4], Gen.Bool).Select((from, to, protocol, port, v6) => new Question(from, to, protocol, port, v6)).Array[16]);

    [Fact]
    public void What_is_explained_is_what_the_tables_do_to_the_first_packet()
    {
        var (reached, refused, partly) = (0, 0, 0);
        Case.Sample(
            generated =>
            {
                var cluster = new Played(generated.Case, generated.Services);
                foreach (var question in generated.Questions)
                {
                    switch (Agree(cluster, question))
                    {
                        case ReachVerdict.Reachable:
                            Interlocked.Increment(ref reached);
                            break;
                        case ReachVerdict.Unreachable:
                            Interlocked.Increment(ref refused);
                            break;
                        case ReachVerdict.Partly:
                            Interlocked.Increment(ref partly);
                            break;
                        default:
                            break;
                    }
                }
            },
            iter: 100);

        // Every outcome has been seen, and often: a generator of one kind of answer would prove nothing.
        Assert.True(reached > 50 && refused > 100 && partly > 0, $"{reached} reached, {refused} refused, {partly} partly");
    }

    private static ReachVerdict? Agree(Played cluster, Question question)
    {
        var family = question.V6 ? IpFamily.V6 : IpFamily.V4;
        var pods = cluster.Pods.FindAll(pod => pod.IPs.Any(address => address.Family == family));
        if (pods.Count == 0)
        {
            return null;
        }

        var from = pods[question.From % pods.Count];
        var (to, protocol, port) = cluster.Target(question, family);
        var source = new ReachSource($"{from.Key}", from, null, from.IPs);
        var explained = cluster.Explainer.Explain(source, new ReachExplanation { From = source.Text, To = $"{to}", Address = to, Protocol = protocol, Port = port });
        var seen = cluster.Send(from, to, protocol, port);
        var told = explained.Endpoints.Where(endpoint => endpoint.IsReachable).Select(endpoint => endpoint.Endpoint).Order(StringComparer.Ordinal);
        var story = string.Join('\n', explained.Steps.Concat(explained.Endpoints.SelectMany(endpoint => endpoint.Steps)).Select(step => $"{step.What} {step.Verdict} {step.Words}"));
        Assert.True(told.SequenceEqual(seen), $"{from.Key} to {to}:{port}/{protocol}: told [{string.Join(' ', told)}], seen [{string.Join(' ', seen)}]\n{story}");

        // The evaluator by itself, of each endpoint that the proxy's plan has for the address.
        var plan = cluster.Explainer.PlanOf(from.NodeName).At(new FrontendKey(to, protocol, port));
        var evaluated = plan?.Endpoints.Count(endpoint => PolicyEvaluator.Evaluate(cluster.Explainer.World, source.Of(family), endpoint.Address, protocol, endpoint.Port).Allowed
            && cluster.IsSomebody(endpoint.Address));
        Assert.True(evaluated is null || evaluated == explained.ReachableEndpoints);
        return explained.Verdict;
    }

    /// <summary>Two nodes with their tables in memory, and the cluster that they were compiled from.</summary>
    private sealed class Played
    {
        private readonly ClusterTables _tables = new();
        private readonly List<PodRow> _all;
        private readonly List<ServiceRow> _services;
        private readonly Dictionary<string, MemoryNft> _nodes;

        public Played(PolicyCase generated, List<Service> services)
        {
            _all = [.. generated.World.Pods.Values.OrderBy(pod => pod.IPs[0])];
            foreach (var node in generated.World.Nodes.Values)
            {
                _tables.Nodes.Upsert(node.Name, node with
                {
                    Labels = Fairlead.Kube.Selectors.Labels.From(node.Labels.Append(new("topology.kubernetes.io/zone", $"z{node.Name[1..]}"))),
                    Ready = true,
                });
            }

            Fill(generated.World);
            _services = [.. services.Select((service, i) => Add(service, i))];
            _tables.Services.Upsert(PolicyWorld.DnsService, generated.World.Dns!);
            Explainer = new ReachExplainer(_tables, new ReachSettings());
            _nodes = Nodes.ToDictionary(name => name, Compile);
        }

        public ReachExplainer Explainer { get; }

        public List<PodRow> Pods => _all.FindAll(pod => !pod.Finished);

        /// <summary>A Service's address and port mostly, another of its ports or a pod's now and then, and the DNS.</summary>
        public (IpAddr To, IpProtocol Protocol, ushort Port) Target(Question question, IpFamily family)
        {
            var (protocol, port) = (Protocols[question.Protocol], Ports[question.Port]);
            if (question.To < 8)
            {
                var service = _services[question.To % _services.Count];
                var address = service.ClusterIPs.First(own => own.Family == family);
                return question.Port == 0 ? (address, protocol, (ushort)7) : (address, service.Ports[0].Protocol, service.Ports[0].Port);
            }

            var pods = _all.FindAll(pod => pod.IPs.Any(address => address.Family == family));
            return question.To == 12
                ? (Dns.First(address => address.Family == family), question.Port < 3 ? IpProtocol.Udp : IpProtocol.Tcp, question.Port < 3 ? (ushort)53 : (ushort)80)
                : (pods[question.From * 5 % pods.Count].IPs.First(address => address.Family == family), protocol, port);
        }

        /// <summary>A node has the address, or a pod that has not finished.</summary>
        public bool IsSomebody(IpAddr address) => Explainer.World.PodAt(address) is not null || _tables.Nodes.Snapshot().Values.Any(node => node.InternalIPs.Contains(address));

        /// <summary>Where the first packet of a connection arrives, whatever is picked at random on its way.</summary>
        public List<string> Send(PodRow from, IpAddr to, IpProtocol protocol, ushort port)
        {
            var arrived = new SortedSet<string>(StringComparer.Ordinal);
            for (uint pick = 0; pick < Picks; pick++)
            {
                var packet = new Packet { Source = from.IPs.First(own => own.Family == to.Family), Destination = to, Protocol = protocol, SourcePort = 40000, DestinationPort = port, InInterface = from.HostNetwork ? "" : "fl0" };
                var trace = Pass(from.NodeName, packet, pick);
                var end = trace.Packet.Destination;
                var other = Nodes.First(name => name != from.NodeName);
                if (trace.Verdict == TraceVerdict.Accepted && IsOn(_tables.Nodes.Get(other)!, end))
                {
                    trace = Pass(other, trace.Packet with { InInterface = "eth0", State = CtState.New }, pick);
                }

                // What a node sends itself no table stops, not even to an address that nobody has: there only its routes do.
                if (trace.Verdict == TraceVerdict.Accepted && (IsSomebody(end) || Dns.Contains(end)))
                {
                    arrived.Add($"{(end.IsV4 ? $"{end}" : $"[{end}]")}:{trace.Packet.DestinationPort}");
                }
            }

            return [.. arrived];
        }

        private Trace Pass(string node, Packet packet, uint pick)
        {
            var row = _tables.Nodes.Get(node)!;
            var host = new TraceHost(
                address => row.InternalIPs.Contains(address) || Dns.Contains(address), address => row.PodCIDRs.Any(range => range.Contains(address)) ? "fl0" : "eth0");
            return new PacketTracer(_nodes[node].Tables.Values, host, mod => pick % mod).Trace(packet);
        }

        private static bool IsOn(NodeRow node, IpAddr address) => node.InternalIPs.Contains(address) || node.PodCIDRs.Any(range => range.Contains(address));

        private ValueArray<IpAddr> Dns => _tables.Services.Get(PolicyWorld.DnsService)!.ClusterIPs;

        private void Fill(PolicyWorld world)
        {
            foreach (var policy in world.ClusterPolicies.Values)
            {
                _tables.ClusterPolicies.Upsert(policy.Name, policy);
            }

            _all.ForEach(pod => _tables.Pods.Upsert(pod.Key, pod));
            foreach (var policy in world.Policies.Values)
            {
                _tables.Policies.Upsert(policy.Key, policy);
            }

            foreach (var space in world.Namespaces.Values)
            {
                _tables.Namespaces.Upsert(space.Name, space);
            }
        }

        private ServiceRow Add(Service service, int number)
        {
            var row = new ServiceRow
            {
                Key = new ObjectKey(Spaces[service.Space], $"s{number}"),
                ClusterIPs = [IpAddr.Parse($"10.96.1.{number + 1}"), IpAddr.Parse($"fd00:10:96::1:{number + 1}")],
                InternalLocal = service.Local,
                Ports = [new ServicePort("p", Protocols[service.Protocol], Ports[service.Port], 0, $"{Ports[service.Target]}", "")],
            };
            _tables.Services.Upsert(row.Key, row);
            foreach (var family in IpFamily.All)
            {
                var slice = new ObjectKey(row.Key.Namespace, $"{row.Key.Name}-{family}");
                _tables.EndpointSlices.Upsert(slice, new EndpointSliceRow
                {
                    Key = slice,
                    Service = row.Key,
                    Family = family,
                    Ports = [new EndpointPort("p", Protocols[service.Protocol], Ports[service.Target])],
                    Endpoints = service.Endpoints.DistinctBy(end => end.Pod % _all.Count).SelectMany(end => Endpoints(_all[end.Pod % _all.Count], end, family)).ToValueArray(),
                });
            }

            return row;
        }

        private static IEnumerable<SliceEndpoint> Endpoints(PodRow pod, Backed end, IpFamily family) => pod.IPs.Where(address => address.Family == family).Select(address => new SliceEndpoint
        {
            Address = address,
            NodeName = pod.NodeName,
            Pod = pod.Key,
            Ready = end.State < 2,
            Serving = end.State < 3,
            Terminating = end.State >= 2,
            ForZones = end.Hinted ? ["z1"] : default,
        });

        private MemoryNft Compile(string node)
        {
            var nft = new MemoryNft();
            var options = new ProxyOptions { NodeName = node };
            var view = NodeView.Of(_tables.Nodes.Get(node)!, options, [], []);
            var proxy = new ProxyCompiler(options);
            proxy.Update(
                [.. _tables.Services.Snapshot().Select(pair => new Change<ObjectKey, ServiceRow>(pair.Key, null, pair.Value))],
                [.. _tables.EndpointSlices.Snapshot().Select(pair => new Change<ObjectKey, EndpointSliceRow>(pair.Key, null, pair.Value))], view);
            new NftProxyCommitter(nft, options).ReconcileAsync(proxy.Plan, proxy.Node, default).GetAwaiter().GetResult();
            var attachments = _all.Where(pod => pod.NodeName == node && !pod.HostNetwork)
                .Select(pod => new AttachmentRow { ContainerId = pod.Key.Name, IfName = "eth0", Pod = pod.Key, IPs = pod.IPs, HostInterface = $"fl{pod.Key.Name}" })
                .ToImmutableDictionary(row => row.Key);
            var plan = new PolicyCompiler(node).Compile(PolicyWorld.Of(_tables), attachments, null);
            new NftPolicyCommitter(nft).CommitAsync(plan, CancellationToken.None).GetAwaiter().GetResult();
            return nft;
        }
    }
}
