using System.Net;
using System.Net.Sockets;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns;
using Fairlead.Dns.Server;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Route;
using Fairlead.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.KernelTests.Dns;

/// <summary>The room in a namespace of its own, asked by dig and busybox there; another room there plays the upstream.</summary>
public sealed class DnsRoomTests : IAsyncDisposable
{
    private const string Server = "10.96.0.10";
    private static readonly IpAddr Upstream = IpAddr.Parse("127.0.0.9");
    private readonly DnsRoomLab _lab = new();
    private readonly ClusterTables _tables = DnsRoomLab.Tables(dns: Server);

    public DnsRoomTests()
    {
        _tables.Services.Upsert(new ObjectKey("prod", "outside"), new ServiceRow
        {
            Key = new ObjectKey("prod", "outside"),
            Type = ServiceType.ExternalName,
            ExternalName = "api.web.svc.example.com",
        });
        _tables.EndpointSlices.Upsert(new ObjectKey("prod", "many"), Many());
        _tables.Services.Upsert(new ObjectKey("prod", "many"), new ServiceRow { Key = new ObjectKey("prod", "many"), IsHeadless = true });
    }

    [Fact]
    public void Dig_is_answered_by_udp_and_tcp_on_the_clusters_address()
    {
        StartRoom();
        Assert.Equal("10.96.1.1", Dig("api.prod.svc.cluster.local"));
        Assert.Equal("10.96.1.1", Dig("+tcp", "api.prod.svc.cluster.local"));
        Assert.Equal("10.96.1.1", Dig("+noedns", "api.prod.svc.cluster.local"));
        Assert.Equal("api.prod.svc.cluster.local.", Dig("-x", "10.96.1.1"));
        Assert.Contains("status: NXDOMAIN", DigAll("nobody.prod.svc.cluster.local"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_answer_is_cut_by_udp_and_whole_by_tcp()
    {
        StartRoom();
        Assert.Contains("flags: qr aa tc rd", DigAll("+ignore", "+noedns", "many.prod.svc.cluster.local"), StringComparison.Ordinal);
        Assert.Equal(100, Dig("many.prod.svc.cluster.local").Split('\n').Length);
    }

    [Fact]
    public void Busybox_nslookup_names_the_server_and_the_address()
    {
        StartRoom();
        Assert.Equal("10.96.1.1", Dig("api.prod.svc.cluster.local"));
        var output = Tool.RunIn(_lab.Netns, "busybox", "nslookup", "-type=a", "api.prod.svc.cluster.local", Server);
        Assert.Contains($"Address:\t{Server}:53", output, StringComparison.Ordinal);
        Assert.Contains("10.96.1.1", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_names_are_asked_upstream_and_a_silent_upstream_is_a_failure()
    {
        StartUpstream();
        StartRoom();
        Assert.Equal("192.0.2.1", Dig("api.web.svc.example.com"));
        Assert.Equal("api.web.svc.example.com.\n192.0.2.1", Dig("outside.prod.svc.cluster.local"));
        Assert.Contains("status: NXDOMAIN", DigAll("nobody.web.svc.example.com"), StringComparison.Ordinal);
        Assert.Contains("status: SERVFAIL", DigAll("www.other.test"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_truncated_answer_of_an_upstream_is_asked_again_by_tcp()
    {
        StartUpstream();
        StartRoom();
        Assert.Equal(100, Dig("+tcp", "many.web.svc.example.com").Split('\n').Length);
        Assert.Equal(100, Dig("many.web.svc.example.com").Split('\n').Length);
    }

    [Fact]
    public async Task A_query_sent_while_nobody_reads_is_answered_when_the_server_starts()
    {
        using (var route = RouteSocket.Open(_lab.Netns.Namespace))
        {
            route.AddAddress(new LinkAddress { Link = 1, Address = IpAddr.Parse(Server), Prefix = 32 });
        }

        var held = _lab.Netns.Run(() => DnsSockets.Bind(IpAddr.Parse(Server), 53));
        using var client = _lab.Socket(SocketType.Dgram);
        byte[] query = [1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. Fairlead.Dns.Wire.DnsName.Encode("api.prod.svc.cluster.local"), 0, 1, 0, 1];
        await client.SendToAsync(query, new IPEndPoint(IPAddress.Parse(Server), 53));
        StartRoom(held);
        var reply = new byte[512];
        var length = await client.ReceiveAsync(reply, SocketFlags.None, Deadline.Token());
        Assert.Equal(query[..2], reply[..2]);
        Assert.Equal([10, 96, 1, 1], reply[(length - 4)..length]);
    }

    [Fact]
    public async Task A_query_that_waited_is_answered_within_two_seconds_though_the_API_server_is_away()
    {
        using (var route = RouteSocket.Open(_lab.Netns.Namespace))
        {
            route.AddAddress(new LinkAddress { Link = 1, Address = IpAddr.Parse(Server), Prefix = 32 });
        }

        var (held, time) = (_lab.Netns.Run(() => DnsSockets.Bind(IpAddr.Parse(Server), 53)), new FakeTimeProvider());
        using var client = _lab.Socket(SocketType.Dgram);
        byte[] query = [1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. Fairlead.Dns.Wire.DnsName.Encode("api.prod.svc.cluster.local"), 0, 1, 0, 1];
        await client.SendToAsync(query, new IPEndPoint(IPAddress.Parse(Server), 53));
        _lab.Start(new ClusterTables(), new DnsOptions { Upstreams = [] }, time, held);
        time.Advance(TimeSpan.FromSeconds(2));

        var reply = new byte[512];
        await client.ReceiveAsync(reply, SocketFlags.None, Deadline.Token());
        Assert.Equal((query[1], 2), (reply[1], reply[3] & 15));
    }

    [Fact]
    public async Task A_connection_that_drips_bytes_is_closed_and_others_are_served()
    {
        StartRoom();
        Assert.Equal("10.96.1.1", Dig("api.prod.svc.cluster.local"));
        using var client = _lab.Socket(SocketType.Stream);
        await client.ConnectAsync(new IPEndPoint(IPAddress.Parse(Server), 53));
        await client.SendAsync(new byte[] { 0 });
        Assert.Equal("10.96.1.1", Dig("+tcp", "api.prod.svc.cluster.local"));
        Assert.Equal(0, await client.ReceiveAsync(new byte[1], SocketFlags.None, Deadline.Token()));
    }

    [Fact]
    public void Only_descriptors_named_for_dns_and_for_this_process_are_taken()
    {
        var environment = new Dictionary<string, string> { ["LISTEN_FDS"] = "3", ["LISTEN_FDNAMES"] = "dns-udp:api:dns-tcp" };
        Assert.Equal([3, 5], InheritedSockets.Descriptors(environment, 7, "dns"));
        environment["LISTEN_PID"] = "8";
        Assert.Empty(InheritedSockets.Descriptors(environment, 7, "dns"));
        environment["LISTEN_PID"] = "7";
        Assert.Equal([4], InheritedSockets.Descriptors(environment, 7, "api"));
    }

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    private void StartRoom(IReadOnlyList<Socket>? sockets = null) =>
        _lab.Start(_tables, new DnsOptions { Upstreams = [new IPEndPoint(Upstream.ToIPAddress(), 53)] }, held: sockets);

    private void StartUpstream()
    {
        var tables = DnsRoomLab.Tables("web", "192.0.2.1", Upstream.ToString());
        tables.EndpointSlices.Upsert(new ObjectKey("web", "many"), Many() with { Service = new ObjectKey("web", "many") });
        tables.Services.Upsert(new ObjectKey("web", "many"), new ServiceRow { Key = new ObjectKey("web", "many"), IsHeadless = true });
        _lab.Start(tables, new DnsOptions { ClusterDomain = "example.com", Upstreams = [] });
    }

    private static EndpointSliceRow Many() => new()
    {
        Key = new ObjectKey("prod", "many"),
        Service = new ObjectKey("prod", "many"),
        Endpoints = [.. Enumerable.Range(1, 100).Select(i => new SliceEndpoint { Address = IpAddr.Parse($"10.244.1.{i}") })],
    };

    private string Dig(params string[] arguments) => Tool.RunIn(_lab.Netns, "dig", ["+short", "+time=2", "+tries=8", $"@{Server}", .. arguments]).Trim();

    private string DigAll(params string[] arguments) => Tool.RunIn(_lab.Netns, "dig", ["+time=6", "+tries=4", $"@{Server}", .. arguments]);
}
