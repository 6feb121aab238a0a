using System.Text.Json.Nodes;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>Logs, exec, attach and run with real kubectl on a running cluster.</summary>
public sealed partial class StreamingTests(StreamingFixture cluster) : IClassFixture<StreamingFixture>
{
    [Fact]
    public void Logs_are_shown_by_container_tail_and_time()
    {
        Assert.Equal(["first", "oops", "second"], Lines(cluster.Kubectl("logs", "shell", "-c", "main")).Order());
        Assert.Equal("aside\n", cluster.Kubectl("logs", "shell", "-c", "side"));
        Assert.Single(Lines(cluster.Kubectl("logs", "shell", "-c", "main", "--tail=1")));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z aside\n$", cluster.Kubectl("logs", "shell", "-c", "side", "--timestamps"));
        Assert.Equal("aside\n", cluster.Kubectl("logs", "shell", "-c", "side", "--since=1h"));
        Assert.Equal("", cluster.Kubectl("logs", "shell", "-c", "side", "--since-time=2200-01-01T00:00:00Z"));
        Assert.Contains("previous terminated container \"side\" in pod \"shell\" not found", cluster.TryKubectl("", "logs", "-p", "shell", "-c", "side").Error, StringComparison.Ordinal);
        Assert.Contains("image \"nginx\" is not run", cluster.Kubectl("logs", "web"), StringComparison.Ordinal);
    }

    [Fact]
    public void Logs_are_followed_to_the_end_of_the_container_and_kept_after_a_restart()
    {
        // Its second life lasts, so that there is one restart however late one looks.
        const string Counter = """
            apiVersion: v1
            kind: Pod
            metadata: {name: counter}
            spec:
              volumes: [{name: lives, emptyDir: {}}]
              containers:
              - name: main
                image: busybox
                command: [sh, -c, "[ -e /lives/one ] && sleep 86400; touch /lives/one; echo begin; sleep 2; echo end; exit 1"]
                volumeMounts: [{name: lives, mountPath: /lives}]
            """;
        cluster.Kubectl(Counter, ["apply", "-f", "-"]);
        cluster.Kubectl("wait", "--for=jsonpath={.status.phase}=Running", "pod/counter", "--timeout=120s");
        Assert.Equal("begin\nend\n", cluster.Kubectl("logs", "-f", "counter"));
        cluster.Kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/counter", "--timeout=120s");
        Assert.Equal("begin\nend\n", cluster.Kubectl("logs", "-p", "counter"));
        cluster.Kubectl("delete", "pod", "counter", "--now");
    }

    [Fact]
    public void Exec_passes_input_output_error_and_exit_code()
    {
        var (code, output, error) = cluster.TryKubectl("some\ninput", "exec", "-i", "shell", "-c", "main", "--", "sh", "-c", "cat; echo; hostname; echo oops >&2; exit 42");

        Assert.Equal("some\ninput\nshell\n", output);
        Assert.StartsWith("oops\n", error, StringComparison.Ordinal);
        Assert.Equal(42, code);
    }

    [Fact]
    public void A_stand_in_runs_the_hosts_executables_and_keeps_what_they_wrote()
    {
        cluster.Kubectl("exec", "web", "--", "sh", "-c", "echo kept > /etc/written; sleep 300 > /dev/null 2>&1 &");

        Assert.Equal("kept\nweb\n", cluster.Kubectl("exec", "web", "--", "sh", "-c", "cat /etc/written; hostname"));
        var answer = cluster.Kubectl("exec", "web", "--", "curl", "-sS", "--max-time", "120", "--retry", "60", "--retry-delay", "1", "--retry-all-errors", "http://api-service");
        Assert.Equal("web", (string?)JsonNode.Parse(answer)!["pod"]);
        Assert.False(File.Exists("/etc/written"));
    }

