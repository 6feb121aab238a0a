using System.Collections.Immutable;
using CsCheck;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Policy;
using Fairlead.State;

namespace Fairlead.Tests.Policy;

/// <summary>A cluster with policies, what node n1 has plugged, and packets.</summary>
internal sealed record PolicyCase(PolicyWorld World, ImmutableDictionary<string, AttachmentRow> Attachments, Probe[] Probes);

internal sealed record Probe(IpAddr From, IpAddr To, IpProtocol Protocol, ushort Port);

/// <summary>Generates small dense clusters, in which selectors, blocks and ports meet often.</summary>
internal static class PolicyGen
{
    private static readonly string[] Spaces = ["a", "b", "kube-system"];
    private static readonly ushort[] Ports = [52, 53, 80, 81, 8080];
    private static readonly string[] PortNames = ["web", "dns"];

    private static readonly Gen<IpProtocol> Protocol = OneOf(IpProtocol.Tcp, IpProtocol.Udp, IpProtocol.Sctp);
    private static readonly Gen<Labels> SomeLabels = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2]).Select((x, y) => Labels.From(
        new[] { ("x", x), ("y", y) }.Where(pair => pair.Item2 > 0).Select(pair => KeyValuePair.Create(pair.Item1, $"{pair.Item2}"))));

    private static readonly Gen<LabelSelector> Selector = Gen.Select(
        OneOf("x", "y", "kubernetes.io/metadata.name"), Gen.Enum<LabelOperator>(), OneOf("1", "2", "a")).Select((key, op, value) =>
            new LabelRequirement(key, op, op is LabelOperator.In or LabelOperator.NotIn ? [value] : [])).List[0, 2].Select(list => new LabelSelector(list));

    private static readonly Gen<IpBlock> Block = Gen.Select(OneOf("10.244.0.0/16", "10.244.1.0/24", "10.244.1.0/29", "0.0.0.0/0", "192.0.2.0/24"),
        Gen.Int[0, 2]).Select((cidr, holes) =>
        {
            var net = IpNet.Parse(cidr);
            return new IpBlock(net, Enumerable.Range(0, holes).Select(i => new IpNet(net.At((UInt128)(i * 2)), Math.Min(32, net.Prefix + 2 + i))).ToValueArray());
        });

    private static readonly Gen<PolicyPeer> Peer = Gen.Select(Gen.Int[0, 3], Selector, Selector, Block).Select((kind, spaces, pods, block) => kind switch
    {
        0 => new PolicyPeer(null, pods, null),
        1 => new PolicyPeer(spaces, null, null),
        2 => new PolicyPeer(spaces, pods, null),
        _ => new PolicyPeer(null, null, block),
    });

    private static readonly Gen<PolicyPort> Port = Gen.Select(Protocol, Gen.Int[0, 3], OneOf(Ports), OneOf(PortNames)).Select(
        (protocol, kind, port, name) => kind switch
        {
            0 => new PolicyPort(protocol, 0, 0, ""),
            1 => new PolicyPort(protocol, 0, 0, name),
            2 => new PolicyPort(protocol, port, (ushort)(port + 1), ""),
            _ => new PolicyPort(protocol, port, port, ""),
        });

    private static readonly Gen<PolicyRule> Rule = Gen.Select(Peer.List[0, 2], Port.List[0, 2]).Select(
        (peers, ports) => new PolicyRule(peers.ToValueArray(), ports.ToValueArray()));

    private static readonly Gen<PolicyRow> Policy = Gen.Select(
        OneOf(Spaces), Selector, Gen.Bool, Gen.Bool, Rule.List[0, 2], Rule.List[0, 2]).Select((space, subjects, ingress, egress, ins, outs) =>
            new PolicyRow
            {
                Key = new ObjectKey(space, ""),
                Subjects = subjects,
                IsolatesIngress = ingress,
                IsolatesEgress = egress,
                Ingress = ins.ToValueArray(),
                Egress = outs.ToValueArray(),
            });

    private static readonly Gen<PodRow> Pod = Gen.Select(
        OneOf(Spaces), SomeLabels, Gen.Int[0, 9], Gen.Select(OneOf(PortNames), Protocol, OneOf(Ports)).List[0, 2]).Select(
            (space, labels, state, ports) => new PodRow
            {
                Key = new ObjectKey(space, ""),
                Labels = labels,
                Finished = state == 0,
                Ports = ports.Select(port => new ContainerPort(port.Item1, port.Item2, port.Item3, 0, default)).ToValueArray(),
            });

    public static Gen<PolicyCase> Case { get; } = Gen.Select(
        Pod.List[2, 8], Policy.List[0, 5], SomeLabels.Array[3], Gen.Select(Gen.Int[0, 10], Gen.Int[0, 10], Protocol, OneOf(Ports)).Array[12]).Select(Make);

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static PolicyCase Make(List<PodRow> pods, List<PolicyRow> policies, Labels[] labels, (int, int, IpProtocol, ushort)[] probes)
    {
        var placed = pods.Select((pod, i) => pod with
        {
            Key = new ObjectKey(pod.Key.Namespace, $"p{i}"),
            NodeName = i % 2 == 0 ? "n1" : "n2",
            IPs = [IpNet.Parse(i % 2 == 0 ? "10.244.1.0/24" : "10.244.2.0/24").At((UInt128)(i + 1))],
        }).ToList();
        var dns = new ServiceRow
        {
            Key = PolicyWorld.DnsService,
            Selector = Labels.From([new("x", "1")]),
            ClusterIPs = [IpAddr.Parse("10.96.0.10")],
            Ports = [new ServicePort("dns", IpProtocol.Udp, 53, 0, "53", ""), new ServicePort("web", IpProtocol.Tcp, 80, 0, "80", "")],
        };
        var world = new PolicyWorld(
            policies.Select((policy, i) => policy with { Key = new ObjectKey(policy.Key.Namespace, $"np{i}") }).ToImmutableDictionary(row => row.Key),
            placed.ToImmutableDictionary(pod => pod.Key),
            Spaces.Select((name, i) => new NamespaceRow(name, Labels.From([.. labels[i], new("kubernetes.io/metadata.name", name)])))
                .ToImmutableDictionary(row => row.Name),
            ImmutableDictionary<string, NodeRow>.Empty.Add("n1", new NodeRow
            {
                Name = "n1",
                InternalIPs = [IpAddr.Parse("172.30.0.11")],
                PodCIDRs = [IpNet.Parse("10.244.1.0/24")],
            }),
            ImmutableDictionary<string, ClusterPolicyRow>.Empty,
            dns);
        return new PolicyCase(world, Attach(placed), [.. probes.Select(probe => ToProbe(placed, probe))]);
    }

    private static ImmutableDictionary<string, AttachmentRow> Attach(List<PodRow> pods) => pods.Where(pod => pod.NodeName == "n1").Select(pod =>
        new AttachmentRow { ContainerId = pod.Key.Name, IfName = "eth0", Pod = pod.Key, IPs = pod.IPs, HostInterface = $"fl{pod.Key.Name}" })
        .ToImmutableDictionary(row => row.Key);

    private static Probe ToProbe(List<PodRow> pods, (int From, int To, IpProtocol Protocol, ushort Port) probe)
    {
        IpAddr Address(int i, string other) => i < pods.Count ? pods[i].IPs[0] : IpAddr.Parse(other);
        return new Probe(Address(probe.From, "192.0.2.7"), Address(probe.To, "10.96.0.10"), probe.Protocol, probe.Port);
    }
}
