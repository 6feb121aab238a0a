using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Tracing;
using Fairlead.Policy;
using Fairlead.Policy.Compile;
using Fairlead.Policy.Evaluate;
using Fairlead.Policy.Nftables;
using Fairlead.State;

namespace Fairlead.Tests.Policy;

/// <summary>Rows that no sensible person writes, and a few that the API server lets nobody write: each means something, and never more than it says.</summary>
public sealed class OddRowTests
{
    private static readonly PolicyPort Tcp80 = new(IpProtocol.Tcp, 80, 80, "");
    private static readonly IpAddr Pod = IpAddr.Parse("10.244.1.2");

    public static TheoryData<string, string, string[], string> Blocks => new()
    {
        { "an exception outside of its block excepts nothing", "192.0.2.0/28", ["198.51.100.0/24"], "192.0.2.1+ 192.0.2.15+ 192.0.2.16- 198.51.100.1-" },
        { "an exception as large as its block leaves nothing", "192.0.2.0/28", ["192.0.2.0/28"], "192.0.2.1- 192.0.2.16-" },
        { "an exception larger than its block leaves nothing", "192.0.2.0/28", ["192.0.0.0/8"], "192.0.2.1- 192.0.3.1-" },
        { "an exception of the other family excepts nothing", "192.0.2.0/28", ["::/0"], "192.0.2.1+ 2001:db8::1-" },
        { "exceptions one in the other are the larger", "192.0.2.0/24", ["192.0.2.4/32", "192.0.2.0/29", "192.0.2.6/31"], "192.0.2.4- 192.0.2.7- 192.0.2.8+" },
        { "exceptions side by side", "192.0.2.0/24", ["192.0.2.0/25", "192.0.2.128/25"], "192.0.2.1- 192.0.2.129-" },
        { "the first and the last address", "0.0.0.0/0", ["0.0.0.0/32", "255.255.255.255/32"], "192.0.2.1+ 1.0.0.0+" },
        { "all of IPv6 is not all of IPv4", "::/0", ["fc00::/7"], "2001:db8::1+ fd00::1- 192.0.2.1-" },
    };

    [Theory]
    [MemberData(nameof(Blocks))]
    public void A_block_holds_what_it_says(string why, string cidr, string[] except, string addresses)
    {
        var block = new PolicyPeer(null, null, new IpBlock(IpNet.Parse(cidr), except.Select(IpNet.Parse).ToValueArray()));
        var table = Table(Policy(new PolicyRule([block], default)));
        foreach (var text in addresses.Split(' '))
        {
            Assert.True(table.Allows(IpAddr.Parse(text[..^1]), IpProtocol.Tcp, 80) == text.EndsWith('+'), $"{why}: {text}");
        }
    }

    [Fact]
    public void Thousands_of_exceptions_are_as_many_ranges_and_compile_to_one_set()
    {
        var holes = Enumerable.Range(0, 20_000).Select(i => new IpNet(IpAddr.FromValue(IpFamily.V4, (UInt128)(i * 512)), 24)).ToValueArray();
        var table = Table(Policy(new PolicyRule([new PolicyPeer(null, null, new IpBlock(IpNet.Parse("0.0.0.0/0"), holes))], default)));
        Assert.Equal(20_000, table.Nft.Tables["fairlead-policy"].Containers.Single(set => set.Key.StartsWith("block4", StringComparison.Ordinal)).Value.Elements.Count);
        Assert.False(table.Allows(IpAddr.Parse("0.10.0.7"), IpProtocol.Tcp, 80));
        Assert.True(table.Allows(IpAddr.Parse("0.10.1.7"), IpProtocol.Tcp, 80));
    }

    [Theory]
    [InlineData(IpProtocol.Tcp, 80, true)]
    [InlineData(IpProtocol.Tcp, 81, false)]
    [InlineData((IpProtocol)99, 0, false)]
    [InlineData(IpProtocol.Icmp, 0, false)]
    public void A_protocol_that_nobody_knows_allows_itself_at_most(IpProtocol protocol, ushort port, bool allowed)
    {
        var table = Table(Policy(new PolicyRule(default, [Tcp80, new PolicyPort((IpProtocol)250, 81, 81, "")])));
        Assert.Equal(allowed, table.Allows(IpAddr.Parse("192.0.2.1"), protocol, port));
    }

    [Fact]
    public void A_rule_without_ports_allows_what_has_none()
    {
        var table = Table(Policy(new PolicyRule(default, default)));
        Assert.True(table.Allows(IpAddr.Parse("192.0.2.1"), IpProtocol.Icmp, 0));
        Assert.True(table.Allows(IpAddr.Parse("192.0.2.1"), (IpProtocol)99, 0));
    }

    [Fact]
    public void A_last_port_before_the_first_is_the_first_alone()
    {
        var table = Table(Policy(new PolicyRule(default, [new PolicyPort(IpProtocol.Tcp, 81, 80, "")])));
        Assert.True(table.Allows(IpAddr.Parse("192.0.2.1"), IpProtocol.Tcp, 81));
        Assert.False(table.Allows(IpAddr.Parse("192.0.2.1"), IpProtocol.Tcp, 80));
    }

