using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Kernel;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Transactions;
using Fairlead.Proxy.Inspection;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Proxy;

/// <summary>What the kernel really holds, changed by `nft` while nobody puts it right: the inspection names the object concerned, and how it differs.</summary>
public sealed class InspectionTests : IAsyncDisposable
{
    private const string OurTable = "inet fairlead-proxy";
    private readonly ServiceLab _lab = new();
    private readonly KernelNft _reader;

    public InspectionTests() => _reader = _lab.Node.Run(KernelNft.Open);

    public async ValueTask DisposeAsync()
    {
        _reader.Dispose();
        await _lab.DisposeAsync();
    }

    [Fact]
    public async Task Both_families_every_kind_and_affinity_are_in_step_with_what_the_kernel_says()
    {
        await ServeAllAsync();
        var found = await _lab.Room.InspectAsync(_reader, new InspectionQuery(), Deadline.Token());
        Assert.Empty(found.Problems);
        var services = found.Services.ToList();
        Assert.All(services, service => Assert.Equal((InspectedState.InStep, 0), (service.State, service.Reasons.Count)));
        Assert.Equal([("nobody", 1, 0), ("web", 10, 8)], services.Select(service => (service.Name, service.FrontendCount, service.EndpointCount)));
    }

    /// <summary>The room has ended, and with it the repair.</summary>
    [Theory]
    [InlineData("delete element inet fairlead-proxy refused4 { 10.96.0.21 . tcp . 80 }", "shop/nobody: missing: set refused4 { 10.96.0.21 . tcp . 80 }")]
    [InlineData("delete element inet fairlead-proxy services6 { fd00:96::20 . udp . 53 }", "shop/web: [fd00:96::20]:53/udp: missing: map services6 { fd00:96::20 . udp . 53 : 1e:2 }")]
    [InlineData("add element inet fairlead-proxy endpoints4 { 10.96.0.21 . tcp . 80 . 0:7 : 192.0.2.1 . 80 }", "shop/nobody: stray: map endpoints4 { 10.96.0.21 . tcp . 80 . 0:7 : 192.0.2.1 . 80 }")]
    [InlineData("delete element inet fairlead-proxy services4 { 10.96.0.20 . tcp . 80 }; add element inet fairlead-proxy services4 { 10.96.0.20 . tcp . 80 : 0:9 }",
        "shop/web: 10.96.0.20:80/tcp: changed: map services4 { 10.96.0.20 . tcp . 80 : 0:9 } instead of map services4 { 10.96.0.20 . tcp . 80 : 1e:2 }")]
    [InlineData("flush chain inet fairlead-proxy local-lb-1-sticky-60",
        "shop/web: 172.30.0.11:30080/tcp: missing: chain local-lb-1-sticky-60: rule 1: ", "shop/web: [fd00:30::11]:30080/tcp: missing: chain local-lb-1-sticky-60: rule 1: ",
        "shop/web: 172.30.0.11:30053/udp: missing: chain local-lb-1-sticky-60: rule 1: ", "shop/web: [fd00:30::11]:30053/udp: missing: chain local-lb-1-sticky-60: rule 1: ",
        "shop/web: 172.30.255.1:80/tcp: missing: chain local-lb-1-sticky-60: rule 1: ", "shop/web: 172.30.255.1:53/udp: missing: chain local-lb-1-sticky-60: rule 1: ")]
    [InlineData("add element inet fairlead-proxy cluster-ips4 { 192.0.2.1 }", "all Services: stray: set cluster-ips4 { 192.0.2.1 }")]
    [InlineData("delete element inet fairlead-proxy own-pods4 { 10.244.0.0/24 }", "the node's own ranges: missing: set own-pods4 { 10.244.0.0/24 }")]
    [InlineData("add chain inet fairlead-proxy mine; add rule inet fairlead-proxy mine accept; insert rule inet fairlead-proxy outside jump mine", "all Services: changed: chain outside: rule 1: jump mine instead of ", "all Services: stray: chain mine")]
    [InlineData("flush chain inet fairlead-proxy nat-prerouting", "all Services: missing: chain nat-prerouting: rule 1: ip saddr @own-pods4 goto inside")]
    public async Task What_nft_changed_is_named_with_the_object_it_concerns_and_nothing_else(string command, params string[] expected)
    {
        await ServeAllAsync();
        await _lab.StopRoomAsync();
        Tool.RunIn(_lab.Node, "nft", command);
        var found = await _lab.Room.InspectAsync(_reader, new InspectionQuery(), Deadline.Token());
        var told = found.Problems.Concat(found.Services.SelectMany(service => service.Reasons.Select(reason => $"{service.Namespace}/{service.Name}: {reason}"))).ToList();
        Assert.True(
            told.Count == expected.Length && expected.All(text => told.Any(line => text.EndsWith(' ') ? line.StartsWith(text, StringComparison.Ordinal) : line == text)),
            $"told:\n{string.Join('\n', told)}\nin {Tool.RunIn(_lab.Node, "nft", $"list table {OurTable}")}");

        // And the room, when it runs again, puts exactly that right.
        await _lab.StartAsync();
        found = await _lab.Room.InspectAsync(_reader, new InspectionQuery(), Deadline.Token());
        Assert.Empty(found.Problems);
        Assert.All(found.Services, service => Assert.Equal((InspectedState.InStep, 0), (service.State, service.Reasons.Count)));
    }

