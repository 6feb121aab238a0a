using System.Net;
using System.Net.Sockets;
using Fairlead.Linux.Namespaces;
using Fairlead.Pods.StandIns;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.KernelTests.Pods;

public sealed class StandInAddressTests
{
    [Theory]
    [InlineData("127.0.0.1", "127.9.9.9")]
    [InlineData("::1", "fd00::9")]
    public async Task A_stand_in_answers_a_datagram_from_the_address_it_came_to(string client, string asked)
    {
        using var netns = new TestNetns();
        Tool.RunIn(netns, "ip", "link", "set", "lo", "up");
        Tool.RunIn(netns, "ip", "address", "add", "fd00::9/128", "dev", "lo", "nodad");
        await using var standIn = StandIn.Start(netns.Path, [(53, true)], new Identity("p", "n", "node"), TimeProvider.System, NullLogger.Instance);
        using var inside = NetNamespace.Open(netns.Path);
        var from = IPAddress.Parse(client);
        using var udp = inside.Run(() => new Socket(from.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        udp.Bind(new IPEndPoint(from, 0));

        // Connected, so that an answer from any other address never arrives.
        await udp.ConnectAsync(IPAddress.Parse(asked), 53, Deadline.Token());
        await udp.SendAsync("hi"u8.ToArray(), Deadline.Token());
        Assert.True(await udp.ReceiveAsync(new byte[2048], Deadline.Token()) > 0);
    }
}
