using System.Text.Json;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>The cluster's DNS configured with kubectl, as CoreDNS is.</summary>
public sealed class DnsConfigTests(ClusterFixture cluster) : IClassFixture<ClusterFixture>
{
    private const string Stub = "198.51.100.53";
    private const string Upstream = "198.51.100.54";

    [Fact]
    public void The_Corefile_is_edited_and_a_broken_one_changes_nothing()
    {
        Assert.Contains("kubernetes cluster.local in-addr.arpa ip6.arpa {", Corefile(), StringComparison.Ordinal);
        cluster.Outside("ip", "addr", "add", $"{Stub}/32", "dev", "lo");
        cluster.Outside("ip", "addr", "add", $"{Upstream}/32", "dev", "lo");
        using var stub = new AnsweringUpstream(cluster, Stub, new Dictionary<string, string> { ["www.acme.test"] = "203.0.113.1" });
        using var upstream = new AnsweringUpstream(cluster, Upstream, new Dictionary<string, string>
        {
            ["www.upstream.test"] = "203.0.113.2",
            ["9.113.0.203.in-addr.arpa"] = "nine.upstream.test",
        });
        cluster.StandIn("one", 1);
        cluster.StandIn("two", 2);
        cluster.Kubectl("expose", "pod", "one", "--port=8080");
        cluster.Kubectl("create", "service", "externalname", "outside", "--external-name=www.upstream.test");
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/one", "pod/two", "--timeout=60s");
        var service = cluster.Kubectl("get", "service", "one", "-o", "jsonpath={.spec.clusterIP}");

        // A stub domain, by an editor.
        var (code, output, error) = cluster.Outside(
            "env", $"KUBE_EDITOR=sed -i 's/^    \\.:53 {{/    acme.test:53 {{\\n        forward . {Stub}\\n    }}\\n    .:53 {{/'",
            ClusterFixture.KubectlProgram, "--namespace=kube-system", "edit", "configmap", "coredns");
        Assert.True(code == 0 && output.Contains("edited", StringComparison.Ordinal), $"{output}{error}");
        Eventually("203.0.113.1", "one", "www.acme.test");
        Eventually("203.0.113.1", "two", "www.acme.test");

        // Names written into the text, and another upstream.
        var edited = Corefile()
            .Replace("forward . /etc/resolv.conf", $"hosts {{\n  203.0.113.3 db.corp.test\n  fallthrough\n}}\nforward . {Upstream}", StringComparison.Ordinal);
        Replace(edited);
        Eventually("203.0.113.3", "one", "db.corp.test");
        Eventually("203.0.113.2", "one", "www.upstream.test");
        Eventually("nine.upstream.test.", "one", "-x", "203.0.113.9");
        Eventually("db.corp.test.", "one", "-x", "203.0.113.3");
        Eventually("www.upstream.test.\n203.0.113.2", "one", "outside.default.svc.cluster.local");
        Eventually(service, "one", "one.default.svc.cluster.local");
        Assert.Contains("Normal DNSConfigApplied", Events(), StringComparison.Ordinal);

        // One that is not understood.
        var line = edited[..edited.IndexOf("errors", StringComparison.Ordinal)].Split('\n').Length;
        Replace(edited.Replace("errors", "errros", StringComparison.Ordinal).Replace("203.0.113.3", "203.0.113.4", StringComparison.Ordinal));
        Until(() => Events().Contains($"Corefile:{line}: plugin \"errros\": not known", StringComparison.Ordinal), Events);
        Assert.Contains("Warning DNSConfigRejected", Events(), StringComparison.Ordinal);
        Assert.Equal("203.0.113.3", Dig("one", "db.corp.test"));
        Assert.Equal("203.0.113.1", Dig("two", "www.acme.test"));
        Assert.Equal(service, Dig("one", "one.default.svc.cluster.local"));
        Assert.Single(Events().Split('\n'), row => row.Contains("DNSConfigRejected", StringComparison.Ordinal));

        // Names of the clusterset, of which this API server has none.
        Replace(edited.Replace("kubernetes cluster.local", "kubernetes cluster.local clusterset.local", StringComparison.Ordinal)
            .Replace("pods insecure", "pods insecure\n        multicluster clusterset.local", StringComparison.Ordinal));
        Until(() => Events().Contains("Warning DNSMulticlusterUnavailable Names of the zones of multicluster are SERVFAIL", StringComparison.Ordinal), Events);
        Assert.Contains("status: SERVFAIL", cluster.InPod("one", ["dig", "+tries=1", "+time=5", "@10.96.0.10", "one.default.svc.clusterset.local"]), StringComparison.Ordinal);
        Assert.Equal(service, Dig("one", "one.default.svc.cluster.local"));

        // Without any the cluster's own names are answered still.
        cluster.Kubectl("--namespace=kube-system", "delete", "configmap", "coredns");
        Until(() => Dig("one", "db.corp.test") != "203.0.113.3", () => Dig("one", "db.corp.test"));
        Eventually(service, "two", "one.default.svc.cluster.local");
    }

    private string Corefile() => cluster.Kubectl("--namespace=kube-system", "get", "configmap", "coredns", "-o", "jsonpath={.data.Corefile}");

    private void Replace(string corefile) => cluster.Kubectl(
        "--namespace=kube-system", "patch", "configmap", "coredns", "--type=merge", "--patch", JsonSerializer.Serialize(new { data = new { Corefile = corefile } }));

    private string Events() => cluster.Kubectl(
        "--namespace=kube-system", "get", "events", "--field-selector=involvedObject.name=coredns", "-o",
        "jsonpath={range .items[*]}{.type} {.reason} {.message}{\"\\n\"}{end}");

    private string Dig(string pod, params string[] question) => cluster.InPod(pod, ["dig", "+short", "+tries=2", "+time=5", "@10.96.0.10", .. question]).Trim();

    private void Eventually(string expected, string pod, params string[] question) =>
        Until(() => Dig(pod, question) == expected, () => $"{string.Join(' ', question)} is {Dig(pod, question)}, not {expected}");

    private static void Until(Func<bool> holds, Func<string> what)
    {
        var deadline = Deadline.Token();
        while (!holds())
        {
            Assert.False(deadline.IsCancellationRequested, what());
        }
    }
}
