using System.Collections.Immutable;
using CsCheck;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Policy;
using Fairlead.Policy.Evaluate;
using Fairlead.State;

namespace Fairlead.Tests.Policy;

/// <summary>The rule that came nearest to a refused connection, and what is said of it.</summary>
public sealed class NearMissTests
{
    private static readonly PodRow Api = new()
    {
        Key = new ObjectKey("shop", "api"),
        Labels = Labels.From([new("app", "api")]),
        IPs = [IpAddr.Parse("10.244.1.1")],
        Ports = [new ContainerPort("http", IpProtocol.Tcp, 8080, 0, default)],
    };

    private static readonly PodRow Client = new() { Key = new ObjectKey("default", "client"), Labels = Labels.From([new("app", "webb")]), IPs = [IpAddr.Parse("10.244.2.1")] };

    [Theory]
    [InlineData("", "", "TCP 80", "it allows TCP 80, not TCP 8080")]
    [InlineData("", "", "TCP 80|UDP 8080|TCP 9000-9100", "it allows TCP 80, UDP 8080 and TCP 9000-9100, not TCP 8080")]
    [InlineData("", "", "TCP metrics", "it allows TCP \"metrics\" (which shop/api does not declare), not TCP 8080")]
    [InlineData("*", "app=web", "", "it selects pods app=web; default/client has app=webb")]
    [InlineData("*", "app in (web,db),tier=front", "", "it selects pods app in (web,db),tier=front; default/client has app=webb and has no label tier")]
    [InlineData("team=a", "", "", "it selects namespaces team=a; namespace default has no label team")]
    [InlineData("kubernetes.io/metadata.name=shop", "", "", "it selects namespaces kubernetes.io/metadata.name=shop; namespace default has kubernetes.io/metadata.name=default")]
    [InlineData("-", "app=webb", "", "without a namespaceSelector it selects pods of namespace shop alone; default/client is in namespace default")]
    [InlineData("team=a", "app=web", "TCP 80",
        "it allows TCP 80, not TCP 8080; it selects pods app=web; default/client has app=webb; it selects namespaces team=a; namespace default has no label team")]
    public void What_does_not_fit_of_a_rule_is_said_in_words(string namespaces, string pods, string ports, string words)
    {
        var peer = new PolicyPeer(namespaces == "-" ? null : Selector(namespaces), pods.Length == 0 ? null : Selector(pods), null);
        var near = Refused([new PolicyRule([peer], Ports(ports))], Client.IPs[0]);
        Assert.Equal(words, near.Misses);
        Assert.Equal((new ObjectKey("shop", "isolating"), "spec.ingress[0].from[0]"), (near.Rule.Policy, near.Rule.Path));
    }

    [Fact]
    public void Addresses_outside_of_a_block_or_in_its_holes_and_addresses_of_no_pod_are_named()
    {
        var block = new PolicyPeer(null, null, new IpBlock(IpNet.Parse("192.0.2.0/24"), [IpNet.Parse("192.0.2.0/29")]));
        Assert.Equal("it allows 192.0.2.0/24 except 192.0.2.0/29, not 192.0.2.7", Refused([new PolicyRule([block], default)], IpAddr.Parse("192.0.2.7")).Misses);
        var pods = new PolicyPeer(LabelSelector.Everything, null, null);
        Assert.Equal("it selects pods; 192.0.2.7 is no pod's address", Refused([new PolicyRule([pods], default)], IpAddr.Parse("192.0.2.7")).Misses);
    }

    [Fact]
    public void The_fewest_parts_come_first_and_of_these_the_least()
    {
        PolicyRule[] rules =
        [
            new([new(null, null, new IpBlock(IpNet.Parse("192.0.2.0/24"), default))], default),
            new([new(Selector("team=a"), null, null)], default),
            new([new(Selector(""), Selector("app=web"), null)], default),
            new([new(Selector(""), Selector("app=web"), null)], Ports("TCP 80")),
            new([new(Selector(""), null, null)], Ports("UDP 8080")),
            new([new(Selector(""), null, null)], Ports("TCP 80|UDP 8080")),
            new([new(Selector(""), null, null)], Ports("TCP 81")),
        ];
        for (var left = 7; left > 0; left--)
        {
            var expected = left switch { 7 or 6 => 5, 5 => 4, 4 or 3 => 2, 2 => 1, _ => 0 };
            Assert.Equal(expected, Refused(rules[..left], Client.IPs[0]).Rule.Rule);
        }
    }

