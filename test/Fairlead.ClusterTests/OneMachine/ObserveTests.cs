using System.Text.Json.Nodes;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>`fairlead observe` on a running cluster: what policy drops on any node, and which policy; the Event on the pod; the figures.</summary>
[Collection(nameof(TwoNodes))]
public sealed class ObserveTests : IDisposable
{
    private readonly ClusterFixture _cluster;
    private readonly string _suffix = $"{Guid.NewGuid():N}"[..6];

    public ObserveTests(ClusterFixture cluster)
    {
        _cluster = cluster;
        _cluster.StandIn(Client, 1);
        _cluster.StandIn(Server, 2);
        _cluster.Kubectl("expose", "pod", Server, "--port=80", "--target-port=8080");
        _cluster.Apply(
            $$"""
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: {{Closed}}}
            spec:
              podSelector: {matchLabels: {app: {{Server}} } }
              policyTypes: [Ingress]
              ingress: [{ports: [{port: 443}]}]
            """);
        _cluster.Kubectl("wait", "--for=condition=Ready", $"pod/{Client}", $"pod/{Server}", "--timeout=120s");
    }

    private string Client => $"client-{_suffix}";

    private string Server => $"server-{_suffix}";

    private string Closed => $"closed-{_suffix}";

    public void Dispose() => _cluster.Kubectl("delete", $"pod/{Client}", $"pod/{Server}", $"service/{Server}", $"networkpolicy/{Closed}", "--wait=false");

    [Fact]
    public void A_drop_is_told_with_policy_pods_and_port_on_the_terminal_as_json_as_event_and_as_figure()
    {
        Assert.Contains("nothing that fits was dropped in the last ", Observe("--policy", Closed).Error, StringComparison.Ordinal);
        Provoke();
        var line = Until("--pod", Server);
        Assert.Matches(
            $"^[A-Z][a-z]{{2}} [0-9]{{2}} [0-9:]{{8}}\\.[0-9]{{3}} {_cluster.Name}-2 in: default/{Client}:[0-9]+ -> default/{Server}:8080 TCP.*: isolated by NetworkPolicy default/{Closed}: no rule matches",
            line);
        var drop = JsonNode.Parse(Until("--from", Client, "--to", Server, "--direction", "in", "--node", $"{_cluster.Name}-2", "--since", "1h", "--last", "1", "-o", "json"))!;
        Assert.Equal(("Isolated", Closed, 8080, "TCP"), ((string)drop["reason"]!, (string)drop["policies"]![0]!["name"]!, (int)drop["to"]!["port"]!, (string)drop["protocol"]!));
        Assert.Equal("", Observe("--pod", Server, "--direction", "out").Output);
        Assert.Equal("", Observe("--pod", Server, "--node", $"{_cluster.Name}-1").Output);

        PodEvents.Wait(_cluster, Server, "PolicyDenied", $"Dropped from default/{Client} to TCP 8080");
        var metrics = Tool.Run("nsenter", $"--net=/run/netns/fairlead-{_cluster.Name}-node-2", "curl", "-sS", "http://127.0.0.1:10249/metrics");
        Assert.Matches($"fairlead_policy_denied_total\\{{namespace=\"default\",policy=\"{Closed}\",kind=\"NetworkPolicy\",direction=\"in\"\\}} [1-9]", metrics);
        Assert.Matches("fairlead_policy_dropped_packets_total\\{direction=\"in\",reason=\"policy\"\\} [1-9]", metrics);
        Assert.Matches("fairlead_policy_generation [1-9]", metrics);
    }

    [Fact]
    public void One_who_follows_hears_of_drops_after_the_agent_was_killed()
    {
        Provoke();
        Until("--pod", Server);
        using var following = _cluster.Start(_cluster.Program, "observe", "--name", _cluster.Name, "-f", "--pod", Server, "--last", "0", "-o", "json");
        try
        {
            _cluster.WhenReady();
            _cluster.KillAgent(2);
            Assert.Contains($"{_cluster.Name}-2: its agent went away", following.StandardError.ReadLine(), StringComparison.Ordinal);
            Assert.Contains($"{_cluster.Name}-2: its agent is back", following.StandardError.ReadLine(), StringComparison.Ordinal);
            _cluster.WhenReady();
            Provoke();
            Assert.Equal(Closed, (string)JsonNode.Parse(following.StandardOutput.ReadLine()!)!["policies"]![0]!["name"]!);
        }
        finally
        {
            following.Kill();
            following.WaitForExit();
        }
    }

    [Theory]
    [InlineData("there is no pod nobody", "--pod", "nobody")]
    [InlineData("there is no pod other/nobody", "--from", "other/nobody")]
    [InlineData("there is no namespace nowhere", "-n", "nowhere")]
    [InlineData("there is no policy none", "--policy", "none")]
    [InlineData("has no node elsewhere", "--node", "elsewhere")]
    public void A_name_that_nothing_has_is_an_error(string message, params string[] arguments)
    {
        var (code, _, error) = Observe(arguments);
        Assert.Equal(1, code);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    /// <summary>A connection that the policy does not allow, once it is in force.</summary>
    private void Provoke()
    {
        var address = _cluster.PodAddress(Server);
        var uid = _cluster.Kubectl("get", "pod", Client, "-o", "jsonpath={.metadata.uid}");
        ClusterFixture.Until(
            () => Tool.TryRun(
                "nsenter", "", $"--net=/run/fairlead/{_cluster.Name}/pods/default_{Client}_{uid}/net", "curl", "-sS", "--max-time", "1", $"http://{address}:8080/").Code,
            code => code == 28);
    }

    private string Until(params string[] arguments) => ClusterFixture.Until(() => Observe(arguments), seen => seen.Output.Length > 0).Output.Split('\n')[0];

    private (int Code, string Output, string Error) Observe(params string[] arguments) => _cluster.TryFairlead(["observe", "--name", _cluster.Name, .. arguments]);
}