    /// <summary>Two ways in which no reading is of one moment: others commit without end, and so does the room itself.</summary>
    [Fact]
    public async Task While_everything_changes_without_end_what_stays_is_told_as_it_is()
    {
        await ServeAllAsync();
        using var others = _lab.Node.Run(KernelNft.Open);
        using var stop = new CancellationTokenSource();
        var committing = CommitAsync(others, stop.Token);
        var changing = ChangeAsync(stop.Token);
        for (var i = 0; i < 20; i++)
        {
            var found = await _lab.Room.InspectAsync(_reader, new InspectionQuery(), Deadline.Token());

            // Of what changes at that moment a reading may be of before or after; what stays must be told as it is.
            var nobody = found.Services.Single(service => service.Name == "nobody");
            Assert.Equal((InspectedState.InStep, 0), (nobody.State, nobody.Reasons.Count));
            Assert.DoesNotContain(found.Problems, problem => problem.Contains("10.96.0.21", StringComparison.Ordinal));
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(committing, changing), count => Assert.True(count > 0));
        await _lab.StopRoomAsync();
        Tool.RunIn(_lab.Node, "nft", $"delete element {OurTable} refused4 {{ 10.96.0.21 . tcp . 80 }}");
        using var again = new CancellationTokenSource();
        committing = CommitAsync(others, again.Token);
        var broken = await _lab.Room.InspectAsync(_reader, new InspectionQuery("shop", "nobody"), Deadline.Token());
        Assert.Equal("missing: set refused4 { 10.96.0.21 . tcp . 80 }", Assert.Single(Assert.Single(broken.Services).Reasons));
        await again.CancelAsync();
        await committing;

        async Task<int> CommitAsync(KernelNft nft, CancellationToken cancellationToken)
        {
            var (count, table) = (0, new Table("fairlead-others"));
            for (; !cancellationToken.IsCancellationRequested; count++)
            {
                await nft.CommitAsync(count % 2 == 0 ? new Transaction(table).Add(table) : new Transaction(table).Delete(table), default);
            }

            return count;
        }

        async Task<int> ChangeAsync(CancellationToken cancellationToken)
        {
            var count = 0;
            for (; !cancellationToken.IsCancellationRequested; count++)
            {
                await _lab.EndpointsAsync(count % 2 == 0 ? ["10.244.0.5", "10.244.0.6", "fd00:244::5"] : ["10.244.0.5", "fd00:244::5", "fd00:244::6"]);
            }

            return count;
        }
    }

    [Fact]
    public async Task A_table_that_is_gone_or_holds_what_we_cannot_read_is_told_once_and_of_every_service()
    {
        await ServeAllAsync();
        await _lab.StopRoomAsync();
        Tool.RunIn(_lab.Node, "nft", $"add chain {OurTable} odd; add rule {OurTable} odd tcp option maxseg size set 1000");
        await ExpectAsync("all Services: changed: read table inet fairlead-proxy: it holds something we did not write: ");
        Tool.RunIn(_lab.Node, "nft", $"delete table {OurTable}");
        await ExpectAsync("all Services: missing: table inet fairlead-proxy");

        async Task ExpectAsync(string problem)
        {
            var found = await _lab.Room.InspectAsync(_reader, new InspectionQuery(), Deadline.Token());
            Assert.StartsWith(problem, Assert.Single(found.Problems), StringComparison.Ordinal);
            Assert.All(found.Services, service => Assert.Equal((InspectedState.Differs, service.FrontendCount), (service.State, service.Reasons.Count)));
        }
    }

    private async Task ServeAllAsync()
    {
        await _lab.StartAsync();
        await _lab.EndpointsAsync("10.244.0.5", "10.244.1.7", "fd00:244::5", "fd00:244:0:1::7");
        await _lab.ServeAsync(row => row with
        {
            Type = ServiceType.LoadBalancer,
            ExternalLocal = true,
            AffinitySeconds = 60,
            LoadBalancerIPs = [ServiceLab.BalancerAddress],
            SourceRanges = [IpNet.Parse("172.30.0.0/24")],
        });
        var nobody = new ObjectKey("shop", "nobody");
        _lab.Tables.Services.Upsert(nobody, new ServiceRow { Key = nobody, ClusterIPs = [IpAddr.Parse("10.96.0.21")], Ports = [new ServicePort("", IpProtocol.Tcp, 80, 0, "", "")] });
        await _lab.Room.WaitUntilCommittedAsync(Deadline.Token());
    }
}
