using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.ControlPlane.Controllers.Workloads;

namespace Fairlead.Tests.Controllers;

public sealed class DeploymentPlanTests
{
    private const string Owned = """
        , "ownerReferences": [ { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "uid-deployment", "controller": true } ]
        """;

    [Fact]
    public void A_new_Deployment_makes_one_ReplicaSet_with_all_replicas()
    {
        var plan = Plan(Make.Deployment(3));
        Assert.NotNull(plan.Create);
        Assert.Equal(3, plan.Create.Replicas);
        Assert.Equal("web-" + plan.Create.Hash, plan.Create.Name);
        Assert.Equal("1", plan.Create.Annotations["deployment.kubernetes.io/revision"]);
        Assert.Equal("1", plan.NewRevision);
        Assert.Equal("NewReplicaSetCreated", plan.Status.Condition("Progressing")?.Reason);
    }

    [Fact]
    public void The_hash_changes_with_the_template_and_with_a_collision_only()
    {
        Assert.Equal(PodTemplate.Hash("{}", 0), PodTemplate.Hash("{}", 0));
        Assert.NotEqual(PodTemplate.Hash("{}", 0), PodTemplate.Hash("{}", 1));
        Assert.NotEqual(Plan(Make.Deployment(1)).Create!.Hash, Plan(Make.Deployment(1, Make.TemplateOf("web:2"))).Create!.Hash);
    }

    // replicas, surge, unavailable; new size/available, old size/available => new size, old size
    [Theory]
    [InlineData(10, "25%", "25%", 0, 0, 10, 10, 3, 10)]
    [InlineData(10, "25%", "25%", 3, 0, 10, 10, 3, 8)]
    [InlineData(10, "25%", "25%", 3, 3, 8, 8, 5, 8)]
    [InlineData(4, "0", "1", 0, 0, 4, 4, 0, 3)]
    [InlineData(4, "0", "1", 0, 0, 3, 3, 1, 3)]
    [InlineData(4, "1", "0", 0, 0, 4, 4, 1, 4)]
    [InlineData(4, "1", "0", 1, 0, 4, 4, 1, 4)]
    [InlineData(4, "1", "0", 1, 1, 4, 4, 1, 3)]
    [InlineData(4, "0", "0", 0, 0, 4, 4, 0, 3)]
    [InlineData(4, "25%", "25%", 1, 0, 4, 2, 1, 3)]
    [InlineData(1, "25%", "25%", 0, 0, 1, 1, 1, 1)]
    [InlineData(1, "25%", "25%", 1, 1, 1, 1, 1, 0)]
    public void A_rolling_update_takes_the_step_that_surge_and_availability_allow(
        int replicas, string surge, string unavailable, int newSize, int newAvailable, int oldSize, int oldAvailable, int newNext, int oldNext)
    {
        var strategy = $$""", "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": "{{surge}}", "maxUnavailable": "{{unavailable}}" } } """;
        var deployment = Make.Deployment(replicas, Make.TemplateOf("web:2"), strategy);
        var current = Set("new", newSize, newAvailable, 2, "web:2", replicas);
        var old = Set("old", oldSize, oldAvailable, 1, "web:1", replicas);
        var plan = Plan(deployment, current, old);
        Assert.Equal(newNext, SizeAfter(plan, current));
        Assert.Equal(oldNext, SizeAfter(plan, old));
    }

    [Fact]
    public void A_rollout_driven_to_its_end_never_leaves_the_bounds_and_ends_with_the_new_version_only()
    {
        var deployment = Make.Deployment(7, Make.TemplateOf("web:2"), """, "strategy": { "rollingUpdate": { "maxSurge": "30%", "maxUnavailable": "20%" } } """);
        var current = Set("new", 0, 0, 2, "web:2", 7);
        var old = Set("old", 7, 7, 1, "web:1", 7);
        for (var step = 0; step < 40 && (current.Replicas, old.Replicas) != (7, 0); step++)
        {
            var plan = Plan(deployment, current, old);
            var available = Math.Min(current.Status.Available, SizeAfter(plan, current)) + Math.Min(old.Status.Available, SizeAfter(plan, old));
            Assert.InRange(SizeAfter(plan, current) + SizeAfter(plan, old), 0, 7 + 3);
            Assert.InRange(available, 7 - 1, 20);
            (current, old) = (Resized(current, SizeAfter(plan, current)), Resized(old, SizeAfter(plan, old)));
        }

        Assert.Equal((7, 0), (current.Replicas, old.Replicas));
        Assert.Equal("NewReplicaSetAvailable", Plan(deployment, current, old).Status.Condition("Progressing")?.Reason);
    }

    [Fact]
    public void Recreate_makes_nothing_new_before_everything_old_is_gone()
    {
        var deployment = Make.Deployment(3, Make.TemplateOf("web:2"), """, "strategy": { "type": "Recreate" } """);
        var old = Set("old", 3, 3, 1, "web:1", 3);
        Assert.Equal(0, SizeAfter(Plan(deployment, old), old));
        Assert.Null(Plan(deployment, old).Create);

        var stopped = Set("old", 0, 0, 1, "web:1", 3);
        Assert.Null(DeploymentPlan.For(deployment, [stopped], new HashSet<string> { "uid-old" }, Make.Start).Create);
        Assert.Equal(3, Plan(deployment, stopped).Create?.Replicas);
    }

    [Fact]
    public void A_paused_Deployment_is_scaled_but_not_rolled_out()
    {
        var old = Set("old", 3, 3, 1, "web:1", 3);
        var plan = Plan(Make.Deployment(5, Make.TemplateOf("web:2"), """, "paused": true """), old);
        Assert.Null(plan.Create);
        Assert.Equal(5, SizeAfter(plan, old));
        Assert.Equal("DeploymentPaused", plan.Status.Condition("Progressing")?.Reason);
    }

