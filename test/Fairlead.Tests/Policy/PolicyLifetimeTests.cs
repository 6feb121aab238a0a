using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Conntrack;
using Fairlead.Policy;
using Fairlead.Policy.Compile;

namespace Fairlead.Tests.Policy;

/// <summary>What lasts, and what does not, when pods, policies and namespaces go.</summary>
public sealed class PolicyLifetimeTests
{
    private static readonly IpAddr Address = IpAddr.Parse("10.244.1.2");
    private static readonly IpAddr Outside = IpAddr.Parse("192.0.2.7");
    private static readonly ObjectKey Policy = new("a", "np");

    private readonly PolicyCompiler _compiler = new("n1");

    [Fact]
    public void A_policy_that_goes_before_the_pods_of_its_ending_namespace_stays_in_force_until_the_namespace_is_gone()
    {
        var world = World();
        Assert.True(IsRefused(world));
        world = world with { Namespaces = world.Namespaces.SetItem("a", Space(terminating: true)) };
        Assert.True(IsRefused(world));
        world = world with { Policies = world.Policies.Remove(Policy) };
        Assert.True(IsRefused(world));
        world = world with { Namespaces = world.Namespaces.Remove("a") };
        Assert.False(IsRefused(world));
    }

    [Fact]
    public void A_namespace_made_anew_has_none_of_the_policies_of_the_one_before()
    {
        var world = World() with { Namespaces = ImmutableDictionary<string, NamespaceRow>.Empty.Add("a", Space(terminating: true)) };
        Assert.True(IsRefused(world));
        world = world with { Policies = world.Policies.Remove(Policy) };
        Assert.True(IsRefused(world));
        Assert.False(IsRefused(world with { Namespaces = world.Namespaces.SetItem("a", Space(terminating: false)) }));
    }

    [Fact]
    public void A_policy_deleted_from_a_namespace_that_stays_is_no_longer_in_force()
    {
        var world = World();
        Assert.True(IsRefused(world));
        Assert.False(IsRefused(world with { Policies = world.Policies.Remove(Policy) }));
    }

    [Fact]
    public void Whoever_gets_an_address_next_has_none_of_its_connections()
    {
        var open = World() with { Policies = ImmutableDictionary<ObjectKey, PolicyRow>.Empty };
        var before = Compile(open, "p");
        var now = Compile(open, "q");
        var flow = new ConntrackFlow
        {
            Family = IpFamily.V4,
            Protocol = IpProtocol.Tcp,
            Original = new ConntrackTuple(Outside, Address, 40000, 80),
            Reply = new ConntrackTuple(Address, Outside, 80, 40000),
        };
        Assert.False(FlowCut.Ends(flow, before, before));
        Assert.True(FlowCut.MayTighten(before, now));
        Assert.True(FlowCut.Ends(flow, before, now));
    }

    [Theory]
    [InlineData(PolicyAction.Deny, true)]
    [InlineData(PolicyAction.Pass, true)]
    [InlineData(PolicyAction.Accept, false)]
    public void A_member_more_may_end_connections_where_it_is_denied_or_passed_on(PolicyAction action, bool tightens)
    {
        var rule = new ClusterPolicyRule("", action, [new PolicyPeer(LabelSelector.Everything, new LabelSelector([new LabelRequirement("bad", LabelOperator.Exists, [])]), null)], default);
        var accept = new ClusterPolicyRule("", PolicyAction.Accept, [new PolicyPeer(null, null, new IpBlock(IpNet.Parse("10.0.0.0/8"), default))], default);
        var world = World() with { ClusterPolicies = ImmutableDictionary<string, ClusterPolicyRow>.Empty.Add("c", new ClusterPolicyRow { Name = "c", Ingress = [rule, accept] }) };
        var other = new ObjectKey("a", "other");
        var before = Compile(world, "p");
        var row = new PodRow { Key = other, NodeName = "n2", IPs = [IpAddr.Parse("10.244.2.9")], Labels = Labels.From([new("bad", "1")]) };
        var now = Compile(world with { Pods = world.Pods.Add(other, row) }, "p");
        Assert.Equal(tightens, FlowCut.MayTighten(before, now));
        Assert.Equal(tightens, now.Refuses(row.IPs[0], Address, IpProtocol.Tcp, 80));
        Assert.True(FlowCut.MayTighten(now, Compile(world, "p")));
    }

    private static NamespaceRow Space(bool terminating) => new("a", Labels.Empty) { Terminating = terminating };

    private static PolicyWorld World()
    {
        var pods = new[] { "p", "q" }.Select(name => new PodRow { Key = new ObjectKey("a", name), NodeName = "n1" });
        return NodeWorld.Empty.World with
        {
            Policies = ImmutableDictionary<ObjectKey, PolicyRow>.Empty.Add(Policy, new PolicyRow { Key = Policy, IsolatesIngress = true }),
            Pods = pods.ToImmutableDictionary(pod => pod.Key),
            Namespaces = ImmutableDictionary<string, NamespaceRow>.Empty.Add("a", Space(terminating: false)),
        };
    }

    private bool IsRefused(PolicyWorld world) => Compile(world, "p").Refuses(Outside, Address, IpProtocol.Tcp, 80);

    private PolicyPlan Compile(PolicyWorld world, string holder)
    {
        var row = new AttachmentRow { ContainerId = holder, IfName = "eth0", Pod = new ObjectKey("a", holder), IPs = [Address], HostInterface = "fl" };
        return _compiler.Compile(world, ImmutableDictionary<string, AttachmentRow>.Empty.Add(row.Key, row), null);
    }
}
