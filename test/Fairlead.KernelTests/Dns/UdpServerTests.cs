using System.Net;
using System.Net.Sockets;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns;
using Fairlead.Dns.Chain;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Server;
using Fairlead.Dns.Wire;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Route;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Dns;

/// <summary>The UDP server's threads with real datagrams.</summary>
public sealed class UdpServerTests : IDisposable
{
    private static readonly IPEndPoint Server = new(IPAddress.Parse("127.0.0.53"), 53);
    private readonly TestNetns _netns = new();
    private readonly DnsCounters _counters = new();
    private readonly List<Socket> _sockets = [];

    public UdpServerTests()
    {
        using var route = RouteSocket.Open(_netns.Namespace);
        route.SetUp("lo");
    }

    [Fact]
    public void Nothing_is_allocated_for_a_query_from_its_receipt_to_its_answer()
    {
        var (handler, held) = (NewHandler(), new UdpSocket(Bind(1)[0]));

        // The least of several rounds: what the runtime allocates once, while it compiles the code anew, is not the query's.
        var rounds = Enumerable.Range(0, 6)
            .Select(_ => new UdpWorker([held], handler, _counters, (_, _, _) => Assert.Fail("a name of the cluster is asked upstream"))).ToList();
        var least = long.MaxValue;
        var thread = new Thread(() =>
        {
            foreach (var round in rounds)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                round.Run();
                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }
        });
        thread.Start();
        foreach (var round in rounds)
        {
            AskAll(5_000);
            round.Stop();
        }

        Assert.True(thread.Join(Deadline.Long));
        rounds.ForEach(round => round.Dispose());
        Assert.Equal(0, least);
        Assert.Equal((30_000L, 0L), (_counters.UdpQueries, _counters.Dropped));
    }

    [Fact]
    public async Task Every_socket_that_shares_an_address_is_read_also_what_waited_in_it()
    {
        var held = Bind(8);
        var clients = Enumerable.Range(0, 64).Select(_ => Client()).ToList();
        foreach (var client in clients)
        {
            client.Send(DnsClient.Query("api.prod.svc.cluster.local"));
        }

        Assert.InRange(held.Count(socket => socket.Available > 0), 2, 8);
        await using var server = new RunningLoop(null, new UdpServer(held, NewHandler(), _counters).RunAsync);
        foreach (var client in clients)
        {
            var reply = new byte[512];
            var length = await client.ReceiveAsync(reply, SocketFlags.None, Deadline.Token());
            Assert.Equal("0 .1", DnsClient.Text(reply[..length]));
        }
    }

    [Fact]
    public async Task A_query_sent_when_it_has_ended_waits_for_the_next_server()
    {
        var (held, client, reply) = (Bind(2), Client(), new byte[512]);
        for (var i = 0; i < 20; i++)
        {
            var waiting = client.SendAsync(DnsClient.Query("api.prod.svc.cluster.local", (ushort)i));
            await using var server = new RunningLoop(null, new UdpServer(held, NewHandler(), _counters).RunAsync);
            await waiting;
            await client.ReceiveAsync(reply, SocketFlags.None, Deadline.Token());
            Assert.Equal(i, reply[1]);
        }
    }

    [Fact]
    public void What_did_not_fit_a_socket_is_counted_once()
    {
        var (held, client) = (new UdpSocket(Bind(1)[0]), Client());
        Assert.Equal(0, held.NewlyLost());
        for (var i = 0; i < 20_000; i++)
        {
            client.Send(DnsClient.Query("api.prod.svc.cluster.local"));
        }

        Assert.InRange(held.NewlyLost(), 1, 20_000);
        Assert.Equal(0, held.NewlyLost());
    }

    [Fact]
    public void An_address_that_is_held_already_is_not_shared()
    {
        Bind(2);
        Assert.Equal(SocketError.AddressAlreadyInUse, Assert.Throws<SocketException>(() => Bind(2)).SocketErrorCode);
    }

    public void Dispose()
    {
        _sockets.ForEach(socket => socket.Dispose());
        _netns.Dispose();
    }

    private DnsHandler NewHandler()
    {
        var tables = new ClusterTables();
        var (api, many) = (new ObjectKey("prod", "api"), new ObjectKey("prod", "many"));
        tables.Namespaces.Upsert("prod", new NamespaceRow("prod", Labels.Empty));
        tables.Services.Upsert(api, new ServiceRow { Key = api, ClusterIPs = [IpAddr.Parse("10.96.1.1")] });
        tables.Services.Upsert(many, new ServiceRow { Key = many, IsHeadless = true });
        tables.EndpointSlices.Upsert(many, new EndpointSliceRow
        {
            Key = many,
            Service = many,
            Endpoints = [.. Enumerable.Range(1, 100).Select(i => new SliceEndpoint { Address = IpAddr.Parse($"10.244.1.{i}") })],
        });
        tables.Services.MarkInitialized();
        tables.EndpointSlices.MarkInitialized();
        tables.Namespaces.MarkInitialized();
        var options = new DnsOptions();
        using var indexes = new ZoneIndexes(tables, options, TimeProvider.System);
        using var builder = new ChainBuilder(
            indexes, (forward, cache) => new Forwarder(forward, cache, () => [], TimeProvider.System, _counters));
        var handler = new DnsHandler(builder.Build(ChainBuilder.BuiltIn(options)), _counters);
        indexes.Apply();
        return handler;
    }

    private List<Socket> Bind(int count)
    {
        var bound = _netns.Run(() => DnsSockets.Bind(IpAddr.From(Server.Address), Server.Port, count));
        _sockets.AddRange(bound);
        return [.. bound.Where(socket => socket.SocketType == SocketType.Dgram)];
    }

    private Socket Client()
    {
        var socket = _netns.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        _sockets.Add(socket);
        socket.Connect(Server);
        socket.ReceiveTimeout = (int)Deadline.Long.TotalMilliseconds;
        return socket;
    }

    // Several at once, so that batches are of different sizes.
    private void AskAll(int count)
    {
        byte[] edns = [0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0];
        string[] names = ["api.prod.svc.cluster.local", "many.prod.svc.cluster.local", "10-244-1-7.many.prod.svc.cluster.local", "nobody.prod.svc.cluster.local"];
        var queries = names.Select(name => DnsClient.Query(name)).SelectMany(query => new[] { query, [.. query[..11], 1, .. query[12..], .. edns] }).ToArray();
        var (client, reply) = (Client(), new byte[DnsQuery.MaxUdp]);
        for (var i = 0; i < count; i += queries.Length)
        {
            foreach (var query in queries)
            {
                client.Send(query);
            }

            foreach (var _ in queries)
            {
                Assert.InRange(client.Receive(reply), DnsHeader.Length, reply.Length);
            }
        }
    }
}
