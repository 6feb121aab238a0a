using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Conntrack;
using Fairlead.Nftables;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Text;
using Fairlead.Nftables.Tracing;
using Fairlead.Nftables.Transactions;
using Fairlead.Proxy;
using Fairlead.Proxy.Compile;
using Fairlead.Proxy.Frontends;
using Fairlead.Proxy.Inspection;
using Fairlead.Proxy.Nftables;
using Fairlead.Serving;
using Fairlead.State;
using Fairlead.Testing;
using Fairlead.Testing.Nftables;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Proxy;

public sealed class ProxyRoomTests : IAsyncDisposable
{
    private static readonly ObjectKey Web = new("shop", "web");
    private static readonly IpAddr Node = IpAddr.Parse("172.30.0.11");
    private readonly ClusterTables _tables = new();
    private readonly MemoryNft _nft = new();
    private readonly FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private readonly List<ConntrackFlow> _flows = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var task in _running)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        }

        _stop.Dispose();
    }

    [Fact]
    public async Task Nothing_is_programmed_before_everything_has_been_listed_once()
    {
        var room = Start(_nft);
        Serve(Web, 1, 2);
        _tables.Nodes.Upsert("n1", new NodeRow { Name = "n1" });
        _tables.Services.MarkInitialized();
        _tables.Nodes.MarkInitialized();
        var committed = room.WaitUntilCommittedAsync(Deadline.Token());
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, _nft.Commits);
        Assert.False(committed.IsCompleted);
        Assert.False(room.Frontends.Initialized);
        _tables.EndpointSlices.MarkInitialized();
        Assert.False(committed.IsCompleted);
        _tables.ServiceCidrs.MarkInitialized();
        await committed;
        Assert.Equal(1, _nft.Commits);
        Assert.True(room.Frontends.Initialized);
    }

    [Fact]
    public async Task A_change_costs_a_handful_of_elements_however_many_services_there_are()
    {
        for (var i = 0; i < 200; i++)
        {
            Serve(new ObjectKey("shop", $"other-{i}"), (byte)(i + 3), 10);
        }

        Serve(Web, 1, 9);
        var room = await StartedAsync(_nft);
        Serve(Web, 1, 10);
        await room.WaitUntilCommittedAsync(Deadline.Token());
        Assert.Equal(
            ["delete elements of map services4 1", "add elements of map services4 1", "add elements of map endpoints4 1", "delete elements of map balance 1"],
            Operations(_nft.LastTransaction!));
        Serve(new ObjectKey("shop", "new"), 2, 10);
        await room.WaitUntilCommittedAsync(Deadline.Token());
        Assert.Equal([.. NewService(10), "delete chain lb-9"], Operations(_nft.LastTransaction!).Order());
        var chains = _nft.Tables["fairlead-proxy"].Chains.Count;
        Serve(Web, 1, 0);
        await room.WaitUntilCommittedAsync(Deadline.Token());
        Assert.Equal(chains, _nft.Tables["fairlead-proxy"].Chains.Count);
        Assert.Contains("add elements of set refused4 1", Operations(_nft.LastTransaction!));
    }

    [Fact]
    public async Task A_client_stays_with_its_endpoint_from_one_frontend_of_a_port_to_the_other()
    {
        Serve(Web, 1, 5);
        var service = _tables.Services.Get(Web)! with { Type = ServiceType.NodePort, AffinitySeconds = 60, Ports = [new ServicePort("dns", IpProtocol.Udp, 53, 30053, "", "")] };
        _tables.Services.Upsert(Web, service);
        var room = await StartedAsync(_nft);
        _tables.Nodes.Upsert("n1", new NodeRow { Name = "n1", InternalIPs = [Node] });
        await room.WaitUntilCommittedAsync(Deadline.Token());
        var pick = 0u;
        var tracer = new PacketTracer(_nft.Tables.Values, new TraceHost(address => address == Node, _ => "eth0"), modulus => pick++ % modulus);
        var vip = service.ClusterIPs[0];
        var led = new[] { (vip, 53), (Node, 30053), (vip, 53), (Node, 30053) }.Select(to => tracer.Trace(new Packet
        {
            Source = Node,
            SourcePort = 40_000,
            Destination = to.Item1,
            DestinationPort = (ushort)to.Item2,
            Protocol = IpProtocol.Udp,
        }).ToString()).ToList();
        Assert.StartsWith("accepted 10.", Assert.Single(led.Distinct()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_shows_on_the_frontends_and_is_tried_again()
    {
        Serve(Web, 1, 2);
        var failing = true;
        var room = Start(new FaultyNft(_nft, _ => failing));
        Initialize();
        var committed = room.WaitUntilCommittedAsync(Deadline.Token());
        await UntilAsync(() => room.Frontends.Snapshot().Values.Any(row => row.Status == FrontendStatus.Error));
        Assert.Contains("made to fail", room.Frontends.Snapshot().Values.First().Error, StringComparison.Ordinal);
        failing = false;
        await UntilAsync(() => committed.IsCompleted);
        Assert.All(room.Frontends.Snapshot().Values, row => Assert.Equal((FrontendStatus.Done, ""), (row.Status, row.Error)));
    }

    [Fact]
    public async Task What_somebody_changed_in_the_kernel_is_put_right()
    {
        Serve(Web, 1, 2);
        var room = await StartedAsync(_nft);
        var before = RulesetText.Render(_nft.Tables["fairlead-proxy"]);
        var table = new Table("fairlead-proxy");
        var endpoints = _nft.Tables["fairlead-proxy"].Containers["endpoints4"].Container;
        _nft.CommitByOthers(new Transaction(table).Flush(endpoints).Flush(new Chain("inside")).Add(new Chain("strange")), told: false);
        await UntilAsync(() => RulesetText.Render(_nft.Tables["fairlead-proxy"]) == before);
        _nft.CommitByOthers(new Transaction(table).Delete(table), told: false);
        await UntilAsync(() => _nft.Tables.ContainsKey("fairlead-proxy"));
        Assert.Equal(before, RulesetText.Render(_nft.Tables["fairlead-proxy"]));

        // And once it is right, it is not read again until somebody commits.
        var commits = _nft.Commits;
        _time.Advance(TimeSpan.FromMinutes(5));
        await room.WaitUntilCommittedAsync(Deadline.Token());
        Assert.Equal(commits, _nft.Commits);
    }

    [Fact]
    public async Task What_differed_is_counted_by_object_and_kind_and_a_chain_that_is_left_over_is_not()
    {
        Serve(Web, 1, 2);
        var room = Start(_nft);
        using var text = new PrometheusText(room.Meter);
        Initialize();
        await room.WaitUntilCommittedAsync(Deadline.Token());
        Serve(Web, 1, 3);
        await room.WaitUntilCommittedAsync(Deadline.Token());
        Assert.Contains("lb-2", _nft.Tables["fairlead-proxy"].Chains.Keys);
        await UntilAsync(() => !_nft.Tables["fairlead-proxy"].Chains.ContainsKey("lb-2"));
        Assert.Contains("fairlead_proxy_drifts_total 0\n", text.Write(), StringComparison.Ordinal);

        var (table, containers) = (new Table("fairlead-proxy"), _nft.Tables["fairlead-proxy"].Containers);
        var before = RulesetText.Render(_nft.Tables["fairlead-proxy"]);
        _nft.CommitByOthers(new Transaction(table).Flush(containers["endpoints4"].Container).Flush(containers["own-pods4"].Container)
            .Add(new Chain("strange")).Add(new Rule("strange", [Fairlead.Nftables.Expressions.Verdict.Return])));
        await UntilAsync(() => RulesetText.Render(_nft.Tables["fairlead-proxy"]) == before);
        await UntilAsync(() => text.Write().Contains("object=\"table\"", StringComparison.Ordinal));
        Assert.Equal(
            """
            fairlead_proxy_drift_elements_total{object="node",difference="missing"} 1
            fairlead_proxy_drift_elements_total{object="service",difference="missing"} 3
            fairlead_proxy_drift_elements_total{object="table",difference="stray"} 1
            fairlead_proxy_drifts_total 1
            fairlead_proxy_services_out_of_step 0
            fairlead_proxy_services_with_warnings 0

            """,
            string.Concat(text.Write().Split('\n').Where(line => line.StartsWith("fairlead_proxy_", StringComparison.Ordinal)).Select(line => line + "\n")));
    }

    [Fact]
    public async Task Drift_that_cannot_be_put_right_shows_on_the_frontends_it_concerns_until_it_can()
    {
        Serve(Web, 1, 2);
        Serve(new ObjectKey("shop", "other"), 2, 2);
        var failing = false;
        var room = Start(new FaultyNft(_nft, _ => failing));
        using var text = new PrometheusText(room.Meter);
        Initialize();
        await room.WaitUntilCommittedAsync(Deadline.Token());
        failing = true;
        var endpoints = _nft.Tables["fairlead-proxy"].Containers["endpoints4"];
        _nft.CommitByOthers(new Transaction(new Table("fairlead-proxy")).Delete(new Elements(
            endpoints.Container, endpoints.Elements.Values.First(element => element.Key.Bytes.StartsWith(IpAddr.Parse("10.96.0.2").ToBytes())))));
        await UntilAsync(() => room.Frontends.Snapshot().Values.Any(row => row.Status == FrontendStatus.Error));
        Assert.Equal(["shop/other"], room.Frontends.Snapshot().Values.Where(row => row.Error.Contains("made to fail", StringComparison.Ordinal)).Select(row => row.Frontend.Service.ToString()));
        Assert.Contains("fairlead_proxy_services_out_of_step 1\n", text.Write(), StringComparison.Ordinal);
        failing = false;
        await UntilAsync(() => room.Frontends.Snapshot().Values.All(row => row.Status == FrontendStatus.Done));
        Assert.Contains("fairlead_proxy_services_out_of_step 0\n", text.Write(), StringComparison.Ordinal);
    }

    /// <summary>A range of one address is read back as that address.</summary>
    [Fact]
    public async Task A_source_range_of_one_address_is_no_drift()
    {
        Serve(Web, 1, 2);
        _tables.Services.Upsert(Web, _tables.Services.Get(Web)! with
        {
            Type = ServiceType.LoadBalancer,
            LoadBalancerIPs = [IpAddr.Parse("172.30.255.1")],
            SourceRanges = [IpNet.Parse("192.0.2.7/32")],
        });
        await StartedAsync(_nft);
        var sources = _nft.Tables["fairlead-proxy"].Containers["sources4"].Elements.Values;
        Assert.NotEmpty(sources);
        Assert.All(sources, element => Assert.True(element.KeyEnd.IsEmpty));
    }

    [Fact]
    public async Task Flows_to_udp_endpoints_that_are_gone_are_deleted_also_when_none_is_left()
    {
        Serve(Web, 1, 2);
        _flows.AddRange([Flow("10.244.0.1"), Flow("10.244.0.2"), Flow("10.244.0.1") with { Protocol = IpProtocol.Tcp }]);
        var room = await StartedAsync(_nft);
        Assert.Equal(3, _flows.Count);
        Serve(Web, 1, 1);
        await room.WaitUntilCommittedAsync(Deadline.Token());
        Assert.Equal(["10.244.0.1 Udp", "10.244.0.1 Tcp"], _flows.Select(flow => $"{flow.Reply.Source} {flow.Protocol}"));
        Serve(Web, 1, 0);
        await room.WaitUntilCommittedAsync(Deadline.Token());
        Assert.Equal(["10.244.0.1 Tcp"], _flows.Select(flow => $"{flow.Reply.Source} {flow.Protocol}"));

        // The same pod at another port is another endpoint.
        Serve(Web, 1, 1);
        _tables.EndpointSlices.Upsert(Web, _tables.EndpointSlices.Get(Web)! with { Ports = [new EndpointPort("dns", IpProtocol.Udp, 5354)] });
        await room.WaitUntilCommittedAsync(Deadline.Token());
        _flows.AddRange([Flow("10.244.0.1"), Flow("10.244.0.1", port: 5354)]);
        _tables.EndpointSlices.Upsert(Web, _tables.EndpointSlices.Get(Web)! with { Ports = [new EndpointPort("dns", IpProtocol.Udp, 5353)] });
        await room.WaitUntilCommittedAsync(Deadline.Token());
        Assert.Equal(["10.244.0.1:5353 Tcp", "10.244.0.1:5353 Udp"], _flows.Select(flow => $"{flow.Reply.Source}:{flow.Reply.SourcePort} {flow.Protocol}"));
        _flows.RemoveAll(flow => flow.Protocol == IpProtocol.Udp);

        // A flow to the node's own process behind a port that was a Service's stays.
        Serve(Web, 1, 1);
        await room.WaitUntilCommittedAsync(Deadline.Token());
        _flows.AddRange([Flow("10.244.0.1"), Flow("10.96.0.1", port: 53, status: 0)]);
        _tables.Services.Delete(Web);
        await room.WaitUntilCommittedAsync(Deadline.Token());
        Assert.Equal(["10.244.0.1 Tcp", "10.96.0.1 Udp"], _flows.Select(flow => $"{flow.Reply.Source} {flow.Protocol}"));
    }

    [Fact]
    public async Task Flows_to_a_service_that_went_while_no_agent_ran_are_deleted_too()
    {
        Serve(Web, 1, 2);
        var (options, compiler) = (new ProxyOptions { NodeName = "n1" }, new ProxyCompiler(new ProxyOptions { NodeName = "n1" }));
        compiler.Update([new(Web, null, _tables.Services.Get(Web))], [new(Web, null, _tables.EndpointSlices.Get(Web))], new NodeView("n1", "", default, default));
        await new NftProxyCommitter(_nft, options).ReconcileAsync(compiler.Plan, compiler.Node, default);
        _tables.Services.Delete(Web);
        _flows.AddRange([Flow("10.244.0.1"), Flow("10.96.0.1", port: 53, status: 0)]);
        await StartedAsync(_nft);
        Assert.Equal(["10.96.0.1"], _flows.Select(flow => $"{flow.Reply.Source}"));
    }

    [Fact]
    public async Task Metrics_have_kube_proxys_names_and_count_changes_failures_and_time()
    {
        var failing = false;
        Serve(Web, 1, 2);
        var far = new ObjectKey("shop", "far");
        Serve(far, 9, 2);
        _tables.Services.Upsert(far, _tables.Services.Get(far)! with
        {
            Type = ServiceType.LoadBalancer,
            LoadBalancerIPs = [IpAddr.Parse("172.30.255.1")],
            InternalLocal = true,
            ExternalLocal = true,
        });
        _tables.EndpointSlices.Upsert(far, _tables.EndpointSlices.Get(far)! with { Endpoints = [_tables.EndpointSlices.Get(far)!.Endpoints[1]] });
        var room = Start(new FaultyNft(_nft, _ => failing));
        using var text = new PrometheusText(room.Meter);
        Initialize();
        await room.WaitUntilCommittedAsync(Deadline.Token());
        _flows.AddRange([Flow("10.244.0.1"), Flow("10.244.0.2")]);
        var slice = _tables.EndpointSlices.Get(Web)!;
        _tables.EndpointSlices.Upsert(Web, slice with { Endpoints = [slice.Endpoints[0]], TriggeredAt = _time.GetUtcNow() - TimeSpan.FromSeconds(3) });
        await room.WaitUntilCommittedAsync(Deadline.Token());

        var before = text.Write();
        Assert.Contains("kubeproxy_sync_proxy_rules_endpoint_changes_total 3\n", before, StringComparison.Ordinal);
        Assert.Contains("kubeproxy_sync_proxy_rules_service_changes_total 2\n", before, StringComparison.Ordinal);
        Assert.Contains("kubeproxy_sync_proxy_rules_duration_seconds_count 1\n", before, StringComparison.Ordinal);
        Assert.Contains("kubeproxy_network_programming_duration_seconds_bucket{le=\"2\"} 0\n", before, StringComparison.Ordinal);
        Assert.Contains("kubeproxy_network_programming_duration_seconds_bucket{le=\"3\"} 1\n", before, StringComparison.Ordinal);
        Assert.Contains("kubeproxy_sync_proxy_rules_endpoint_changes_pending 0\n", before, StringComparison.Ordinal);

        Assert.All(new[]
        {
            "kubeproxy_sync_proxy_rules_service_changes_pending 0", "kubeproxy_sync_proxy_rules_nftables_cleanup_failures_total 0",
            $"kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds {Seconds()}", $"kubeproxy_sync_proxy_rules_last_timestamp_seconds {Seconds()}",
            "kubeproxy_conntrack_reconciler_deleted_entries_total 1", "kubeproxy_conntrack_reconciler_sync_duration_seconds_count ",
            "kubeproxy_sync_proxy_rules_no_local_endpoints_total{traffic_policy=\"internal\"} 1",
            "kubeproxy_sync_proxy_rules_no_local_endpoints_total{traffic_policy=\"external\"} 1",
        }, line => Assert.Contains($"\n{line}", before, StringComparison.Ordinal));

        failing = true;
        Serve(Web, 1, 2);
        await UntilAsync(() => !text.Write().Contains("nftables_sync_failures_total 0\n", StringComparison.Ordinal));
        Assert.Contains("kubeproxy_sync_proxy_rules_endpoint_changes_pending 1\n", text.Write(), StringComparison.Ordinal);

        string Seconds() => (_time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task What_of_a_service_is_not_served_is_counted_and_told_by_inspection()
    {
        Serve(Web, 1, 2);
        var room = Start(_nft);
        using var text = new PrometheusText(room.Meter);
        Initialize();
        _tables.Services.Upsert(Web, _tables.Services.Get(Web)! with { ExternalIPs = [IpAddr.Parse("192.0.2.1")] });
        await room.WaitUntilCommittedAsync(Deadline.Token());
        Assert.Contains("fairlead_proxy_services_with_warnings 1\n", text.Write(), StringComparison.Ordinal);
        var inspection = await room.InspectAsync(_nft, new InspectionQuery(Depth: InspectionDepth.Services), Deadline.Token());
        var reason = Assert.Single(Assert.Single(inspection.Services).Reasons);
        Assert.StartsWith("spec.externalIPs 192.0.2.1 is not served", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clean_up_removes_the_table_and_only_that()
    {
        Serve(Web, 1, 2);
        await StartedAsync(_nft);
        var theirs = new Table("fairlead-policy");
        await _nft.CommitAsync(new Transaction(theirs).Add(theirs), default);
        await ProxyRoom.CleanUpAsync(_nft, default);
        await ProxyRoom.CleanUpAsync(_nft, default);
        Assert.Equal(["fairlead-policy"], _nft.Tables.Keys);
    }

    private static IEnumerable<string> NewService(int endpoints) =>
        ["add elements of map endpoints4 " + endpoints, "add elements of map services4 1", "add elements of set cluster-ips4 1", "add elements of set hairpins4 1"];

    private static List<string> Operations(Transaction tx) =>
        [.. tx.Operations.Select(operation => operation.Object is Elements elements ? $"{operation} {elements.Items.Count}" : operation.ToString())];

    private static ConntrackFlow Flow(string endpoint, ushort port = 5353, uint status = ConntrackFlow.StatusDestinationNat) => new()
    {
        Family = IpFamily.V4,
        Protocol = IpProtocol.Udp,
        Status = status,
        Original = new ConntrackTuple(IpAddr.Parse("10.244.0.9"), IpAddr.Parse("10.96.0.1"), 4000, 53),
        Reply = new ConntrackTuple(IpAddr.Parse(endpoint), IpAddr.Parse("10.244.0.9"), port, 4000),
    };

    private async Task<ProxyRoom> StartedAsync(INft nft)
    {
        var room = Start(nft);
        Initialize();
        await room.WaitUntilCommittedAsync(Deadline.Token());
        return room;
    }

    private ProxyRoom Start(INft nft)
    {
        var room = new ProxyRoom(new ProxyOptions { NodeName = "n1" }, _tables, nft, DeleteFlows, _time, NullLogger.Instance);
        _running.Add(room.RunAsync(_stop.Token));
        return room;
    }

    private int DeleteFlows(IpFamily family, Func<ConntrackFlow, bool> condition) => _flows.RemoveAll(flow => flow.Family == family && condition(flow));

    private void Initialize()
    {
        _tables.Nodes.Upsert("n1", new NodeRow { Name = "n1", PodCIDRs = [IpNet.Parse("10.244.0.0/24")] });
        _tables.Services.MarkInitialized();
        _tables.EndpointSlices.MarkInitialized();
        _tables.Nodes.MarkInitialized();
        _tables.ServiceCidrs.MarkInitialized();
    }

    private void Serve(ObjectKey key, byte number, int endpoints)
    {
        var web = key == Web;
        // The slice first: without its Service it changes nothing, so that a new Service comes with its endpoints, in one commit.
        _tables.EndpointSlices.Upsert(key, new EndpointSliceRow
        {
            Key = key,
            Service = key,
            Ports = [new EndpointPort("dns", web ? IpProtocol.Udp : IpProtocol.Tcp, 5353)],

            // Of the others' endpoints only the first is a pod of this node, so that what a new Service costs stays in sight.
            Endpoints = Enumerable.Range(1, endpoints)
                .Select(i => new SliceEndpoint { Address = IpAddr.Parse(web ? $"10.244.0.{i}" : $"10.24{5 + (i > 1 ? 1 : 0)}.{number}.{i}"), NodeName = web || i > 1 ? "n2" : "n1" })
                .ToValueArray(),
        });
        _tables.Services.Upsert(key, new ServiceRow
        {
            Key = key,
            ClusterIPs = [IpAddr.Parse($"10.96.0.{number}")],
            Ports = [new ServicePort("dns", web ? IpProtocol.Udp : IpProtocol.Tcp, 53, 0, "", "")],
        });
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        var deadline = Deadline.Token();
        while (!condition())
        {
            deadline.ThrowIfCancellationRequested();
            _time.Advance(TimeSpan.FromSeconds(10));
            await Task.Yield();
        }
    }
}
