using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;
using Fairlead.Proxy;
using Fairlead.Proxy.Compile;
using Fairlead.Proxy.Drift;
using Fairlead.Proxy.Frontends;
using Fairlead.Proxy.Nftables;
using Fairlead.State;

namespace Fairlead.Tests.Proxy;

/// <summary>The comparison of kernel and plan names what differs, how, and whom it concerns: no more and no less.</summary>
public sealed class TableCheckTests
{
    private static readonly ProxyOptions Options = new() { NodeName = "n1", ServiceRanges = [IpNet.Parse("10.96.0.0/12")] };
    private static readonly NodeView Node = new("n1", "a", [Ip("172.30.0.11")], [IpNet.Parse("10.244.0.0/24")]) { ServiceRanges = Options.ServiceRanges };
    private static readonly ProxySchema Schema = new(Options);
    private static readonly Table Table = ProxySchema.Table;

    private readonly MemoryNft _nft = new();
    private readonly ProxyCompiler _compiler = new(Options);
    private readonly NftProxyCommitter _committer;

    public TableCheckTests()
    {
        _committer = new NftProxyCommitter(_nft, Options);
        Row[] rows =
        [
            Serve("plain", 1, 2), Serve("sticky", 2, 3, row => row with { AffinitySeconds = 60 }), Serve("nobody", 3, 0),
            Serve("outside", 4, 2, row => row with
            {
                Type = ServiceType.LoadBalancer, ExternalLocal = true, LoadBalancerIPs = [Ip("172.30.255.1")], SourceRanges = [IpNet.Parse("10.0.0.0/8")],
            }),
        ];
        _compiler.Update(
            [.. rows.Select(row => new Change<ObjectKey, ServiceRow>(row.Service.Key, null, row.Service))],
            [.. rows.Select(row => new Change<ObjectKey, EndpointSliceRow>(row.Slice.Key, null, row.Slice))], Node);
        Reconcile();
    }

    private Ruleset Actual => _nft.Tables[Table.Name];

    private Dictionary<FrontendKey, Committed> Held => _compiler.Plan.Keys.ToDictionary(key => key, key => _committer.Of(key)!);

    [Fact]
    public void What_was_committed_does_not_differ_from_itself() => Assert.True(Compare().IsEmpty);

    /// <summary>Every element the table has, one at a time: it alone is missed, at exactly those whose element it is.</summary>
    [Fact]
    public async Task Every_element_taken_out_is_missed_by_those_it_belongs_to()
    {
        var tried = 0;
        foreach (var content in Actual.Containers.Values)
        {
            foreach (var element in content.Elements.Values)
            {
                await _nft.CommitAsync(new Transaction(Table).Delete(new Elements(content.Container, element)), default);
                var drift = Compare();
                Assert.Empty(drift.Table);
                Assert.All(All(drift), difference => Assert.Equal((DifferenceKind.Missing, content.Container.Name, element), (difference.Kind, difference.Wanted!.Value.Container.Name, difference.Wanted.Value.Element)));
                Assert.Equal(Owners(content.Container, element), drift.Frontends.Keys.Order().ToArray());
                Assert.Equal(content.Container.Name is "own-pods4" or "service-ranges4", drift.Node.Count == 1);
                Assert.All(drift.Frontends.Values, list => Assert.Single(list));
                await _nft.CommitAsync(new Transaction(Table).Add(new Elements(content.Container, element)), default);
                tried++;
            }
        }

        Assert.Equal(38, tried);
        Assert.True(Compare().IsEmpty);
    }

