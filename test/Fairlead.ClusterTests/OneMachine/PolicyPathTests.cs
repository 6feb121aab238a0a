using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Conntrack;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>Policies are in force on every path to a pod, by both families; a refusal is told by the record of its drop.</summary>
public sealed class PolicyPathTests(PolicyPathFixture cluster) : IClassFixture<PolicyPathFixture>
{
    /// <summary>Path, and the node of the clients.</summary>
    public static TheoryData<string, int> PodPaths { get; } = new()
    {
        { "pod", 1 }, { "pod", 2 }, { "ClusterIP", 1 }, { "ClusterIP", 2 }, { "LoadBalancer", 1 }, { "LoadBalancer", 2 },
        { "NodePort 1", 1 }, { "NodePort 2", 2 }, { "hostPort", 2 },
    };

    [Theory]
    [MemberData(nameof(PodPaths))]
    public async Task A_friend_is_answered_and_a_stranger_refused(string path, int node)
    {
        for (var family = 0; family < 2; family++)
        {
            var server = cluster.Target("server", path, family);
            Assert.Equal("server", await cluster.AnswerAsync($"friend-{node}", server));
            AssertRefused(await cluster.RefusalAsync($"stranger-{node}", server), "in", "server");
        }
    }

    [Theory]
    [InlineData("pod")]
    [InlineData("ClusterIP")]
    [InlineData("LoadBalancer")]
    [InlineData("NodePort 1")]
    public async Task A_pod_bound_by_egress_reaches_what_it_may_and_nothing_else(string path)
    {
        for (var family = 0; family < 2; family++)
        {
            Assert.Equal("server", await cluster.AnswerAsync("bound", cluster.Target("server", path, family)));
            AssertRefused(await cluster.RefusalAsync("bound", cluster.Target("door", path, family)), "out", "bound");
        }
    }

    [Theory]
    [InlineData("NodePort 1")]
    [InlineData("NodePort 2")]
    [InlineData("LoadBalancer")]
    [InlineData("hostPort")]
    public async Task From_outside_only_the_pod_that_is_open_to_it_is_reached(string path)
    {
        for (var family = 0; family < 2; family++)
        {
            Assert.Equal("door", await cluster.AnswerAsync("outside", cluster.Target("door", path, family)));
            AssertRefused(await cluster.RefusalAsync("outside", cluster.Target("server", path, family)), "in", "server");
        }
    }

    [Theory]
    [InlineData("pod")]
    [InlineData("ClusterIP")]
    [InlineData("hostPort")]
    public async Task A_node_is_a_peer_by_its_address_and_always_reaches_its_own_pods(string path)
    {
        for (var family = 0; family < 2; family++)
        {
            Assert.Equal("door", await cluster.AnswerAsync("node-1", cluster.Target("door", path, family)));
            AssertRefused(await cluster.RefusalAsync("node-1", cluster.Target("server", path, family)), "in", "server");
            Assert.Equal("server", await cluster.AnswerAsync("node-2", cluster.Target("server", path == "hostPort" ? "pod" : path, family)));
        }
    }

    [Theory]
    [InlineData("server", "pod")]
    [InlineData("server", "ClusterIP")]
    [InlineData("server", "LoadBalancer")]
    [InlineData("door", "ClusterIP")]
    public async Task A_pod_always_reaches_itself_through_its_own_Service(string pod, string path)
    {
        for (var family = 0; family < 2; family++)
        {
            Assert.Equal(pod, await cluster.AnswerAsync(pod, cluster.Target(pod, path, family)));
        }
    }

    [Fact]
    public async Task With_the_API_server_out_of_reach_a_new_agent_keeps_what_was_in_force_and_status_says_so()
    {
        cluster.WhenReady();
        var (server, stranger) = (cluster.Target("server", "pod", 0), cluster.Target("server", "pod", 1));
        Assert.Equal(0, cluster.Outside("nft", "add table inet gone; add chain inet gone in { type filter hook input priority -10; }; add rule inet gone in iifname != lo tcp dport 6443 drop").Code);
        try
        {
            cluster.KillAgent(2);
            ClusterFixture.Until(Status, text => text.Contains($"policies on {cluster.Name}-2 are those of its agent's earlier run", StringComparison.Ordinal));
            Assert.Equal("server", await cluster.AnswerAsync("friend-1", server));
            var before = Dropped("refused-in");
            await UntilDroppedAsync("stranger-1", stranger, "refused-in", before);
        }
        finally
        {
            Assert.Equal(0, cluster.Outside("nft", "delete table inet gone").Code);
        }

        cluster.WhenReady();
        Assert.Equal("server", await cluster.AnswerAsync("friend-1", server));
        AssertRefused(await cluster.RefusalAsync("stranger-1", server), "in", "server");

        string Status() => cluster.TryFairlead("status", "--name", cluster.Name).Output;
    }

