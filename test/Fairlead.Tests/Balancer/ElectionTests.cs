using Fairlead.Balancer.Announce;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Tests.Balancer;

public sealed class ElectionTests
{
    private static readonly ServiceRow Web = new()
    {
        Key = new ObjectKey("default", "web"),
        Type = ServiceType.LoadBalancer,
        LoadBalancerIPs = [IpAddr.Parse("192.0.2.1"), IpAddr.Parse("2001:db8::1")],
    };

    private static readonly IpAddr[] Many = [.. Enumerable.Range(0, 300).Select(i => new IpNet(IpAddr.Parse("198.18.0.0"), 15).At((UInt128)i))];

    [Fact]
    public void Each_address_has_one_owner_and_all_nodes_have_their_share()
    {
        var shares = Many.CountBy(address => Election.Owner(Web, address, Nodes("a", "b", "c"), []) ?? "").ToDictionary();
        Assert.Equal(3, shares.Count);
        Assert.All(shares.Values, share => Assert.InRange(share, 60, 140));
    }

    [Fact]
    public void When_a_node_leaves_only_its_own_addresses_move()
    {
        foreach (var address in Many)
        {
            var before = Election.Owner(Web, address, Nodes("a", "b", "c"), []);
            var after = Election.Owner(Web, address, Nodes("c", "a"), []);
            Assert.True(before == "b" ? after is "a" or "c" : after == before);
        }
    }

    [Fact]
    public void A_node_that_returns_or_joins_takes_no_address_from_the_one_that_answers()
    {
        foreach (var address in Many)
        {
            // b answered at first, was lost, and somebody has taken over.
            var taken = Election.Owner(Web, address, Nodes("a", "c"), [])!;
            var remembered = Web with { AnsweredBy = $"2001:db8::1=b,{address}={taken}" };
            Assert.Equal(taken, Election.Owner(remembered, address, Nodes("a", "b", "c", "d"), []));

            // When that one is lost as well, the choice is as free as ever.
            var others = Nodes("a", "b", "c").Where(node => node.Name != taken).ToArray();
            Assert.Equal(Election.Owner(Web, address, others, []), Election.Owner(remembered, address, others, []));
        }
    }

    [Fact]
    public void With_Local_policy_who_answered_keeps_the_address_only_while_it_has_an_endpoint()
    {
        var local = Web with { ExternalLocal = true, AnsweredBy = $"{Many[0]}=a" };
        SliceEndpoint[] endpoints = [new() { Address = Many[0], NodeName = "b" }, new() { Address = Many[1], NodeName = "a" }];
        Assert.Equal("a", Election.Owner(local, Many[0], Nodes("a", "b"), endpoints));
        Assert.Equal("b", Election.Owner(local, Many[0], Nodes("a", "b"), [endpoints[0]]));
    }

    [Theory]
    [InlineData("", "a", "192.0.2.1=a")]
    [InlineData("192.0.2.1=a", "b", "192.0.2.1=b")]
    [InlineData("192.0.2.1=a", "", "192.0.2.1=a")]
    [InlineData("nonsense,=,x=y,192.0.2.9=z", "a", "192.0.2.1=a")]
    [InlineData("", "", "")]
    public void The_record_names_who_answers_or_who_did_last(string before, string owner, string expected) =>
        Assert.Equal(expected, Election.Record(Web with { AnsweredBy = before }, [new(IpAddr.Parse("192.0.2.1"), Web.Key, owner, false)]));

    [Fact]
    public void A_node_that_is_not_ready_or_excluded_owns_nothing()
    {
        var excluded = Node("b") with { Labels = Labels.From([KeyValuePair.Create("node.kubernetes.io/exclude-from-external-load-balancers", "")]) };
        Assert.All(Many, address => Assert.Equal("c", Election.Owner(Web, address, [Node("a") with { Ready = false }, excluded, Node("c")], [])));
        Assert.Null(Election.Owner(Web, Many[0], [excluded], []));
    }

    [Fact]
    public void With_Local_policy_only_nodes_with_a_ready_endpoint_may_answer_or_with_a_serving_one_while_all_terminate()
    {
        var local = Web with { ExternalLocal = true };
        var nodes = Nodes("a", "b", "c");
        var ready = new SliceEndpoint { Address = Many[0], NodeName = "b" };
        var draining = new SliceEndpoint { Address = Many[1], NodeName = "c", Ready = false, Serving = true, Terminating = true };
        Assert.All(Many, address => Assert.Equal("b", Election.Owner(local, address, nodes, [ready, draining])));
        Assert.All(Many, address => Assert.Equal("c", Election.Owner(local, address, nodes, [draining])));
        Assert.Null(Election.Owner(local, Many[0], nodes, []));
    }

    [Fact]
    public void Announcements_follow_Services_slices_and_nodes_and_agree_with_a_compiler_that_starts_afresh()
    {
        var (nodes, services, slices) = (new Table<string, NodeRow>("nodes"), new Table<ObjectKey, ServiceRow>("services"), new Table<ObjectKey, EndpointSliceRow>("slices"));
        var (nodeFeed, serviceFeed, sliceFeed) = (nodes.Subscribe(), services.Subscribe(), slices.Subscribe());
        var compiler = new AnnouncementCompiler("a");
        IReadOnlyDictionary<IpAddr, AnnouncementRow> Now()
        {
            var rows = compiler.Apply(serviceFeed.Take().Changes, sliceFeed.Take().Changes, nodeFeed.Take());
            var fresh = new AnnouncementCompiler("a").Apply(services.Subscribe().Take().Changes, slices.Subscribe().Take().Changes, nodes.Subscribe().Take());
            Assert.Equal(fresh.OrderBy(row => row.Key), rows.OrderBy(row => row.Key));
            return rows;
        }

        services.Upsert(Web.Key, Web);
        Assert.Equal("", Now()[Web.LoadBalancerIPs[0]].Owner);
        nodes.Upsert("a", Node("a"));
        Assert.All(Now().Values, row => Assert.True(row.IsOurs));
        services.Upsert(Web.Key, Web with { ExternalLocal = true });
        Assert.All(Now().Values, row => Assert.Equal("", row.Owner));
        var slice = new EndpointSliceRow { Key = new ObjectKey("default", "web-1"), Service = Web.Key, Endpoints = [new SliceEndpoint { Address = Many[0], NodeName = "a" }] };
        slices.Upsert(slice.Key, slice);
        Assert.All(Now().Values, row => Assert.Equal("a", row.Owner));
        slices.Delete(slice.Key);
        Assert.All(Now().Values, row => Assert.Equal("", row.Owner));
        services.Upsert(Web.Key, Web with { Type = ServiceType.ClusterIP, LoadBalancerIPs = default });
        Assert.Empty(Now());
    }

    private static NodeRow[] Nodes(params string[] names) => [.. names.Select(Node)];

    private static NodeRow Node(string name) => new() { Name = name, Ready = true };
}
