using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Conntrack;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Text;
using Fairlead.Nftables.Tracing;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;
using Fairlead.Policy;
using Fairlead.State;
using Fairlead.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Policy;

public sealed class PolicyRoomTests : IAsyncDisposable
{
    private static readonly IpAddr Address = IpAddr.Parse("10.244.1.2");
    private static readonly Probe FromOutside = new(IpAddr.Parse("192.0.2.7"), Address, IpProtocol.Tcp, 80);

    private readonly ClusterTables _tables = new();
    private readonly NodeTables _node = new();
    private readonly MemoryNft _nft = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _run = Task.CompletedTask;

    [Fact]
    public async Task Before_the_cluster_is_listed_the_nodes_pod_range_is_closed_and_nobody_is_enforced()
    {
        AddNodeAndPod();
        Start();
        await UntilAsync(() => _nft.Tables.Values.Any(table => table.Chains["ingress"].Rules.Count > 2));
        Assert.Equal(TraceVerdict.Dropped, PolicyTrace.Of(_nft, FromOutside).Verdict);
        Assert.Empty(_node.Enforced.Snapshot());
    }

    [Fact]
    public async Task A_pod_is_enforced_once_its_verdicts_are_in_the_filter()
    {
        AddNodeAndPod();
        Start();
        List();
        await UntilAsync(() => _node.Enforced.Get(new ObjectKey("a", "p")) is not null);
        Assert.Equal([Address], _node.Enforced.Get(new ObjectKey("a", "p"))!.IPs);
        Assert.Equal(TraceVerdict.Accepted, PolicyTrace.Of(_nft, FromOutside).Verdict);
    }

    [Fact]
    public async Task A_pod_of_the_same_name_but_another_uid_has_no_verdicts()
    {
        AddNodeAndPod(attachedUid: "earlier");
        Start();
        List();
        await UntilAsync(() => _node.Enforced.Initialized);
        Assert.Empty(_node.Enforced.Snapshot());
        Assert.Equal(TraceVerdict.Dropped, PolicyTrace.Of(_nft, FromOutside).Verdict);
    }

    [Fact]
    public async Task A_restart_keeps_what_is_in_force_and_changes_nothing_that_is_right()
    {
        AddNodeAndPod();
        List();
        Start();
        await UntilAsync(() => _node.Enforced.Initialized);
        var before = _nft.Tables["fairlead-policy"];
        var (tables, node) = (new ClusterTables(), new NodeTables());
        var again = new PolicyRoom(tables, node, "n1", _nft, null, TimeProvider.System, NullLogger<PolicyRoom>.Instance).RunAsync(_stop.Token);
        AddNodeAndPod("u", tables, node);
        Assert.Same(before, _nft.Tables["fairlead-policy"]);
        List(tables, node);
        await UntilAsync(() => node.Enforced.Initialized, node);
        Assert.Same(before, _nft.Tables["fairlead-policy"]);
        Assert.False(again.IsFaulted);
    }

    [Fact]
    public async Task A_packet_in_the_middle_of_a_connection_does_not_open_it_at_an_isolated_pod()
    {
        _tables.Policies.Upsert(new ObjectKey("a", "np"), new PolicyRow
        {
            Key = new ObjectKey("a", "np"),
            IsolatesIngress = true,
            Ingress = [new PolicyRule(default, default)],
        });
        AddNodeAndPod();
        List();
        Start();
        await UntilAsync(() => _node.Enforced.Initialized);
        Assert.Equal(TraceVerdict.Accepted, PolicyTrace.Of(_nft, FromOutside).Verdict);
        var answer = new Probe(Address, FromOutside.From, IpProtocol.Tcp, 40000);
        Assert.Equal(TraceVerdict.Dropped, PolicyTrace.Of(_nft, answer, flags: 0x10).Verdict);
        Assert.Equal(TraceVerdict.Accepted, PolicyTrace.Of(_nft, answer, CtState.Established, 0x10).Verdict);
    }