    [Theory]
    [InlineData(PolicyAction.Accept)]
    [InlineData(PolicyAction.Deny)]
    [InlineData(PolicyAction.Pass)]
    public void A_cluster_rule_without_peers_is_about_nobody(PolicyAction action)
    {
        var rule = new ClusterPolicyRule("", action, default, default);
        var closed = Table(Policy(), new ClusterPolicyRow { Name = "c", Ingress = [rule] });
        var open = Table(null, new ClusterPolicyRow { Name = "c", Ingress = [rule] });
        Assert.False(closed.Allows(IpAddr.Parse("192.0.2.1"), IpProtocol.Tcp, 80));
        Assert.True(open.Allows(IpAddr.Parse("192.0.2.1"), IpProtocol.Tcp, 80));
    }

    [Fact]
    public void A_cluster_policy_about_a_namespace_that_is_not_known_is_about_none_of_its_pods()
    {
        var deny = new ClusterPolicyRow { Name = "c", Ingress = [new ClusterPolicyRule("", PolicyAction.Deny, [new(null, null, new IpBlock(IpNet.Parse("0.0.0.0/0"), default))], default)] };
        Assert.False(Table(null, deny).Allows(IpAddr.Parse("192.0.2.1"), IpProtocol.Tcp, 80));
        Assert.True(Table(null, deny, knowsNamespace: false).Allows(IpAddr.Parse("192.0.2.1"), IpProtocol.Tcp, 80));
    }

    [Fact]
    public void Ten_thousand_policies_about_one_pod_load()
    {
        var policies = Enumerable.Range(0, 10_000).Select(i => Policy(new PolicyRule(
            [new PolicyPeer(null, null, new IpBlock(new IpNet(IpAddr.FromValue(IpFamily.V4, (UInt128)(0xC000_0000 + (i * 2))), 32), default))], [Tcp80])) with
        {
            Key = new ObjectKey("a", $"p{i}"),
        });
        var table = TableOf([.. policies], null);
        Assert.True(table.Allows(IpAddr.Parse("192.0.2.2"), IpProtocol.Tcp, 80));
        Assert.False(table.Allows(IpAddr.Parse("192.0.2.3"), IpProtocol.Tcp, 80));
    }

    private static PolicyRow Policy(params PolicyRule[] rules) =>
        new() { Key = new ObjectKey("a", "p"), IsolatesIngress = true, Ingress = rules.ToValueArray() };

    private static Committed Table(PolicyRow? policy, ClusterPolicyRow? cluster = null, bool knowsNamespace = true) =>
        TableOf(policy is null ? [] : [policy], cluster, knowsNamespace);

    private static Committed TableOf(PolicyRow[] policies, ClusterPolicyRow? cluster, bool knowsNamespace = true)
    {
        var key = new ObjectKey("a", "pod");
        var world = NodeWorld.Empty.World with
        {
            Policies = policies.ToImmutableDictionary(policy => policy.Key),
            ClusterPolicies = cluster is null ? ImmutableDictionary<string, ClusterPolicyRow>.Empty : ImmutableDictionary<string, ClusterPolicyRow>.Empty.Add(cluster.Name, cluster),
            Pods = ImmutableDictionary<ObjectKey, PodRow>.Empty.Add(key, new PodRow { Key = key, NodeName = "n1", IPs = [Pod, IpAddr.Parse("fd00:10:244:1::2")] }),
            Namespaces = knowsNamespace ? ImmutableDictionary<string, NamespaceRow>.Empty.Add("a", new NamespaceRow("a", Labels.Empty)) : ImmutableDictionary<string, NamespaceRow>.Empty,
        };
        var attachments = ImmutableDictionary<string, AttachmentRow>.Empty.Add(
            "c", new AttachmentRow { ContainerId = "c", IfName = "eth0", Pod = key, IPs = world.Pods[key].IPs, HostInterface = "flc" });
        var nft = new MemoryNft();
        var plan = new PolicyCompiler("n1").Compile(world, attachments, null);
        new NftPolicyCommitter(nft).CommitAsync(plan, CancellationToken.None).GetAwaiter().GetResult();
        return new Committed(world, plan, nft);
    }

    /// <summary>What was committed; evaluator, plan and table must be of one mind.</summary>
    private sealed record Committed(PolicyWorld World, PolicyPlan Plan, MemoryNft Nft)
    {
        public bool Allows(IpAddr from, IpProtocol protocol, ushort port)
        {
            var to = World.Pods.Values.Single().IPs.Single(address => address.Family == from.Family);
            var allowed = PolicyTrace.Of(Nft, new Probe(from, to, protocol, port)).Verdict == TraceVerdict.Accepted;
            Assert.Equal(allowed, PolicyEvaluator.Evaluate(World, from, to, protocol, port).Allowed);
            Assert.Equal(allowed, !Plan.Refuses(from, to, protocol, port));
            return allowed;
        }
    }
}
