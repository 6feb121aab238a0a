using System.Diagnostics;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Netlink;
using Fairlead.Nftables.Kernel;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Values;
using Fairlead.Proxy;
using Fairlead.Proxy.Nftables;

namespace Fairlead.Benchmarks;

/// <summary>What a node's kernel holds of Services, seen from beside the agent: how many frontends with endpoints there are, and when one changes.</summary>
internal sealed class KernelServices : IDisposable
{
    private const int NFNLGRP_NFTABLES = 7;

    private readonly Map _services = new ProxySchema(new ProxyOptions { NodeName = ServiceLoad.Node }).V4.Inside.Services;
    private readonly NetNamespace _node;
    private readonly NetlinkSocket _socket;

    public KernelServices(NetNamespace node)
    {
        _node = node;
        _socket = node.Run(() => NetlinkSocket.Open(NetlinkProtocol.Netfilter));
    }

    /// <summary>Number of IPv4 frontends that have endpoints; 0 when there is no table.</summary>
    public uint Count()
    {
        using var request = new NetlinkWriter();
        request.Begin(Wire.Message(Wire.NFT_MSG_GETSET), NetlinkFlags.Ack);
        request.Header(new NfGenMsg(Wire.NFPROTO_INET, 0));
        request.Text(Wire.NFTA_TABLE, ProxySchema.Table.Name);
        request.Text(Wire.NFTA_SET_NAME, _services.Name);
        return _socket.Get(request, "get the frontends", message => ContainerReader.Read(message, ProxySchema.Table.Name))?.Count ?? 0;
    }

    /// <summary>Waits until there are so many, asking every few milliseconds: to be told would have the kernel make a message of each element.</summary>
    public async Task WaitForCountAsync(uint count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (Count() < count)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, limit.Token);
        }
    }

    /// <summary>Does something and waits until the frontend at an address is put in.</summary>
    /// <returns>How long that took since before it was begun.</returns>
    public async Task<TimeSpan> ChangeAsync(IpAddr address, Func<Task> change)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var commits = _node.Run(() => NetlinkSubscription.Open(NetlinkProtocol.Netfilter, NFNLGRP_NFTABLES));
        var start = Stopwatch.GetTimestamp();
        var changing = change();
        while (!IsPutIn(await commits.ReceiveAsync(limit.Token), Datum.Of(address)))
        {
            // Some other element.
        }

        var took = Stopwatch.GetElapsedTime(start);
        await changing;
        return took;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private bool IsPutIn(ReadOnlyMemory<byte> datagram, Datum address)
    {
        foreach (var message in new NetlinkReader(datagram.Span))
        {
            if (message.Type == Wire.Message(Wire.NFT_MSG_NEWSETELEM) && IsOfServices(message)
                && ElementReader.Read(message, _services).Exists(listed => listed.Element.Key.Bytes.StartsWith(address.Bytes)))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsOfServices(NetlinkMessage message)
    {
        foreach (var attribute in message.Attributes<NfGenMsg>())
        {
            if (attribute.Type == Wire.NFTA_SET_ELEM_LIST_SET)
            {
                return attribute.Text == _services.Name;
            }
        }

        return false;
    }
}
