using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>`fairlead test` on the example shop, with real packets: on a cluster of its own, and on one that runs.</summary>
public sealed class PolicyTestTests(ClusterFixture cluster) : IClassFixture<ClusterFixture>
{
    private static readonly string Example = Path.Combine(Checkout.Root, "examples", "policy-tests");
    private static readonly string Tests = Path.Combine(Example, "shop-test.yaml");

    [Fact]
    public void Packets_meet_what_the_evaluator_says_and_nothing_is_left()
    {
        using var machine = new Machine();
        var before = machine.Snapshot();
        var (code, output, error) = machine.TryRun(ClusterFixture.BuiltProgram, "test", Tests, "--mode", "evaluate,packets", "-o", "json");

        Assert.True(code == 0, output + error);
        var report = JsonNode.Parse(output)!;
        Assert.Equal(["evaluate", "packets"], report.Objects("runs").Select(run => run.Text("mode")));
        Assert.Empty(report.Texts("disagreements"));
        Assert.True(report.Objects("runs").Last().Objects("cases").Count() > 20);
        Assert.Equal("", Machine.Difference(before, machine.Snapshot()));
    }

    [Fact]
    public void A_wrong_expectation_is_missed_by_packets_and_addresses_outside_are_there()
    {
        using var machine = new Machine();
        var file = Write(
            machine.Directory,
            "namespace: shop\ncases:\n- {from: deploy/front, to: 'svc/api:metrics', expect: allow}\n- {from: deploy/front, to: 'svc/api:80', expect: deny}\n"
            + "- {from: till, to: '203.0.113.7:443', expect: allow}\n- {from: deploy/api, to: '203.0.113.7:443', expect: deny, because: api}\n"
            + "- {from: 198.51.100.4, to: deploy/front, port: http, expect: allow}\n- {from: 198.51.100.4, to: deploy/api, port: http, expect: deny}\n"
            + "- {from: till, to: 'deploy/api:8080/sctp', expect: deny}\n");

        var (code, output, error) = machine.TryRun(ClusterFixture.BuiltProgram, "test", file, "--manifests", Path.Combine(Example, "shop"), "--mode", "packets", "-o", "json");

        Assert.True(code == 1, output + error);
        Assert.Equal([false, false, true, true, true, true, false], JsonNode.Parse(output)!.Objects("runs").Single().Objects("cases").Select(one => one.Flag("passed")));
        Assert.Contains("is not sent here", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Interrupted_it_takes_its_cluster_down()
    {
        const string Script = """
            env --default-signal=INT "$1" test "$2" --mode packets >/dev/null 2>&1 & test=$!
            while ! ls -d /run/fairlead/t*/ >/dev/null 2>&1; do :; done
            kill -INT $test; code=0; wait $test || code=$?
            echo "$code"
            """;
        using var machine = new Machine();
        var before = machine.Snapshot();

        Assert.Equal("130", machine.Run("sh", "-c", Script, "sh", ClusterFixture.BuiltProgram, Tests).Trim());
        Assert.Equal("", Machine.Difference(before, machine.Snapshot()));
    }

    [Fact]
    public void A_cluster_that_runs_is_tested_from_its_pods_by_namespaces_and_by_exec()
    {
        cluster.Kubectl("apply", "-f", Path.Combine(Example, "shop"));
        foreach (var ns in new[] { "shop", "monitoring" })
        {
            cluster.Kubectl("wait", "--for=condition=Ready", "pods", "--all", "-n", ns, "--timeout=60s");
        }

        var (code, output, error) = cluster.TryFairlead("test", Tests, "--mode", "live");
        Assert.True(code == 0, output + error);

        var directory = Directory.CreateTempSubdirectory("fairlead-expect").FullName;
        var file = Write(
            directory,
            "namespace: shop\ncases:\n- {from: deploy/front, to: 'svc/api:80', expect: allow}\n- {from: deploy/front, to: 'svc/api:metrics', expect: deny, because: no rule}\n"
            + "- {from: till, to: 'deploy/db:sql', expect: deny}\n- {from: till, to: 'deploy/db:22', expect: deny}\n- {from: deploy/front, to: 'till:7001', expect: allow}\n- {from: deploy/front, to: 'deploy/api:events/udp', expect: allow}\n");
        (code, output, _) = cluster.TryFairlead("test", file, "--mode", "live", "--exec", "-o", "json");
        Directory.Delete(directory, recursive: true);
        Assert.Equal(1, code);
        var cases = JsonNode.Parse(output)!.Objects("runs").Single().Objects("cases").ToList();
        Assert.Equal([true, true, true, false, true, false], cases.Select(one => one.Flag("passed")));
        Assert.Contains("nobody else to ask from", cases[3].Text("why"), StringComparison.Ordinal);
        Assert.Contains("UDP cannot be told from within a container", cases[^1].Text("why"), StringComparison.Ordinal);
    }

    private static string Write(string directory, string text)
    {
        var file = Path.Combine(directory, "t.yaml");
        File.WriteAllText(file, "apiVersion: fairlead.dev/v1alpha1\nkind: ConnectionTest\n" + text);
        return file;
    }
}
