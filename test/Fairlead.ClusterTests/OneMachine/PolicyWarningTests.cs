namespace Fairlead.ClusterTests.OneMachine;

/// <summary>What `kubectl apply` says of mistakes in policies and Services, and that it refuses nothing for their sake.</summary>
public sealed class PolicyWarningTests(PolicyWarningTests.Cluster cluster) : IClassFixture<PolicyWarningTests.Cluster>
{
    private const string Shop = """
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: shop}}
        ---
        {apiVersion: v1, kind: Pod, metadata: {name: api, namespace: shop, labels: {app: api}}, spec: {containers: [{name: c, image: x/api, ports: [{name: http, containerPort: 8080}]}]}}
        ---
        {apiVersion: v1, kind: Service, metadata: {name: api, namespace: shop}, spec: {selector: {app: api}, ports: [{port: 80, targetPort: http}]}}
        """;

    [Fact]
    public void A_mistake_is_a_warning_and_what_is_right_or_may_come_is_none()
    {
        Assert.DoesNotContain("Service", Apply(Shop), StringComparison.Ordinal);
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/api", "-n", "shop", "--timeout=120s");
        Assert.Equal(
            "Warning: spec.ports[0].targetPort: no pod it selects declares TCP 80; they declare 8080 (http); did you mean 8080? (target-port-undeclared)\n",
            Apply("{apiVersion: v1, kind: Service, metadata: {name: wrong, namespace: shop}, spec: {selector: {app: api}, ports: [{port: 80}]}}"));
        Assert.Equal(
            "Warning: spec.ingress[0].ports[0]: TCP 80 is the port of Service shop/api; shop/api behind it listens on 8080, and policy is decided after the Service's translation; allow port 8080 (policy-service-port)\n",
            Apply(Policy("podSelector: {matchLabels: {app: api}}, ingress: [{ports: [{port: 80}]}]")));
        Assert.Contains("(namespace-label-unknown)", Apply(Policy("podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {name: shop}}}]}]")), StringComparison.Ordinal);

        // The policy before had no egress rules and got policyTypes [Ingress], which an apply that names none leaves there.
        Assert.Contains("(rules-without-type)", Apply(Policy("podSelector: {}, egress: [{to: [{podSelector: {}}]}]")), StringComparison.Ordinal);
        Assert.Contains("(dns-egress-forgotten)", Apply(Policy("podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]")), StringComparison.Ordinal);
        Assert.Equal("", Apply(Policy("podSelector: {matchLabels: {app: later}}, policyTypes: [Ingress], ingress: [{ports: [{port: 8080}]}]")));
        Assert.Contains(
            "did you mean app=api? shop/api has it",
            Apply("{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: guard}, spec: {tier: Admin, priority: 1, subject: {pods: {podSelector: {matchLabels: {app: apis}}}}}}"),
            StringComparison.Ordinal);

        // Applied again as it is, nothing is said again: nothing was written.
        Assert.Equal("", Apply(Policy("podSelector: {matchLabels: {app: later}}, policyTypes: [Ingress], ingress: [{ports: [{port: 8080}]}]")));
        Assert.Equal("wrong", cluster.Kubectl("get", "service", "wrong", "-n", "shop", "-o", "jsonpath={.metadata.name}"));
    }

    private static string Policy(string spec) => $"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: tried, namespace: shop}}, spec: {{{spec}}}}}";

    /// <summary>What kubectl says beside its answer.</summary>
    private string Apply(string manifest)
    {
        var (code, output, error) = cluster.TryKubectl(manifest, "apply", "-f", "-");
        Assert.True(code == 0, output + error);
        return error;
    }

    public sealed class Cluster : ClusterFixture;
}
