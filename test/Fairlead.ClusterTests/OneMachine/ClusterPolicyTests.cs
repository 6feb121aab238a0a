namespace Fairlead.ClusterTests.OneMachine;

/// <summary>ClusterNetworkPolicies of both tiers, applied by kubectl and obeyed by packets, around the NetworkPolicies of a namespace.</summary>
public sealed class ClusterPolicyTests(ClusterPolicyTests.Cluster cluster) : IClassFixture<ClusterPolicyTests.Cluster>
{
    private const string Pods = """
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: tiers, labels: {team: a}}}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: server, namespace: tiers, labels: {app: server}}, spec: {nodeName: NAME-1, containers: [{name: c, image: x/server, ports: [{name: http, containerPort: 8080}]}]}}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: client, namespace: tiers, labels: {app: client}}, spec: {nodeName: NAME-2, containers: [{name: c, image: x/client, ports: [{containerPort: 8081}]}]}}
        """;

    [Fact]
    public void Packets_obey_the_admin_tier_before_and_the_baseline_tier_after_the_policies_of_a_namespace()
    {
        cluster.Apply(Pods.Replace("NAME", cluster.Name, StringComparison.Ordinal));
        cluster.Kubectl("wait", "--for=condition=Ready", "pod", "--all", "-n", "tiers", "--timeout=120s");
        Await(reached: true);

        cluster.Apply(Policy("baseline", "Baseline", "Deny", "namespaces: {matchLabels: {team: a}}"));
        Await(reached: false);

        // A NetworkPolicy that isolates decides for itself: the baseline is not asked.
        cluster.Apply("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: own, namespace: tiers}, spec: {podSelector: {matchLabels: {app: server}}, ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]}}");
        Await(reached: true);

        cluster.Apply(Policy("admin", "Admin", "Deny", "pods: {podSelector: {matchLabels: {app: client}}}"));
        Await(reached: false);
        cluster.Apply(Policy("admin", "Admin", "Pass", "pods: {podSelector: {matchLabels: {app: client}}}"));
        Await(reached: true);

        cluster.Kubectl("delete", "netpol", "own", "-n", "tiers");
        Await(reached: false);
        cluster.Apply(Policy("admin", "Admin", "Accept", "pods: {podSelector: {matchLabels: {app: client}}}"));
        Await(reached: true);
        cluster.Kubectl("delete", "cnp", "admin", "baseline");
        Await(reached: true);
    }

    private static string Policy(string name, string tier, string action, string peer) =>
        $"{{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {{name: {name}}}, spec: {{tier: {tier}, priority: 10, " +
        $"subject: {{pods: {{podSelector: {{matchLabels: {{app: server}}}}}}}}, ingress: [{{action: {action}, from: [{{{peer}}}], protocols: [{{destinationNamedPort: http}}]}}]}}}}";

    /// <summary>Waits until a packet of the client does as the policies say, and asks once more.</summary>
    private void Await(bool reached)
    {
        var address = cluster.Kubectl("get", "pod", "server", "-n", "tiers", "-o", "jsonpath={.status.podIP}");
        for (var left = 60; Reaches(address) != reached; left--)
        {
            Assert.True(left > 0, $"the server is{(reached ? " not" : " still")} reached");
        }

        Assert.Equal(reached, Reaches(address));
    }

    private bool Reaches(string address) =>
        cluster.TryKubectl("", "exec", "-n", "tiers", "client", "--", "curl", "-sS", "--max-time", "1", $"http://{address}:8080/").Code == 0;

    public sealed class Cluster : ClusterFixture;
}
