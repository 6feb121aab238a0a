using System.Collections.Immutable;
using System.Text;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Conntrack;
using Fairlead.Linux.Nflog;
using Fairlead.Policy;
using Fairlead.Policy.Drops;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Policy.Drops;

public sealed class DropExplainerTests
{
    private static readonly IpAddr Api = IpAddr.Parse("10.244.1.2");
    private static readonly IpAddr Web = IpAddr.Parse("10.244.1.3");
    private static readonly IpAddr Node = IpAddr.Parse("172.30.0.11");

    private readonly GenerationHistory _history = new(new FakeTimeProvider());
    private readonly ClusterTables _tables = new();

    [Fact]
    public void Isolated_pods_are_explained_by_all_policies_that_isolate()
    {
        var record = Explain("refused-in", _history.Begin(World(Isolating("b"), Isolating("a"))));
        Assert.Equal((DropReason.Isolated, "in", "shop/web:40000", "shop/api:8080", "TCP"), (record.Reason, record.Direction, $"{record.From}", $"{record.To}", record.Protocol));
        Assert.StartsWith("isolated by NetworkPolicy shop/a, shop/b: no rule matches", record.Words, StringComparison.Ordinal);
        Assert.Equal(["a", "b"], record.Policies.Select(policy => policy.Name));
        Assert.Equal(("NetworkPolicy", null), (record.Tier, record.Rule));
    }

    [Fact]
    public void A_rule_that_denies_is_named_with_its_tier_and_place()
    {
        var rule = new ClusterPolicyRule("no web", PolicyAction.Deny, [new PolicyPeer(LabelSelector.Everything, null, null)], default);
        var policy = new ClusterPolicyRow { Name = "guard", Tier = PolicyTier.Admin, Ingress = [rule] };
        var world = World() with { ClusterPolicies = ImmutableDictionary<string, ClusterPolicyRow>.Empty.Add("guard", policy) };
        var record = Explain("refused-in", _history.Begin(world));
        Assert.Equal((DropReason.Denied, "Admin", "spec.ingress[0].from[0]"), (record.Reason, record.Tier, record.Rule));
        Assert.Equal("denied by ClusterNetworkPolicy guard spec.ingress[0].from[0] (tier Admin)", record.Words);
    }

    [Fact]
    public void The_generation_that_dropped_explains_and_not_a_later_one()
    {
        var then = _history.Begin(World(Isolating("old")));
        _history.Begin(World());
        Assert.Equal("old", Assert.Single(Explain("refused-in", then).Policies).Name);
    }

    [Fact]
    public void A_packet_between_two_commits_is_explained_by_the_one_beside()
    {
        _history.Begin(World(Isolating("old")));
        var now = _history.Begin(World());
        Assert.Equal("old", Assert.Single(Explain("refused-in", now).Policies).Name);
        _history.Begin(World());
        var later = _history.Begin(World());
        Assert.Equal(DropReason.Unexplained, Explain("refused-in", later).Reason);
    }

    [Fact]
    public void What_is_gone_is_said_to_be_gone()
    {
        var first = _history.Begin(World(Isolating("a")));
        for (var i = 0; i < GenerationHistory.Kept; i++)
        {
            Assert.Equal(DropReason.Isolated, Explain("refused-in", first).Reason);
            _history.Begin(World());
        }

        var record = Explain("refused-in", first);
        Assert.Equal((DropReason.Forgotten, "10.244.1.3:40000"), (record.Reason, $"{record.From}"));
        Assert.Contains($"generation {first} is not among the last 16", record.Words, StringComparison.Ordinal);
        Assert.Equal(DropReason.Forgotten, Explain("refused-in", first with { Epoch = 1, Number = 17 }).Reason);
    }

    [Fact]
    public void What_did_not_come_into_force_takes_no_place_and_what_decides_alike_goes_on()
    {
        var first = _history.Begin(World());
        for (var i = 0; i < 100; i++)
        {
            _history.Withdraw(_history.Begin(World()));
        }

        _history.GoOn(World(Isolating("new")));
        Assert.Equal("new", Assert.Single(Explain("refused-in", first).Policies).Name);
    }

    [Theory]
    [InlineData("nobody-in", "10.244.1.3", "10.244.1.99", "no pod is known to have the address 10.244.1.99")]
    [InlineData("nobody-out", "10.244.1.99", "10.244.1.3", "no pod is known to have the source address 10.244.1.99")]
    [InlineData("nobody-in", "10.244.1.3", "10.244.1.2", "the policies of pod shop/api at 10.244.1.2 are not in force yet")]
    public void An_address_without_policies_is_said_to_be_so(string chain, string from, string to, string words)
    {
        var record = Explain(chain, _history.Begin(World()), IpAddr.Parse(from), IpAddr.Parse(to));
        Assert.Equal((DropReason.NoSuchPod, words), (record.Reason, record.Words));
    }