    [Fact]
    public async Task A_ClusterNetworkPolicy_is_in_force_as_soon_as_it_is_known_and_gone_with_it()
    {
        AddNodeAndPod();
        _tables.Namespaces.Upsert("a", new NamespaceRow("a", Labels.Empty));
        List();
        Start();
        await UntilAsync(() => _node.Enforced.Initialized);
        var anywhere = new PolicyPeer(null, null, new IpBlock(IpNet.Parse("0.0.0.0/0"), default));
        _tables.ClusterPolicies.Upsert("c", new ClusterPolicyRow { Name = "c", Ingress = [new ClusterPolicyRule("", PolicyAction.Deny, [anywhere], default)] });
        await UntilAsync(() => PolicyTrace.Of(_nft, FromOutside).Verdict == TraceVerdict.Dropped);
        _tables.ClusterPolicies.Delete("c");
        await UntilAsync(() => PolicyTrace.Of(_nft, FromOutside).Verdict == TraceVerdict.Accepted);
    }

    [Fact]
    public async Task A_namespace_that_gets_a_label_is_a_peer_at_once()
    {
        var (peer, from) = (new ObjectKey("b", "q"), IpAddr.Parse("10.244.2.9"));
        _tables.Pods.Upsert(peer, new PodRow { Key = peer, Uid = "v", NodeName = "n2", IPs = [from] });
        _tables.Namespaces.Upsert("b", new NamespaceRow("b", Labels.Empty));
        _tables.Policies.Upsert(new ObjectKey("a", "np"), new PolicyRow
        {
            Key = new ObjectKey("a", "np"),
            IsolatesIngress = true,
            Ingress = [new PolicyRule([new PolicyPeer(new LabelSelector([new LabelRequirement("team", LabelOperator.Exists, [])]), null, null)], default)],
        });
        AddNodeAndPod();
        List();
        Start();
        await UntilAsync(() => _node.Enforced.Initialized);
        var probe = new Probe(from, Address, IpProtocol.Tcp, 80);
        Assert.Equal(TraceVerdict.Dropped, PolicyTrace.Of(_nft, probe).Verdict);
        _tables.Namespaces.Upsert("b", new NamespaceRow("b", Labels.From([new("team", "x")])));
        await UntilAsync(() => PolicyTrace.Of(_nft, probe).Verdict == TraceVerdict.Accepted);
    }

    [Fact]
    public async Task A_table_that_others_remove_is_back_at_once_and_after_a_while_if_nobody_tells()
    {
        AddNodeAndPod();
        List();
        var time = new FakeTimeProvider();
        _run = new PolicyRoom(_tables, _node, "n1", _nft, null, time, NullLogger<PolicyRoom>.Instance).RunAsync(_stop.Token);
        await UntilAsync(() => _node.Enforced.Initialized);
        var table = new Table("fairlead-policy");
        var rules = RulesetText.Render(_nft.Tables[table.Name]);
        _nft.CommitByOthers(new Transaction(table).Delete(table));
        await UntilAsync(IsBack);
        _nft.CommitByOthers(new Transaction(table).Delete(table), told: false);
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(IsBack());
        time.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(IsBack);

        bool IsBack() => _nft.Tables.TryGetValue(table.Name, out var there) && RulesetText.Render(there) == rules;
    }

    [Fact]
    public async Task A_table_removed_before_the_cluster_is_listed_is_closed_again()
    {
        AddNodeAndPod();
        Start();
        await UntilAsync(IsClosed);
        var table = new Table("fairlead-policy");
        _nft.CommitByOthers(new Transaction(table).Delete(table));
        await UntilAsync(IsClosed);

        bool IsClosed() => _nft.Tables.Values.Any(there => there.Chains["ingress"].Rules.Count > 2);
    }

    [Fact]
    public async Task A_cut_that_is_refused_is_tried_again_until_it_is_done_and_told_once()
    {
        AddNodeAndPod();
        List();
        var (time, flows, errors) = (new FakeTimeProvider(), new RefusingFlows { Refusals = 3 }, new Errors());
        var room = new PolicyRoom(_tables, _node, "n1", _nft, flows, time, errors);
        _run = room.RunAsync(_stop.Token);
        await UntilAsync(() => _node.Enforced.Initialized);
        Assert.Equal((PolicyStanding.Uncut, 1), (room.Standing, flows.Asked));

        var deadline = Deadline.Token();
        while (room.Standing != PolicyStanding.InForce)
        {
            deadline.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }

        // Three refused at the first family, one done for both.
        Assert.Equal(5, flows.Asked);
        Assert.Equal(1, errors.Count);
    }

