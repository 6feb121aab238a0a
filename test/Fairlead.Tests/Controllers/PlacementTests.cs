using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.ControlPlane.Controllers.Scheduling;

namespace Fairlead.Tests.Controllers;

public sealed class PlacementTests
{
    private static readonly PodInfo Pod = Make.Pod("p", node: "");

    [Fact]
    public void The_node_with_the_fewest_pods_is_chosen_and_names_decide_between_equals()
    {
        Assert.Equal("n2", Choose(Pod, On("n1", 3), On("n2", 1), On("n3", 2)));
        Assert.Equal("n1", Choose(Pod, On("n2", 1), On("n1", 1)));
    }

    [Fact]
    public void Of_equally_filled_nodes_the_one_with_fewer_siblings_is_chosen() =>
        Assert.Equal("n2", Choose(Pod, On("n1", 2) with { Siblings = 2 }, On("n2", 2) with { Siblings = 1 }));

    [Theory]
    [InlineData("", "Unknown", "node(s) were not ready")]
    [InlineData("\"unschedulable\": true", "True", "node(s) were unschedulable")]
    [InlineData("\"taints\": [{\"key\":\"gpu\",\"value\":\"yes\",\"effect\":\"NoSchedule\"}]", "True", "node(s) had untolerated taint {gpu: yes}")]
    public void A_node_that_does_not_take_pods_is_refused_with_its_reason(string spec, string ready, string reason)
    {
        var result = Placement.Choose(Pod, [new Candidate(Make.Node("n1", ready, spec), 0, _ => false)]);
        Assert.Null(result.Node);
        Assert.Equal($"0/1 nodes are available: 1 {reason}.", result.Reason);
    }

    [Fact]
    public void No_node_at_all_is_said_in_so_many_words() => Assert.Equal("no nodes available to schedule pods", Placement.Choose(Pod, []).Reason);

    [Theory]
    [InlineData("""{"key":"gpu","operator":"Equal","value":"yes","effect":"NoSchedule"}""", true)]
    [InlineData("""{"key":"gpu","operator":"Exists"}""", true)]
    [InlineData("""{"operator":"Exists"}""", true)]
    [InlineData("""{"key":"gpu","value":"no","effect":"NoSchedule"}""", false)]
    [InlineData("""{"key":"gpu","value":"yes","effect":"NoExecute"}""", false)]
    public void A_toleration_covers_a_taint_by_key_value_and_effect(string toleration, bool tolerated)
    {
        var pod = Make.Pod("p", node: "", spec: $", \"tolerations\": [{toleration}]");
        Assert.Equal(tolerated, Placement.Tolerates(pod, new Taint("gpu", "yes", "NoSchedule")));
    }

    [Theory]
    [InlineData("\"nodeSelector\": {\"disk\": \"ssd\"}", "n2")]
    [InlineData("\"nodeSelector\": {\"disk\": \"tape\"}", null)]
    [InlineData("\"affinity\": {\"nodeAffinity\": {\"requiredDuringSchedulingIgnoredDuringExecution\": {\"nodeSelectorTerms\": [{\"matchExpressions\": [{\"key\":\"disk\",\"operator\":\"In\",\"values\":[\"ssd\"]}]}]}}}", "n2")]
    [InlineData("\"affinity\": {\"nodeAffinity\": {\"requiredDuringSchedulingIgnoredDuringExecution\": {\"nodeSelectorTerms\": [{\"matchExpressions\": [{\"key\":\"size\",\"operator\":\"Gt\",\"values\":[\"5\"]}]}]}}}", "n2")]
    [InlineData("\"affinity\": {\"nodeAffinity\": {\"requiredDuringSchedulingIgnoredDuringExecution\": {\"nodeSelectorTerms\": [{\"matchFields\": [{\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"n2\"]}]}]}}}", "n2")]
    [InlineData("\"affinity\": {\"nodeAffinity\": {\"requiredDuringSchedulingIgnoredDuringExecution\": {\"nodeSelectorTerms\": [{}]}}}", null)]
    public void Selectors_and_required_affinity_choose_among_nodes(string spec, string? node)
    {
        var pod = Make.Pod("p", node: "", spec: ", " + spec);
        var second = new Candidate(Make.Node("n2", labels: """, "disk": "ssd", "size": "7" """), 9, _ => false);
        Assert.Equal(node, Choose(pod, On("n1", 0), second));
    }

    [Fact]
    public void A_full_node_and_a_taken_host_port_are_refused()
    {
        var pod = Make.Pod("p", node: "", spec: """, "containers": [{"ports": [{"containerPort": 80, "hostPort": 80}]}]""");
        Assert.Equal("Too many pods", Placement.Refusal(pod, On("n1", 110)));
        Assert.NotNull(Placement.Refusal(pod, On("n1", 1) with { PortTaken = port => port == ("TCP", 80) }));
        Assert.Null(Placement.Refusal(pod, On("n1", 1) with { PortTaken = port => port == ("UDP", 80) }));
    }

    private static Candidate On(string node, int pods) => new(Make.Node(node), pods, _ => false);

    private static string? Choose(PodInfo pod, params Candidate[] candidates) => Placement.Choose(pod, candidates).Node;
}