    [Fact]
    public void Scaling_in_the_middle_of_a_rollout_keeps_the_proportion()
    {
        var deployment = Make.Deployment(20, Make.TemplateOf("web:2"), """, "strategy": { "rollingUpdate": { "maxSurge": 2, "maxUnavailable": 0 } } """);
        var (current, old) = (Set("new", 4, 4, 2, "web:2", 10, max: 12), Set("old", 8, 8, 1, "web:1", 10, max: 12));
        var plan = Plan(deployment, current, old);
        Assert.Equal(22, SizeAfter(plan, current) + SizeAfter(plan, old));
        Assert.Equal(7, SizeAfter(plan, current));
        Assert.All(plan.Change, change => Assert.Equal("20", change.Annotations["deployment.kubernetes.io/desired-replicas"]));
    }

    [Fact]
    public void Going_back_to_an_old_template_reuses_its_ReplicaSet_under_a_new_revision()
    {
        var (first, second) = (Set("first", 0, 0, 1, "web:1", 3), Set("second", 3, 3, 2, "web:2", 3));
        var plan = Plan(Make.Deployment(3, Make.TemplateOf("web:1")), first, second);
        Assert.Null(plan.Create);
        Assert.Equal("3", plan.NewRevision);
        var change = plan.Change.Single(change => change.Set.Meta.Key.Name == "first");
        Assert.Equal("3", change.Annotations["deployment.kubernetes.io/revision"]);
        Assert.Equal("1", change.Annotations["deployment.kubernetes.io/revision-history"]);
    }

    [Fact]
    public void Old_ReplicaSets_beyond_the_history_limit_go_once_the_rollout_is_complete()
    {
        var deployment = Make.Deployment(1, Make.TemplateOf("web:4"), """, "revisionHistoryLimit": 1 """);
        var sets = new[] { Set("a", 0, 0, 1, "web:1", 1), Set("b", 0, 0, 2, "web:2", 1), Set("c", 0, 0, 3, "web:3", 1), Set("d", 1, 1, 4, "web:4", 1) };
        Assert.Equal(["a", "b"], Plan(deployment, sets).Delete.Select(set => set.Meta.Key.Name));
    }

    [Fact]
    public void A_settled_Deployment_needs_nothing_and_writes_the_same_status()
    {
        var current = Set("new", 3, 3, 1, "web:1", 3);
        var first = Plan(Make.Deployment(3, meta: """, "annotations": { "deployment.kubernetes.io/revision": "1" } """), current);
        var deployment = Make.Deployment(3, meta: """, "annotations": { "deployment.kubernetes.io/revision": "1" } """) with { Status = first.Status };
        var plan = DeploymentPlan.For(deployment, [current], new HashSet<string>(), Make.Start.AddHours(2));
        Assert.Null(plan.Create);
        Assert.Null(plan.NewRevision);
        Assert.Empty(plan.Change);
        Assert.Equal(first.Status, plan.Status);
        Assert.Null(plan.Deadline);
    }

    [Fact]
    public void A_rollout_without_progress_exceeds_its_deadline()
    {
        var current = Set("new", 1, 0, 2, "web:2", 3);
        var old = Set("old", 3, 3, 1, "web:1", 3);
        var deployment = Make.Deployment(3, Make.TemplateOf("web:2"), """, "progressDeadlineSeconds": 60 """);
        var running = deployment with { Status = DeploymentPlan.For(deployment, [current, old], new HashSet<string>(), Make.Start).Status };
        var plan = DeploymentPlan.For(running, [current, old], new HashSet<string>(), Make.Start.AddSeconds(59));
        Assert.Equal(Make.Start.AddSeconds(60), plan.Deadline);
        Assert.Equal("True", plan.Status.Condition("Progressing")?.Status);

        var late = DeploymentPlan.For(running, [current, old], new HashSet<string>(), Make.Start.AddSeconds(60)).Status.Condition("Progressing");
        Assert.Equal(("False", "ProgressDeadlineExceeded"), (late?.Status, late?.Reason));
    }

    [Fact]
    public void Templates_that_clients_write_differently_are_the_same_template()
    {
        var set = Set("new", 3, 3, 1, "web:1", 3);
        var rewritten = """
            {"spec":{"containers":[{"image":"web:1","resources":{},"name":"c"}]},"metadata":{"creationTimestamp":null,"labels":{"app":"web"}}}
            """;
        Assert.Null(Plan(Make.Deployment(3, rewritten), set).Create);
    }

    private static DeploymentPlan Plan(DeploymentInfo deployment, params ReplicaSetInfo[] sets) =>
        DeploymentPlan.For(deployment, sets, new HashSet<string>(), Make.Start);

    private static ReplicaSetInfo Set(string name, int size, int available, int revision, string image, int desired, int max = 0)
    {
        var annotations = $$"""
            , "annotations": { "deployment.kubernetes.io/revision": "{{revision}}", "deployment.kubernetes.io/desired-replicas": "{{desired}}",
                               "deployment.kubernetes.io/max-replicas": "{{(max == 0 ? desired + ((desired + 3) / 4) : max)}}" }
            """;
        return Make.ReplicaSet(name, size, available, Make.TemplateOf(image), Owned + annotations, age: 100 - revision);
    }

    private static ReplicaSetInfo Resized(ReplicaSetInfo set, int size) =>
        set with { Replicas = size, Status = set.Status with { Replicas = size, Ready = size, Available = size } };

    private static int SizeAfter(DeploymentPlan plan, ReplicaSetInfo set) =>
        plan.Change.FirstOrDefault(change => change.Set.Meta.Key == set.Meta.Key)?.Size ?? set.Replicas;
}