    [Fact]
    public void A_refusal_by_a_cluster_policy_names_the_rule_before_it_that_would_have_accepted()
    {
        PolicyPeer[] everybody = [new(LabelSelector.Everything, null, null)];
        var policy = new ClusterPolicyRow
        {
            Name = "guard",
            Ingress =
            [
                new("monitoring", PolicyAction.Accept, [new(Selector("team=a"), LabelSelector.Everything, null)], default),
                new("nobody", PolicyAction.Accept, default, default),
                new("rest", PolicyAction.Deny, everybody.ToValueArray(), default),
                new("late", PolicyAction.Accept, everybody.ToValueArray(), Ports("TCP 80")),
            ],
        };
        var world = World([]) with { ClusterPolicies = ImmutableDictionary<string, ClusterPolicyRow>.Empty.Add("guard", policy) };
        var decision = PolicyEvaluator.Evaluate(world, Client.IPs[0], Api.IPs[0], IpProtocol.Tcp, 8080).Ingress;
        Assert.Equal((false, DecidedBy.Admin, 2), (decision.Allowed, decision.By, decision.Rule!.Rule));
        Assert.Equal("spec.ingress[0].from[0]: it selects namespaces team=a; namespace default has no label team", $"{decision.Nearest!.Rule.Path}: {decision.Nearest.Misses}");
    }

    /// <summary>There is one exactly when there is a rule to be near to; with what it says changed, and nothing else, the connection is allowed.</summary>
    [Fact]
    public void What_is_said_to_be_missing_is_all_that_is_missing() => PolicyGen.Case.Sample(
        generated =>
        {
            var world = generated.World;
            foreach (var probe in generated.Probes)
            {
                var verdict = PolicyEvaluator.Evaluate(world, probe.From, probe.To, probe.Protocol, probe.Port);
                Check(world, probe, verdict.Egress, changed => changed.Egress);
                Check(world, probe, verdict.Ingress, changed => changed.Ingress);
                Assert.Equal(verdict.Allowed, PolicyEvaluator.Evaluate(world, probe.From, probe.To, probe.Protocol, probe.Port, nearest: false).Allowed);
            }
        },
        iter: 400);

    private static void Check(PolicyWorld world, Probe probe, PolicyDecision decision, Func<PolicyVerdict, PolicyDecision> side)
    {
        if (decision.Allowed)
        {
            Assert.Null(decision.Nearest);
            return;
        }

        var ingress = side(new PolicyVerdict(PolicyDecision.Open, PolicyDecision.Open with { By = DecidedBy.Admin })).By == DecidedBy.Admin;
        if (decision.By == DecidedBy.NetworkPolicy)
        {
            Assert.Equal(decision.Isolating.Any(key => (ingress ? world.Policies[key].Ingress : world.Policies[key].Egress).Count > 0), decision.Nearest is not null);
        }

        if (decision.Nearest is { } near)
        {
            Assert.NotEmpty(near.Misses);
            Assert.NotEqual(MissedParts.None, near.Parts);
            Assert.True(side(PolicyEvaluator.Evaluate(Apply(world, near, probe), probe.From, probe.To, probe.Protocol, probe.Port)).Allowed, near.Misses);
        }
    }

