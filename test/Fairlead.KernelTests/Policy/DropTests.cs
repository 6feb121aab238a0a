using System.Net;
using System.Net.Sockets;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Rulesets;
using Fairlead.Policy.Drops;
using Fairlead.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.KernelTests.Policy;

/// <summary>What policy drops is told, with who, whom and why: real packets, as the kernel tells of them.</summary>
public sealed class DropTests : IAsyncDisposable
{
    private static readonly ObjectKey PolicyKey = new("shop", "closed");

    private readonly PolicyNode _node = new();
    private CancellationTokenSource _stop = new();
    private readonly DropFollower _follower;
    private Task _run;

    public DropTests()
    {
        _node.AddPod("shop", "api", "app=api");
        _node.AddPod("shop", "web", "app=web");
        _node.AddPod("watch", "scraper", "app=scraper");
        _run = _node.Drops.RunAsync(_stop.Token);
        _follower = _node.Drops.Follow().Follower;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _node.Dispose();
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    public static TheoryData<string> Families => ["10.244.1.2", "fd00:10:244:1::2"];

    [Theory]
    [MemberData(nameof(Families))]
    public async Task At_the_receiver(string api)
    {
        await _node.ApplyAsync(Policy(ingress: true));
        var to = new IPEndPoint(IPAddress.Parse(api), 8080);
        Assert.False(await _node.ReachesAsync("web", to));
        var record = await NextAsync();
        Assert.Equal(("n1", "in", "TCP", DropReason.Isolated, "NetworkPolicy"), (record.Node, record.Direction, record.Protocol, record.Reason, record.Tier));
        Assert.Equal((api, "shop/api:8080"), (record.To.Address, $"{record.To}"));
        Assert.Equal($"shop/web:{record.From.Port}", $"{record.From}");
        Assert.Equal([new DropPolicy("NetworkPolicy", "shop", "closed")], record.Policies);
        Assert.StartsWith("isolated by NetworkPolicy shop/closed: no rule matches", record.Words, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task At_the_sender(string api)
    {
        await _node.ApplyAsync(Policy(ingress: false));
        using var socket = _node.In("api", () => new Socket(IPAddress.Parse(api).AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        await socket.SendToAsync(new byte[9], _node.EndpointOf("web", 53, IpAddr.Parse(api).Family), Deadline.Token());
        var record = await NextAsync();
        Assert.Equal(("out", "UDP", DropReason.Isolated, "shop/web:53", "shop/api"), (record.Direction, record.Protocol, record.Reason, $"{record.To}", record.From.Who));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task For_an_address_that_no_pod_has(string api)
    {
        await _node.ApplyAsync(["api", "web"]);
        var family = IpAddr.Parse(api).Family;
        var nobody = (family == IpFamily.V4 ? PolicyNode.Range : PolicyNode.Range6).At(200);
        Tool.RunIn(_node.Netns, "ip", "route", "add", nobody.ToString(), "dev", "flapi");
        Assert.False(await _node.ReachesAsync("web", new IPEndPoint(nobody.ToIPAddress(), 80)));
        var record = await NextAsync();
        Assert.Equal(("in", DropReason.NoSuchPod, $"no pod is known to have the address {nobody}"), (record.Direction, record.Reason, record.Words));
        Assert.Null(record.To.Pod);

        // A pod whose verdicts are not there yet opens nothing either.
        Assert.False(await _node.ReachesAsync("scraper", _node.EndpointOf("web", 80, family)));
        record = await NextAsync();
        Assert.Equal(("out", DropReason.NoSuchPod), (record.Direction, record.Reason));
        Assert.Equal($"the policies of pod watch/scraper at {record.From.Address} are not in force yet", record.Words);
    }

    [Fact]
    public async Task In_the_middle_of_a_connection_that_a_policy_cut()
    {
        using var listener = _node.Listen("api", 8080);
        await _node.ApplyAsync();
        using var socket = await _node.ConnectAsync("web", _node.EndpointOf("api", 8080));
        await _node.ApplyAsync(Policy(ingress: true));
        await socket!.SendAsync(new byte[] { 1 }, Deadline.Token());
        var record = await NextAsync();
        Assert.Equal(("in", DropReason.Midway, "shop/api:8080"), (record.Direction, record.Reason, $"{record.To}"));
        Assert.Contains("Nor could it be opened: isolated by NetworkPolicy shop/closed", record.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_what_an_earlier_run_left_in_force_the_reason_is_said_to_be_gone()
    {
        await _node.ApplyAsync(Policy(ingress: true));
        await StopAsync();
        var again = _node.RestartDrops(new FakeTimeProvider(DateTimeOffset.UnixEpoch));
        _stop = new CancellationTokenSource();
        _run = again.RunAsync(_stop.Token);
        using var follower = again.Follow().Follower;
        Assert.False(await _node.ReachesAsync("web", _node.EndpointOf("api", 8080)));
        var (record, _) = await follower.NextAsync(Deadline.Token());
        Assert.Equal((DropReason.Forgotten, "10.244.1.2:8080"), (record.Reason, $"{record.To}"));
    }

    [Fact]
    public async Task A_flood_is_counted_whole_and_told_in_part()
    {
        const int Sent = 5000;
        await _node.ApplyAsync(Policy(ingress: true));
        using var socket = _node.Datagrams("web", 0);
        var to = _node.EndpointOf("api", 1);
        for (var i = 0; i < Sent; i++)
        {
            to.Port = 1 + i;
            await socket.SendToAsync(new byte[1], to, Deadline.Token());
        }

        // The packets have passed the filter when the calls return.
        var counted = _node.Nft.CountedPackets("fairlead-policy", ["refused-in", "refused-out"]);
        Assert.Equal((Sent, 0), (counted["refused-in"], counted["refused-out"]));
        await NextAsync();
        Assert.InRange(_node.Drops.Records().Count, 1, Sent - 1);
    }

    [Fact]
    public async Task Another_commit_is_another_generation_and_changes_no_more_than_its_own_objects()
    {
        await _node.ApplyAsync(Policy(ingress: true));
        var before = (await _node.Nft.ReadAsync("fairlead-policy", Deadline.Token()))!;
        await _node.ApplyAsync(Policy(ingress: true));
        Assert.Equal($"{Prefix(before)}", Prefix((await _node.Nft.ReadAsync("fairlead-policy", Deadline.Token()))!));
        await _node.ApplyAsync(Policy(ingress: false));
        Assert.NotEqual(Prefix(before), Prefix((await _node.Nft.ReadAsync("fairlead-policy", Deadline.Token()))!));
        Assert.Equal(0, _node.Nft.CountedPackets("fairlead-policy", ["refused-in"])["refused-in"]);
    }

    private static string Prefix(Ruleset table) =>
        Assert.IsType<Log>(Assert.Single(Assert.Single(table.Chains["log-refused-in"].Rules).Statements)).Prefix;

    private async Task<DropRecord> NextAsync()
    {
        var (record, missed) = await _follower.NextAsync(Deadline.Token());
        Assert.Equal(0, missed);
        return record;
    }

    private static PolicyRow Policy(bool ingress) => new()
    {
        Key = PolicyKey,
        Subjects = LabelSelectorParser.Parse("app=api"),
        IsolatesIngress = ingress,
        IsolatesEgress = !ingress,
    };
}
