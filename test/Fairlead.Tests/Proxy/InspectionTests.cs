using System.Collections.Immutable;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Transactions;
using Fairlead.Proxy;
using Fairlead.Proxy.Inspection;
using Fairlead.State;
using Fairlead.Testing;
using Fairlead.Testing.Nftables;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Proxy;

/// <summary>What an inspection says of each Service, frontend and endpoint, and that the room goes on meanwhile.</summary>
public sealed class InspectionTests : IAsyncDisposable
{
    private readonly ClusterTables _tables = new();
    private readonly MemoryNft _nft = new();
    private readonly FakeTimeProvider _time = new();
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private ProxyRoom _room = null!;

    public async ValueTask DisposeAsync() => await StopAsync();

    [Fact]
    public async Task Every_kind_of_service_is_in_step_or_is_told_why_it_is_left_alone()
    {
        Serve("web", row => row with { Type = ServiceType.LoadBalancer, ExternalLocal = true, AffinitySeconds = 60, LoadBalancerIPs = [Ip("172.30.255.1")], SourceRanges = [IpNet.Parse("10.0.0.0/8")] });
        Serve("headless", row => row with { IsHeadless = true, ClusterIPs = default });
        Serve("name", row => row with { Type = ServiceType.ExternalName, ClusterIPs = default });
        Serve("others", row => row with { Labels = Labels.From([new("service.kubernetes.io/service-proxy-name", "x")]) });
        Slice("web", On("10.244.0.1", "n1"), On("10.244.1.1", "n2"));
        await StartAsync();
        var found = await _room.InspectAsync(_nft, new InspectionQuery(), Deadline.Token());
        Assert.Equal(("n1", 0), (found.Node, found.Problems.Count));
        Assert.Equal(
            ["headless NotProxied: headless: DNS names its endpoints", "name NotProxied: ExternalName: DNS answers with the name",
             "others NotProxied: its label leaves it to another proxy", "web InStep: "],
            found.Services.Select(service => $"{service.Name} {service.State}: {string.Join(';', service.Reasons)}"));
        var web = found.Services.Last();
        Assert.Equal(("LoadBalancer", 3, 2), (web.Type, web.FrontendCount, web.EndpointCount));
        Assert.Equal(
            ["10.96.0.3:80/tcp ClusterIP Cluster 60 2  all InStep", "172.30.0.11:30003/tcp NodePort Local 60 2 1 all InStep", "172.30.255.1:80/tcp LoadBalancer Local 60 2 1 10.0.0.0/8 InStep"],
            web.Frontends!.Select(one => $"{one.Text()} {one.Kind} {one.TrafficPolicy} {one.AffinitySeconds} {one.EndpointCount} {one.LocalEndpointCount} {string.Join(',', one.SourceRanges ?? ["all"])} {one.State}"));
    }

    [Theory]
    [InlineData("", "1.1 Ready 0 ready | 1.2 Ready 1 ready | 0.3 NotReady - not ready | 0.4 Terminating - terminating; others are ready", "+1.1@n2", "+1.2@n2", "-0.3@n1", "t0.4@n1")]
    [InlineData("", "0.1 Terminating 0 serves while it terminates; none is ready | 1.2 NotReady - not ready", "t0.1@n1", "-1.2@n2")]
    [InlineData("", "0.1 Ready 0 ready, hinted for zone-a | 1.2 Ready - hinted for zone-b", "+0.1@n1/zone-a", "+1.2@n2/zone-b")]
    [InlineData("", "0.1 Ready 0 ready | 1.2 Ready 1 ready", "+0.1@n1/zone-a", "+1.2@n2")]
    [InlineData("inside", "0.1 Ready 0 on this node, ready | 1.2 Ready - policy Local: on another node", "+0.1@n1", "+1.2@n2")]
    [InlineData("outside", "0.1 Terminating - terminating; others are ready (local 0 on this node, serves while it terminates; none here is ready) | 1.2 Ready 0 ready (local - policy Local: on another node)", "t0.1@n1", "+1.2@n2")]
    public async Task An_endpoint_is_told_with_its_slot_and_why_it_is_used_or_not(string local, string expected, params string[] endpoints)
    {
        Serve("web", row => row with { Type = local == "outside" ? ServiceType.NodePort : ServiceType.ClusterIP, InternalLocal = local == "inside", ExternalLocal = local == "outside" });
        Slice("web", [.. endpoints.Select(text => On($"10.244.{text[1..].Split('@')[0]}", text.Split('@')[1].Split('/')[0]) with
        {
            Ready = text[0] == '+',
            Serving = text[0] != '-',
            Terminating = text[0] == 't',
            ForZones = text.Contains('/', StringComparison.Ordinal) ? [text.Split('/')[1]] : default,
        })]);
        await StartAsync();
        var service = Assert.Single((await _room.InspectAsync(_nft, new InspectionQuery("shop", "web"), Deadline.Token())).Services);
        Assert.Equal((InspectedState.InStep, ""), (service.State, string.Join(';', service.Reasons)));
        var wanted = expected.Split(" | ").Select(text => "10.244." + text).Order();
        Assert.Equal(wanted, service.Frontends![^1].Endpoints!.Select(one =>
            $"{one.Address} {(one.Ready ? "Ready" : one.Terminating ? "Terminating" : "NotReady")} {one.Slot?.ToString() ?? "-"} {one.Why}"
            + (one.LocalWhy.Length > 0 ? $" (local {one.LocalSlot?.ToString() ?? "-"} {one.LocalWhy})" : "")).Order());
    }