    private static PolicyWorld Apply(PolicyWorld world, NearMiss near, Probe probe)
    {
        var other = near.Rule.Ingress ? probe.From : probe.To;
        ValueArray<PolicyPeer> Peers(ValueArray<PolicyPeer> peers) => peers.Select((peer, i) => i != near.Rule.Peer ? peer
            : near.Parts.HasFlag(MissedParts.Address) ? new PolicyPeer(null, null, new IpBlock(new IpNet(other, other.IsV4 ? 32 : 128), default))
            : peer with
            {
                Pods = near.Parts.HasFlag(MissedParts.Pods) ? LabelSelector.Everything : peer.Pods,
                Namespaces = near.Parts.HasFlag(MissedParts.Namespace) ? LabelSelector.Everything : peer.Namespaces,
            }).ToValueArray();
        ValueArray<PolicyPort> OwnPorts(ValueArray<PolicyPort> ports) => ports.Select((port, i) => i != near.Rule.Port || !near.Parts.HasFlag(MissedParts.Port) ? port
            : new PolicyPort(probe.Protocol, probe.Port, probe.Port, "")).ToValueArray();
        if (near.Rule.Kind == RuleReference.ClusterNetworkPolicy)
        {
            var row = world.ClusterPolicies[near.Rule.Policy.Name];
            ValueArray<ClusterPolicyRule> Changed(ValueArray<ClusterPolicyRule> rules) => rules
                .Select((rule, i) => i == near.Rule.Rule ? rule with { Peers = Peers(rule.Peers), Ports = OwnPorts(rule.Ports) } : rule).ToValueArray();
            return world with { ClusterPolicies = world.ClusterPolicies.SetItem(row.Name, near.Rule.Ingress ? row with { Ingress = Changed(row.Ingress) } : row with { Egress = Changed(row.Egress) }) };
        }

        var policy = world.Policies[near.Rule.Policy];
        ValueArray<PolicyRule> Rules(ValueArray<PolicyRule> rules) => rules
            .Select((rule, i) => i == near.Rule.Rule ? new PolicyRule(Peers(rule.Peers), OwnPorts(rule.Ports)) : rule).ToValueArray();
        return world with { Policies = world.Policies.SetItem(policy.Key, near.Rule.Ingress ? policy with { Ingress = Rules(policy.Ingress) } : policy with { Egress = Rules(policy.Egress) }) };
    }

    private static NearMiss Refused(PolicyRule[] rules, IpAddr from)
    {
        var decision = PolicyEvaluator.Evaluate(World(rules), from, Api.IPs[0], IpProtocol.Tcp, 8080).Ingress;
        Assert.Equal((false, DecidedBy.NetworkPolicy), (decision.Allowed, decision.By));
        return decision.Nearest!;
    }

    private static PolicyWorld World(PolicyRule[] rules)
    {
        var isolating = new PolicyRow { Key = new ObjectKey("shop", "isolating"), IsolatesIngress = true, Ingress = rules.ToValueArray() };
        var spaces = new[] { "default", "shop" }.Select(name => new NamespaceRow(name, Labels.From([new("kubernetes.io/metadata.name", name)])));
        return new PolicyWorld(
            rules.Length == 0 ? ImmutableDictionary<ObjectKey, PolicyRow>.Empty : ImmutableDictionary<ObjectKey, PolicyRow>.Empty.Add(isolating.Key, isolating),
            new[] { Api, Client }.ToImmutableDictionary(pod => pod.Key), spaces.ToImmutableDictionary(row => row.Name),
            ImmutableDictionary<string, NodeRow>.Empty, ImmutableDictionary<string, ClusterPolicyRow>.Empty, null);
    }

    private static LabelSelector Selector(string text) => text == "*" ? LabelSelector.Everything : LabelSelectorParser.Parse(text);

    private static ValueArray<PolicyPort> Ports(string text) => text.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(one =>
    {
        var (protocol, port) = (one.StartsWith("TCP", StringComparison.Ordinal) ? IpProtocol.Tcp : IpProtocol.Udp, one[4..]);
        var ends = port.Split('-');
        return ushort.TryParse(ends[0], out var first) ? new PolicyPort(protocol, first, ushort.Parse(ends[^1]), "") : new PolicyPort(protocol, 0, 0, port);
    }).ToValueArray();
}