    [Fact]
    public async Task What_an_earlier_run_left_is_told_as_such_until_the_cluster_is_listed()
    {
        AddNodeAndPod();
        List();
        Start();
        await UntilAsync(() => _node.Enforced.Initialized);
        var (tables, node) = (new ClusterTables(), new NodeTables());
        var again = new PolicyRoom(tables, node, "n1", _nft, null, TimeProvider.System, NullLogger<PolicyRoom>.Instance);
        Assert.Equal(PolicyStanding.Closed, again.Standing);
        var running = again.RunAsync(_stop.Token);
        var deadline = Deadline.Token();
        while (again.Standing != PolicyStanding.Kept)
        {
            deadline.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        AddNodeAndPod("u", tables, node);
        List(tables, node);
        await UntilAsync(() => node.Enforced.Initialized, node);
        Assert.Equal(PolicyStanding.InForce, again.Standing);
        Assert.False(running.IsFaulted);
    }

    [Fact]
    public async Task Clean_up_leaves_no_table()
    {
        AddNodeAndPod();
        List();
        Start();
        await UntilAsync(() => _node.Enforced.Initialized);
        await _stop.CancelAsync();
        await PolicyRoom.CleanUpAsync(_nft, Deadline.Token());
        await PolicyRoom.CleanUpAsync(_nft, Deadline.Token());
        Assert.Empty(_nft.Tables);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.ContinueWith(_ => { }, TaskScheduler.Default);
        _stop.Dispose();
    }

    private void Start() =>
        _run = new PolicyRoom(_tables, _node, "n1", _nft, null, TimeProvider.System, NullLogger<PolicyRoom>.Instance).RunAsync(_stop.Token);

    private void AddNodeAndPod(string attachedUid = "u", ClusterTables? tables = null, NodeTables? node = null)
    {
        var key = new ObjectKey("a", "p");
        (tables ?? _tables).Nodes.Upsert("n1", new NodeRow { Name = "n1", PodCIDRs = [IpNet.Parse("10.244.1.0/24")] });
        (tables ?? _tables).Pods.Upsert(key, new PodRow { Key = key, Uid = "u", NodeName = "n1" });
        (node ?? _node).Attachments.Upsert("c/eth0", new AttachmentRow
        {
            ContainerId = "c",
            IfName = "eth0",
            Pod = key,
            PodUid = attachedUid,
            IPs = [Address],
            HostInterface = "flp",
        });
    }

    private void List(ClusterTables? tables = null, NodeTables? node = null)
    {
        tables ??= _tables;
        tables.Policies.MarkInitialized();
        tables.ClusterPolicies.MarkInitialized();
        tables.Pods.MarkInitialized();
        tables.Namespaces.MarkInitialized();
        tables.Nodes.MarkInitialized();
        tables.Services.MarkInitialized();
        (node ?? _node).Attachments.MarkInitialized();
    }

    /// <summary>Waits for a commit, or for a pod that is enforced, after which the condition holds.</summary>
    private async Task UntilAsync(Func<bool> condition, NodeTables? node = null)
    {
        var wake = new Wake();
        using var enforced = (node ?? _node).Enforced.Subscribe();
        enforced.Signalled += wake.Ring;
        _nft.Committed += wake.Ring;
        var deadline = Deadline.Token();
        while (!condition())
        {
            await wake.WaitAsync(deadline);
        }

        _nft.Committed -= wake.Ring;
    }

    /// <summary>Connection tracking that refuses some requests, and then has no flows.</summary>
    private sealed class RefusingFlows : IFlows
    {
        public int Refusals { get; init; }

        public int Asked { get; private set; }

        public int DeleteWhere(IpFamily family, Func<ConntrackFlow, bool> condition) =>
            Asked++ < Refusals ? throw new LinuxException(Errno.ENOENT, "made to fail") : 0;
    }

    private sealed class Errors : ILogger<PolicyRoom>
    {
        public int Count { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel == LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Count += logLevel == LogLevel.Error ? 1 : 0;
    }
}
