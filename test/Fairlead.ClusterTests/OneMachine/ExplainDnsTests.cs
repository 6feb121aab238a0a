using System.Text.Json.Nodes;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>`fairlead explain dns` beside what the pod itself is answered.</summary>
[Collection(nameof(TwoNodes))]
public sealed class ExplainDnsTests(ClusterFixture cluster)
{
    [Fact]
    public void A_look_up_is_explained_step_by_step_and_agrees_with_what_the_pod_gets()
    {
        Ready();
        cluster.WhenReady();

        var (code, output, _) = cluster.TryFairlead("explain", "dns", "looker", "kubernetes", "--name", cluster.Name);
        Assert.Equal(0, code);
        Assert.Contains("kubernetes has 0 dots, fewer than ndots: the search list is tried first", output, StringComparison.Ordinal);
        Assert.Contains("1 ✓ kubernetes.default.svc.cluster.local. A: (from the cluster's objects)", output, StringComparison.Ordinal);
        Assert.EndsWith("kubernetes resolves\n", output, StringComparison.Ordinal);

        (code, output, _) = cluster.TryFairlead("explain", "dns", "default/looker", "kube-dns.default.svc.cluster.local.", "--name", cluster.Name);
        Assert.Equal(1, code);
        Assert.Contains("- there is no Service kube-dns in namespace default", output, StringComparison.Ordinal);
        Assert.Contains("- there is one in another namespace: ask for kube-dns.kube-system", output, StringComparison.Ordinal);
        Assert.EndsWith("kube-dns.default.svc.cluster.local. does not resolve\n", output, StringComparison.Ordinal);
        Assert.Contains("NXDOMAIN", cluster.InPod("looker", "dig", "+tries=1", "+time=10", "@10.96.0.10", "kube-dns.default.svc.cluster.local"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_node_is_asked_for_is_evaluated_from_objects_alike()
    {
        Ready();
        cluster.WhenReady();
        foreach (var name in (string[])["kubernetes", "kube-dns.kube-system", "kube-dns.default.svc.cluster.local.", "nobody.nowhere.svc.cluster.local.", "10-1-2-3.default.pod.cluster.local."])
        {
            var asked = cluster.TryFairlead("explain", "dns", "looker", name, "--name", cluster.Name, "-o", "json");
            var evaluated = cluster.TryFairlead("explain", "dns", "looker", name, "--kubeconfig", cluster.Kubeconfig, "-o", "json");
            Assert.Equal((asked.Code, ""), (evaluated.Code, evaluated.Error));
            Assert.Equal(Decided(asked.Output), Decided(evaluated.Output));
        }

        var (code, output, _) = cluster.TryFairlead("explain", "dns", "looker", "www.example.com.", "--kubeconfig", cluster.Kubeconfig);
        Assert.Equal(1, code);
        Assert.Contains("evaluated from the cluster's objects and ConfigMap kube-system/coredns: no node and no upstream was asked", output, StringComparison.Ordinal);
        Assert.Contains("1 ? www.example.com. A: (from upstream, which is not asked from here)", output, StringComparison.Ordinal);
        Assert.EndsWith("whether www.example.com. resolves is for upstreams to say\n", output, StringComparison.Ordinal);

        // Search domains of the node's own are not known from objects.
        static string Decided(string document) => string.Join('\n', JsonNode.Parse(document)!["names"]!.AsArray()
            .Where(name => ((string)name!["name"]!).EndsWith(".cluster.local.", StringComparison.Ordinal))
            .Select(name => $"{name!["name"]} {name["code"]} {string.Join(", ", name["answers"]!.AsArray())} {string.Join("; ", name["reasons"]!.AsArray())}"));
    }

    [Fact]
    public void A_policy_that_keeps_a_pod_from_its_DNS_is_named()
    {
        Ready();
        cluster.Apply(
            """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: no-way-out}
            spec: {podSelector: {matchLabels: {app: looker} }, policyTypes: [Egress]}
            """);
        try
        {
            cluster.WhenReady();
            var document = WhenDenied();

            Assert.False((bool)document["resolved"]!);
            Assert.Contains("default/no-way-out", (string)document["problems"]![0]!, StringComparison.Ordinal);
        }
        finally
        {
            cluster.Kubectl("delete", "networkpolicy", "no-way-out");
        }

        // The agent hears of a policy when it hears of it: until then the explanation is the old one.
        JsonNode WhenDenied()
        {
            var deadline = Fairlead.Testing.Deadline.Token();
            while (true)
            {
                var document = JsonNode.Parse(cluster.TryFairlead("explain", "dns", "looker", "kubernetes", "--name", cluster.Name, "-o", "json").Output)!;
                if (document["problems"]!.AsArray().Count > 0 || deadline.IsCancellationRequested)
                {
                    return document;
                }
            }
        }
    }

    [Fact]
    public void Who_cannot_be_asked_is_named_with_what_to_do()
    {
        var (code, _, error) = cluster.TryFairlead("explain", "dns", "nobody", "kubernetes", "--name", cluster.Name);
        Assert.Equal(1, code);
        Assert.Contains("there is no pod nobody in namespace default", error, StringComparison.Ordinal);

        (code, _, error) = cluster.TryFairlead("explain", "dns", "nobody", "a..b", "--name", cluster.Name);
        Assert.Equal(2, code);
        Assert.Contains("a..b A cannot be asked for", error, StringComparison.Ordinal);
    }

    private void Ready()
    {
        cluster.StandIn("looker", 2);
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/looker", "--timeout=120s");
    }
}
