using System.Net;
using System.Net.Sockets;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Policy;

/// <summary>
/// A pod, its node, a router, and behind it a server, to which the router sends no more than 1280 bytes at once: the router answers what is too large with an ICMP error (RFC 1191, RFC 8201),
/// which no rule of any policy names.
/// </summary>
public sealed class SmallMtuTests : IDisposable
{
    private const int Bytes = 256 * 1024;

    private readonly PolicyNode _node = new();
    private readonly TestNetns _router = new();
    private readonly TestNetns _server = new();

    public SmallMtuTests()
    {
        _node.AddPod("shop", "web", "app=web");
        Tool.RunIn(_router, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
        PolicyNode.Batch(
            _node.Netns,
            $"""
            link add uplink type veth peer name downlink netns {_router.Path}
            addr add 192.0.2.1/30 dev uplink
            addr add 2001:db8:1::1/64 dev uplink nodad
            link set uplink up
            route add default via 192.0.2.2
            route add ::/0 via 2001:db8:1::2 dev uplink
            """);
        PolicyNode.Batch(
            _router,
            $"""
            addr add 192.0.2.2/30 dev downlink
            addr add 2001:db8:1::2/64 dev downlink nodad
            link set downlink up
            link add far mtu 1280 type veth peer name eth0 netns {_server.Path}
            addr add 198.51.100.1/30 dev far
            addr add 2001:db8:2::1/64 dev far nodad
            link set far up
            route add 10.244.0.0/16 via 192.0.2.1
            route add fd00:10:244::/48 via 2001:db8:1::1 dev downlink
            """);
        PolicyNode.Batch(
            _server,
            """
            addr add 198.51.100.2/30 dev eth0
            addr add 2001:db8:2::2/64 dev eth0 nodad
            link set eth0 up
            route add default via 198.51.100.1
            route add ::/0 via 2001:db8:2::1 dev eth0
            """);
    }

    public void Dispose()
    {
        _server.Dispose();
        _router.Dispose();
        _node.Dispose();
    }

    [Theory]
    [InlineData("198.51.100.2", "0.0.0.0/0")]
    [InlineData("2001:db8:2::2", "::/0")]
    public async Task What_an_allowed_connection_is_told_of_the_path_comes_to_the_pod(string server, string everywhere)
    {
        var allowed = new PolicyRule([new PolicyPeer(null, null, new IpBlock(IpNet.Parse(everywhere), default))], [new PolicyPort(IpProtocol.Tcp, 8080, 8080, "")]);
        await _node.ApplyAsync(new PolicyRow { Key = new ObjectKey("shop", "np"), IsolatesIngress = true, IsolatesEgress = true, Egress = [allowed] });
        var to = new IPEndPoint(IPAddress.Parse(server), 8080);
        using var listener = _server.Run(() =>
        {
            var socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(to);
            socket.Listen();
            return socket;
        });
        using var client = _node.In("web", () => new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp));

        // Both ends have links of 1500 bytes and agree on segments for those.
        await client.ConnectAsync(to, Deadline.Token());
        using var accepted = await listener.AcceptAsync(Deadline.Token());
        var sending = client.SendAsync(new byte[Bytes], Deadline.Token()).AsTask();
        var (received, buffer) = (0, new byte[65536]);
        while (received < Bytes && await accepted.ReceiveAsync(buffer, Deadline.Token()) is var count and > 0)
        {
            received += count;
        }

        Assert.Equal(Bytes, received);
        await sending;
        Assert.Contains("mtu 1280", _node.In("web", () => Tool.Run("ip", "route", "get", server)), StringComparison.Ordinal);
    }
}
