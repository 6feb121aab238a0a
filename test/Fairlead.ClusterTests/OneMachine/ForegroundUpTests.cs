namespace Fairlead.ClusterTests.OneMachine;

/// <summary>`up` without --detach, on a terminal.</summary>
public sealed class ForegroundUpTests(ClusterFixture cluster) : IClassFixture<ClusterFixture>
{
    private const string Taker = "{apiVersion: v1, kind: Service, metadata: {name: taker}, spec: {ports: [{port: 80}], externalIPs: [192.0.2.1]}}";

    [Fact]
    public async Task It_ticks_its_steps_runs_until_Ctrl_C_and_keeps_the_objects_and_when_killed_half_way_down_leaves_everything_as_it_was()
    {
        cluster.Kubectl("create", "configmap", "kept");
        cluster.Fairlead("down", "--name", cluster.Name, "--keep-state");

        await using (var terminal = cluster.FairleadOnTerminal([], "up", "--name", cluster.Name, "--deny-external-ips"))
        {
            foreach (var step in (string[])["network", "control plane", $"nodes {cluster.Name}-1, {cluster.Name}-2", $"Cluster {cluster.Name} is ready: 2 nodes", "Ctrl-C stops it"])
            {
                await terminal.SeeAsync(step);
            }

            Assert.NotEqual(Plain(terminal.Shown), terminal.Shown);
            Assert.Matches(@"✓ network \d+\.\d\d s\n ✓ control plane \d+\.\d\d s\n ✓ nodes ", Plain(terminal.Shown));
            cluster.Kubectl("get", "configmap", "kept");
            var (denied, _, refusal) = cluster.TryKubectl(Taker, "apply", "-f", "-");
            Assert.Equal(1, denied);
            Assert.Contains("Use of external IPs is denied by admission control", refusal, StringComparison.Ordinal);
            await terminal.TypeAsync("\u0003");
            await terminal.SeeAsync($"Stopping cluster {cluster.Name}; its objects are kept.");
            Assert.Equal(0, await terminal.EndAsync());
        }

        var (code, status, _) = cluster.TryFairlead("status", "--name", cluster.Name);
        Assert.Equal(1, code);
        Assert.Contains("its objects are kept", status, StringComparison.Ordinal);
        Assert.DoesNotContain(cluster.Name, cluster.Outside("ip", "netns").Output, StringComparison.Ordinal);

        await using (var terminal = cluster.FairleadOnTerminal(["NO_COLOR=1"], "up", "--name", cluster.Name))
        {
            await terminal.SeeAsync("network");
            Assert.Equal(Plain(terminal.Shown), terminal.Shown);
            terminal.Kill();
            await terminal.EndAsync();
        }

        Assert.NotEqual(cluster.Before, cluster.Traces());
        cluster.Fairlead("up", "--detach", "--name", cluster.Name, "--deny-external-ips=false");
        cluster.Kubectl("get", "configmap", "kept");
        cluster.Apply(Taker);

        cluster.Fairlead("down", "--name", cluster.Name);
        Assert.Equal(cluster.Before, cluster.Traces());
    }

    /// <summary>Without colours.</summary>
    private static string Plain(string shown) => System.Text.RegularExpressions.Regex.Replace(shown, @"\e\[[\d;]*m", "");
}
