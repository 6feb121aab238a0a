using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Route;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Cni;

/// <summary>Nodes on one bridge, both families: node I is 172.30.0.(10+I) and fd00:30::(10+I), its pods 10.244.I.0/24 and fd00:244:I::/64.</summary>
internal sealed class CniFabric : IAsyncDisposable
{
    private readonly TestNetns _bridge = new();
    private readonly RouteSocket _route;
    private readonly List<CniNode> _nodes = [];

    internal CniFabric()
    {
        _route = RouteSocket.Open(_bridge.Namespace);
        _route.CreateLink("br0", "bridge");
        _route.SetUp("br0");
        Cluster.Nodes.MarkInitialized();
    }

    internal ClusterTables Cluster { get; } = new();

    internal TestNetns Bridge => _bridge;

    internal static NodeRow Row(int number) => new()
    {
        Name = $"n{number}",
        InternalIPs = [IpAddr.Parse($"172.30.0.{10 + number}"), IpAddr.Parse($"fd00:30::{10 + number}")],
        PodCIDRs = [IpNet.Parse($"10.244.{number}.0/24"), IpNet.Parse($"fd00:244:{number}::/64")],
    };

    internal async Task<CniNode> StartNodeAsync(int number, bool masquerade = false, int mtu = 1500, TimeSpan? enforceTimeout = null, TimeProvider? time = null)
    {
        var netns = new TestNetns();
        _route.CreateVeth(
            new VethEnd { Name = $"v{number}", Mtu = mtu }, new VethEnd { Name = "eth0", Namespace = netns.Namespace, Mtu = mtu });
        _route.ChangeLink(_route.GetLink($"v{number}").Index, new LinkChange { Up = true, Master = _route.GetLink("br0").Index });
        using (var route = RouteSocket.Open(netns.Namespace))
        {
            route.SetUp("lo");
            route.SetUp("eth0");
            foreach (var ip in Row(number).InternalIPs)
            {
                route.AddAddress(new LinkAddress
                {
                    Link = route.GetLink("eth0").Index,
                    Address = ip,
                    Prefix = ip.IsV4 ? 24 : 64,
                    NoDuplicateDetection = true,
                });
            }
        }

        Cluster.Nodes.Upsert($"n{number}", Row(number));
        var node = new CniNode($"n{number}", Cluster, netns, masquerade, enforceTimeout, time);
        _nodes.Add(node);
        await node.StartAsync();
        await UntilRoutedAsync();
        return node;
    }

    /// <summary>Waits until every node knows the way to the pods of every other: they learn of each other in their own time.</summary>
    private async Task UntilRoutedAsync()
    {
        var ranges = Cluster.Nodes.Snapshot().Values.SelectMany(row => row.PodCIDRs).ToList();
        var deadline = Deadline.Token();
        foreach (var node in _nodes)
        {
            using var route = node.Route();
            while (ranges.Except(IpFamily.All.SelectMany(family => route.Routes(family)).Select(one => one.Destination)).Any())
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, deadline);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        _route.Dispose();
        _bridge.Dispose();
    }
}
