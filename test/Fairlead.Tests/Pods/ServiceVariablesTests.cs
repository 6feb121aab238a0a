using System.Text.Json.Nodes;
using Fairlead.Pods.Lifecycle;

namespace Fairlead.Tests.Pods;

/// <summary>The variables of Services in containers (features.md §1.1, row 34).</summary>
public sealed class ServiceVariablesTests
{
    [Fact]
    public void A_Service_is_described_as_kubelet_and_as_Dockers_links_do()
    {
        var variables = Of("""{"metadata":{"name":"foo-service"},"spec":{"clusterIP":"10.96.0.7","ports":[{"name":"http-x","port":8765,"protocol":"TCP"},{"name":"dns","port":53,"protocol":"UDP"}]} }""");
        Assert.Equal(
            """
            FOO_SERVICE_PORT=tcp://10.96.0.7:8765
            FOO_SERVICE_PORT_53_UDP=udp://10.96.0.7:53
            FOO_SERVICE_PORT_53_UDP_ADDR=10.96.0.7
            FOO_SERVICE_PORT_53_UDP_PORT=53
            FOO_SERVICE_PORT_53_UDP_PROTO=udp
            FOO_SERVICE_PORT_8765_TCP=tcp://10.96.0.7:8765
            FOO_SERVICE_PORT_8765_TCP_ADDR=10.96.0.7
            FOO_SERVICE_PORT_8765_TCP_PORT=8765
            FOO_SERVICE_PORT_8765_TCP_PROTO=tcp
            FOO_SERVICE_SERVICE_HOST=10.96.0.7
            FOO_SERVICE_SERVICE_PORT=8765
            FOO_SERVICE_SERVICE_PORT_DNS=53
            FOO_SERVICE_SERVICE_PORT_HTTP_X=8765
            """,
            string.Join('\n', variables));
    }

    [Fact]
    public void An_IPv6_address_stands_in_brackets_within_URLs_alone() => Assert.Equal(
        ["V_PORT=tcp://[fd00::7]:80", "V_SERVICE_HOST=fd00::7"],
        Of("""{"metadata":{"name":"v"},"spec":{"clusterIP":"fd00::7","ports":[{"port":80}]} }""").Where(line => line.StartsWith("V_PORT=", StringComparison.Ordinal) || line.StartsWith("V_SERVICE_HOST", StringComparison.Ordinal)));

    [Theory]
    [InlineData("""{"clusterIP":"None","ports":[{"port":80}]}""")]
    [InlineData("""{"type":"ExternalName","externalName":"a.example","ports":[{"port":80}]}""")]
    [InlineData("""{"clusterIP":"10.96.0.7"}""")]
    public void Without_an_address_and_a_port_there_is_nothing_to_say(string spec) => Assert.Empty(Of($$"""{"metadata":{"name":"x"},"spec":{{spec}} }"""));

    private static List<string> Of(string service)
    {
        var variables = new Dictionary<string, string>();
        ServiceVariables.Add(variables, [JsonNode.Parse(service)!.AsObject()]);
        return [.. variables.Select(pair => $"{pair.Key}={pair.Value}").Order(StringComparer.Ordinal)];
    }
}
