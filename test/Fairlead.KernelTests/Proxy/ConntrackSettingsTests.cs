using Fairlead.Linux;
using Fairlead.Proxy.Conntrack;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.KernelTests.Proxy;

public sealed class ConntrackSettingsTests
{
    [Fact]
    public void Timeouts_are_kube_proxys_in_this_namespace_and_the_machines_limit_is_left_alone()
    {
        using var node = new TestNetns();
        var limit = Sysctl.Read("net/netfilter/nf_conntrack_max");
        node.Run(() => ConntrackSettings.Apply(1_000, NullLogger.Instance));
        Assert.Equal(("3600", "86400"), node.Run(() => (
            Sysctl.Read("net/netfilter/nf_conntrack_tcp_timeout_close_wait"), Sysctl.Read("net/netfilter/nf_conntrack_tcp_timeout_established"))));
        Assert.Equal(limit, Sysctl.Read("net/netfilter/nf_conntrack_max"));
    }

    [Theory]
    [InlineData(1, 131_072)]
    [InlineData(8, 262_144)]
    [InlineData(256, 1_048_576)]
    public void The_limit_grows_with_the_processors_within_bounds(int processors, int limit) => Assert.Equal(limit, ConntrackSettings.Limit(processors));
}
