using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>Pods and the world outside: a namespace beside the host's that knows nothing of pods, and says whom it sees.</summary>
[Collection(nameof(Neighbours))]
public sealed class EgressTests(Neighbours clusters)
{
    private const string Open = Neighbours.Open;
    private const string Closed = Neighbours.Closed;

    [Theory]
    [InlineData(Neighbours.Far4, "192.0.2.2")]
    [InlineData(Neighbours.Far6, "2001:db8::2")]
    public async Task A_pod_reaches_the_outside_by_TCP_with_the_hosts_address(string far, string host)
    {
        using var server = Listen(far, SocketType.Stream, ProtocolType.Tcp, 80);
        server.Listen();

        var asking = Task.Run(() => clusters.InPod(Open, "asker", "curl", "-sS", "--max-time", "10", $"http://{Neighbours.Bracketed(far)}/"));
        using var client = await server.AcceptAsync(Deadline.Token());
        await client.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"), Deadline.Token());

        Assert.Equal(host, ((IPEndPoint)client.RemoteEndPoint!).Address.ToString());
        Assert.Equal((0, "hi", ""), await asking);
    }

    [Theory]
    [InlineData(Neighbours.Far4, "192.0.2.2")]
    [InlineData(Neighbours.Far6, "2001:db8::2")]
    public async Task A_pod_reaches_the_outside_by_UDP_with_the_hosts_address(string far, string host)
    {
        using var server = Listen(far, SocketType.Dgram, ProtocolType.Udp, 9);

        var asking = Task.Run(() => clusters.InPod(Open, "asker", "bash", "-c", $"exec 3<>/dev/udp/{far}/9; echo anybody >&3; head -c 3 <&3"));
        var (seen, _) = await ReceiveAsync(server);
        await server.SendToAsync("yes"u8.ToArray(), seen, Deadline.Token());

        Assert.Equal(host, ((IPEndPoint)seen).Address.ToString());
        Assert.Equal((0, "yes", ""), await asking);
    }

    [Theory]
    [InlineData(Neighbours.Far4, "192.0.2.2")]
    [InlineData(Neighbours.Far6, "2001:db8::2")]
    public async Task A_pod_reaches_the_outside_by_ICMP_with_the_hosts_address(string far, string host)
    {
        using var watch = Listen(far, SocketType.Raw, far == Neighbours.Far4 ? ProtocolType.Icmp : ProtocolType.IcmpV6, 0);

        var asking = Task.Run(() => clusters.InPod(Open, "asker", "busybox", "ping", "-c", "1", "-W", "10", far));
        var echo = far == Neighbours.Far4 ? (Offset: 20, Type: 8) : (Offset: 0, Type: 128);
        var (seen, packet) = await ReceiveAsync(watch);
        while (packet[echo.Offset] != echo.Type)
        {
            // Neighbour discovery comes by here, too.
            (seen, packet) = await ReceiveAsync(watch);
        }

        Assert.Equal(host, ((IPEndPoint)seen).Address.ToString());
        Assert.Equal(0, (await asking).Code);
    }

    [Fact]
    public async Task A_pod_resolves_outside_names_by_the_hosts_name_servers()
    {
        using var server = Listen(Neighbours.Far4, SocketType.Dgram, ProtocolType.Udp, 53);
        var dns = clusters.Get(Open, "-n=kube-system", "service/kube-dns", "{.spec.clusterIP}");

        var asking = Task.Run(() => clusters.InPod(Open, "asker", "dig", "+short", "+tries=1", "+time=10", $"@{dns}", "outside.example"));
        var (seen, query) = await ReceiveAsync(server);
        while (!AsksForOutside(query))
        {
            // Whether the name server is well, or leads back, is asked by here, too.
            (seen, query) = await ReceiveAsync(server);
        }

        await server.SendToAsync(Answer(query, IPAddress.Parse("198.51.100.7")), seen, Deadline.Token());

        Assert.Equal("192.0.2.2", ((IPEndPoint)seen).Address.ToString());
        Assert.Equal((0, "198.51.100.7\n", ""), await asking);
    }

