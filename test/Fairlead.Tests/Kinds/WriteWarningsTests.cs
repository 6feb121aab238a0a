using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Fairlead.Tests.Schema;

namespace Fairlead.Tests.Kinds;

public sealed class WriteWarningsTests
{
    private readonly WriteWarnings _warnings = new((spec, path) =>
        spec.List("containers").Items().Select(item => $"{path}.containers[{item.Index}].image: {item.Item.Text("image")} is not run"));

    [Fact]
    public void Images_that_are_not_run_are_told_for_pods_and_templates()
    {
        var pod = new KindHarness().Create("""{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"a","image":"nginx"}]}}""");
        Assert.Equal(["spec.containers[0].image: nginx is not run"], _warnings.Of(new PodKind(), pod, null));
        var deployment = new KindHarness().Create(Manifests.Deployment);
        Assert.Equal(["spec.template.spec.containers[0].image: nginx:1.27 is not run"], _warnings.Of(new DeploymentKind(), deployment, null));
    }

    [Fact]
    public void Nothing_is_told_again_when_the_pods_stay_as_they_are()
    {
        var old = new KindHarness().Create(Manifests.Deployment);
        var scaled = old.DeepClone().AsObject();
        scaled["spec"]!["replicas"] = 9;
        Assert.Empty(_warnings.Of(new DeploymentKind(), scaled, old));
    }

    [Fact]
    public void Policies_and_Services_are_judged_when_their_specification_is_new_or_changed()
    {
        var warnings = new WriteWarnings(null, (type, obj) => [$"{type.Kind} {obj.Text("metadata", "name")}"]);
        var policy = new KindHarness().Create("""{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","spec":{"podSelector":{}}}""");
        Assert.Equal(["NetworkPolicy x"], warnings.Of(new NetworkPolicyKind(), policy, null));
        var labelled = policy.DeepClone().AsObject();
        labelled["metadata"]!["labels"] = new JsonObject { ["a"] = "b" };
        Assert.Empty(warnings.Of(new NetworkPolicyKind(), labelled, policy));
        labelled["spec"]!["ingress"] = new JsonArray(new JsonObject());
        Assert.Equal(["NetworkPolicy x"], warnings.Of(new NetworkPolicyKind(), labelled, policy));
        Assert.Empty(warnings.Of(new ConfigMapKind(), policy, null));
    }

    [Fact]
    public void Without_anyone_who_runs_pods_only_the_kind_speaks() =>
        Assert.Contains("spec.loadBalancerIP is deprecated", Assert.Single(new WriteWarnings(null).Of(new ServiceKind(), KindHarness.Parse(
            """{"apiVersion":"v1","kind":"Service","spec":{"type":"LoadBalancer","loadBalancerIP":"192.0.2.1"}}"""), null)), StringComparison.Ordinal);
}
