using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Conntrack;
using Fairlead.Nftables.Kernel;
using Fairlead.Policy;
using Fairlead.Policy.Compile;
using Fairlead.Policy.Drops;
using Fairlead.Policy.Nftables;
using Fairlead.State;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.KernelTests.Policy;

/// <summary>A node's network namespace with pods on veth pairs, and the policies of the pods in its packet filter.</summary>
internal sealed class PolicyNode : IDisposable
{
    private const int IPPROTO_TCP = 6;
    private const int TCP_INFO = 11;
    private const int TCP_ESTABLISHED = 1;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(400);

    private readonly TestNetns _node = new();
    private readonly ClusterTables _tables = new();
    private readonly Dictionary<string, (TestNetns Netns, PodRow Row)> _pods = [];
    private readonly NftPolicyCommitter _committer;
    private readonly PolicyCompiler _compiler = new("n1");
    private readonly List<PolicyRow> _policies = [];
    private PolicyPlan? _before;

    public PolicyNode()
    {
        (Nft, Flows) = _node.Run(() => (KernelNft.Open(), ConntrackSocket.Open()));
        Drops = _node.Run(() => DropLog.Open("n1", _tables, Nft, TimeProvider.System, NullLogger.Instance));
        _committer = new NftPolicyCommitter(Nft, Drops.History);
        Tool.RunIn(_node, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
        Tool.RunIn(_node, "ip", "link", "set", "lo", "up");
        Tool.RunIn(_node, "ip", "addr", "add", "10.96.0.10/32", "dev", "lo");
    }

    public KernelNft Nft { get; }

    public ConntrackSocket Flows { get; }

    /// <summary>Hears of what is dropped, once somebody runs it.</summary>
    public DropLog Drops { get; private set; }

    public TestNetns Netns => _node;

    public static IpNet Range { get; } = IpNet.Parse("10.244.1.0/24");

    public static IpNet Range6 { get; } = IpNet.Parse("fd00:10:244:1::/64");

    public void AddPod(string space, string name, string labels, params ContainerPort[] ports)
    {
        var netns = new TestNetns();
        IpAddr[] addresses = [Range.At((UInt128)(_pods.Count + 2)), Range6.At((UInt128)(_pods.Count + 2))];
        var link = $"fl{name}";
        Batch(
            _node,
            $"""
            link add {link} type veth peer name eth0 netns {netns.Path}
            addr add 169.254.1.1/32 dev {link}
            addr add fe80::1/64 dev {link} nodad
            link set {link} up
            route add {addresses[0]}/32 dev {link}
            route add {addresses[1]}/128 dev {link}
            """);
        Batch(
            netns,
            $"""
            link set lo up
            addr add {addresses[0]}/32 dev eth0
            addr add {addresses[1]}/128 dev eth0 nodad
            link set eth0 up
            route add 169.254.1.1 dev eth0
            route add default via 169.254.1.1
            route add ::/0 via fe80::1 dev eth0
            """);
        var pairs = labels.Split(',').Select(pair => pair.Split('=')).Select(pair => KeyValuePair.Create(pair[0], pair[1]));
        _pods[name] = (netns, new PodRow
        {
            Key = new ObjectKey(space, name),
            Labels = Labels.From(pairs),
            NodeName = "n1",
            IPs = addresses.ToValueArray(),
            Ports = ports.ToValueArray(),
        });
    }

    public IPEndPoint EndpointOf(string pod, ushort port) => EndpointOf(pod, port, IpFamily.V4);

    public IPEndPoint EndpointOf(string pod, ushort port, IpFamily family) => new(_pods[pod].Row.IPs.First(address => address.Family == family).ToIPAddress(), port);

    /// <summary>As when the agent is started anew: what is in the packet filter is an earlier run's.</summary>
    public DropLog RestartDrops(TimeProvider time)
    {
        Drops.Dispose();
        return Drops = _node.Run(() => DropLog.Open("n1", _tables, Nft, time, NullLogger.Instance));
    }

    public PodRow RowOf(string pod) => _pods[pod].Row;

    public T In<T>(string pod, Func<T> body) => _pods[pod].Netns.Run(body);

    /// <summary>A listener in the pod; the kernel answers connections without anybody accepting them.</summary>
    public TcpListener Listen(string pod, ushort port) => In(pod, () => StartListener(port));

    /// <summary>A UDP socket in the pod, at a port or at any.</summary>
    public Socket Datagrams(string pod, ushort port) => In(pod, () =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        return socket;
    });

