using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Fairlead.ClusterTests.OneMachine;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.ForeignNode;

/// <summary>The agent on nodes it was not started for by `up`: it has a kubeconfig and the kernel, and containerd calls its plugin.</summary>
public sealed class ForeignNodeTests(ForeignCluster cluster) : IClassFixture<ForeignCluster>
{
    private NodeOfOthers N1 => cluster.N1;

    private NodeOfOthers N2 => cluster.N2;

    [Fact]
    public async Task The_agent_waits_for_its_Node_and_its_range_and_installs_the_configuration_last()
    {
        var node = cluster.AddNode(3);
        node.StartAgent();
        await node.SaysAsync("Waiting for Node n3");
        await cluster.CreateNodeAsync(node, withRange: false);
        await node.SaysAsync("Waiting for spec.podCIDRs of Node n3");
        Assert.False(File.Exists(node.ConfList));

        var (order, appeared) = (new List<string>(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        Directory.CreateDirectory(node.BinDirectory);
        Directory.CreateDirectory(node.ConfDirectory);

        // One watcher, which tells both in their order; two have a thread each.
        using var watcher = new FileSystemWatcher(Path.GetDirectoryName(node.BinDirectory)!) { IncludeSubdirectories = true };
        watcher.Renamed += (_, renamed) =>
        {
            if (renamed.FullPath == node.Plugin || renamed.FullPath == node.ConfList)
            {
                order.Add(renamed.FullPath);
            }

            if (renamed.FullPath == node.ConfList)
            {
                appeared.TrySetResult();
            }
        };
        watcher.EnableRaisingEvents = true;
        await cluster.PatchAsync($"api/v1/nodes/{node.Name}", new JsonObject { ["spec"] = node.RangeSpec() });
        await appeared.Task.WaitAsync(Deadline.Long);

        // A runtime that sees the configuration may start pods at once.
        Assert.Equal(0, node.Cni("STATUS", "1.1.0").Code);
        await cluster.AddPodAsync(node, "early");
        Assert.Equal([node.Plugin, node.ConfList], order);
        Assert.Equal([node.ConfList], Directory.GetFiles(node.ConfDirectory));
        Assert.Equal([node.Plugin], Directory.GetFiles(node.BinDirectory));
    }

    [Theory]
    [InlineData("1.0.0")]
    [InlineData("1.1.0")]
    public async Task The_plugin_does_what_containerd_asks(string version)
    {
        var suffix = version.Replace('.', '-');
        var (kept, gone) = (await cluster.AddPodAsync(N1, $"kept-{suffix}", version), await cluster.AddPodAsync(N1, $"gone-{suffix}", version));
        Assert.Equal(version, (string?)kept.Result["cniVersion"]);
        Assert.StartsWith("10.200.1.", kept.Address, StringComparison.Ordinal);
        Assert.NotEqual(kept.Address, gone.Address);
        Assert.Equal(kept.Netns.Path, (string?)kept.Result["interfaces"]![1]!["sandbox"]);
        Assert.Contains($"inet {kept.Address}/32", Tool.RunIn(kept.Netns, "ip", "-o", "addr", "show", "eth0"), StringComparison.Ordinal);
        Assert.Contains(version, N1.Cni("VERSION", version).Output!["supportedVersions"]!.AsArray().Select(one => (string?)one));
        Assert.Equal((0, null), N1.Cni("STATUS", version));

        Assert.Equal((0, null), N1.Cni("CHECK", kept));
        Tool.RunIn(gone.Netns, "ip", "route", "flush", "dev", "eth0");
        Assert.Equal(101, (int?)N1.Cni("CHECK", gone).Output?["code"]);

        Assert.Equal((0, null), N1.Cni("DEL", gone));
        Assert.Equal((0, null), N1.Cni("DEL", gone));
        Assert.DoesNotContain("eth0", Tool.RunIn(gone.Netns, "ip", "-o", "link"), StringComparison.Ordinal);
        Assert.NotEqual(0, N1.Cni("CHECK", gone).Code);
    }

    [Fact]
    public async Task Collecting_garbage_removes_what_the_runtime_does_not_list()
    {
        var node = N2;
        var (kept, lost) = (await cluster.AddPodAsync(node, "listed", "1.1.0"), await cluster.AddPodAsync(node, "unlisted", "1.1.0"));
        var others = cluster.ContainersOf(node).Where(id => id != lost.ContainerId);
        var list = new JsonArray([.. others.Select(id => new JsonObject { ["containerID"] = id, ["ifname"] = "eth0" })]);

        Assert.Equal((0, null), node.Cni("GC", "1.1.0", new JsonObject { ["cni.dev/valid-attachments"] = list }));

        Assert.NotEqual(0, node.Cni("CHECK", lost).Code);
        Assert.Equal((0, null), node.Cni("CHECK", kept));
        Assert.DoesNotContain("eth0", Tool.RunIn(lost.Netns, "ip", "-o", "link"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pods_of_two_nodes_meet_unNATed_by_address_by_Service_and_by_name()
    {
        var (near, far) = (await cluster.AddPodAsync(N1, "near"), await cluster.AddPodAsync(N2, "far"));
        var service = await cluster.ExposeAsync(far);
        foreach (var (family, record) in ((int, string)[])[(0, "A"), (1, "AAAA")])
        {
            await PodOfOthers.ExpectAsync($"far sees {near.Addresses[family]}", () => near.AskAsync(far.Addresses[family]));
            await PodOfOthers.ExpectAsync($"near sees {far.Addresses[family]}", () => far.AskAsync(near.Addresses[family]));
            await PodOfOthers.ExpectAsync($"far sees {near.Addresses[family]}", () => near.AskAsync(service[family], 80));
            foreach (var pod in new[] { near, far })
            {
                await PodOfOthers.ExpectAsync(service[family], () => Task.FromResult(pod.Resolve("far.default.svc.cluster.local", record)));
            }
        }

        // Each node's own agent says what its kernel holds.
        foreach (var node in new[] { N1, N2 })
        {
            var deadline = Deadline.Token();
            while (Tool.TryRun(ClusterFixture.BuiltProgram, "", "inspect", "endpoints", "far", "--socket", node.InspectSocket) is var (code, output, _)
                && (code != 0 || !Enumerable.Range(0, 2).All(family => Regex.IsMatch(
                    output, $@"(?m)^{node.Name} +default +far +\[?{service[family]}\]?:80/tcp +\[?{far.Addresses[family]}\]?:8080 +n2 +Ready +0 +<none> +InStep +ready$"))))
            {
                Assert.False(deadline.IsCancellationRequested, output);
            }
        }

        Assert.Equal("10.112.0.1", near.Resolve("kubernetes.default.svc.cluster.local"));
        Assert.DoesNotContain("10.96.0.10", Tool.RunIn(N1.Netns, "ip", "-o", "addr"), StringComparison.Ordinal);

        // The API server, by the Service that names it.
        string[] query = [$"--kubeconfig={cluster.Kubeconfig}", "--server=https://10.112.0.1", "get", "--raw=/version"];
        Assert.Contains("gitVersion", Tool.RunIn(near.Netns, ForeignCluster.KubectlProgram, query), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_policy_holds_on_both_nodes_and_its_end_lets_traffic_through()
    {
        var (client, server) = (await cluster.AddPodAsync(N1, "client"), await cluster.AddPodAsync(N2, "server"));
        for (var family = 0; family < 2; family++)
        {
            var ask = () => client.AskAsync(server.Addresses[family]);
            await PodOfOthers.ExpectAsync($"server sees {client.Addresses[family]}", ask);
            await cluster.DenyAsync(server);
            await PodOfOthers.ExpectAsync(PodOfOthers.Silence, ask);
            await cluster.AllowAsync(server);
            await PodOfOthers.ExpectAsync($"server sees {client.Addresses[family]}", ask);
        }
    }

    [Fact]
    public async Task Without_its_agent_a_node_goes_on_and_the_next_agent_adopts_it()
    {
        var (here, there, closed) = (await cluster.AddPodAsync(N1, "here"), await cluster.AddPodAsync(N2, "there"), await cluster.AddPodAsync(N1, "closed"));
        var service = (await cluster.ExposeAsync(there))[0];
        await cluster.DenyAsync(closed);
        await PodOfOthers.ExpectAsync($"there sees {here.Address}", () => here.AskAsync(service, 80));
        await PodOfOthers.ExpectAsync(PodOfOthers.Silence, () => there.AskAsync(closed.Address));
        foreach (var signal in new[] { "TERM", "KILL" })
        {
            var before = Datapath(N1);
            await N1.EndAgentAsync(signal);
            try
            {
                Assert.Equal(before, Datapath(N1));
                await HoldsAsync();
                Assert.Equal(11, (int?)N1.Cni("CHECK", here).Output?["code"]);
            }
            finally
            {
                N1.StartAgent();
            }

            await N1.SaysAsync("Adopted ");
            await N1.ReadyAsync();
            Assert.Equal((0, null), N1.Cni("CHECK", here));
            await HoldsAsync();
            Assert.Equal(service, here.Resolve("there.default.svc.cluster.local"));
        }

        var late = await cluster.AddPodAsync(N1, "late");
        Assert.DoesNotContain(late.Address, new[] { here.Address, closed.Address });
        Assert.Equal((0, null), N1.Cni("DEL", here));

        async Task HoldsAsync()
        {
            Assert.Equal($"there sees {here.Address}", await here.AskAsync(service, 80));
            Assert.Equal($"here sees {there.Address}", await there.AskAsync(here.Address));
            Assert.Equal(PodOfOthers.Silence, await there.AskAsync(closed.Address));
        }
    }

    [Fact]
    public async Task Names_and_Services_are_answered_while_the_API_server_is_away_and_follow_it_when_it_is_back()
    {
        var (asking, serving) = (await cluster.AddPodAsync(N1, "asking"), await cluster.AddPodAsync(N2, "serving"));
        var service = (await cluster.ExposeAsync(serving))[0];
        await PodOfOthers.ExpectAsync($"serving sees {asking.Address}", () => asking.AskAsync(service, 80));
        await cluster.KillApiAsync();
        try
        {
            await N1.SaysAsync("trying again");
            Assert.Equal(service, asking.Resolve("serving.default.svc.cluster.local"));
            Assert.Contains("NXDOMAIN", Tool.RunIn(asking.Netns, "dig", "+tries=3", "+time=3", $"@{ForeignCluster.Dns}", "nobody.default.svc.cluster.local"), StringComparison.Ordinal);
            Assert.Equal($"serving sees {asking.Address}", await asking.AskAsync(service, 80));
        }
        finally
        {
            await cluster.StartApiAsync();
        }

        var later = await cluster.ExposeAsync(await cluster.AddPodAsync(N2, "later"));
        await PodOfOthers.ExpectAsync($"later sees {asking.Address}", () => asking.AskAsync(later[0], 80));
        Assert.Equal(later[0], asking.Resolve("later.default.svc.cluster.local"));
    }

    [Fact]
    public async Task Clean_up_removes_what_the_agent_made_and_nothing_else()
    {
        var node = cluster.AddNode(4);
        Tool.RunIn(node.Netns, "nft", "add table ip other; add chain ip other c { type filter hook input priority 0; }");
        Tool.RunIn(node.Netns, "nft", "add table ip nat; add chain ip nat KUBE-SERVICES; add table ip6 kube-proxy; add chain ip6 kube-proxy services");
        Tool.RunIn(node.Netns, "ip", "link", "add", "other0", "type", "bridge");
        Tool.RunIn(node.Netns, "ip", "link", "add", "cilium_host", "type", "bridge");
        Tool.RunIn(node.Netns, "ip", "route", "add", "unreachable", "192.0.2.0/24", "proto", "static");
        Tool.RunIn(node.Netns, "ip", "addr", "add", "192.0.2.53/32", "dev", "lo", "scope", "host");
        string[] foreign = [Path.Combine(node.BinDirectory, "other"), Path.Combine(node.ConfDirectory, "10-other.conflist")];
        foreach (var file in foreign)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, "{}");
        }

        // Forwarding stays on, since others may count on it by now; it brings an address of its own.
        Tool.RunIn(node.Netns, "sysctl", "-q", "net.ipv6.conf.all.forwarding=1");
        var before = Everything(node);
        await cluster.CreateNodeAsync(node, withRange: true);
        node.StartAgent();
        await node.ReadyAsync();
        var pod = await cluster.AddPodAsync(node, "balanced");
        await cluster.ExposeAsync(pod, new JsonObject { ["type"] = "LoadBalancer", ["externalTrafficPolicy"] = "Local" });
        var ingress = new JsonArray(new JsonObject { ["ip"] = "172.29.0.200" });
        await cluster.PatchAsync(
            $"{ForeignCluster.Namespaced("services")}/{pod.Name}/status",
            new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = ingress } } });
        await PodOfOthers.ExpectAsync("balanced sees 172.29.0.1", () => PodOfOthers.AskAsync(cluster.Hub, "172.29.0.200", 80));

        // Who else has been at work on the node is named, and left alone.
        Assert.Contains("kube-proxy has been at work here (table ip nat, chain KUBE-SERVICES)", node.Log, StringComparison.Ordinal);
        Assert.Contains("Cilium has been at work here (link cilium_host)", node.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("at work here", N2.Log, StringComparison.Ordinal);

        // Beside an agent that runs it would be undone at once.
        var (code, _, error) = node.CleanUp();
        Assert.Equal(1, code);
        Assert.Contains("is running", error, StringComparison.Ordinal);
        Assert.True(File.Exists(node.ConfList));

        await node.EndAgentAsync("TERM");
        Assert.NotEqual(before, Everything(node));
        Assert.Equal((0, "", ""), node.CleanUp());
        Assert.Equal(before, Everything(node));
        Assert.Equal(foreign, Directory.GetFiles(node.BinDirectory).Concat(Directory.GetFiles(node.ConfDirectory)));
        Assert.False(File.Exists(node.Socket));
        Assert.False(File.Exists(node.InspectSocket));
        Assert.Empty(Directory.GetFileSystemEntries(node.StateDirectory));
        Assert.Equal((0, "", ""), node.CleanUp());
    }

    [Fact]
    public void What_the_agent_lacks_is_said_without_a_stack()
    {
        var (code, _, error) = Tool.TryRun(ClusterFixture.BuiltProgram, "", "agent");
        Assert.Equal(2, code);
        Assert.Contains("--kubeconfig", error, StringComparison.Ordinal);

        (code, _, error) = Tool.TryRun("setpriv", "", ["--bounding-set=-net_admin", "nsenter", .. N1.AgentCommand("--cleanup")]);
        Assert.Equal(1, code);
        Assert.StartsWith("error: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Contains("CAP_NET_ADMIN", error, StringComparison.Ordinal);
        Assert.True(File.Exists(N1.ConfList));
    }

    /// <summary>Tables, links, routes; without counters, which packets change.</summary>
    private static string Datapath(NodeOfOthers node) => string.Join('\n',
        Tool.RunIn(node.Netns, "nft", "-s", "list", "ruleset"), Tool.RunIn(node.Netns, "ip", "-o", "link"), Routes(node, "-4"), Routes(node, "-6"));

    /// <summary>The kernel adds a new link's link-local routes in its own time.</summary>
    private static string Routes(NodeOfOthers node, string family) => string.Join('\n',
        Tool.RunIn(node.Netns, "ip", family, "route", "show", "table", "all").Split('\n').Where(route => !route.Contains("fe80::", StringComparison.Ordinal)));

    private static string Everything(NodeOfOthers node) => string.Join('\n',
        Datapath(node), Tool.RunIn(node.Netns, "ip", "-o", "addr"),
        Tool.RunIn(node.Netns, "ip", "rule"), Tool.RunIn(node.Netns, "ip", "neigh", "show", "proxy"));
}
