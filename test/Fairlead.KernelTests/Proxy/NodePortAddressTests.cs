using Fairlead.Linux.Addresses;
using Fairlead.Proxy;
using Fairlead.Proxy.Frontends;
using Fairlead.State;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Proxy;

/// <summary>Node ports at addresses of the node's links that its Node object does not name, as the kernel tells of them (features.md §1.2, row 48).</summary>
public sealed class NodePortAddressTests : IAsyncLifetime
{
    private static readonly IpAddr Second = IpAddr.Parse("192.0.2.11");
    private readonly ServiceLab _lab = new() { Options = new ProxyOptions { NodeName = "n1", NodePortRanges = [IpNet.Parse("192.0.2.0/24")] } };

    public async ValueTask InitializeAsync()
    {
        await _lab.StartAsync();
        await _lab.ServeAsync(service => service with { Type = Fairlead.Cluster.Model.ServiceType.NodePort });
        await _lab.EndpointsAsync("10.244.0.5", "fd00:244::5");
        _lab.Listen(_lab.P1, "p1");
    }

    public async ValueTask DisposeAsync() => await _lab.DisposeAsync();

    [Fact]
    public async Task An_address_that_comes_is_served_and_one_that_goes_is_not()
    {
        Tool.RunIn(_lab.Outside, "ip", "address", "add", "192.0.2.1/24", "dev", "eth0");
        Assert.Equal("ConnectionRefused", await ServiceLab.AskAsync(_lab.Outside, ServiceLab.NodeAddress, 30080));
        Tool.RunIn(_lab.Node, "ip", "address", "add", "192.0.2.11/24", "dev", "eth0");
        await UntilAsync(() => Serves(Second));
        Assert.StartsWith("p1 sees", await ServiceLab.AskAsync(_lab.Outside, Second, 30080), StringComparison.Ordinal);

        // No range is of this family: all of its addresses are served, and none that only this link has.
        Assert.StartsWith("p1 sees", await ServiceLab.AskAsync(_lab.Outside, IpAddr.Parse("fd00:30::11"), 30080), StringComparison.Ordinal);
        Assert.All(_lab.Room.Frontends.Snapshot().Keys, key => Assert.False(key.Address.IsSpecial, $"{key}"));

        // On a second link too: it is gone when both have lost it.
        Tool.RunIn(_lab.Node, "ip", "link", "add", "other", "type", "bridge");
        Tool.RunIn(_lab.Node, "ip", "address", "add", "192.0.2.11/32", "dev", "other");
        Tool.RunIn(_lab.Node, "ip", "address", "del", "192.0.2.11/24", "dev", "eth0");
        Tool.RunIn(_lab.Node, "ip", "address", "add", "192.0.2.12/24", "dev", "eth0");
        await UntilAsync(() => Serves(IpAddr.Parse("192.0.2.12")));
        Assert.True(Serves(Second));
        Tool.RunIn(_lab.Node, "ip", "link", "del", "other");
        await UntilAsync(() => !Serves(Second));
        Assert.False(Serves(ServiceLab.NodeAddress));
    }

    private bool Serves(IpAddr address) => _lab.Room.Frontends.Snapshot().ContainsKey(new FrontendKey(address, IpProtocol.Tcp, 30080));

    private async Task UntilAsync(Func<bool> holds)
    {
        using var frontends = _lab.Room.Frontends.Subscribe();
        var wake = new Wake();
        frontends.Signalled += wake.Ring;
        for (var deadline = Deadline.Token(); !holds();)
        {
            await wake.WaitAsync(deadline);
        }
    }
}
