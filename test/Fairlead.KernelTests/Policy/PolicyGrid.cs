using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;

namespace Fairlead.KernelTests.Policy;

/// <summary>One way of the grid: from a pod to a port of another.</summary>
internal sealed record GridWay(PodRow From, PodRow To, IpProtocol Protocol, ushort Port)
{
    public override string ToString() => $"{From.Key.Namespace}/{From.Key.Name} to {To.Key.Namespace}/{To.Key.Name} {Protocol} {Port}";
}

/// <summary>
/// Real packets over every way between the pods of a node, many times a second: nobody waits for a packet that does not come. All of it is sent by one
/// thread on one processor, whose backlog the kernel works off in order; so when a datagram of the node itself, which no policy concerns, has crossed behind
/// them, every packet sent before has crossed one link or is gone. As many of those markers as a packet has links to cross, and what is not there is refused.
/// </summary>
internal sealed class PolicyGrid : IDisposable
{
    public static readonly ushort[] Ports = [80, 81];

    private const ushort MarkerPort = 7;
    private const int Handshake = 6;
    private const int IPPROTO_TCP = 6;
    private const int TCP_INFO = 11;
    private const byte TCP_ESTABLISHED = 1;
    private const int EINPROGRESS = 115;

    private readonly Dictionary<(GridWay Way, IpFamily Family), Socket> _streams = [];
    private readonly Dictionary<(PodRow Pod, ushort Port), (Socket Listener, Socket Datagrams)> _servers = [];
    private readonly Dictionary<PodRow, Socket> _senders = [];
    private readonly Socket _marker;
    private readonly Socket _marked;
    private readonly PodRow _markedPod;
    private int _round;

    /// <summary>Opens the sockets of every way.</summary>
    public PolicyGrid(PolicyNode node, IReadOnlyList<string> pods)
    {
        var rows = pods.ToDictionary(pod => pod, node.RowOf);
        Ways = [.. from one in rows.Values from other in rows.Values where one != other from port in Ports
                   from protocol in new[] { IpProtocol.Tcp, IpProtocol.Udp } select new GridWay(one, other, protocol, port)];
        foreach (var (pod, row) in rows)
        {
            node.In(pod, () => Open(row));
        }

        _markedPod = rows[pods[0]];
        _marker = node.Netns.Run(() => Dual(SocketType.Dgram, 0));
        _marked = node.In(pods[0], () => Dual(SocketType.Dgram, MarkerPort));
        (_marked.Blocking, _marked.ReceiveTimeout) = (true, 10_000);
    }

    /// <summary>Every way there is.</summary>
    public IReadOnlyList<GridWay> Ways { get; }

    /// <summary>Has the calling thread stay on one processor; before the first round.</summary>
    public static void Pin()
    {
        var set = new byte[128];
        var last = Environment.ProcessorCount - 1;
        set[last / 8] = (byte)(1 << (last % 8));
        Assert.Equal(0, SetAffinity(0, (nuint)set.Length, set));
    }

    /// <summary>The ways that packets of one family have come by.</summary>
    public HashSet<GridWay> Probe(IpFamily family)
    {
        _round++;
        foreach (var way in Ways)
        {
            Send(way, family);
        }

        for (var i = 0; i < Handshake; i++)
        {
            Mark(family);
        }

        var passed = _streams.Where(pair => pair.Key.Family == family && IsEstablished(pair.Value)).Select(pair => pair.Key.Way).ToHashSet();
        passed.UnionWith(Received());
        foreach (var stream in _streams.Values)
        {
            Disconnect(stream);
        }

        Mark(family);
        foreach (var (listener, _) in _servers.Values)
        {
            while (listener.Poll(0, SelectMode.SelectRead))
            {
                listener.Accept().Dispose();
            }
        }

        return passed;
    }

    public void Dispose()
    {
        foreach (var socket in _streams.Values.Concat(_senders.Values).Concat(_servers.Values.SelectMany(pair => new[] { pair.Listener, pair.Datagrams })))
        {
            socket.Dispose();
        }

        _marker.Dispose();
        _marked.Dispose();
    }

    private int Open(PodRow pod)
    {
        foreach (var port in Ports)
        {
            var listener = Dual(SocketType.Stream, port);
            listener.Listen(256);
            _servers[(pod, port)] = (listener, Dual(SocketType.Dgram, port));
        }

        _senders[pod] = Dual(SocketType.Dgram, 0);
        foreach (var way in Ways.Where(way => way.From == pod && way.Protocol == IpProtocol.Tcp))
        {
            foreach (var family in IpFamily.All)
            {
                _streams[(way, family)] = new Socket(family == IpFamily.V4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            }
        }

        return 0;
    }

    private static Socket Dual(SocketType type, ushort port)
    {
        var socket = new Socket(AddressFamily.InterNetworkV6, type, type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp) { DualMode = true, Blocking = false };
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        return socket;
    }

    private void Send(GridWay way, IpFamily family)
    {
        if (way.Protocol == IpProtocol.Udp)
        {
            _senders[way.From].SendTo(
                Encoding.ASCII.GetBytes($"{_round} {way.From.Key.Namespace} {way.From.Key.Name}"), new IPEndPoint(Of(way.To, family).MapToIPv6(), way.Port));
            return;
        }

        var to = new IPEndPoint(Of(way.To, family), way.Port).Serialize().Buffer.ToArray();
        var result = Connect(_streams[(way, family)].SafeHandle, to, to.Length);
        Assert.True(result == 0 || Marshal.GetLastPInvokeError() == EINPROGRESS, $"{way}: connect: error {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>A connection is reset, and the socket is as new (connect(2), AF_UNSPEC).</summary>
    private static void Disconnect(Socket stream) => _ = Connect(stream.SafeHandle, new byte[16], 16);

    private static IPAddress Of(PodRow pod, IpFamily family) => pod.IPs.First(address => address.Family == family).ToIPAddress();

    private static bool IsEstablished(Socket socket)
    {
        // The state is the first byte of tcp_info (linux/tcp.h).
        var info = new byte[1];
        socket.GetRawSocketOption(IPPROTO_TCP, TCP_INFO, info);
        return info[0] == TCP_ESTABLISHED;
    }

    private IEnumerable<GridWay> Received()
    {
        var buffer = new byte[64];
        foreach (var ((pod, port), (_, datagrams)) in _servers)
        {
            while (datagrams.Available > 0)
            {
                var text = Encoding.ASCII.GetString(buffer, 0, datagrams.Receive(buffer)).Split(' ');
                if (text[0] == $"{_round}")
                {
                    yield return Ways.Single(way => way.To == pod && way.Port == port && way.Protocol == IpProtocol.Udp
                        && way.From.Key.Namespace == text[1] && way.From.Key.Name == text[2]);
                }
            }
        }
    }

    private void Mark(IpFamily family)
    {
        _marker.SendTo("marker"u8, new IPEndPoint(Of(_markedPod, family).MapToIPv6(), MarkerPort));
        _ = _marked.Receive(new byte[16]);
    }

#pragma warning disable SYSLIB1054 // source-generated marshalling needs unsafe code, which tests do without
    [DllImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static extern int Connect(SafeSocketHandle socket, byte[] address, int length);

    [DllImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    private static extern int SetAffinity(int thread, nuint length, byte[] set);
#pragma warning restore SYSLIB1054
}
