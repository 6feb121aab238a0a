using System.Text.Json.Nodes;
using Fairlead.Pods.Lifecycle;
using Fairlead.Pods.Spec;

namespace Fairlead.Tests.Pods;

public sealed class PodResourceTests
{
    private static readonly PodSpec Pod = new(JsonNode.Parse(
        """
        {"spec": {"containers": [
          {"name": "c", "resources": {"limits": {"cpu": "1500m", "memory": "100Mi"}, "requests": {"cpu": "250m"}}},
          {"name": "free"}]}}
        """)!.AsObject());

    private static readonly JsonObject Node = JsonNode.Parse("""{"cpu": "4", "memory": "2Gi", "ephemeral-storage": "10Ki"}""")!.AsObject();

    [Theory]
    [InlineData("""{"resource": "limits.cpu"}""", "2")]
    [InlineData("""{"resource": "limits.cpu", "divisor": "0"}""", "2")]
    [InlineData("""{"resource": "limits.cpu", "divisor": "1m"}""", "1500")]
    [InlineData("""{"resource": "limits.memory"}""", "104857600")]
    [InlineData("""{"resource": "limits.memory", "divisor": "1Mi"}""", "100")]
    [InlineData("""{"resource": "limits.memory", "divisor": "1G"}""", "1")]
    [InlineData("""{"resource": "requests.cpu", "divisor": "1m"}""", "250")]
    [InlineData("""{"resource": "requests.memory", "divisor": "1Mi"}""", "100")]
    [InlineData("""{"resource": "limits.ephemeral-storage"}""", "10240")]
    [InlineData("""{"resource": "limits.cpu", "containerName": "free"}""", "4")]
    [InlineData("""{"resource": "requests.cpu", "containerName": "free"}""", "0")]
    public void A_limit_or_request_is_told_in_units_of_the_divisor_and_a_missing_limit_is_the_nodes(string reference, string value) =>
        Assert.Equal(value, PodResource.Of(Pod, JsonNode.Parse(reference)!.AsObject(), "c", Node));

    [Theory]
    [InlineData("""{"resource": "limits.cpu", "containerName": "nobody"}""")]
    [InlineData("""{"resource": "cpu"}""")]
    public void A_reference_to_nothing_is_refused(string reference) =>
        Assert.Throws<ContainerConfigFailure>(() => PodResource.Of(Pod, JsonNode.Parse(reference)!.AsObject(), "c", Node));
}
