using System.Net.Sockets;
using Fairlead.Balancer;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Route;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Balancer;

public sealed class AnnouncerRoomTests
{
    private const string Vip = "172.31.255.1";
    private const string VipV6 = "fd00:31::ff:1";

    [Theory]
    [InlineData(Vip)]
    [InlineData(VipV6)]
    public async Task One_node_answers_for_an_address_and_the_other_takes_over_when_it_is_lost(string text)
    {
        await using var lab = new AnnouncerLab();
        var address = IpAddr.Parse(text);
        var owner = AnnouncerLab.OwnerOf(address, "n1", "n2");
        var other = owner == "n1" ? "n2" : "n1";
        var (client, first) = (lab.Monitor("client"), lab.Monitor(owner));
        lab.Nodes("n1", "n2");
        lab.Balance(text);
        lab.Announce("n1");
        lab.Announce("n2");
        await AnnouncerLab.UntilAnsweringAsync(first, address, answering: true);
        lab.Ask(address);
        await AnnouncerLab.UntilKnownAsync(client, address, lab.Hardware(owner));
        Assert.DoesNotContain(lab.Route(other).Neighbours(proxies: true), proxy => proxy.Address == address);

        // The client is told; it does not have to ask again.
        lab.Nodes(other);
        await AnnouncerLab.UntilKnownAsync(client, address, lab.Hardware(other));
        await AnnouncerLab.UntilAnsweringAsync(first, address, answering: false);
        Assert.DoesNotContain(lab.Route(owner).Neighbours(proxies: true), proxy => proxy.Address == address);
    }

    [Theory]
    [InlineData(Vip)]
    [InlineData(VipV6)]
    public async Task A_node_that_takes_over_tells_the_segment_three_times(string text)
    {
        await using var lab = new AnnouncerLab();
        var (address, capture) = (IpAddr.Parse(text), lab.Capture("client"));
        lab.Nodes("n2");
        lab.Balance(text);
        lab.Announce("n2");
        for (var seen = 0; seen < 3;)
        {
            var frame = new byte[1514];
            frame = frame[..await capture.ReceiveAsync(frame, SocketFlags.None, Deadline.Token())];
            if (Tells(frame, address))
            {
                seen++;
                Assert.Equal(lab.Hardware("n2"), MacAddress.FromBytes(frame.AsSpan(6, 6)));
                Assert.Equal(lab.Hardware("n2"), MacAddress.FromBytes(address.IsV4 ? frame.AsSpan(22, 6) : frame.AsSpan(80, 6)));
            }
        }
    }

    [Fact]
    public async Task A_node_that_returns_leaves_an_address_to_the_one_that_answers_now()
    {
        await using var lab = new AnnouncerLab();
        var address = IpAddr.Parse(Vip);
        var owner = AnnouncerLab.OwnerOf(address, "n1", "n2");
        var other = owner == "n1" ? "n2" : "n1";
        var another = Enumerable.Range(2, 200).Select(i => $"172.31.255.{i}").First(text => AnnouncerLab.OwnerOf(IpAddr.Parse(text), "n1", "n2") == owner);
        var (first, second) = (lab.Monitor(owner), lab.Monitor(other));
        lab.Nodes(other);
        lab.Balance(Vip);
        lab.Announce("n1");
        lab.Announce("n2");
        await AnnouncerLab.UntilAnsweringAsync(second, address, answering: true);

        // What the recorder has written meanwhile. That the node is back shows in another address, which it gets.
        lab.Balance($"{Vip}={other}", [Vip, another]);
        lab.Nodes("n1", "n2");
        await AnnouncerLab.UntilAnsweringAsync(first, IpAddr.Parse(another), answering: true);
        Assert.DoesNotContain(lab.Route(owner).Neighbours(proxies: true), proxy => proxy.Address == address);
        Assert.Contains(lab.Route(other).Neighbours(proxies: true), proxy => proxy.Address == address);
    }

