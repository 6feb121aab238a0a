using System.Net;
using System.Net.Sockets;
using System.Text;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>Pods and the world outside: a namespace beside the host's that knows nothing of pods.</summary>
public sealed class EgressTests(ClusterFixture cluster) : IClassFixture<ClusterFixture>
{
    [Fact]
    public async Task A_pod_reaches_the_outside_with_the_hosts_address()
    {
        using var internet = new TestNetns();
        Tool.RunIn(internet, "ip", "link", "add", "inet0", "type", "veth", "peer", "name", "uplink0");
        Tool.RunIn(internet, "ip", "addr", "add", "192.0.2.1/24", "dev", "inet0");
        Tool.RunIn(internet, "ip", "link", "set", "inet0", "up");
        Tool.RunIn(internet, "ip", "link", "set", "uplink0", "netns", cluster.OutsidePath);
        Assert.Equal(0, cluster.Outside("ip", "addr", "add", "192.0.2.2/24", "dev", "uplink0").Code);
        Assert.Equal(0, cluster.Outside("ip", "link", "set", "uplink0", "up").Code);
        Assert.Equal(0, cluster.Outside("ip", "route", "add", "default", "via", "192.0.2.1").Code);
        cluster.Kubectl("run", "leaving", "--image=registry.example/web:1", "--port=80");
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/leaving", "--timeout=60s");
        using var server = internet.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        server.Bind(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 80));
        server.Listen();

        var asking = Task.Run(() => cluster.InPod("leaving", "curl", "-sS", "--max-time", "10", "http://192.0.2.1/"));
        using var client = await server.AcceptAsync(Deadline.Token());
        await client.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"), Deadline.Token());

        Assert.Equal("192.0.2.2", ((IPEndPoint)client.RemoteEndPoint!).Address.ToString());
        Assert.Equal("hi", await asking);
    }
}
