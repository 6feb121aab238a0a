using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Proxy.Nftables;

namespace Fairlead.Tests.Proxy;

public sealed class AffinityGroupsTests
{
    [Fact]
    public void No_two_groups_have_one_address_and_each_has_the_same_after_a_restart()
    {
        // So many that some would have the same, were they not told apart: 40 000 of 2^27 places.
        var (first, second) = (new AffinityGroups(), new AffinityGroups());
        var groups = Enumerable.Range(0, 40_000).Select(i => Group($"s{i}")).ToList();
        var addresses = groups.Select(first.Take).ToList();
        Assert.Equal(groups.Count, addresses.Distinct().Count());
        Assert.Equal(addresses, groups.Select(second.Take));
        Assert.Equal(addresses[..100], groups[..100].Select(group => new AffinityGroups().Take(group)));
        Assert.All(addresses, address => Assert.True(IpNet.Parse("240.0.0.0/4").Contains(address)));
        Assert.True(IpNet.Parse("100::/64").Contains(first.Take(Group("s0") with { Family = IpFamily.V6 })));
    }

    [Fact]
    public void An_address_is_given_up_with_the_last_frontend()
    {
        var groups = new AffinityGroups();
        var address = groups.Take(Group("a"));
        Assert.Equal(address, groups.Take(Group("a")));
        Assert.NotEqual(address, groups.Take(Group("a") with { PortName = "other" }));
        groups.Release(Group("a"));
        Assert.Equal(address, groups.Take(Group("a")));
        groups.Release(Group("a"));
        groups.Release(Group("a"));
        Assert.Throws<KeyNotFoundException>(() => groups.Release(Group("a")));
    }

    private static AffinityGroup Group(string service) => new(new ObjectKey("shop", service), "http", IpProtocol.Tcp, IpFamily.V4);
}
