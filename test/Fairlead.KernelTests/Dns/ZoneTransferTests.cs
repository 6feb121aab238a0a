using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns;
using Fairlead.Dns.Server;
using Fairlead.Dns.Wire;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Route;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.KernelTests.Dns;

/// <summary>Whole zones by TCP: to dig, and to clients that take them slowly. The room's time is the test's.</summary>
public sealed class ZoneTransferTests : IAsyncDisposable
{
    private const string Corefile = ".:53 {\n kubernetes cluster.local in-addr.arpa\n transfer {\n  to 127.0.0.0/8\n }\n}";
    private static readonly ObjectKey Configuration = new("kube-system", "coredns");
    private static readonly IPEndPoint Server = new(IPAddress.Parse("127.0.0.53"), 53);
    private readonly TestNetns _netns = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));
    private readonly CancellationTokenSource _end = new();
    private readonly ClusterTables _tables = new();
    private readonly IReadOnlyList<Socket> _held;
    private DnsRoom? _room;
    private Task _running = Task.CompletedTask;

    public ZoneTransferTests()
    {
        using (var route = RouteSocket.Open(_netns.Namespace))
        {
            route.SetUp("lo");
        }

        _held = _netns.Run(() => DnsSockets.Bind(IpAddr.From(Server.Address), Server.Port));
    }

    [Theory]
    [InlineData("cluster.local", "SOA NS A AAAA SRV CNAME TXT")]
    [InlineData("in-addr.arpa", "SOA NS A PTR")]
    public async Task Dig_takes_a_zone_whose_every_set_is_what_it_is_told_when_it_asks_for_it(string zone, string types)
    {
        Fill(services: 30, endpoints: 2);
        await StartAsync();
        var lines = Lines(Dig(zone, "AXFR"));
        Assert.Equal((lines[0], "SOA"), (lines[^1], lines[^1].Split(' ')[3]));
        var sets = lines.SkipLast(1).GroupBy(line => (Name: line.Split(' ')[0], Type: line.Split(' ')[3])).ToList();
        Assert.Equal(types.Split(' ').Order(), sets.Select(set => set.Key.Type).Distinct().Order());
        foreach (var some in sets.Chunk(50))
        {
            var asked = Lines(Dig(["+tcp", .. some.SelectMany(set => (string[])[set.Key.Name, set.Key.Type])]));
            Assert.Equal(some.SelectMany(set => set).Order(StringComparer.Ordinal), asked.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task Dig_is_told_of_a_zone_that_has_not_changed_and_sent_one_that_has()
    {
        Fill(services: 2, endpoints: 1);
        await StartAsync();
        Assert.Single(Lines(Dig("cluster.local", "IXFR=1700000000", "+tcp")));
        Assert.Single(Lines(Dig("cluster.local", "IXFR=1", "+notcp")));
        Assert.Equal(Lines(Dig("cluster.local", "AXFR")).Order(), Lines(Dig("cluster.local", "IXFR=1", "+tcp")).Order());
        Assert.Contains("Transfer failed", Tool.RunIn(_netns, "dig", [$"@{Server.Address}", "svc.cluster.local", "AXFR"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_behind_a_large_zone_is_answered_between_its_messages()
    {
        Fill(services: 10_000, endpoints: 2);
        await StartAsync();
        using var client = Connect();
        await client.SendAsync(Framed("cluster.local", RecordType.AXFR, 1));
        var (ids, sizes) = (new List<int>(), 0);
        for (var ended = false; !ended;)
        {
            var message = await DnsClient.ReadMessageAsync(client);
            if (ids.Count == 0)
            {
                await client.SendAsync(Framed("ns.dns.cluster.local", RecordType.A, 2));
            }

            ids.Add(BinaryPrimitives.ReadUInt16BigEndian(message));
            sizes += message.Length;
            ended = ids[^1] == 1 && ids.Count > 1 && MessageText.Records(message, Section.Answer)[^1].Contains(" SOA ", StringComparison.Ordinal);
        }

        Assert.Equal(1, ids.Count(id => id == 2));
        Assert.InRange(ids.IndexOf(2), 1, ids.Count - 2);
        Assert.InRange(sizes, 4 << 20, int.MaxValue);
    }

    [Fact]
    public async Task A_client_that_does_not_take_its_zone_holds_one_message_and_is_left()
    {
        Fill(services: 10_000, endpoints: 2);
        await StartAsync();
        using var other = Connect();
        await other.SendAsync(Framed("ns.dns.cluster.local", RecordType.A, 1));
        await DnsClient.ReadMessageAsync(other);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var clients = Enumerable.Range(0, ZoneTransfers.Most).Select(_ => Connect()).ToList();
        foreach (var client in clients)
        {
            await client.SendAsync(Framed("cluster.local", RecordType.AXFR, 1));
            await DnsClient.ReadMessageAsync(client);
        }

        Assert.Equal(2, await CodeAsync());

        // Ten zones of more than 4 MB: what is held of each is a message and a reference for each Service.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, 0, 12 << 20);
        var deadline = Deadline.Token();
        while (_room!.Counters.Dropped < ZoneTransfers.Most)
        {
            deadline.ThrowIfCancellationRequested();
            _time.Advance(TcpConnection.MessageTime / 2);
            await Task.Yield();
        }

        clients.ForEach(client => client.Dispose());
        while (await CodeAsync() != 0)
        {
            deadline.ThrowIfCancellationRequested();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
        foreach (var socket in _held)
        {
            socket.Dispose();
        }

        _end.Dispose();
        _netns.Dispose();
    }

    // The code of a request for the zone by a connection of its own.
    private async Task<int> CodeAsync()
    {
        using var client = Connect();
        await client.SendAsync(Framed("cluster.local", RecordType.AXFR, 1));
        return (await DnsClient.ReadMessageAsync(client))[3] & 15;
    }

    private static byte[] Framed(string name, RecordType type, byte id)
    {
        var query = DnsQuery.Write(DnsName.Encode(name), type, 0);
        query[1] = id;
        return [0, (byte)query.Length, .. query];
    }

    private static List<string> Lines(string output) =>
        [.. output.Split('\n').Where(line => line.Length > 0 && line[0] != ';').Select(line => string.Join(' ', line.Split((char[])['\t', ' '], StringSplitOptions.RemoveEmptyEntries)))];

    private Socket Connect()
    {
        var socket = _netns.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 });
        socket.Connect(Server);
        return socket;
    }

    private string Dig(params string[] arguments) => Tool.RunIn(_netns, "dig", ["+noall", "+answer", "+time=5", $"@{Server.Address}", .. arguments]);

    private async Task StartAsync()
    {
        _room = new DnsRoom(_tables, new DnsOptions { Corefile = Configuration, Upstreams = [] }, _held, _time, NullLogger.Instance) { Namespace = _netns.Namespace };
        _running = _room.RunAsync(_end.Token);
        await _room.Serving;
    }

    private void Fill(int services, int endpoints)
    {
        for (var i = 0; i < services; i++)
        {
            var key = new ObjectKey("prod", $"s{i}");
            var slice = new EndpointSliceRow
            {
                Key = key,
                Service = key,
                Ports = [new EndpointPort("http", IpProtocol.Tcp, 8080)],
                Endpoints = [.. Enumerable.Range(1, endpoints).Select(j => new SliceEndpoint { Address = IpAddr.Parse($"10.{100 + j}.{i / 256}.{i % 256}") })],
            };
            _tables.Services.Upsert(key, new ServiceRow
            {
                Key = key,
                IsHeadless = i % 2 == 1,
                ClusterIPs = i % 2 == 1 ? default : [IpAddr.Parse($"10.96.{i / 256}.{i % 256}"), IpAddr.Parse($"fd00::{i + 1:x}")],
                Ports = [new ServicePort("http", IpProtocol.Tcp, 80, 0, "", "")],
            });
            _tables.EndpointSlices.Upsert(key, slice);
        }

        var away = new ObjectKey("prod", "away");
        _tables.Services.Upsert(away, new ServiceRow { Key = away, Type = ServiceType.ExternalName, ExternalName = "www.example.com" });
        _tables.Namespaces.Upsert("prod", new NamespaceRow("prod", Labels.Empty));
        _tables.ConfigMaps.Upsert(Configuration, new ConfigMapRow { Key = Configuration, Uid = "u", ResourceVersion = "1", Data = new Dictionary<string, string> { ["Corefile"] = Corefile } });
        _tables.Services.MarkInitialized();
        _tables.EndpointSlices.MarkInitialized();
        _tables.Namespaces.MarkInitialized();
        _tables.ConfigMaps.MarkInitialized();
    }
}
