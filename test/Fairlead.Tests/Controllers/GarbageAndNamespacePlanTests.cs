using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.ControlPlane.Controllers;
using Fairlead.ControlPlane.Controllers.Garbage;
using Fairlead.ControlPlane.Controllers.Namespaces;
using Fairlead.ControlPlane.Controllers.Nodes;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Client;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Tests.Controllers;

public sealed class GarbageAndNamespacePlanTests
{
    [Fact]
    public void What_no_owner_is_left_for_is_deleted_and_what_one_is_left_for_is_only_disowned()
    {
        var node = Node("a", owners: ["x", "y"]);
        Assert.IsType<GarbagePlan.Nothing>(Plan(node, absent: []));
        Assert.Equal("y", Assert.Single(Assert.IsType<GarbagePlan.Disown>(Plan(node, absent: ["x"])).Remaining).Uid);
        Assert.Equal(new GarbagePlan.Delete("Background"), Plan(node, absent: ["x", "y"]));
    }

    [Fact]
    public void Foreground_deletion_deletes_dependents_first_and_then_lets_the_owner_go()
    {
        var owner = Node("owner", deleted: true, finalizers: ["foregroundDeletion"]);
        var dependent = Node("a", owners: ["owner"]);
        Assert.Equal(new GarbagePlan.DeleteLast(), GarbagePlan.For(dependent, [], uid => uid == "owner" ? owner : null, new HashSet<string>()));
        Assert.Equal(new GarbagePlan.Delete("Foreground"), GarbagePlan.For(dependent, [Node("b", owners: ["a"])], uid => uid == "owner" ? owner : null, new HashSet<string>()));
        Assert.IsType<GarbagePlan.Nothing>(GarbagePlan.For(owner, [dependent], _ => null, new HashSet<string>()));
        Assert.Equal(new GarbagePlan.Unblock("foregroundDeletion"), GarbagePlan.For(owner, [], _ => null, new HashSet<string>()));
    }

    [Fact]
    public void A_dependent_that_does_not_block_is_not_waited_for()
    {
        var owner = Node("owner", deleted: true, finalizers: ["foregroundDeletion"]);
        var free = Node("a");
        free = free with { Meta = free.Meta with { Owners = [new OwnerReference("apps/v1", "ReplicaSet", "owner", "owner", true, false)] } };
        Assert.Equal(new GarbagePlan.Unblock("foregroundDeletion"), GarbagePlan.For(owner, [free], _ => null, new HashSet<string>()));
    }

    [Fact]
    public void Orphan_deletion_takes_dependents_off_before_the_owner_goes()
    {
        var owner = Node("owner", deleted: true, finalizers: ["orphan"]);
        Assert.Single(Assert.IsType<GarbagePlan.Orphan>(GarbagePlan.For(owner, [Node("a", owners: ["owner"])], _ => null, new HashSet<string>())).Dependents);
        Assert.Equal(new GarbagePlan.Unblock("orphan"), GarbagePlan.For(owner, [], _ => null, new HashSet<string>()));
    }

    [Fact]
    public void A_namespace_loses_its_pods_before_the_policies_that_protect_them()
    {
        var (pod, policy) = (Node("p", ResourceTypes.Pods), Node("np", ResourceTypes.NetworkPolicies));
        Assert.Equal([pod], NamespacePlan.For([policy, pod]).Delete);

        var going = pod with { Meta = pod.Meta with { Deleted = Make.Start, Finalizers = ["example.com/wait"] } };
        var plan = NamespacePlan.For([policy, going]);
        Assert.Empty(plan.Delete);
        Assert.False(plan.IsEmpty);
        Assert.Equal(1, plan.Finalizers["example.com/wait"]);
        Assert.Equal(1, plan.Remaining["networkpolicies.networking.k8s.io"]);

        Assert.Equal([policy], NamespacePlan.For([policy]).Delete);
        Assert.True(NamespacePlan.For([]).IsEmpty);
    }

