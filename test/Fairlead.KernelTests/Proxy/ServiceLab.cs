using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Conntrack;
using Fairlead.Nftables;
using Fairlead.Nftables.Kernel;
using Fairlead.Proxy;
using Fairlead.State;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.KernelTests.Proxy;

/// <summary>
/// One node with two pods, a pod of another node behind it, and a client outside, each a namespace; the proxy room runs on the node. Everything goes with it.
/// <code>
/// outside 172.30.0.1 ── eth0 node 172.30.0.11 ──┬── p1 10.244.0.5, fd00:244::5
///                                               ├── p2 10.244.0.6, fd00:244::6
///                                               └── far 10.244.1.7, fd00:244:0:1::7 (another node's)
/// </code>
/// </summary>
internal sealed class ServiceLab : IAsyncDisposable
{
    public static readonly ObjectKey Web = new("shop", "web");
    public static readonly IpAddr Vip = IpAddr.Parse("10.96.0.20");
    public static readonly IpAddr Vip6 = IpAddr.Parse("fd00:96::20");
    public static readonly IpAddr NodeAddress = IpAddr.Parse("172.30.0.11");
    public static readonly IpAddr BalancerAddress = IpAddr.Parse("172.30.255.1");

    private readonly List<Socket> _sockets = [];
    private readonly ConntrackSocket _flows;
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public ServiceLab()
    {
        Wire(Outside, "eth0", "172.30.0.11/16", "fd00:30::11/64", "172.30.0.1/16", "fd00:30::1/64");
        Wire(P1, "fl1", null, null, "10.244.0.5/32", "fd00:244::5/128");
        Wire(P2, "fl2", null, null, "10.244.0.6/32", "fd00:244::6/128");
        Wire(Far, "eth1", null, null, "10.244.1.7/32", "fd00:244:0:1::7/128");
        Tool.RunIn(Node, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
        Tool.RunIn(Node, "ip", "route", "add", "default", "via", "172.30.0.1");
        Tool.RunIn(Node, "ip", "-6", "route", "add", "default", "via", "fd00:30::1");
        Tool.RunIn(Outside, "ip", "route", "add", "10.0.0.0/8", "via", "172.30.0.11");
        Tool.RunIn(Outside, "ip", "-6", "route", "add", "fd00:200::/23", "via", "fd00:30::11");
        Nft = Node.Run(KernelNft.Open);
        _flows = Node.Run(ConntrackSocket.Open);
        Tables.Nodes.Upsert("n1", new NodeRow
        {
            Name = "n1",
            InternalIPs = [NodeAddress, IpAddr.Parse("fd00:30::11")],
            PodCIDRs = [IpNet.Parse("10.244.0.0/24"), IpNet.Parse("fd00:244::/64")],
        });
    }

    public TestNetns Node { get; } = new();

    public TestNetns Outside { get; } = new();

    public TestNetns P1 { get; } = new();

    public TestNetns P2 { get; } = new();

    public TestNetns Far { get; } = new();

    public ClusterTables Tables { get; } = new();

    public KernelNft Nft { get; }

    public ProxyRoom Room { get; private set; } = null!;

    /// <summary>What the next room is told.</summary>
    public ProxyOptions Options { get; set; } = new() { NodeName = "n1", ServiceRanges = [IpNet.Parse("10.96.0.0/12"), IpNet.Parse("fd00:96::/112")] };

    /// <summary>What stands between the next room and the kernel.</summary>
    public Func<INft, INft> Through { get; set; } = nft => nft;

    /// <summary>Starts the room, or a new one in place of the one that runs, as a restarted agent does.</summary>
    public async Task StartAsync()
    {
        await StopRoomAsync();
        _stop = new CancellationTokenSource();
        var addresses = new NodeAddresses();
        Room = new ProxyRoom(Options, Tables, Through(Nft), _flows, TimeProvider.System, NullLogger.Instance, addresses);
        Tables.Services.MarkInitialized();
        Tables.EndpointSlices.MarkInitialized();
        Tables.Nodes.MarkInitialized();
        Tables.ServiceCidrs.MarkInitialized();
        _running = Task.WhenAll(Room.RunAsync(_stop.Token), addresses.RunAsync(Node.Namespace, _stop.Token));
        await Room.WaitUntilCommittedAsync(Deadline.Token());
    }

    /// <summary>Service shop/web with ports 80 (TCP) and 53 (UDP), as the change makes it.</summary>
    public async Task ServeAsync(Func<ServiceRow, ServiceRow>? change = null)
    {
        var service = new ServiceRow
        {
            Key = Web,
            ClusterIPs = [Vip, Vip6],
            Ports =
            [
                new ServicePort("http", IpProtocol.Tcp, 80, 30080, "8080", ""),
                new ServicePort("dns", IpProtocol.Udp, 53, 30053, "5353", ""),
            ],
        };
        Tables.Services.Upsert(Web, change is null ? service : change(service));
        await Room.WaitUntilCommittedAsync(Deadline.Token());
    }

    /// <summary>Makes the Service's endpoints exactly these, both ports and the family of each.</summary>
    public Task EndpointsAsync(params string[] addresses) => EndpointsAsync([.. addresses.Select(IpAddr.Parse).Select(address => new SliceEndpoint
    {
        Address = address,
        NodeName = IpNet.Parse("10.244.1.0/24").Contains(address) || IpNet.Parse("fd00:244:0:1::/64").Contains(address) ? "n2" : "n1",
    })]);

    /// <summary>The same with conditions and nodes as given.</summary>
    public async Task EndpointsAsync(SliceEndpoint[] endpoints)
    {
        foreach (var family in IpFamily.All)
        {
            var key = new ObjectKey("shop", "web-" + family.Name);
            Tables.EndpointSlices.Upsert(key, new EndpointSliceRow
            {
                Key = key,
                Service = Web,
                Family = family,
                Ports = [new EndpointPort("http", IpProtocol.Tcp, 8080), new EndpointPort("dns", IpProtocol.Udp, 5353)],
                Endpoints = endpoints.Where(endpoint => endpoint.Address.Family == family).ToValueArray(),
            });
        }

        await Room.WaitUntilCommittedAsync(Deadline.Token());
    }

    /// <summary>Serves in a namespace on TCP 8080 and UDP 5353, sending back what comes.</summary>
    public void Echo(TestNetns netns) => Bind(netns, EchoStreamsAsync, EchoDatagramsAsync);

    /// <summary>Serves in a namespace: TCP 8080 sends back what comes, and UDP 5353 answers <c>NAME sees CLIENT</c>.</summary>
    public void EchoAndTell(TestNetns netns, string name) => Bind(netns, EchoStreamsAsync, socket => AnswerDatagramsAsync(socket, name));

    /// <summary>Serves in a namespace: TCP 8080 and UDP 5353 answer <c>NAME sees CLIENT</c>.</summary>
    public void Listen(TestNetns netns, string name) =>
        Bind(netns, listener => AnswerStreamsAsync(listener, name), socket => AnswerDatagramsAsync(socket, name));

    private void Bind(TestNetns netns, Func<Socket, Task> streams, Func<Socket, Task> datagrams)
    {
        var (tcp, udp) = netns.Run(() =>
        {
            var listener = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
            listener.Bind(new IPEndPoint(IPAddress.IPv6Any, 8080));
            listener.Listen(512);
            var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true };
            socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 5353));
            return (listener, socket);
        });
        _sockets.AddRange([tcp, udp]);
        _ = UntilClosedAsync(() => streams(tcp));
        _ = UntilClosedAsync(() => datagrams(udp));
    }

    private static async Task UntilClosedAsync(Func<Task> serve)
    {
        try
        {
            await serve();
        }
        catch (SocketException)
        {
            // The lab closes the socket.
        }
        catch (ObjectDisposedException)
        {
            // The same.
        }
    }

    /// <summary>Opens a TCP connection from a namespace; it stays open.</summary>
    public static async Task<Socket> ConnectAsync(TestNetns from, IpAddr address, int port)
    {
        var socket = from.Run(() => new Socket(Family(address), SocketType.Stream, ProtocolType.Tcp));
        await socket.ConnectAsync(new IPEndPoint(address.ToIPAddress(), port), Deadline.Token());
        return socket;
    }

    /// <summary>Sends and reads as much back, all of it.</summary>
    public static async Task<byte[]> ExchangeAsync(Socket socket, byte[] data)
    {
        var back = new byte[data.Length];
        var sending = socket.SendAsync(data, Deadline.Token()).AsTask();
        for (var at = 0; at < back.Length;)
        {
            var length = await socket.ReceiveAsync(back.AsMemory(at), Deadline.Token());
            Assert.NotEqual(0, length);
            at += length;
        }

        await sending;
        return back;
    }

    /// <summary>Opens a TCP connection from a namespace and returns the answer, or how it was refused.</summary>
    public static async Task<string> AskAsync(TestNetns from, IpAddr address, int port)
    {
        using var socket = from.Run(() => new Socket(Family(address), SocketType.Stream, ProtocolType.Tcp));
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address.ToIPAddress(), port), Deadline.Token());
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode.ToString();
        }

        var buffer = new byte[256];
        var length = await socket.ReceiveAsync(buffer, Deadline.Token());
        return Encoding.ASCII.GetString(buffer, 0, length);
    }

    /// <summary>A UDP socket that sends to the address.</summary>
    public static Socket Datagrams(TestNetns from, IpAddr address, int port, int source = 0) => from.Run(() =>
    {
        var socket = new Socket(Family(address), SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(address.IsV4 ? IPAddress.Any : IPAddress.IPv6Any, source));
        socket.Connect(address.ToIPAddress(), port);
        return socket;
    });

    /// <summary>Sends until there is an answer; returns it, or how it was refused.</summary>
    public static async Task<string> AskAsync(Socket datagrams)
    {
        var buffer = new byte[256];
        var deadline = Deadline.Token();
        while (true)
        {
            try
            {
                await datagrams.SendAsync("?"u8.ToArray(), deadline);
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(deadline);
                patience.CancelAfter(TimeSpan.FromSeconds(1));
                var length = await datagrams.ReceiveAsync(buffer, patience.Token);
                return Encoding.ASCII.GetString(buffer, 0, length);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
            {
                // A local sender is told EPERM for the datagram that was refused, and the refusal itself by its next call.
            }
            catch (SocketException e)
            {
                return e.SocketErrorCode.ToString();
            }
            catch (OperationCanceledException) when (!deadline.IsCancellationRequested)
            {
                // Datagrams may be lost; ask again.
            }
        }
    }

    /// <summary>Many answers from one place, each once.</summary>
    public static async Task<string[]> AskManyAsync(TestNetns from, IpAddr address, int port, int times)
    {
        var answers = new ConcurrentDictionary<string, bool>();
        await Parallel.ForAsync(0, times, async (_, _) => answers[await AskAsync(from, address, port)] = true);
        return [.. answers.Keys.Order(StringComparer.Ordinal)];
    }

    /// <summary>The first answers to UDP clients that send at one instant from these ports, none of which was used before: a flow the kernel knows stays where it is.</summary>
    public static async Task<string[]> AskAtOnceAsync(TestNetns from, IpAddr address, int port, int[] sources)
    {
        var sockets = sources.Select(source => Datagrams(from, address, port, source)).ToList();
        var waiting = sockets.Count;
        await Task.WhenAll(sockets.Select(socket => Task.Factory.StartNew(
            () =>
            {
                Interlocked.Decrement(ref waiting);
                while (Volatile.Read(ref waiting) > 0)
                {
                    // Asleep, they would not wake at one instant.
                }

                socket.Send("?"u8);
            },
            TaskCreationOptions.LongRunning)));
        var answers = await Task.WhenAll(sockets.Select(AskAsync));
        sockets.ForEach(socket => socket.Dispose());
        return answers;
    }

    public async ValueTask DisposeAsync()
    {
        await StopRoomAsync();
        _sockets.ForEach(socket => socket.Dispose());
        _flows.Dispose();
        Nft.Dispose();
        foreach (var netns in new[] { Node, Outside, P1, P2, Far })
        {
            netns.Dispose();
        }
    }

    public async Task StopRoomAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // How it ends.
        }
    }

    private static AddressFamily Family(IpAddr address) => address.IsV4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;

    private static async Task AnswerStreamsAsync(Socket listener, string name)
    {
        while (true)
        {
            using var client = await listener.AcceptAsync();
            await client.SendAsync(Encoding.ASCII.GetBytes($"{name} sees {Text(client.RemoteEndPoint!)}"));
        }
    }

    private static async Task AnswerDatagramsAsync(Socket socket, string name)
    {
        var buffer = new byte[256];
        while (true)
        {
            var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.IPv6Any, 0));
            await socket.SendToAsync(Encoding.ASCII.GetBytes($"{name} sees {Text(received.RemoteEndPoint)}"), SocketFlags.None, received.RemoteEndPoint);
        }
    }

    private static async Task EchoStreamsAsync(Socket listener)
    {
        while (true)
        {
            var client = await listener.AcceptAsync();
            _ = UntilClosedAsync(async () =>
            {
                using (client)
                {
                    var buffer = new byte[65_536];
                    while (await client.ReceiveAsync(buffer) is > 0 and var length)
                    {
                        await client.SendAsync(buffer.AsMemory(0, length));
                    }
                }
            });
        }
    }

    private static async Task EchoDatagramsAsync(Socket socket)
    {
        var buffer = new byte[65_536];
        while (true)
        {
            var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.IPv6Any, 0));
            await socket.SendToAsync(buffer.AsMemory(0, received.ReceivedBytes), SocketFlags.None, received.RemoteEndPoint);
        }
    }

    private static string Text(EndPoint endPoint)
    {
        var address = ((IPEndPoint)endPoint).Address;
        return (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
    }

    /// <summary>A veth pair: <paramref name="name"/> on the node, eth0 in the peer. Without addresses on the node's side it is a pod's, routed by address.</summary>
    private void Wire(TestNetns peer, string name, string? nodeAddress, string? nodeAddress6, string address, string address6)
    {
        Tool.RunIn(Node, "ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", peer.Path);
        Tool.RunIn(Node, "ip", "link", "set", "lo", "up");
        Tool.RunIn(peer, "ip", "link", "set", "lo", "up");
        Tool.RunIn(peer, "ip", "addr", "add", address, "dev", "eth0");
        Tool.RunIn(peer, "ip", "addr", "add", address6, "dev", "eth0", "nodad");
        Tool.RunIn(Node, "ip", "link", "set", name, "up");
        Tool.RunIn(peer, "ip", "link", "set", "eth0", "up");
        if (nodeAddress is not null)
        {
            Tool.RunIn(Node, "ip", "addr", "add", nodeAddress, "dev", name);
            Tool.RunIn(Node, "ip", "addr", "add", nodeAddress6!, "dev", name, "nodad");
            return;
        }

        Tool.RunIn(Node, "ip", "addr", "add", "169.254.1.1/32", "dev", name, "scope", "link");
        Tool.RunIn(Node, "ip", "addr", "add", "fe80::1/64", "dev", name, "nodad");
        Tool.RunIn(Node, "ip", "route", "add", address, "dev", name);
        Tool.RunIn(Node, "ip", "-6", "route", "add", address6, "dev", name);
        Tool.RunIn(peer, "ip", "route", "add", "169.254.1.1", "dev", "eth0");
        Tool.RunIn(peer, "ip", "route", "add", "default", "via", "169.254.1.1");
        Tool.RunIn(peer, "ip", "-6", "route", "add", "default", "via", "fe80::1", "dev", "eth0");
    }
}
