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
        route.ChangeLink(link, new LinkChange { Up = false });
        Assert.Empty(route.Neighbours(proxies: true));
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
}
