using System.Net.Sockets;
using Fairlead.Balancer;
using Fairlead.Balancer.Announce;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Route;
using Fairlead.State;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.KernelTests.Balancer;

/// <summary>Two nodes and a client on one segment, each in a namespace of its own; the test writes the cluster's rows.</summary>
internal sealed class AnnouncerLab : IAsyncDisposable
{
    private static readonly ObjectKey Web = new("default", "web");

    private readonly TestNetns _fabric = new();
    private readonly Dictionary<string, TestNetns> _hosts = [];
    private readonly List<IDisposable> _open = [];
    private readonly List<Func<Task>> _stop = [];

    public AnnouncerLab()
    {
        using var fabric = RouteSocket.Open(_fabric.Namespace);
        fabric.CreateLink("br0", "bridge");
        fabric.SetUp("br0");
        foreach (var (name, number) in new[] { ("client", 1), ("n1", 11), ("n2", 12) })
        {
            AddHost(fabric, name, number);
        }

        Tables.EndpointSlices.MarkInitialized();
    }

    public ClusterTables Tables { get; } = new();

    public RouteSocket Route(string host)
    {
        var route = RouteSocket.Open(_hosts[host].Namespace);
        _open.Add(route);
        return route;
    }

    public RouteMonitor Monitor(string host)
    {
        var monitor = _hosts[host].Run(RouteMonitor.Open);
        _open.Add(monitor);
        return monitor;
    }

    /// <summary>A socket that sees every frame a host gets.</summary>
    public Socket Capture(string host)
    {
        const ProtocolType EveryFrame = (ProtocolType)0x0300; // ETH_P_ALL in network order (linux/if_ether.h)
        var socket = _hosts[host].Run(() => new Socket(AddressFamily.Packet, SocketType.Raw, EveryFrame));
        _open.Add(socket);
        return socket;
    }

    public void Inside(string host, Action body) => _hosts[host].Run(body);

    public MacAddress Hardware(string host)
    {
        using var route = RouteSocket.Open(_hosts[host].Namespace);
        return route.GetLink("eth0").Address;
    }

    public void Nodes(params string[] ready)
    {
        foreach (var (name, number) in new[] { ("n1", 11), ("n2", 12) })
        {
            Tables.Nodes.Upsert(name, new NodeRow
            {
                Name = name,
                Ready = ready.Contains(name),
                InternalIPs = [IpAddr.Parse($"172.31.0.{number}"), IpAddr.Parse($"fd00:31::{number}")],
            });
        }

        Tables.Nodes.MarkInitialized();
    }

    public void Balance(params string[] addresses) => Balance("", addresses);

    /// <summary>As the other, with what stands on the Service of who has answered so far.</summary>
    public void Balance(string answeredBy, string[] addresses)
    {
        Tables.Services.Upsert(
            Web,
            new ServiceRow { Key = Web, Type = ServiceType.LoadBalancer, LoadBalancerIPs = addresses.Select(IpAddr.Parse).ToValueArray(), AnsweredBy = answeredBy });
        Tables.Services.MarkInitialized();
    }

    /// <summary>Runs the announcer of a node; the returned function stops it.</summary>
    public Func<Task> Announce(string node)
    {
        var stopping = new CancellationTokenSource();
        var room = new AnnouncerRoom(Tables, node, NetNamespace.Open(_hosts[node].Path), TimeProvider.System, NullLogger.Instance);
        var running = room.RunAsync(stopping.Token);
        var stopped = false;
        async Task StopAsync()
        {
            if (stopped)
            {
                return;
            }

            stopped = true;
            await stopping.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
            room.Dispose();
            stopping.Dispose();
        }

        _stop.Add(StopAsync);
        return StopAsync;
    }

    /// <summary>Makes the client ask who has an address.</summary>
    public void Ask(IpAddr address) => Inside("client", () =>
    {
        using var socket = new Socket(address.IsV4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        socket.SendTo([1], new System.Net.IPEndPoint(address.ToIPAddress(), 9));
    });

    public static string OwnerOf(IpAddr address, params string[] nodes) =>
        Election.Owner(new ServiceRow { Key = Web }, address, nodes.Select(name => new NodeRow { Name = name, Ready = true }), [])!;

    /// <summary>Waits until the client knows the address at <paramref name="hardware"/>.</summary>
    public static async Task UntilKnownAsync(RouteMonitor client, IpAddr address, MacAddress hardware)
    {
        await foreach (var change in client.ReadAsync(Deadline.Token()))
        {
            if (change.Neighbour is { } neighbour && neighbour.Address == address && neighbour.Hardware == hardware)
            {
                return;
            }
        }
    }

    /// <summary>Waits until a node has begun or ceased to answer for an address.</summary>
    public static async Task UntilAnsweringAsync(RouteMonitor node, IpAddr address, bool answering)
    {
        await foreach (var change in node.ReadAsync(Deadline.Token()))
        {
            if (change.Route?.Destination == IpNet.Single(address) && change.Removed != answering)
            {
                return;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var stop in _stop)
        {
            await stop();
        }

        _open.ForEach(item => item.Dispose());
        foreach (var host in _hosts.Values)
        {
            host.Dispose();
        }

        _fabric.Dispose();
    }

    private void AddHost(RouteSocket fabric, string name, int number)
    {
        var host = _hosts[name] = new TestNetns();
        fabric.CreateVeth(new VethEnd { Name = "v-" + name }, new VethEnd { Name = "eth0", Namespace = host.Namespace });
        fabric.ChangeLink(fabric.GetLink("v-" + name).Index, new LinkChange { Up = true, Master = fabric.GetLink("br0").Index });
        host.Run(() =>
        {
            Sysctl.Write("net/ipv4/ip_forward", "1");
            Sysctl.Write("net/ipv6/conf/all/forwarding", "1");
        });
        using var route = RouteSocket.Open(host.Namespace);
        route.SetUp("lo");
        route.SetUp("eth0");
        var link = route.GetLink("eth0").Index;
        route.AddAddress(new LinkAddress { Link = link, Address = IpAddr.Parse($"172.31.0.{number}"), Prefix = 16 });
        route.AddAddress(new LinkAddress { Link = link, Address = IpAddr.Parse($"fd00:31::{number}"), Prefix = 64, NoDuplicateDetection = true });
    }
}
