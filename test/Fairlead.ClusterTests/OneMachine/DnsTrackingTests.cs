using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>The cluster's DNS costs no entry of connection tracking, whoever asks and by whatever way.</summary>
[Collection(nameof(TwoNodes))]
public sealed class DnsTrackingTests(ClusterFixture cluster)
{
    [Fact]
    public void A_query_from_a_pod_or_its_node_leaves_no_trace_in_connection_tracking()
    {
        cluster.StandIn("untracked", 1);
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/untracked", "--timeout=60s");
        cluster.WhenReady();
        var node = $"--net=/run/netns/fairlead-{cluster.Name}-node-1";
        string[] ask = ["dig", "+short", "+tries=3", "+time=10", "@10.96.0.10", "kubernetes.default.svc.cluster.local"];

        foreach (var way in (string[])["+notcp", "+tcp"])
        {
            Assert.Equal("10.96.0.1", cluster.InPod("untracked", [.. ask, way]).Trim());
            Assert.Equal("10.96.0.1", Tool.Run("nsenter", [node, .. ask, way]).Trim());
        }

        var entries = Tool.Run("nsenter", node, "conntrack", "-L").Split('\n');
        Assert.DoesNotContain(entries, entry => entry.Contains("dport=53 ", StringComparison.Ordinal) && entry.Contains("dst=10.96.0.10", StringComparison.Ordinal));
        Assert.Contains(entries, entry => entry.Contains("dport=6443", StringComparison.Ordinal));
    }
}