    [Fact]
    public async Task A_changed_slot_is_told_of_its_endpoint_its_frontend_and_its_service_alone()
    {
        Serve("web");
        Serve("other");
        Slice("web", On("10.244.0.1", "n1"), On("10.244.0.2", "n1"));
        Slice("other", On("10.244.0.1", "n1"));
        await StartAsync();
        await StopAsync();
        var endpoints = _nft.Tables["fairlead-proxy"].Containers["endpoints4"];
        var element = endpoints.Elements.Values.Single(one => one.Value.Bytes.StartsWith(Ip("10.244.0.2").ToBytes()));
        await _nft.CommitAsync(new Transaction(new Table("fairlead-proxy")).Delete(new Elements(endpoints.Container, element)), default);
        var found = await _room.InspectAsync(_nft, new InspectionQuery(), Deadline.Token());
        const string Reason = "missing: map endpoints4 { 10.96.0.3 . tcp . 80 . 0:1 : 10.244.0.2 . 8080 }";
        Assert.Empty(found.Problems);
        Assert.Equal([("other", InspectedState.InStep, ""), ("web", InspectedState.Differs, Reason)], found.Services.Select(one => (one.Name, one.State, string.Join(';', one.Reasons))));
        var web = Assert.Single(found.Services.Last().Frontends!);
        Assert.Equal(Reason, Assert.Single(web.Reasons));
        Assert.Equal(
            [("10.244.0.1:8080", InspectedState.InStep, ""), ("10.244.0.2:8080", InspectedState.Differs, Reason)], web.Endpoints!.Select(one => (one.Text(), one.State, string.Join(';', one.Reasons))));

        await _nft.CommitAsync(new Transaction(new Table("fairlead-proxy")).Flush(new Chain("outside")).Flush(_nft.Tables["fairlead-proxy"].Containers["own-pods4"].Container), default);
        found = await _room.InspectAsync(_nft, new InspectionQuery("shop", "other", InspectionDepth.Services), Deadline.Token());
        Assert.Equal(["all Services: missing: chain outside: rule 1: ip daddr @cluster-ips4 counter drop", "the node's own ranges: missing: set own-pods4 { 10.244.0.0/24 }"], found.Problems.Select(Shortened));
        Assert.Null(Assert.Single(found.Services).Frontends);
    }

