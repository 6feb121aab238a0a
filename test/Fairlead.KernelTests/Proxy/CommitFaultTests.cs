using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables;
using Fairlead.Nftables.Kernel;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;
using Fairlead.Proxy;
using Fairlead.Proxy.Compile;
using Fairlead.Proxy.Nftables;
using Fairlead.State;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Proxy;

/// <summary>A change that the kernel refuses in its midst, because a stranger was there before: nothing of it happens, and the next attempt puts all right.</summary>
public sealed class CommitFaultTests : IDisposable
{
    private static readonly ProxyOptions Options = new() { NodeName = "n1" };
    private static readonly ObjectKey Web = new("shop", "web");

    private readonly TestNetns _netns = new();
    private readonly KernelNft _nft;
    private readonly ProxyCompiler _compiler = new(Options);
    private readonly ProxySchema _schema = new(Options);
    private readonly NftProxyCommitter _committer;

    public CommitFaultTests()
    {
        _nft = _netns.Run(KernelNft.Open);
        _committer = new NftProxyCommitter(_nft, Options);
    }

    public void Dispose()
    {
        _nft.Dispose();
        _netns.Dispose();
    }

    [Fact]
    public async Task An_element_that_is_there_with_another_value_fails_the_whole_change_once()
    {
        await StartAsync(2);
        await _nft.CommitAsync(new Transaction(ProxySchema.Table).Add(new Elements(_schema.V4.Inside.Endpoints, Slot(2, "192.0.2.66"))), default);
        var error = await RefusedAsync(3);
        Assert.True(error.IsExists || error.IsBusy, error.Message);
        Assert.Contains("elements of map endpoints4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_element_that_is_gone_fails_the_whole_change_once()
    {
        await StartAsync(3);
        await _nft.CommitAsync(new Transaction(ProxySchema.Table).Delete(new Elements(_schema.V4.Inside.Endpoints, Slot(2, "10.244.0.3"))), default);
        var error = await RefusedAsync(2);
        Assert.True(error.IsNotFound, error.Message);
        Assert.Contains("elements of map endpoints4", error.Message, StringComparison.Ordinal);
    }

    private async Task StartAsync(int endpoints)
    {
        Compile(endpoints);
        await _committer.ReconcileAsync(_compiler.Plan, _compiler.Node, default);
    }

    private async Task<NftException> RefusedAsync(int endpoints)
    {
        var (before, change) = (await BalancedAsync(), Compile(endpoints));
        var error = await Assert.ThrowsAsync<NftException>(() => _committer.CommitAsync(change, _compiler.Node, default));
        Assert.Equal(before, await BalancedAsync());
        Assert.False(_committer.IsSynced);
        Assert.True(await _committer.ReconcileAsync(_compiler.Plan, _compiler.Node, default));
        Assert.Equal(endpoints, await BalancedAsync());

        // A chain that nothing leads to any more goes one commit later.
        await new NftProxyCommitter(_nft, Options).ReconcileAsync(_compiler.Plan, _compiler.Node, default);
        Assert.False(await new NftProxyCommitter(_nft, Options).ReconcileAsync(_compiler.Plan, _compiler.Node, default));
        return error;
    }

    private PlanChange Compile(int endpoints)
    {
        var service = new ServiceRow { Key = Web, ClusterIPs = [IpAddr.Parse("10.96.0.20")], Ports = [new ServicePort("", IpProtocol.Tcp, 80, 0, "", "")] };
        var slice = new EndpointSliceRow
        {
            Key = Web,
            Service = Web,
            Ports = [new EndpointPort("", IpProtocol.Tcp, 8080)],
            Endpoints = Enumerable.Range(1, endpoints).Select(i => new SliceEndpoint { Address = IpAddr.Parse($"10.244.0.{i}"), NodeName = "n2" }).ToValueArray(),
        };
        return _compiler.Update([new(Web, null, service)], [new(Web, null, slice)], new NodeView("n1", "", default, default));
    }

    /// <summary>Among how many endpoints the kernel chooses.</summary>
    private async Task<int> BalancedAsync()
    {
        var services = (await _nft.ReadAsync(ProxySchema.Table.Name, default))!.Containers[_schema.V4.Inside.Services.Name];
        return BalanceCode.Of(BitConverter.ToUInt32(Assert.Single(services.Elements.Values).Value.Bytes)).Count;
    }

    private static Element Slot(uint slot, string endpoint) => Element.Of(
        Datum.Of(IpAddr.Parse("10.96.0.20"), IpProtocol.Tcp, (ushort)80, slot), Datum.Of(IpAddr.Parse(endpoint), (ushort)8080));
}