    [Fact]
    public async Task An_altered_slot_is_told_with_both_values_and_its_number()
    {
        var key = Datum.Of(Ip("10.96.0.1"), IpProtocol.Tcp, (ushort)80, 1u);
        var endpoints = Schema.V4.Inside.Endpoints;
        await _nft.CommitAsync(
            new Transaction(Table).Delete(new Elements(endpoints, new Element(key)))
                .Add(new Elements(endpoints, Element.Of(key, Datum.Of(Ip("192.0.2.9"), (ushort)1)))), default);
        var (frontend, differences) = Assert.Single(Compare().Frontends);
        var difference = Assert.Single(differences);
        Assert.Equal("10.96.0.1:80/tcp", frontend.ToString());
        Assert.Equal((DifferenceKind.Changed, 1, false), (difference.Kind, difference.Slot, difference.IsLocal));
        Assert.Equal(
            "changed: map endpoints4 { 10.96.0.1 . tcp . 80 . 0:1 : 192.0.2.9 . 1 } instead of map endpoints4 { 10.96.0.1 . tcp . 80 . 0:1 : 10.244.0.2 . 8080 }",
            difference.ToString());
    }

    [Theory]
    [InlineData("10.96.0.1", "10.96.0.1:80/tcp: stray: map services4 { 10.96.0.1 . udp . 80 : 0:2 }", false)]
    [InlineData("10.96.0.1", "10.96.0.1:80/tcp: stray: map endpoints4 { 10.96.0.1 . tcp . 80 . 0:9 : 10.244.0.9 . 8080 }", true)]
    [InlineData("10.96.0.77", "table: stray: map endpoints4 { 10.96.0.77 . tcp . 80 . 0:9 : 10.244.0.9 . 8080 }", true)]
    public async Task An_element_too_many_is_the_frontends_it_names_or_nobodys(string address, string expected, bool isSlot)
    {
        var elements = isSlot
            ? new Elements(Schema.V4.Inside.Endpoints, Element.Of(Datum.Of(Ip(address), IpProtocol.Tcp, (ushort)80, 9u), Datum.Of(Ip("10.244.0.9"), (ushort)8080)))
            : new Elements(Schema.V4.Inside.Services, Element.Of(Datum.Of(Ip(address), IpProtocol.Udp, (ushort)80), Datum.Of(2u)));
        await _nft.CommitAsync(new Transaction(Table).Add(elements), default);
        Assert.Equal(isSlot ? expected : expected.Replace("10.96.0.1:80/tcp", "table", StringComparison.Ordinal), Assert.Single(Told(Compare())));
    }

    [Fact]
    public async Task A_chain_concerns_those_who_go_through_it()
    {
        await _nft.CommitAsync(new Transaction(Table).Flush(new Chain("lb-2")), default);
        Assert.Equal(
            ["10.96.0.1:80/tcp: missing: chain lb-2: rule 1: meta priority set numgen random mod 2", "10.96.0.4:80/tcp: missing: chain lb-2: rule 1: meta priority set numgen random mod 2",
             "172.30.0.11:30004/tcp: missing: chain lb-2: rule 1: meta priority set numgen random mod 2", "172.30.255.1:80/tcp: missing: chain lb-2: rule 1: meta priority set numgen random mod 2"],
            Told(Compare()));
        Reconcile();

        var lead = ProxyChains.LeadTo(Schema, local: false, new BalanceCode(3, 60));
        await _nft.CommitAsync(new Transaction(Table).Delete(new Elements(Schema.Balance, lead.Element)).Delete(new Chain("lb-3-sticky-60")), default);
        Assert.Equal(
            ["10.96.0.2:80/tcp: missing: chain lb-3-sticky-60", "10.96.0.2:80/tcp: missing: map balance { 1e:3 : goto lb-3-sticky-60 }"], Told(Compare()));
        Reconcile();

        await _nft.CommitAsync(new Transaction(Table).Flush(new Chain("postrouting")).Add(new Chain("strange")).Add(new Rule("strange", [Verdict.Return])).Add(new Chain("empty")).Add(new Chain("lb-77")).Add(new Set("odd", [FieldType.Mark])), default);
        Assert.Equal(["missing", "stray", "stray"], Compare().Table.Select(difference => difference.Kind.ToString().ToLowerInvariant()).Order());
        Assert.Empty(Compare().Frontends);
    }