    [Fact]
    public async Task What_the_kernel_refuses_or_does_not_have_yet_is_told_with_the_reason()
    {
        Serve("web");
        Serve("older");
        Slice("web", On("10.244.0.1", "n1"));
        var failing = false;
        await StartAsync(new FaultyNft(_nft, _ => failing));
        failing = true;
        Slice("web", On("10.244.0.2", "n1"));
        _tables.Services.Delete(new ObjectKey("shop", "older"));
        await UntilAsync(() => _room.Frontends.Snapshot().Values.Count(row => row.Error.Length > 0) == 2);
        await StopAsync();
        var services = await InspectAsync();
        Assert.Equal([("older", "", InspectedState.Error), ("web", "ClusterIP", InspectedState.Error)], services.Select(one => (one.Name, one.Type, one.State)));
        Assert.All(services, one => Assert.Contains("made to fail", one.Reasons[0], StringComparison.Ordinal));

        // Nobody takes these any more.
        Slice("web", On("10.244.0.3", "n1"));
        Serve("newest");
        services = await InspectAsync();
        Assert.Equal([("newest", InspectedState.Behind, "not in the kernel yet"), ("older", InspectedState.Error, ""), ("web", InspectedState.Error, "")], services.Select(one => (one.Name, one.State, one.State == InspectedState.Error ? "" : one.Reasons[0])));
    }

    [Fact]
    public async Task Of_two_that_claim_one_address_the_one_without_it_is_told_who_has_it()
    {
        Serve("a");
        Serve("b", row => row with { ClusterIPs = [Ip("10.96.0.1")] });
        await StartAsync();
        Assert.Equal(
            [("a", InspectedState.InStep, ""), ("b", InspectedState.Error, "shop/a has this address and port")],
            (await InspectAsync()).Select(one => (one.Name, one.State, string.Join(';', one.Reasons))));
    }

    [Fact]
    public async Task An_address_that_one_service_has_in_two_ways_is_one_frontend()
    {
        Serve("web", row => row with { Type = ServiceType.LoadBalancer, LoadBalancerIPs = [Ip("172.30.255.1"), Ip("172.30.255.1")] });
        await StartAsync();
        var service = Assert.Single(await InspectAsync());
        Assert.Equal((InspectedState.InStep, 3), (service.State, service.FrontendCount));
    }

    [Fact]
    public async Task A_room_commits_while_somebody_reads_and_the_reader_takes_no_change_for_a_difference()
    {
        Serve("web");
        Slice("web", On("10.244.0.1", "n1"));
        await StartAsync();
        var slow = new SlowReading(_nft);
        var inspection = _room.InspectAsync(slow, new InspectionQuery(), Deadline.Token());
        await slow.Begun.WaitAsync(Deadline.Token());
        Slice("web", On("10.244.0.2", "n1"), On("10.244.0.3", "n1"));
        await _room.WaitUntilCommittedAsync(Deadline.Token());
        Assert.False(inspection.IsCompleted);
        slow.Go();
        var service = Assert.Single((await inspection).Services);
        Assert.Equal((InspectedState.InStep, 2), (service.State, service.EndpointCount));
        Assert.Equal(2, slow.Readings);
    }

    /// <summary>The kernel lists a set that changes with some elements missing, never the same.</summary>
    [Fact]
    public async Task What_only_one_of_several_readings_lacks_is_not_lacking()
    {
        Serve("web");
        Slice("web", On("10.244.0.1", "n1"), On("10.244.0.2", "n1"), On("10.244.0.3", "n1"));
        await StartAsync();
        var patchy = new PatchyReading(_nft);
        Assert.Equal(InspectedState.InStep, Assert.Single((await _room.InspectAsync(patchy, new InspectionQuery(), Deadline.Token())).Services).State);
        Assert.Equal(2, patchy.Readings);

        patchy.AlsoWithout = Ip("10.244.0.3");
        var service = Assert.Single((await _room.InspectAsync(patchy, new InspectionQuery(), Deadline.Token())).Services);
        Assert.EndsWith(" : 10.244.0.3 . 8080 }", Assert.Single(service.Reasons), StringComparison.Ordinal);
    }

