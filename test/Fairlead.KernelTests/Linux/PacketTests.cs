using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Packets;
using Fairlead.Linux.Route;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Linux;

public sealed class PacketTests
{
    [Theory]
    [InlineData("10.5.0.9", "net/ipv4/conf/b0/arp_accept")]
    [InlineData("fd00:5::9", "net/ipv6/conf/b0/accept_untracked_na")]
    public async Task An_announcement_tells_the_neighbours_where_an_address_is(string text, string accept)
    {
        using var left = new TestNetns();
        using var right = new TestNetns();
        using var route = RouteSocket.Open(left.Namespace);
        using var other = RouteSocket.Open(right.Namespace);
        using var monitor = right.Run(RouteMonitor.Open);
        route.CreateVeth(new VethEnd { Name = "a0" }, new VethEnd { Name = "b0", Namespace = right.Namespace });
        route.SetUp("a0");
        other.SetUp("b0");
        var b0 = other.GetLink("b0").Index;
        right.Run(() =>
        {
            Sysctl.Write(accept, "1");
            Sysctl.Write("net/ipv6/conf/b0/forwarding", "1");
            Sysctl.Write("net/ipv6/conf/b0/accept_untracked_na", "1");
        });
        other.AddAddress(new LinkAddress { Link = b0, Address = IpAddr.Parse("10.5.0.1"), Prefix = 24 });
        other.AddAddress(new LinkAddress { Link = b0, Address = IpAddr.Parse("fd00:5::1"), Prefix = 64, NoDuplicateDetection = true });
        var (address, hardware) = (IpAddr.Parse(text), MacAddress.Local(0x1234));
        using var packets = left.Run(PacketSocket.Open);
        packets.Send(route.GetLink("a0").Index, NeighbourFrames.Announce(address, hardware));
        await foreach (var change in monitor.ReadAsync(Deadline.Token()))
        {
            if (change.Neighbour?.Address == address)
            {
                Assert.Equal(hardware, change.Neighbour.Hardware);
                break;
            }
        }
    }
}