    [Fact]
    public async Task Nobody_answers_for_an_address_that_no_Service_has_any_more()
    {
        await using var lab = new AnnouncerLab();
        var (node, address) = (lab.Monitor("n1"), IpAddr.Parse(Vip));
        lab.Nodes("n1");
        lab.Balance(Vip);
        lab.Announce("n1");
        await AnnouncerLab.UntilAnsweringAsync(node, address, answering: true);
        lab.Balance();
        await AnnouncerLab.UntilAnsweringAsync(node, address, answering: false);
        var client = lab.Monitor("client");
        lab.Ask(address);
        await foreach (var change in client.ReadAsync(Deadline.Token()))
        {
            // The kernel gives up after three requests without an answer.
            if (change.Neighbour?.Address == address && change.Neighbour.Hardware.IsNone)
            {
                break;
            }
        }
    }

    [Fact]
    public async Task An_uplink_that_goes_down_and_up_answers_again()
    {
        await using var lab = new AnnouncerLab();
        var (node, client, address) = (lab.Monitor("n1"), lab.Monitor("client"), IpAddr.Parse(Vip));
        lab.Nodes("n1");
        lab.Balance(Vip);
        lab.Announce("n1");
        await AnnouncerLab.UntilAnsweringAsync(node, address, answering: true);
        var route = lab.Route("n1");
        var link = route.GetLink("eth0").Index;

        // With the link the kernel drops what it answered for there; the room sees the link go, or only come, and says it anew.
        route.ChangeLink(link, new LinkChange { Up = false });
        route.ChangeLink(link, new LinkChange { Up = true });
        lab.Ask(address);
        await AnnouncerLab.UntilKnownAsync(client, address, lab.Hardware("n1"));
    }

    [Fact]
    public async Task A_room_that_starts_again_keeps_what_still_holds_and_drops_the_rest_and_cleaning_up_leaves_nothing()
    {
        await using var lab = new AnnouncerLab();
        var (node, kept, dropped) = (lab.Monitor("n1"), IpAddr.Parse(Vip), IpAddr.Parse("172.31.255.2"));
        var route = lab.Route("n1");
        var foreign = new Neighbour { Link = route.GetLink("eth0").Index, Address = IpAddr.Parse("172.31.9.9"), Proxy = true };
        route.ReplaceNeighbour(foreign);
        lab.Nodes("n1");
        lab.Balance(Vip, dropped.ToString());
        var stop = lab.Announce("n1");
        await AnnouncerLab.UntilAnsweringAsync(node, dropped, answering: true);
        await stop();
        Assert.Contains(route.Neighbours(proxies: true), proxy => proxy.Address == kept);

        lab.Balance(Vip);
        stop = lab.Announce("n1");
        await AnnouncerLab.UntilAnsweringAsync(node, dropped, answering: false);
        Assert.Equal([kept, foreign.Address], route.Neighbours(proxies: true).Select(proxy => proxy.Address).OrderDescending());
        await stop();

        lab.Inside("n1", AnnouncerRoom.CleanUp);
        Assert.Equal([foreign.Address], route.Neighbours(proxies: true).Select(proxy => proxy.Address));
        Assert.Null(route.FindLink("fl-vip"));
    }

    /// <summary>A broadcast ARP request of an address for itself, or a neighbour advertisement to all nodes that overrides and has a link-layer address.</summary>
    private static bool Tells(byte[] frame, IpAddr address) => address.IsV4
        ? frame is [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, _, _, _, _, _, _, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, ..]
            && IpAddr.FromBytes(frame.AsSpan(28, 4)) == address && IpAddr.FromBytes(frame.AsSpan(38, 4)) == address
        : frame.Length == 86 && frame is [0x33, 0x33, 0, 0, 0, 1, ..] && frame[12] == 0x86 && frame[13] == 0xDD && frame[20] == 58 && frame[21] == 255
            && IpAddr.FromBytes(frame.AsSpan(38, 16)) == IpAddr.Parse("ff02::1") && frame[54] == 136 && frame[58] == 0x20
            && IpAddr.FromBytes(frame.AsSpan(62, 16)) == address && frame[78] == 2 && frame[79] == 1;
}
