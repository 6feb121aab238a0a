using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.ControlPlane.Controllers.Workloads;
using Fairlead.Kube.Selectors;

namespace Fairlead.Tests.Controllers;

public sealed class ReplicaSetPlanTests
{
    private static readonly string Owned = Make.OwnedBy("ReplicaSet", "web", "uid-web");

    [Fact]
    public void Missing_pods_are_created_and_finished_or_terminating_ones_do_not_count()
    {
        var plan = Plan(Make.ReplicaSet("web", 3), Pod("a"), Pod("b", phase: "Failed"), Pod("c", extra: """, "deletionTimestamp": "2026-05-01T12:00:00Z" """));
        Assert.Equal(2, plan.Create);
        Assert.Empty(plan.Delete);
        Assert.Equal(1, plan.Status.Replicas);
    }

    [Fact]
    public void Surplus_pods_go_in_the_order_of_what_serves_least()
    {
        var plan = Plan(
            Make.ReplicaSet("web", 1),
            Pod("old", age: 100),
            Pod("young", age: 10),
            Pod("unready", ready: false, age: 100),
            Pod("pending", phase: "Pending", ready: false),
            Pod("unbound", node: "", phase: "Pending", ready: false));
        Assert.Equal(["unbound", "pending", "unready", "young"], plan.Delete.Select(pod => pod.Meta.Key.Name));
    }

    [Fact]
    public void A_low_deletion_cost_makes_a_ready_pod_go_first()
    {
        var cheap = """, "annotations": { "controller.kubernetes.io/pod-deletion-cost": "-5" } """;
        var plan = Plan(Make.ReplicaSet("web", 1), Pod("young", age: 10), Pod("cheap", age: 100, extra: cheap));
        Assert.Equal("cheap", Assert.Single(plan.Delete).Meta.Key.Name);
    }

    [Fact]
    public void Of_equal_pods_one_on_the_node_with_more_siblings_goes()
    {
        var siblings = new Dictionary<string, int> { ["n1"] = 1, ["n2"] = 4 };
        var plan = ReplicaSetPlan.For(Make.ReplicaSet("web", 1), [Pod("a"), Pod("b", node: "n2")], siblings, Make.Start);
        Assert.Equal("b", Assert.Single(plan.Delete).Meta.Key.Name);
    }

    [Fact]
    public void Orphans_that_match_are_adopted_and_own_pods_that_no_longer_match_are_released()
    {
        var stray = Pod("stray") with { };
        stray = stray with { Meta = stray.Meta with { Labels = Labels.Empty } };
        var plan = Plan(Make.ReplicaSet("web", 2), Make.Pod("orphan"), stray, Make.Pod("other", meta: Make.OwnedBy("ReplicaSet", "x", "uid-x")));
        Assert.Equal("orphan", Assert.Single(plan.Adopt).Meta.Key.Name);
        Assert.Equal("stray", Assert.Single(plan.Release).Meta.Key.Name);
        Assert.Equal(1, plan.Create);
    }

    [Fact]
    public void A_set_that_is_being_deleted_touches_no_pod()
    {
        var set = Make.ReplicaSet("web", 3, meta: """, "deletionTimestamp": "2026-05-01T12:00:00Z" """);
        var plan = Plan(set, Pod("a"), Make.Pod("orphan"));
        Assert.Equal(0, plan.Create);
        Assert.Empty(plan.Delete);
        Assert.Empty(plan.Adopt);
    }

    [Fact]
    public void A_pod_counts_as_available_once_it_has_been_ready_for_minReadySeconds()
    {
        var set = Make.ReplicaSet("web", 2, spec: """, "minReadySeconds": 30 """);
        var plan = Plan(set, Pod("a", age: 100), Pod("b", age: 10));
        Assert.Equal((2, 1), (plan.Status.Ready, plan.Status.Available));
        Assert.Equal(Make.Start.AddSeconds(20), plan.NextAvailable);
    }

    private static PodInfo Pod(string name, string node = "n1", string phase = "Running", bool ready = true, int age = 60, string extra = "") =>
        Make.Pod(name, node: node, phase: phase, ready: ready, age: age, meta: Owned + extra);

    private static ReplicaSetPlan Plan(ReplicaSetInfo set, params PodInfo[] pods) =>
        ReplicaSetPlan.For(set, pods, new Dictionary<string, int>(), Make.Start);
}
