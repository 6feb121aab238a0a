using Fairlead.Explain.Reach;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Explain;

public sealed class NetnsSocketsTests
{
    private const string Head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

    [Fact]
    public void Sockets_that_listen_are_read_with_the_address_they_are_bound_to()
    {
        string[] lines =
        [
            Head,
            "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0",
            "   1: 0300F40A:0050 0200F40A:9C40 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 0 0 10 -1",
        ];

        var socket = Assert.Single(NetnsSockets.Parse(lines, IpProtocol.Tcp, "0A"));
        Assert.Equal("127.0.0.1:8080/TCP", socket.ToString());
        Assert.False(socket.Takes(IpProtocol.Tcp, IpAddr.Parse("10.244.0.3"), 8080));
    }

    [Theory]
    [InlineData("00000000000000000000000000000000:1F90", "[::]:8080/TCP", "10.244.0.3", true)]
    [InlineData("00000000000000000000000001000000:1F90", "[::1]:8080/TCP", "fd00::3", false)]
    [InlineData("0000000000000000FFFF00000300F40A:1F90", "10.244.0.3:8080/TCP", "10.244.0.3", true)]
    [InlineData("000000FD000000000000000003000000:1F90", "[fd00::3]:8080/TCP", "fd00::3", true)]
    public void IPv6_sockets_are_read_as_well(string local, string text, string to, bool takes)
    {
        var socket = Assert.Single(NetnsSockets.Parse([Head, $"   0: {local} 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 1"], IpProtocol.Tcp, "0A"));

        Assert.Equal(text, socket.ToString());
        Assert.Equal(takes, socket.Takes(IpProtocol.Tcp, IpAddr.Parse(to), 8080));
    }
}