    [Fact]
    public void With_the_control_plane_stopped_and_an_agent_dead_status_says_what_becomes_of_policies()
    {
        cluster.WhenReady();
        var processes = cluster.Processes();
        Tool.Run("kill", "-STOP", $"{processes["up"]}");
        var output = "";
        try
        {
            Tool.Run("kill", "-KILL", $"{processes[$"agent {cluster.Name}-2"]}");
            output = cluster.TryFairlead("status", "--name", cluster.Name).Output;
        }
        finally
        {
            Tool.Run("kill", "-CONT", $"{processes["up"]}");
        }

        Assert.Contains($"problem: policies on {cluster.Name}-1 stay in force as they were last known: nothing newer can be heard\n", output, StringComparison.Ordinal);
        Assert.Contains($"problem: policies on {cluster.Name}-2 stay as its agent left them, and pod addresses that it knew nothing of stay closed", output, StringComparison.Ordinal);
        cluster.WhenReady();
    }

    [Fact]
    public async Task What_a_tightened_policy_allows_no_longer_is_cut_and_does_not_come_back()
    {
        cluster.WhenReady();
        try
        {
            await TightenAsync();
        }
        finally
        {
            cluster.ApplyPolicies();
        }
    }

    private async Task TightenAsync()
    {
        using var network = cluster.NetworkOf("friend-2");
        using var node = cluster.NetworkOf("node-2");
        using var flows = node.Run(ConntrackSocket.Open);
        cluster.Apply(PolicyPathFixture.Policy("door", "Ingress", "ingress: [{from: [{podSelector: {matchLabels: {app: friend} } }]}]"));
        for (var family = 0; family < 2; family++)
        {
            Assert.Equal("door", await cluster.AnswerAsync("friend-2", cluster.Target("door", "ClusterIP", family)));
        }

        var to = cluster.Target("door", "ClusterIP", 0);
        using var stream = network.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        using var datagrams = network.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        await stream.ConnectAsync(to, Deadline.Token());
        await datagrams.ConnectAsync(new IPEndPoint(to.Address, 81), Deadline.Token());
        await datagrams.SendAsync("one"u8.ToArray(), Deadline.Token());
        int[] ports = [((IPEndPoint)stream.LocalEndPoint!).Port, ((IPEndPoint)datagrams.LocalEndPoint!).Port];
        ClusterFixture.Until(Tracked, count => count == 2);

        cluster.Apply(PolicyPathFixture.Policy("door", "Ingress", "ingress: []"));
        var applied = TimeProvider.System.GetTimestamp();
        ClusterFixture.Until(Tracked, count => count == 0);
        TestContext.Current.TestOutputHelper?.WriteLine($"cut within {TimeProvider.System.GetElapsedTime(applied).TotalMilliseconds:0} ms of kubectl's end");

        await stream.SendAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray(), Deadline.Token());
        await datagrams.SendAsync("two"u8.ToArray(), Deadline.Token());
        var (segment, datagram) = (await cluster.DropOf(ports[0]), await cluster.DropOf(ports[1]));
        Assert.Equal(("Midway", "TCP"), ((string)segment["reason"]!, (string)segment["protocol"]!));
        Assert.Equal(("Isolated", "UDP"), ((string)datagram["reason"]!, (string)datagram["protocol"]!));

        int Tracked() => flows.List(IpFamily.V4).Count(flow => ports.Contains(flow.Original.SourcePort) && flow.Original.Destination.ToIPAddress().Equals(to.Address));
    }

    private static void AssertRefused(JsonNode drop, string direction, string policy) => Assert.Equal(
        ("Isolated", direction, policy), ((string)drop["reason"]!, (string)drop["direction"]!, (string)drop["policies"]![0]!["name"]!));

    /// <summary>Packets that node 2 has refused in one of the constant chains.</summary>
    private long Dropped(string chain)
    {
        using var node = cluster.NetworkOf("node-2");
        var listed = JsonNode.Parse(Tool.Run("nsenter", $"--net={node.Path}", "nft", "-j", "list", "chain", "inet", "fairlead-policy", chain))!;
        return listed["nftables"]!.AsArray().SelectMany(item => item!["rule"]?["expr"]?.AsArray() ?? []).Sum(expression => (long?)expression!["counter"]?["packets"] ?? 0);
    }

    /// <summary>A connection that must not come about, told by the kernel's own count.</summary>
    private async Task UntilDroppedAsync(string from, IPEndPoint to, string chain, long before)
    {
        using var network = cluster.NetworkOf(from);
        using var socket = network.Run(() => new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        using var stop = new CancellationTokenSource();
        var connecting = socket.ConnectAsync(to, stop.Token).AsTask();
        ClusterFixture.Until(() => Dropped(chain), count => count > before);
        Assert.False(connecting.IsCompleted);
        await stop.CancelAsync();
        await connecting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