    [Fact]
    public void Files_are_copied_in_and_out()
    {
        var directory = Directory.CreateTempSubdirectory("fl-copy").FullName;
        try
        {
            var bytes = new byte[3_000_000];
            Random.Shared.NextBytes(bytes);
            File.WriteAllBytes($"{directory}/out", bytes);
            cluster.Kubectl("cp", $"{directory}/out", "web:/srv/blob");
            cluster.Kubectl("cp", "web:/srv/blob", $"{directory}/in");
            Assert.Equal(bytes, File.ReadAllBytes($"{directory}/in"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void What_cannot_be_executed_is_said_with_the_shells_exit_codes()
    {
        cluster.Kubectl("exec", "web", "--", "sh", "-c", "echo > /etc/no-program; chmod 755 /etc/no-program");
        var (missing, _, error) = cluster.TryKubectl("", "exec", "web", "--", "no-such-thing");
        var (forbidden, _, _) = cluster.TryKubectl("", "exec", "web", "--", "/etc/no-program");

        Assert.Contains("exec: \"no-such-thing\": executable file not found in $PATH", error, StringComparison.Ordinal);
        Assert.Equal((127, 126), (missing, forbidden));
    }

    [Theory]
    [InlineData("shell")]
    [InlineData("web")]
    public async Task A_terminal_is_a_real_one(string pod)
    {
        const string Script = """
            trap 'echo size is $(stty size)' WINCH
            trap 'echo interrupted; exit 7' INT
            tty; stty size; echo ready
            while :; do sleep 0.2; done
            """;
        await using var terminal = cluster.OnTerminal("exec", "-it", pod, "-c", "main", "--", "bash", "-c", Script);
        await terminal.SeeAsync("/dev/pts/0");
        await terminal.SeeAsync("30 100");
        await terminal.SeeAsync("ready");
        terminal.Resize(120, 40);
        await terminal.SeeAsync("size is 40 120");
        await terminal.TypeAsync("\u0003");
        await terminal.SeeAsync("interrupted");
        Assert.Equal(7, await terminal.EndAsync());
    }

    [Fact]
    public async Task A_client_that_vanishes_takes_its_command_along()
    {
        // Times that nobody else on this machine sleeps.
        var (seen, killed) = ($"{Random.Shared.Next(100_000_000, 200_000_000)}", $"{Random.Shared.Next(200_000_000, 300_000_000)}");
        await using (var terminal = cluster.OnTerminal("exec", "-it", "web", "--", "sh", "-c", $"echo go; sleep {seen}; true"))
        {
            await terminal.SeeAsync("go");
            await UntilAsync(() => Tool.Processes("sleep", seen).Count == 1);
        }

        await UntilAsync(() => Tool.Processes("sleep", seen).Count == 0);
        var (code, _, _) = cluster.Outside("timeout", "-s", "KILL", "2", "kubectl", "exec", "web", "--", "sh", "-c", $"trap '' HUP; sleep {killed}; true");
        Assert.NotEqual(0, code);
        await UntilAsync(() => Tool.Processes("sleep", killed).Count == 0);
    }

    [Fact]
    public async Task The_lessons_dns_test_prints_server_and_address_and_leaves_no_pod()
    {
        var address = cluster.Kubectl("get", "service", "api-service", "-o", "jsonpath={.spec.clusterIP}");
        await using var terminal = cluster.OnTerminal("run", "dns-test", "--image=busybox:1.36", "--rm", "-it", "--", "nslookup", "api-service");
        await terminal.EndAsync();

        Assert.Contains("10.96.0.10:53", terminal.Shown, StringComparison.Ordinal);
        Assert.Contains($"Address: {address}", terminal.Shown, StringComparison.Ordinal);
        cluster.TryKubectl("", "wait", "--for=delete", "pod/dns-test", "--timeout=120s");
        Assert.Equal("", cluster.Kubectl("get", "pod", "dns-test", "--ignore-not-found", "-o", "name"));
    }

    [Fact]
    public void A_pod_reads_what_is_piped_to_run_and_its_exit_code_passes()
    {
        Assert.StartsWith("hi\n", cluster.Kubectl("hi\n", ["run", "piped", "-i", "--rm", "--restart=Never", "--image=busybox", "--quiet", "--", "cat"]), StringComparison.Ordinal);
        var (code, output, _) = cluster.TryKubectl("", "run", "early", "-i", "--rm", "--restart=Never", "--image=busybox", "--quiet", "--", "sh", "-c", "echo early; exit 5");
        Assert.StartsWith("early\n", output, StringComparison.Ordinal);
        Assert.Equal(5, code);
    }

    [Fact]
    public async Task Attach_joins_a_terminal_that_is_there_and_its_size_and_ctrl_c_reach_it()
    {
        await using var first = cluster.OnTerminal("run", "joined", "--image=busybox", "-it", "--restart=Never", "--", "sh", "-c", "trap 'echo caught; exit 9' INT; trap 'echo size is $(stty size)' WINCH; echo ready; while sleep 0.3; do echo tick; done");
        await first.SeeAsync("ready");
        first.Kill();
        await using var second = cluster.OnTerminal("attach", "-it", "joined");
        await second.SeeAsync("tick");
        second.Resize(90, 20);
        await second.SeeAsync("size is 20 90");
        await second.TypeAsync("\u0003");
        await second.SeeAsync("caught");
        await second.EndAsync();
        cluster.Kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].state.terminated.exitCode}=9", "pod/joined", "--timeout=120s");
        cluster.Kubectl("delete", "pod", "joined", "--now");
    }

    [Fact]
    public void Attaching_to_a_stand_in_is_refused_with_the_reason() =>
        Assert.Contains("is a stand-in", cluster.TryKubectl("", "attach", "web").Error, StringComparison.Ordinal);

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static async Task UntilAsync(Func<bool> holds)
    {
        var deadline = Deadline.Token();
        while (!holds())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, deadline);
        }
    }
}