    private async Task<List<InspectedService>> InspectAsync()
    {
        var inspection = _room.InspectAsync(_nft, new InspectionQuery(), Deadline.Token());
        while (!inspection.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        return [.. (await inspection).Services];
    }

    private static string Shortened(string problem) => System.Text.RegularExpressions.Regex.Replace(problem, " packets [0-9]+ bytes [0-9]+", "");

    private async Task StartAsync(INft? nft = null)
    {
        _tables.Nodes.Upsert("n1", new NodeRow
        {
            Name = "n1",
            Labels = Labels.From([new("topology.kubernetes.io/zone", "zone-a")]),
            InternalIPs = [Ip("172.30.0.11")],
            PodCIDRs = [IpNet.Parse("10.244.0.0/24")],
        });
        _room = new ProxyRoom(new ProxyOptions { NodeName = "n1" }, _tables, nft ?? _nft, deleteFlows: null, _time, NullLogger.Instance);
        _tables.Services.MarkInitialized();
        _tables.EndpointSlices.MarkInitialized();
        _tables.Nodes.MarkInitialized();
        _tables.ServiceCidrs.MarkInitialized();
        _running = _room.RunAsync(_stop.Token);
        await _room.WaitUntilCommittedAsync(Deadline.Token());
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        _stop = new CancellationTokenSource();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // How it ends.
        }
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

    /// <summary>A Service with one port; its number, and so its address, is the length of its name.</summary>
    private void Serve(string name, Func<ServiceRow, ServiceRow>? change = null)
    {
        var row = new ServiceRow
        {
            Key = new ObjectKey("shop", name),
            ClusterIPs = [Ip($"10.96.0.{name.Length}")],
            Ports = [new ServicePort("http", IpProtocol.Tcp, 80, (ushort)(30000 + name.Length), "", "")],
        };
        _tables.Services.Upsert(row.Key, change?.Invoke(row) ?? row);
    }

    private void Slice(string service, params SliceEndpoint[] endpoints)
    {
        var key = new ObjectKey("shop", service);
        _tables.EndpointSlices.Upsert(key, new EndpointSliceRow
        {
            Key = key,
            Service = key,
            Ports = [new EndpointPort("http", IpProtocol.Tcp, 8080)],
            Endpoints = endpoints.ToValueArray(),
        });
    }

    private static SliceEndpoint On(string address, string node) => new() { Address = Ip(address), NodeName = node };

    private static IpAddr Ip(string text) => IpAddr.Parse(text);

    /// <summary>Each reading lacks another slot; and all of them, if told so, one more.</summary>
    private sealed class PatchyReading(INft inner) : INft
    {
        public event Action? ChangedByOthers
        {
            add => inner.ChangedByOthers += value;
            remove => inner.ChangedByOthers -= value;
        }

        public int Readings { get; private set; }

        public IpAddr? AlsoWithout { get; set; }

        public Task CommitAsync(Transaction transaction, CancellationToken cancellationToken) => throw new NotSupportedException("an inspection only reads");

        public Task<uint> GenerationAsync(CancellationToken cancellationToken) => inner.GenerationAsync(cancellationToken);

        public Task<uint> GenerationOfOthersAsync(CancellationToken cancellationToken) => inner.GenerationOfOthersAsync(cancellationToken);

        public async Task<Ruleset?> ReadAsync(string table, CancellationToken cancellationToken)
        {
            var read = (await inner.ReadAsync(table, cancellationToken))!;
            var content = read.Containers["endpoints4"];
            var lost = content.Elements.Values.OrderBy(element => element.Key).ElementAt(Readings++ % 2);
            var kept = content.Elements.Where(pair => pair.Value != lost && (AlsoWithout is not { } address || !pair.Value.Value.Bytes.StartsWith(address.ToBytes())));
            return read.With(read.Containers.SetItem("endpoints4", content with { Elements = kept.ToImmutableDictionary() }));
        }
    }

    /// <summary>The first reading waits before it reads.</summary>
    private sealed class SlowReading(INft inner) : INft
    {
        private readonly TaskCompletionSource _begun = new();
        private readonly TaskCompletionSource _go = new();

        public event Action? ChangedByOthers
        {
            add => inner.ChangedByOthers += value;
            remove => inner.ChangedByOthers -= value;
        }

        public int Readings { get; private set; }

        public Task Begun => _begun.Task;

        public void Go() => _go.SetResult();

        public Task CommitAsync(Transaction transaction, CancellationToken cancellationToken) => throw new NotSupportedException("an inspection only reads");

        public Task<uint> GenerationAsync(CancellationToken cancellationToken) => inner.GenerationAsync(cancellationToken);

        public Task<uint> GenerationOfOthersAsync(CancellationToken cancellationToken) => inner.GenerationOfOthersAsync(cancellationToken);

        public async Task<Ruleset?> ReadAsync(string table, CancellationToken cancellationToken)
        {
            Readings++;
            _begun.TrySetResult();
            await _go.Task;
            return await inner.ReadAsync(table, cancellationToken);
        }
    }
}
