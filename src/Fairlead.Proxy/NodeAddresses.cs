using Fairlead.Linux;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Route;

namespace Fairlead.Proxy;

/// <summary>An address that a link of the node has.</summary>
public sealed record NodeAddressRow(IpAddr Address);

/// <summary>
/// The addresses of all of a node's links, as the kernel tells of them. Only needed where <see cref="ProxyOptions.NodePortRanges"/> choose among them: a Node
/// object names but one of each family.
/// </summary>
public sealed class NodeAddresses
{
    private readonly Dictionary<IpAddr, HashSet<int>> _links = [];

    /// <summary>Addresses that are served to others, so without loopback, link-local (each pod's gateway is one) and multicast ones. Initialized once all have been listed. Written here only.</summary>
    public Table<IpAddr, NodeAddressRow> Table { get; } = new("node addresses");

    /// <summary>Lists them, and follows what comes and goes until cancelled.</summary>
    /// <param name="netns">The node's network namespace. Owned by the caller.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LinuxException">No descriptor left, or the kernel lists no addresses.</exception>
    public async Task RunAsync(NetNamespace netns, CancellationToken cancellationToken)
    {
        using var route = RouteSocket.Open(netns);

        // Opened before the list: what changes meanwhile is told too.
        using var monitor = netns.Run(RouteMonitor.Open);
        List(route);
        await foreach (var change in monitor.ReadAsync(cancellationToken))
        {
            if (change.Lost)
            {
                List(route);
            }
            else if (change.Address is { Address.IsNone: false, Address.IsSpecial: false } address)
            {
                Take(address, change.Removed);
            }
        }
    }

    private void List(RouteSocket route)
    {
        _links.Clear();
        foreach (var address in route.Addresses().Where(address => address.Address is { IsNone: false, IsSpecial: false }))
        {
            Links(address.Address).Add(address.Link);
        }

        Table.Replace([.. _links.Keys.Select(address => KeyValuePair.Create(address, new NodeAddressRow(address)))]);
    }

    /// <summary>An address may be on several links; it is gone when the last has lost it.</summary>
    private void Take(LinkAddress address, bool removed)
    {
        var links = Links(address.Address);
        if (!removed)
        {
            links.Add(address.Link);
            Table.Upsert(address.Address, new NodeAddressRow(address.Address));
        }
        else if (links.Remove(address.Link) && links.Count == 0)
        {
            _links.Remove(address.Address);
            Table.Delete(address.Address);
        }
    }

    private HashSet<int> Links(IpAddr address)
    {
        if (!_links.TryGetValue(address, out var links))
        {
            _links[address] = links = [];
        }

        return links;
    }
}