    [Fact]
    public void Before_the_cluster_is_listed_nothing_is_claimed_of_it()
    {
        var record = Explain("nobody-in", _history.Begin(null));
        Assert.Equal("no policies of a pod at 10.244.1.2 are in force yet: the agent has not heard from the API server what pods there are", record.Words);
        Assert.Equal(DropReason.Unexplained, Explain("refused-in", _history.Begin(null)).Reason);
    }

    [Fact]
    public void A_packet_midway_says_whether_its_connection_could_be_opened_now()
    {
        Assert.DoesNotContain("Nor", Explain("midway-out", _history.Begin(World())).Words, StringComparison.Ordinal);
        Assert.Contains("Nor could it be opened: isolated by", Explain("midway-in", _history.Begin(World(Isolating("a")))).Words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.96.0.7", 80, "svc/shop/api:80")]
    [InlineData("172.30.0.11", 30080, "svc/shop/api:80")]
    [InlineData("10.96.0.8", 80, "10.96.0.8:80")]
    [InlineData("10.244.1.2", 8080, null)]
    public void What_the_client_had_asked_for_is_named(string address, ushort port, string? via)
    {
        _tables.Services.Upsert(new ObjectKey("shop", "api"), new ServiceRow
        {
            Key = new ObjectKey("shop", "api"),
            ClusterIPs = [IpAddr.Parse("10.96.0.7")],
            Ports = [new ServicePort("http", IpProtocol.Tcp, 80, 30080, "8080", "")],
        });
        _tables.Nodes.Upsert("n1", new NodeRow { Name = "n1", InternalIPs = [Node] });
        Assert.Equal(via, Explain("refused-in", _history.Begin(World(Isolating("a"))), Web, Api, IpAddr.Parse(address), port).Via);
    }

    [Fact]
    public void A_node_is_named_and_words_of_others_are_not_ours()
    {
        Assert.Equal("node/n1:40000", $"{Explain("nobody-in", _history.Begin(World()), Node, Api).From}");
        foreach (var prefix in new[] { "", "refused-in", "refused-in ", "refused-in x-1", "refused-in 1-", "other 1-1", "refused-in 1-1 " })
        {
            Assert.False(DroppedPacket.TryRead(Message(prefix, Web, Api, default, 0), out _), prefix);
        }
    }

    private DropRecord Explain(string chain, Generation generation, IpAddr from = default, IpAddr to = default, IpAddr asked = default, ushort port = 0)
    {
        var message = Message($"{chain} {generation}", from.IsNone ? Web : from, to.IsNone ? Api : to, asked, port);
        Assert.True(DroppedPacket.TryRead(message, out var packet));
        return new DropExplainer("n1", _history, new ServiceNames(_tables).At).Explain(packet, DateTimeOffset.UnixEpoch);
    }

    private static NflogMessage Message(string prefix, IpAddr from, IpAddr to, IpAddr asked, ushort port) => new()
    {
        Prefix = Encoding.ASCII.GetBytes(prefix),
        Packet = Packet(from, to),
        HasConnection = !asked.IsNone,
        Original = new ConntrackTuple(from, asked, 40000, port),
    };

    private static byte[] Packet(IpAddr from, IpAddr to)
    {
        var packet = new byte[40];
        (packet[0], packet[9], packet[20], packet[21], packet[22], packet[23]) = (0x45, 6, 40000 >> 8, 40000 & 255, 8080 >> 8, 8080 & 255);
        from.ToIPAddress().TryWriteBytes(packet.AsSpan(12), out _);
        to.ToIPAddress().TryWriteBytes(packet.AsSpan(16), out _);
        return packet;
    }

    private static PolicyRow Isolating(string name) => new() { Key = new ObjectKey("shop", name), IsolatesIngress = true };

    private static PolicyWorld World(params PolicyRow[] policies) => new(
        policies.ToImmutableDictionary(policy => policy.Key),
        new[] { Pod("api", Api), Pod("web", Web) }.ToImmutableDictionary(pod => pod.Key),
        ImmutableDictionary<string, NamespaceRow>.Empty.Add("shop", new NamespaceRow("shop", Labels.Empty)),
        ImmutableDictionary<string, NodeRow>.Empty.Add("n1", new NodeRow { Name = "n1", InternalIPs = [Node] }),
        ImmutableDictionary<string, ClusterPolicyRow>.Empty,
        null);

    private static PodRow Pod(string name, IpAddr address) => new() { Key = new ObjectKey("shop", name), IPs = [address], NodeName = "n1" };
}
