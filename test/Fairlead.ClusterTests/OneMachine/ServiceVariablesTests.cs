namespace Fairlead.ClusterTests.OneMachine;

/// <summary>The variables of Services in containers that run (features.md §1.1, row 34).</summary>
[Collection(nameof(TwoNodes))]
public sealed class ServiceVariablesTests(ClusterFixture cluster)
{
    [Fact]
    public void A_container_has_the_Services_that_were_there_before_it_unless_its_pod_wants_no_links()
    {
        cluster.Kubectl("create", "service", "clusterip", "linked", "--tcp=80:8080");
        var address = cluster.Kubectl("get", "service", "linked", "-o", "jsonpath={.spec.clusterIP}");

        // The node hears of the Service a moment after the API has it.
        var pods = 0;
        var variables = ClusterFixture.Until(() => Variables($"linked-{pods++}", ""), lines => lines.Contains("LINKED_SERVICE_PORT=80"));
        Assert.Superset(
            new HashSet<string> { $"LINKED_SERVICE_HOST={address}", $"LINKED_PORT_80_TCP=tcp://{address}:80", "KUBERNETES_SERVICE_HOST=10.96.0.1" }, variables);

        variables = Variables("unlinked", "\n  enableServiceLinks: false");
        Assert.DoesNotContain(variables, line => line.StartsWith("LINKED_", StringComparison.Ordinal));
        Assert.Contains("KUBERNETES_SERVICE_HOST=10.96.0.1", variables);
        cluster.Kubectl("delete", "service/linked");
    }

    private HashSet<string> Variables(string pod, string more)
    {
        cluster.Script(pod, $"restartPolicy: Never{more}", "env");
        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", $"pod/{pod}", "--timeout=120s");
        var lines = cluster.Kubectl("logs", pod).Split('\n').ToHashSet();
        cluster.Kubectl("delete", "pod", pod, "--wait=false");
        return lines;
    }
}