    [Fact]
    public void A_namespace_says_what_it_waits_for_once()
    {
        var plan = NamespacePlan.For([Node("p", ResourceTypes.Pods)]);
        var conditions = NamespaceConditions.For(plan, [], Make.Start)!;
        Assert.Contains(conditions, condition => condition!["message"]!.ToString().Contains("pods has 1 resource instances", StringComparison.Ordinal));
        var present = NamespaceInfo.Read(new() { ["metadata"] = new System.Text.Json.Nodes.JsonObject(), ["status"] = new System.Text.Json.Nodes.JsonObject { ["conditions"] = conditions } }).Conditions;
        Assert.Null(NamespaceConditions.For(plan, present, Make.Start));
    }

    [Fact]
    public void Each_node_gets_the_lowest_free_range_and_a_freed_one_is_given_again()
    {
        var options = new ControllerOptions { PodNetworks = [IpNet.Parse("10.244.0.0/16"), IpNet.Parse("fd00:10:244::/56")] };
        NodeInfo With(string name, params string[] ranges) => Make.Node(name) with { PodCIDRs = ranges.Select(IpNet.Parse).ToValueArray() };

        Assert.Equal(["10.244.0.0/24", "fd00:10:244::/64"], PodRangePlan.For(options, [])!.Value.Select(range => range.ToString()));
        Assert.Equal(
            ["10.244.1.0/24", "fd00:10:244:2::/64"],
            PodRangePlan.For(options, [With("a", "10.244.0.0/24", "fd00:10:244::/63"), With("b", "10.244.2.0/24")])!.Value.Select(range => range.ToString()));
    }

    [Fact]
    public void A_pod_network_that_is_used_up_gives_nothing()
    {
        var options = new ControllerOptions { PodNetworks = [IpNet.Parse("10.244.0.0/23")] };
        var nodes = new[] { "10.244.0.0/24", "10.244.1.0/24" }.Select(range => Make.Node(range) with { PodCIDRs = [IpNet.Parse(range)] });
        Assert.Null(PodRangePlan.For(options, [.. nodes]));
    }

    [Theory]
    [InlineData("True", false, "")]
    [InlineData("False", false, "node.kubernetes.io/not-ready")]
    [InlineData("Unknown", false, "node.kubernetes.io/unreachable")]
    [InlineData("True", true, "node.kubernetes.io/unschedulable")]
    public void A_nodes_taints_follow_its_state_and_leave_others_alone(string ready, bool cordoned, string taint)
    {
        var node = Make.Node("n1", ready) with
        {
            Unschedulable = cordoned,
            Taints = [new Taint("gpu", "", "NoSchedule"), new Taint("node.kubernetes.io/unreachable", "", "NoSchedule")],
        };
        Assert.Equal(new[] { "gpu", taint }.Where(key => key.Length > 0), NodeTaints.For(node).Select(item => item.Key).Distinct());
        Assert.Equal(!cordoned && ready != "True", NodeTaints.For(node).Any(item => item.Effect == "NoExecute"));
    }

    private static GarbagePlan Plan(GraphNode node, IReadOnlyCollection<string> absent) => GarbagePlan.For(node, [], _ => null, absent.ToHashSet());

    private static GraphNode Node(
        string name, ResourceType? type = null, IReadOnlyCollection<string>? owners = null, bool deleted = false, IReadOnlyCollection<string>? finalizers = null) =>
        new(type ?? ResourceTypes.Pods, new RowMeta
        {
            Key = new ObjectKey("default", name),
            Uid = name,
            Deleted = deleted ? Make.Start : null,
            Owners = (owners ?? []).Select(owner => new OwnerReference("apps/v1", "ReplicaSet", owner, owner, true, true)).ToValueArray(),
            Finalizers = (finalizers ?? []).ToValueArray(),
        });
}
