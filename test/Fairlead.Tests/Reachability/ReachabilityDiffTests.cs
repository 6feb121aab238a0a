using Fairlead.Reachability;
using Fairlead.Tests.Offline;

namespace Fairlead.Tests.Reachability;

public sealed class ReachabilityDiffTests
{
    private static readonly string Pods = Manifest.Pod("web") + Manifest.Pod("api", port: 80) + Manifest.Pod("db", port: 5432);

    [Fact]
    public void The_same_meaning_written_otherwise_is_no_difference()
    {
        var one = Pods + Manifest.Policy("a", "api", "  ingress:\n  - from: [{podSelector: {matchLabels: {app: web}}}, {podSelector: {matchLabels: {app: db}}}]");
        var other = Pods + Manifest.Policy("x", "api", "  ingress:\n  - from: [{podSelector: {matchLabels: {app: db}}}]")
            + Manifest.Policy("y", "api", "  ingress:\n  - from: [{podSelector: {matchExpressions: [{key: app, operator: In, values: [web]}]}}]");

        var difference = Diff(one, other);

        Assert.True(difference.IsEmpty);
        Assert.Equal(["no difference in who reaches whom"], DiffReport.Lines(difference, Manifest.View(one), Manifest.View(other)));
    }

    [Fact]
    public void A_new_policy_loses_what_it_does_not_allow_port_by_port()
    {
        var after = Pods + Manifest.Policy("api", "api", "  ingress:\n  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: 80}]");

        Assert.Equal(
            [
                "- db.default api.default 80/tcp, 5432/tcp, 8080/tcp, any other/tcp, any/udp, any/sctp",
                "- web.default api.default 5432/tcp, 8080/tcp, any other/tcp, any/udp, any/sctp",
                "- outside api.default 80/tcp, 5432/tcp, 8080/tcp, any other/tcp, any/udp, any/sctp",
            ],
            Text(Diff(Pods, after)));
        Assert.All(Diff(after, Pods).Changes, change => Assert.True(change.Gained));
    }

    [Fact]
    public void Ranges_of_ports_and_blocks_of_addresses_are_told_apart_where_they_differ()
    {
        static string Policy(int end, string cidr) =>
            Pods + Manifest.Policy("api", "api", $"  ingress:\n  - from: [{{ipBlock: {{cidr: 192.0.0.0/8, except: [{cidr}]}}}}]\n    ports: [{{port: 1000, endPort: {end}}}]");

        Assert.Equal(["+ 192.0.0.0/8 api.default 2001-3000/tcp"], Text(Diff(Policy(2000, "192.168.0.0/16"), Policy(3000, "192.168.0.0/16"))));
        Assert.Equal(["- 192.168.0.0/16 api.default 1000-2000/tcp"], Text(Diff(Policy(2000, "192.168.4.0/24"), Policy(2000, "192.168.0.0/16"))));
    }

    [Fact]
    public void Workloads_that_come_and_go_are_named_and_no_more()
    {
        var difference = Diff(Pods, Pods + Manifest.Pod("new"));

        Assert.Equal(["new.default"], difference.Appeared);
        Assert.Empty(difference.Changes);
        Assert.Equal(["new.default"], Diff(Pods + Manifest.Pod("new"), Pods).Gone);
    }

    [Fact]
    public void Both_sides_name_the_policies_that_decided()
    {
        var before = Pods + Manifest.Policy("open", "api", "  ingress:\n  - {}");
        var after = Pods + Manifest.Policy("shut", "api", "  ingress: []");
        var difference = Diff(before, after);

        var lines = DiffReport.Lines(difference, Manifest.View(before), Manifest.View(after)).ToList();
        Assert.Contains("ingress allowed by open.default spec.ingress[0] (m.yaml:23)", lines[1], StringComparison.Ordinal);
        Assert.Contains("ingress isolated by shut.default (m.yaml:22), no rule allows it", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Replicas_of_a_workload_are_one_party_and_are_seen_among_themselves()
    {
        const string Deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: w}, spec: {replicas: 3, selector: {matchLabels: {app: w}}, template: {metadata: {labels: {app: w}}, spec: {containers: [{name: c, image: x}]}}}}\n";

        Assert.Equal(
            ["- deploy/w.default deploy/w.default any/tcp, any/udp, any/sctp", "- outside deploy/w.default any/tcp, any/udp, any/sctp"],
            Text(Diff(Deployment, Deployment + Manifest.Policy("shut", "w", "  ingress: []"))));
    }

    [Fact]
    public void A_changed_label_of_a_namespace_or_a_cluster_policy_changes_what_the_same_policies_mean()
    {
        const string Space = "---\n{apiVersion: v1, kind: Namespace, metadata: {name: other, labels: {team: TEAM}}}\n";
        var manifests = Pods + Manifest.Pod("job", "other") + Manifest.Policy("api", "api", "  ingress:\n  - from: [{namespaceSelector: {matchLabels: {team: a}}}]") + Space;
        var cluster = "---\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: c}\nspec:\n  tier: Baseline\n  priority: 1\n"
            + "  subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}}\n  ingress: [{action: Deny, from: [{namespaces: {matchLabels: {team: b}}}]}]\n";

        Assert.Equal(
            ["- job.other api.default 80/tcp, 5432/tcp, 8080/tcp, any other/tcp, any/udp, any/sctp"],
            Text(Diff(manifests.Replace("TEAM", "a", StringComparison.Ordinal), manifests.Replace("TEAM", "b", StringComparison.Ordinal))));
        var b = manifests.Replace("TEAM", "b", StringComparison.Ordinal);
        Assert.Equal(["- job.other db.default 80/tcp, 5432/tcp, 8080/tcp, any other/tcp, any/udp, any/sctp"], Text(Diff(b, b + cluster)));
    }

    [Fact]
    public void The_nodes_dns_is_somebody_to_reach()
    {
        static string Policy(int port) => Pods + Manifest.Policy(
            "web", "web", $"  policyTypes: [Egress]\n  egress:\n  - to: [{{namespaceSelector: {{}}, podSelector: {{matchLabels: {{k8s-app: kube-dns}}}}}}]\n    ports: [{{port: {port}, protocol: UDP}}]");

        Assert.Equal(["- web.default svc/kube-dns.kube-system 53/udp", "+ web.default svc/kube-dns.kube-system 54/udp"], Text(Diff(Policy(53), Policy(54))).Order(StringComparer.Ordinal).Reverse());
    }

    private static ReachabilityDifference Diff(string before, string after) => ReachabilityDiff.Of(Manifest.View(before), Manifest.View(after));

    private static IEnumerable<string> Text(ReachabilityDifference difference) =>
        difference.Changes.Select(change => $"{(change.Gained ? '+' : '-')} {change.From} {change.To} {string.Join(", ", change.Ports.Select(port => port.Text))}");
}
