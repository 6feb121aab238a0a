using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Tests.Schema;

namespace Fairlead.Tests.Kinds;

public sealed class WorkloadKindTests
{
    private const string Template = """{"metadata":{"labels":{"app":"a"}},"spec":{"containers":[{"name":"c","image":"i:1"},{"name":"d","image":"j:2"}]}}""";

    private readonly KindHarness _harness = new();

    [Fact]
    public void A_deployment_gets_the_defaults_of_a_real_server()
    {
        var spec = _harness.Create(Deployment($$"""{"selector":{"matchLabels":{"app":"a"} },"template":{{Template}} }"""))["spec"]!;
        Assert.Equal(1, spec.Number("replicas"));
        Assert.Equal("""{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%","maxSurge":"25%"}}""", spec["strategy"]!.ToJsonString());
        Assert.Equal(10, spec.Number("revisionHistoryLimit"));
        Assert.Equal(600, spec.Number("progressDeadlineSeconds"));
        Assert.Equal(30, spec.Number("template", "spec", "terminationGracePeriodSeconds"));
        Assert.Null(spec["template"]!["spec"]!["tolerations"]);
        Assert.Null(spec["template"]!["spec"]!["enableServiceLinks"]);
    }

    [Fact]
    public void A_deployment_with_everything_is_valid()
    {
        var deployment = _harness.Create(Manifests.Deployment);
        Assert.Equal(
            "web|0/3|0|0|60m|web|nginx:1.27|app=web,tier in (front)",
            string.Join('|', new DeploymentKind().Row(deployment, KindHarness.Now).Select(cell => cell!.ToString())));
    }

    [Theory]
    [InlineData("""{"template":T}""", "spec.selector: Required value")]
    [InlineData("""{"selector":{},"template":T}""", "spec.selector: Invalid value: {}: empty selector is invalid for deployment")]
    [InlineData("""{"selector":{"matchLabels":{"app":"b"}},"template":T}""",
        "spec.template.metadata.labels: Invalid value: {\"app\":\"a\"}: `selector` does not match template `labels`")]
    [InlineData("""{"replicas":-1,"selector":{"matchLabels":{"app":"a"}},"template":T}""", "spec.replicas: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("""{"strategy":{"type":"Recreate","rollingUpdate":{}},"selector":{"matchLabels":{"app":"a"}},"template":T}""",
        "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'")]
    [InlineData("""{"strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":0}},"selector":{"matchLabels":{"app":"a"}},"template":T}""",
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0")]
    [InlineData("""{"strategy":{"rollingUpdate":{"maxSurge":"many"}},"selector":{"matchLabels":{"app":"a"}},"template":T}""",
        "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"many\": must be an integer or percentage (e.g '5%')")]
    [InlineData("""{"progressDeadlineSeconds":5,"minReadySeconds":5,"selector":{"matchLabels":{"app":"a"}},"template":T}""",
        "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds")]
    [InlineData("""{"selector":{"matchLabels":{"app":"a"}},"template":{"metadata":{"labels":{"app":"a"}},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}""",
        "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"")]
    public void A_bad_deployment_is_refused_with_the_path_of_the_field(string spec, string fault) =>
        Assert.Equal([fault], _harness.Faults(Deployment(spec.Replace("T}", Template + "}", StringComparison.Ordinal))));

    [Theory]
    [InlineData("Deployment")]
    [InlineData("ReplicaSet")]
    public void The_selector_does_not_change(string kind)
    {
        var old = _harness.Create(Workload(kind, $$"""{"selector":{"matchLabels":{"app":"a"} },"template":{{Template}} }"""));
        var faults = _harness.UpdateFaults(old, obj =>
        {
            obj["spec"]!["selector"]!["matchLabels"]!["tier"] = "b";
            obj["spec"]!["template"]!["metadata"]!["labels"]!["tier"] = "b";
        });
        Assert.Equal(["spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"a\",\"tier\":\"b\"}}: field is immutable"], faults);
    }

    [Fact]
    public void Scaling_is_a_new_generation_and_status_is_not()
    {
        var old = _harness.Create(Workload("ReplicaSet", $$"""{"selector":{"matchLabels":{"app":"a"} },"template":{{Template}} }"""));
        Assert.Equal("""{"replicas":0}""", old["status"]!.ToJsonString());
        Assert.Equal(2, _harness.Update(old, obj => obj["spec"]!["replicas"] = 3, "scale").Number("metadata", "generation"));
        var status = _harness.Update(old, obj => obj["status"] = JsonNode.Parse("""{"replicas":1,"readyReplicas":1}"""), "status");
        Assert.Equal(1, status.Number("metadata", "generation"));
        Assert.Equal("x|1|1|1|60m|c,d|i:1,j:2|app=a", string.Join('|', new ReplicaSetKind().Row(status, KindHarness.Now).Select(cell => cell!.ToString())));
    }

    private static string Deployment(string spec) => Workload("Deployment", spec);

    private static string Workload(string kind, string spec) => $$"""{"apiVersion":"apps/v1","kind":"{{kind}}","spec":{{spec}} }""";
}