    [Fact]
    public async Task What_packets_remember_is_no_difference()
    {
        var client = Element.Of(Datum.Of(Ip("10.244.0.9"), Ip("240.1.2.3")), Datum.Of(0u));
        await _nft.CommitAsync(new Transaction(Table).Add(new Elements(Schema.V4.Clients, client)), default);
        Assert.True(Compare().IsEmpty);
    }

    [Fact]
    public async Task Without_the_table_every_frontend_misses_it_once()
    {
        await _nft.CommitAsync(new Transaction(Table).Delete(Table), default);
        var drift = TableCheck.Compare(null, Held, [], Schema);
        Assert.Equal(_compiler.Plan.Keys.Order(), drift.Frontends.Keys.Order());
        Assert.All(All(drift), difference => Assert.Equal("missing: table inet fairlead-proxy", difference.ToString()));
    }

    private static List<Difference> All(TableDrift drift) => [.. drift.Frontends.Values.SelectMany(list => list), .. drift.Node, .. drift.Table];

    private static List<string> Told(TableDrift drift) =>
    [
        .. drift.Frontends.SelectMany(pair => pair.Value.Select(difference => $"{pair.Key}: {difference}")).Concat(drift.Node.Select(difference => $"node: {difference}"))
            .Concat(drift.Table.Select(difference => $"table: {difference}")).Order(StringComparer.Ordinal),
    ];

    private TableDrift Compare() => TableCheck.Compare(Actual, Held, [.. FrontendElements.OfNode(Node, Schema)], Schema);

    /// <summary>An independent account of who an element belongs to: by its address and port, by its endpoint count, or by its pod.</summary>
    private FrontendKey[] Owners(Container container, Element element) =>
    [
        .. _compiler.Plan.Values.Where(frontend => container.Name switch
        {
            "own-pods4" or "service-ranges4" => false,
            "balance" or "local-balance" => element.Key == Datum.Of(((uint)frontend.AffinitySeconds << 15)
                | (uint)(container.Name == "balance" ? frontend.Endpoints : frontend.LocalEndpoints).Count),
            "cluster-ips4" => frontend.Kind == FrontendKind.ClusterIP && element.Key == Datum.Of(frontend.Key.Address),
            "balancer-ips4" => frontend.Kind == FrontendKind.LoadBalancer && element.Key == Datum.Of(frontend.Key.Address),
            "hairpins4" => frontend.Endpoints.Any(endpoint => endpoint.IsLocalPod && element.Key == Datum.Of(endpoint.Address, endpoint.Address)),
            _ => element.Key.Bytes.StartsWith(Datum.Of(frontend.Key.Address, frontend.Key.Protocol, frontend.Key.Port).Bytes),
        }).Select(frontend => frontend.Key).Order(),
    ];

    private void Reconcile() => Assert.True(_committer.ReconcileAsync(_compiler.Plan, Node, default).IsCompletedSuccessfully);

    private static Row Serve(string name, byte number, int endpoints, Func<ServiceRow, ServiceRow>? change = null)
    {
        var key = new ObjectKey("shop", name);
        var service = new ServiceRow { Key = key, ClusterIPs = [Ip($"10.96.0.{number}")], Ports = [new ServicePort("http", IpProtocol.Tcp, 80, (ushort)(30000 + number), "", "")] };
        return new Row(change?.Invoke(service) ?? service, new EndpointSliceRow
        {
            Key = key,
            Service = key,
            Ports = [new EndpointPort("http", IpProtocol.Tcp, 8080)],
            Endpoints = Enumerable.Range(1, endpoints).Select(i => new SliceEndpoint { Address = Ip($"10.244.0.{i}"), NodeName = i == 1 ? "n1" : "n2" }).ToValueArray(),
        });
    }

    private static IpAddr Ip(string text) => IpAddr.Parse(text);

    private sealed record Row(ServiceRow Service, EndpointSliceRow Slice);
}
