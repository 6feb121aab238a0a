using Fairlead.Expectations;
using Fairlead.Tests.Offline;

namespace Fairlead.Tests.Expectations;

public sealed class MutationTests
{
    private static readonly string Manifests = Manifest.Pod("web") + Manifest.Pod("job") + Manifest.Pod("api") + Manifest.Pod("db") + Manifest.Policy(
        "api", "api", "  ingress:\n  - from:\n    - podSelector: {matchLabels: {app: web}}\n    - podSelector: {matchLabels: {app: job}}\n    ports: [{port: 80}, {port: 443}]\n  - ports: [{port: 9090}]");

    [Fact]
    public void Parts_that_no_test_would_miss_are_named_with_their_lines()
    {
        var (run, _) = ExpectationTests.Run("cases:\n- {from: web, to: 'api:80', expect: allow}\n- {from: db, to: 'api:80', expect: deny}", Manifests);

        Assert.Equal(
            [
                "m.yaml:30: NetworkPolicy api.default spec.ingress[0].from[1]",
                "m.yaml:31: NetworkPolicy api.default spec.ingress[0].ports[1]",
                "m.yaml:32: NetworkPolicy api.default spec.ingress[1]",
                ],
            MutationRun.Run(run).Survivors.Select(mutant => $"{mutant.Place}: {mutant.Text}"));
    }

    [Fact]
    public void Tests_of_what_is_allowed_and_of_what_is_not_leave_none()
    {
        var (run, _) = ExpectationTests.Run(
            "cases:\n- {from: web, to: api, ports: [80, 443], expect: allow}\n- {from: job, to: 'api:80', expect: allow}\n- {from: db, to: 'api:80', expect: deny}\n"
            + "- {from: db, to: 'api:9090', expect: allow}\n- {from: db, to: 'api:22', expect: deny}", Manifests);

        Assert.All(run.Cases, one => Assert.True(one.Passed));
        Assert.Empty(MutationRun.Run(run).Survivors);
    }

    [Fact]
    public void Without_a_test_the_policy_itself_could_go()
    {
        var (run, _) = ExpectationTests.Run("cases:\n- {from: web, to: 'db:80', expect: allow}", Manifests);

        var (count, survivors) = MutationRun.Run(run);
        Assert.Equal((8, 8), (count, survivors.Count));
        Assert.Equal("NetworkPolicy api.default", survivors[0].Text);
    }

    [Fact]
    public void A_test_that_fails_already_would_miss_nothing()
    {
        var (run, _) = ExpectationTests.Run("cases:\n- {from: web, to: 'api:80', expect: deny}", Manifests);

        Assert.Equal(8, MutationRun.Run(run).Survivors.Count);
    }

    [Fact]
    public void A_reason_that_would_be_another_is_missed_though_the_verdict_stays()
    {
        const string Rules = "  ingress:\n  - from: [{podSelector: {matchLabels: {app: web}}}]\n  - {}";
        var manifests = Manifest.Pod("web") + Manifest.Pod("api") + Manifest.Policy("api", "api", Rules);
        var (plain, _) = ExpectationTests.Run("cases:\n- {from: web, to: 'api:80', expect: allow}", manifests);
        var (reasoned, _) = ExpectationTests.Run("cases:\n- {from: web, to: 'api:80', expect: allow, because: 'api ingress[0]'}", manifests);

        Assert.Contains(MutationRun.Run(plain).Survivors, mutant => mutant.Path == "spec.ingress[0]");
        Assert.DoesNotContain(MutationRun.Run(reasoned).Survivors, mutant => mutant.Path == "spec.ingress[0]");
    }

    [Fact]
    public void Rules_of_cluster_policies_and_whole_lists_of_their_networks_are_parts_too()
    {
        const string Cluster = """
            ---
            apiVersion: policy.networking.k8s.io/v1alpha2
            kind: ClusterNetworkPolicy
            metadata: {name: base}
            spec:
              tier: Admin
              priority: 10
              subject: {namespaces: {}}
              egress:
              - action: Deny
                to:
                - networks: [192.0.2.0/24, 198.51.100.0/24]
              - action: Deny
                to:
                - networks: [203.0.113.0/24]
            """;
        var (run, _) = ExpectationTests.Run("cases:\n- {from: web, to: '192.0.2.1:80', expect: deny, because: 'cnp/base egress[0]'}", Manifest.Pod("web") + Cluster);

        Assert.True(run.Cases[0].Passed, CaseText.Why(run.Cases[0], run));
        Assert.Equal(["m.yaml:18: ClusterNetworkPolicy base spec.egress[1]"], MutationRun.Run(run).Survivors.Select(mutant => $"{mutant.Place}: {mutant.Text}"));
    }
}
