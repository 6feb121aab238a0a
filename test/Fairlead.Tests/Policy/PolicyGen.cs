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

    private static readonly string[] Blocks =
    [
        "10.244.0.0/16", "10.244.1.0/24", "10.244.1.0/29", "0.0.0.0/0", "192.0.2.0/24", "172.30.0.0/24", "10.96.0.10/32",
        "fd00:10:244::/48", "fd00:10:244:1::/64", "::/0", "2001:db8::/32",
    ];

    private static readonly Gen<IpProtocol> Protocol = OneOf(IpProtocol.Tcp, IpProtocol.Udp, IpProtocol.Sctp);
    private static readonly Gen<Labels> SomeLabels = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2]).Select((x, y) => Labels.From(
        new[] { ("x", x), ("y", y) }.Where(pair => pair.Item2 > 0).Select(pair => KeyValuePair.Create(pair.Item1, $"{pair.Item2}"))));

    private static readonly Gen<LabelSelector> Selector = Gen.Select(
        OneOf("x", "y", "kubernetes.io/metadata.name"), Gen.Enum<LabelOperator>(), OneOf("1", "2", "a")).Select((key, op, value) =>
            new LabelRequirement(key, op, op is LabelOperator.In or LabelOperator.NotIn ? [value] : [])).List[0, 2].Select(list => new LabelSelector(list));

    private static readonly Gen<IpBlock> Block = Gen.Select(OneOf(Blocks), Gen.Int[0, 2]).Select((cidr, holes) =>
        {
            var net = IpNet.Parse(cidr);
            return new IpBlock(net, Enumerable.Range(0, holes).Select(i => new IpNet(net.At((UInt128)(i * 2)), Math.Min(net.Address.IsV4 ? 32 : 128, net.Prefix + 2 + i))).ToValueArray());
        });

    private static readonly Gen<PolicyPeer> Peer = Gen.Select(Gen.Int[0, 3], Selector, Selector, Block).Select((kind, spaces, pods, block) => kind switch
    {
        0 => new PolicyPeer(null, pods, null),
        1 => new PolicyPeer(spaces, null, null),
        2 => new PolicyPeer(spaces, pods, null),
        _ => new PolicyPeer(null, null, block),
    });

    private static readonly Gen<PolicyPeer> ClusterPeer = Gen.Select(Gen.Int[0, 3], Selector, Selector, Block).Select((kind, first, pods, block) => kind switch
    {
        0 => new PolicyPeer(first, null, null),
        1 => new PolicyPeer(first, pods, null),
        2 => new PolicyPeer(null, null, block),
        _ => new PolicyPeer(null, null, null, first),
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

    private static readonly Gen<ClusterPolicyRule> ClusterRule = Gen.Select(Gen.Enum<PolicyAction>(), ClusterPeer.List[0, 2], Port.List[0, 2]).Select(
        (action, peers, ports) => new ClusterPolicyRule("", action, peers.ToValueArray(), ports.ToValueArray()));

    private static readonly Gen<ClusterPolicyRow> ClusterPolicy = Gen.Select(
        Gen.Enum<PolicyTier>(), Gen.Int[0, 2], Selector, Selector, ClusterRule.List[0, 3], ClusterRule.List[0, 3]).Select(
            (tier, priority, spaces, pods, ins, outs) => new ClusterPolicyRow
            {
                Name = "",
                Tier = tier,
                Priority = priority,
                SubjectNamespaces = spaces,
                SubjectPods = pods,
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
                HostNetwork = state == 1,
                Ports = ports.Select(port => new ContainerPort(port.Item1, port.Item2, port.Item3, 0, default)).ToValueArray(),
            });

    private static readonly Gen<ProbeDraw> Draw = Gen.Select(Gen.Int[0, 12], Gen.Int[0, 12], Gen.Bool, OneOf(IpProtocol.Tcp, IpProtocol.Udp, IpProtocol.Sctp, IpProtocol.Icmp), OneOf(Ports))
        .Select((from, to, v6, protocol, port) => new ProbeDraw(from, to, v6 ? IpFamily.V6 : IpFamily.V4, protocol, port));

    private static readonly Gen<Draft> Drafts = Gen.Select(
        Pod.List[2, 8], Policy.List[0, 5], ClusterPolicy.List[0, 4], SomeLabels.Array[3], SomeLabels.Array[2], Draw.Array[12]).Select(
            (pods, policies, cluster, spaces, nodes, probes) => new Draft(pods, policies, cluster, spaces, nodes, probes));

    public static Gen<PolicyCase> Case { get; } = Drafts.Select(Make);

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static PolicyCase Make(Draft draft)
    {
        var placed = draft.Pods.Select(Place).ToList();
        var dns = new ServiceRow
        {
            Key = PolicyWorld.DnsService,
            Selector = Labels.From([new("x", "1")]),
            ClusterIPs = [Dns(IpFamily.V4), Dns(IpFamily.V6)],
            Ports = [new ServicePort("dns", IpProtocol.Udp, 53, 0, "53", ""), new ServicePort("web", IpProtocol.Tcp, 80, 0, "80", "")],
        };
        var world = new PolicyWorld(
            draft.Policies.Select((policy, i) => policy with { Key = new ObjectKey(policy.Key.Namespace, $"np{i}") }).ToImmutableDictionary(row => row.Key),
            placed.ToImmutableDictionary(pod => pod.Key),
            Spaces.Select((name, i) => new NamespaceRow(name, Labels.From([.. draft.Spaces[i], new("kubernetes.io/metadata.name", name)])))
                .ToImmutableDictionary(row => row.Name),
            Enumerable.Range(1, 2).Select(i => Node(i, draft.Nodes[i - 1])).ToImmutableDictionary(row => row.Name),
            draft.ClusterPolicies.Select((policy, i) => policy with { Name = $"cnp{i}" }).ToImmutableDictionary(row => row.Name),
            dns);
        return new PolicyCase(world, Attach(placed), [.. draft.Probes.Select(probe => ToProbe(placed, probe))]);
    }

    /// <summary>On the two nodes by turns; of every four, one of each family alone and two of both.</summary>
    private static PodRow Place(PodRow pod, int i)
    {
        var node = (i % 2) + 1;
        var address = (UInt128)(i + 1);
        IpAddr[] both = [IpNet.Parse($"10.244.{node}.0/24").At(address), IpNet.Parse($"fd00:10:244:{node}::/64").At(address)];
        return pod with
        {
            Key = new ObjectKey(pod.Key.Namespace, $"p{i}"),
            NodeName = $"n{node}",
            IPs = pod.HostNetwork ? [NodeIP(node, IpFamily.V4), NodeIP(node, IpFamily.V6)] : ((i / 2) % 4) switch { 0 => [both[0]], 1 => [both[1]], _ => both.ToValueArray() },
        };
    }

    private static NodeRow Node(int i, Labels labels) => new()
    {
        Name = $"n{i}",
        Labels = labels,
        InternalIPs = [NodeIP(i, IpFamily.V4), NodeIP(i, IpFamily.V6)],
        PodCIDRs = [IpNet.Parse($"10.244.{i}.0/24"), IpNet.Parse($"fd00:10:244:{i}::/64")],
    };

    private static IpAddr NodeIP(int i, IpFamily family) => IpAddr.Parse(family == IpFamily.V4 ? $"172.30.0.1{i}" : $"fd00:172:30::1{i}");

    private static IpAddr Dns(IpFamily family) => IpAddr.Parse(family == IpFamily.V4 ? "10.96.0.10" : "fd00:10:96::a");

    private static IpAddr Outside(IpFamily family) => IpAddr.Parse(family == IpFamily.V4 ? "192.0.2.7" : "2001:db8::7");

    private static ImmutableDictionary<string, AttachmentRow> Attach(List<PodRow> pods) => pods.Where(pod => pod.NodeName == "n1" && !pod.HostNetwork)
        .Select(pod => new AttachmentRow { ContainerId = pod.Key.Name, IfName = "eth0", Pod = pod.Key, IPs = pod.IPs, HostInterface = $"fl{pod.Key.Name}" })
        .ToImmutableDictionary(row => row.Key);

    private static Probe ToProbe(List<PodRow> pods, ProbeDraw probe)
    {
        IpAddr Address(int i, params IpAddr[] others) =>
            i < pods.Count ? pods[i].IPs.FirstOrDefault(address => address.Family == probe.Family, Outside(probe.Family)) : others[i % others.Length];
        var from = Address(probe.From, Outside(probe.Family), NodeIP(1, probe.Family), NodeIP(2, probe.Family));
        var to = Address(probe.To, Outside(probe.Family), Dns(probe.Family), NodeIP(1, probe.Family), NodeIP(2, probe.Family));
        var protocol = probe.Protocol == IpProtocol.Icmp && probe.Family == IpFamily.V6 ? IpProtocol.IcmpV6 : probe.Protocol;
        return new Probe(from, to, protocol, probe.Protocol == IpProtocol.Icmp ? (ushort)0 : probe.Port);
    }

    private sealed record ProbeDraw(int From, int To, IpFamily Family, IpProtocol Protocol, ushort Port);

    private sealed record Draft(
        List<PodRow> Pods, List<PolicyRow> Policies, List<ClusterPolicyRow> ClusterPolicies, Labels[] Spaces, Labels[] Nodes, ProbeDraw[] Probes);
}