    [Fact]
    public void Without_egress_nothing_gets_out_not_even_a_name()
    {
        using var tcp = Listen(Neighbours.Far4, SocketType.Stream, ProtocolType.Tcp, 80);
        using var udp = Listen(Neighbours.Far4, SocketType.Dgram, ProtocolType.Udp, 53);
        using var watch = Listen(Neighbours.Far4, SocketType.Raw, ProtocolType.Icmp, 0);
        tcp.Listen();
        var dns = clusters.Get(Closed, "-n=kube-system", "service/kube-dns", "{.spec.clusterIP}");

        Assert.NotEqual(0, clusters.InPod(Closed, "asker", "curl", "-sS", "--max-time", "2", $"http://{Neighbours.Far4}/").Code);
        Assert.NotEqual(0, clusters.InPod(Closed, "asker", "busybox", "ping", "-c", "1", "-W", "1", Neighbours.Far4).Code);
        clusters.InPod(Closed, "asker", "dig", "+tries=1", "+time=1", $"@{Neighbours.Far4}", "outside.example");
        var refused = clusters.InPod(Closed, "asker", "dig", "+tries=1", "+time=5", $"@{dns}", "outside.example");

        Assert.Contains("SERVFAIL", refused.Output, StringComparison.Ordinal);
        Assert.All([tcp, watch], socket => Assert.False(socket.Poll(TimeSpan.Zero, SelectMode.SelectRead)));

        // The other cluster, which has been told of this name server, may look whether it is back, or leads back.
        Assert.All(Received(udp), query => Assert.False(AsksForOutside(query)));
        Assert.DoesNotContain("src=10.246.", clusters.Machine.Run("conntrack", "-L", "--dst", Neighbours.Far4), StringComparison.Ordinal);
    }

    [Fact]
    public void What_stays_in_the_cluster_keeps_the_pods_address()
    {
        for (var family = 0; family < 2; family++)
        {
            var own = clusters.Get(Open, "pod", "asker", $"{{.status.podIPs[{family}].ip}}");
            var addresses = new[]
            {
                Neighbours.Bracketed(clusters.Get(Open, "service", "web", $"{{.status.loadBalancer.ingress[{family}].ip}}")),
                Neighbours.Bracketed(clusters.Get(Open, "service", "web", $"{{.spec.clusterIPs[{family}]}}")),
                Neighbours.Bracketed(clusters.Get(Open, "pod", "web", $"{{.status.podIPs[{family}].ip}}")) + ":8080",
            };
            Assert.All(addresses, address => Assert.StartsWith($"{Neighbours.Bracketed(own)}:", (string?)clusters.Ask(Open, address)["client"], StringComparison.Ordinal));
        }
    }

    [Fact]
    public void An_address_of_ours_that_nobody_has_does_not_leave_by_the_default_route()
    {
        var v6 = clusters.Get(Open, "service", "web", "{.spec.clusterIPs[1]}");
        foreach (var nobody in new[] { "10.245.200.1", "10.112.200.1", "10.246.200.1", "10.128.200.1", v6[..v6.LastIndexOf(':')] + ":fffe" })
        {
            var (code, output, error) = clusters.Machine.TryRun("ip", "route", "get", nobody);
            Assert.True(code == 2 && error.Contains("No route to host", StringComparison.Ordinal), $"{nobody}: {output}{error}");
        }

        Assert.NotEqual(0, clusters.InPod(Open, "asker", "curl", "-sS", "--max-time", "1", "http://10.112.200.1/").Code);
    }

    // In any case of letters: a forwarder mixes them, so that a forged answer is known by them.
    private static bool AsksForOutside(byte[] query) => Encoding.ASCII.GetString(query).Contains("outside", StringComparison.OrdinalIgnoreCase);

    private static List<byte[]> Received(Socket socket)
    {
        var packets = new List<byte[]>();
        while (socket.Poll(TimeSpan.Zero, SelectMode.SelectRead))
        {
            var buffer = new byte[2048];
            packets.Add(buffer[..socket.Receive(buffer)]);
        }

        return packets;
    }

    private static async Task<(EndPoint From, byte[] Packet)> ReceiveAsync(Socket socket)
    {
        var buffer = new byte[2048];
        var any = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        var received = await socket.ReceiveFromAsync(buffer, any, Deadline.Token());
        return (received.RemoteEndPoint, buffer[..received.ReceivedBytes]);
    }

    /// <summary>An A record for whatever was asked (RFC 1035 §4.1).</summary>
    private static byte[] Answer(byte[] query, IPAddress address)
    {
        var end = 12;
        while (query[end] != 0)
        {
            end += query[end] + 1;
        }

        byte[] answer = [.. query[..(end + 5)], 0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, .. address.GetAddressBytes()];
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(2), 0x8180);
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(6), 1);
        answer.AsSpan(8, 4).Clear();
        return answer;
    }

    private Socket Listen(string address, SocketType type, ProtocolType protocol, int port)
    {
        var end = new IPEndPoint(IPAddress.Parse(address), port);
        var socket = clusters.Internet.Run(() => new Socket(end.AddressFamily, type, protocol));
        socket.Bind(end);
        return socket;
    }
}
