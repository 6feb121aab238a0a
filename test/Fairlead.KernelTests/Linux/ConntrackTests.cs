using Fairlead.Linux.Addresses;
using Fairlead.Linux.Conntrack;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Linux;

public sealed class ConntrackTests : IDisposable
{
    private readonly TestNetns _netns = new();
    private readonly ConntrackSocket _conntrack;

    public ConntrackTests() => _conntrack = _netns.Run(ConntrackSocket.Open);

    public void Dispose()
    {
        _conntrack.Dispose();
        _netns.Dispose();
    }

    [Fact]
    public void A_flow_is_listed_with_both_directions_mark_and_zone()
    {
        Insert("tcp", "10.0.0.1", "10.96.0.10", "10.244.0.9", 1234, 53, 7, "--state", "ESTABLISHED", "--mark", "77", "--orig-zone", "0");
        var flow = Assert.Single(_conntrack.List(IpFamily.V4));
        Assert.Equal(IpProtocol.Tcp, flow.Protocol);
        Assert.Equal(new ConntrackTuple(IpAddr.Parse("10.0.0.1"), IpAddr.Parse("10.96.0.10"), 1234, 53), flow.Original);
        Assert.Equal(new ConntrackTuple(IpAddr.Parse("10.244.0.9"), IpAddr.Parse("10.0.0.1"), 7, 1234), flow.Reply);
        Assert.Equal(77u, flow.Mark);
        Assert.NotEqual(0u, flow.Id);
        Assert.Empty(_conntrack.List(IpFamily.V6));
    }

    [Fact]
    public void IPv6_flows_are_read_and_deleted_alike()
    {
        Insert("udp", "fd00::1", "fd00::2", "fd00::3", 1000, 53, 54);
        var flow = Assert.Single(_conntrack.List(IpFamily.V6));
        Assert.Equal(new ConntrackTuple(IpAddr.Parse("fd00::3"), IpAddr.Parse("fd00::1"), 54, 1000), flow.Reply);
        Assert.Equal(1, _conntrack.DeleteWhere(IpFamily.V6, one => one.Protocol == IpProtocol.Udp));
        Assert.Empty(_conntrack.List(IpFamily.V6));
    }

    [Fact]
    public void Only_the_flows_of_the_filter_are_deleted_and_a_second_deletion_is_no_error()
    {
        for (var port = 1; port <= 20; port++)
        {
            Insert("udp", "10.0.0.1", "10.96.0.10", "10.244.0.9", 1000 + port, 53, 53);
        }

        var flow = _conntrack.List(IpFamily.V4).First(one => one.Original.SourcePort == 1001);
        Assert.True(_conntrack.Delete(flow));
        Assert.False(_conntrack.Delete(flow));
        Assert.Equal(9, _conntrack.DeleteWhere(IpFamily.V4, one => one.Original.SourcePort <= 1010));
        Assert.Equal(10, _conntrack.List(IpFamily.V4).Count);
    }

    private void Insert(string protocol, string client, string frontend, string server, int port, int frontPort, int serverPort, params string[] more) =>
        Tool.RunIn(
            _netns,
            "conntrack",
            ["-I", "-p", protocol, "-s", client, "-d", frontend, "--reply-src", server, "--reply-dst", client, "--sport", $"{port}", "--dport", $"{frontPort}",
                "--reply-port-src", $"{serverPort}", "--reply-port-dst", $"{port}", "-t", "300", .. more]);
}