    public static TcpListener StartListener(ushort port)
    {
        var listener = new TcpListener(IPAddress.Any, port);
        listener.Start();
        return listener;
    }

    /// <summary>A connection from the pod, or null when none came about in time.</summary>
    public async Task<Socket?> ConnectAsync(string pod, IPEndPoint to)
    {
        var socket = In(pod, () => new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        var connecting = socket.ConnectAsync(to);
        await Task.WhenAny(connecting, Task.Delay(Patience, TimeProvider.System));

        // The kernel's word, not which of two was reported first: this process may have waited for a core.
        if (!connecting.IsCompleted && !IsEstablished(socket))
        {
            socket.Dispose();
            await connecting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return null;
        }

        await connecting;
        return socket;
    }

    // The state is the first byte of tcp_info (linux/tcp.h).
    private static bool IsEstablished(Socket socket)
    {
        var info = new byte[1];
        socket.GetRawSocketOption(IPPROTO_TCP, TCP_INFO, info);
        return info[0] == TCP_ESTABLISHED;
    }

    public async Task<bool> ReachesAsync(string pod, IPEndPoint to)
    {
        using var socket = await ConnectAsync(pod, to);
        return socket is not null;
    }

    public Task ApplyAsync(params PolicyRow[] policies)
    {
        _policies.Clear();
        _policies.AddRange(policies);
        return ApplyAsync(_pods.Keys);
    }

    /// <summary>Puts the policies in force for the pods named, as the room does; the others have no verdicts yet.</summary>
    public Task ApplyAsync(IEnumerable<string> attached) => ApplyAsync(World, AttachmentsOf(attached));

    /// <summary>Puts in force what another world says, with every pod attached.</summary>
    public Task ApplyAsync(PolicyWorld world) => ApplyAsync(world, AttachmentsOf(_pods.Keys));

    private async Task ApplyAsync(PolicyWorld world, ImmutableDictionary<string, AttachmentRow> attachments)
    {
        var plan = _compiler.Compile(world, attachments, null);
        await _committer.CommitAsync(plan, Deadline.Token(), world);
        if (FlowCut.MayTighten(_before, plan))
        {
            foreach (var family in IpFamily.All)
            {
                Flows.DeleteWhere(family, flow => FlowCut.Ends(flow, _before, plan));
            }
        }

        _before = plan;
    }

    private ImmutableDictionary<string, AttachmentRow> AttachmentsOf(IEnumerable<string> pods) => pods.Select(name => new AttachmentRow
    {
        ContainerId = name,
        IfName = "eth0",
        Pod = _pods[name].Row.Key,
        IPs = _pods[name].Row.IPs,
        HostInterface = $"fl{name}",
    }).ToImmutableDictionary(row => row.Key);

    /// <summary>Runs several commands of ip within a namespace.</summary>
    public static void Batch(TestNetns netns, string commands)
    {
        var (code, output, error) = Tool.TryRun("nsenter", commands, $"--net={netns.Path}", "ip", "-batch", "-");
        Assert.True(code == 0, $"ip -batch: {error}{output}\n{commands}");
    }

    public void Dispose()
    {
        Drops.Dispose();
        Nft.Dispose();
        Flows.Dispose();
        foreach (var (netns, _) in _pods.Values)
        {
            netns.Dispose();
        }

        _node.Dispose();
    }

    /// <summary>The pods, their namespaces and the policies of the last call.</summary>
    public PolicyWorld World => new(
        _policies.ToImmutableDictionary(policy => policy.Key),
        _pods.Values.ToImmutableDictionary(pod => pod.Row.Key, pod => pod.Row),
        _pods.Values.Select(pod => pod.Row.Key.Namespace).Append("kube-system").Distinct()
            .ToImmutableDictionary(name => name, name => new NamespaceRow(name, Labels.From([new("kubernetes.io/metadata.name", name), new("name", name)]))),
        ImmutableDictionary<string, NodeRow>.Empty.Add("n1", new NodeRow { Name = "n1", PodCIDRs = [Range, Range6] }),
        ImmutableDictionary<string, ClusterPolicyRow>.Empty,
        new ServiceRow
        {
            Key = PolicyWorld.DnsService,
            Selector = Labels.From([new("k8s-app", "kube-dns")]),
            ClusterIPs = [IpAddr.Parse("10.96.0.10")],
            Ports = [new ServicePort("dns", IpProtocol.Udp, 53, 0, "53", ""), new ServicePort("dns-tcp", IpProtocol.Tcp, 53, 0, "53", "")],
        });
}
