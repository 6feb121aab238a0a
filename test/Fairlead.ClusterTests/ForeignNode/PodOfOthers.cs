using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.ForeignNode;

/// <summary>A pod's network namespace as containerd makes it, with a server that tells whom it sees.</summary>
internal sealed class PodOfOthers(string name, string uid, string version, NodeOfOthers node) : IDisposable
{
    private const int Port = 8080;

    // A lost SYN is sent again after one second, and the answer is this process's own, which may have to wait for a core.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private Socket? _listener;

    /// <summary>What a dropped packet is answered with.</summary>
    public const string Silence = "silence";

    public string Name => name;

    public string Uid => uid;

    public NodeOfOthers Node => node;

    /// <summary>The CNI version its runtime speaks.</summary>
    public string Version => version;

    public string ContainerId { get; } = Guid.NewGuid().ToString("N");

    public TestNetns Netns { get; } = new();

    /// <summary>What ADD gave it, IPv4 first.</summary>
    public string[] Addresses { get; set; } = [];

    public string Address => Addresses[0];

    /// <summary>What ADD printed.</summary>
    public JsonObject Result { get; set; } = [];

    /// <summary>Serves TCP 8080: <c>NAME sees CLIENT</c>.</summary>
    public void Listen()
    {
        Tool.RunIn(Netns, "ip", "link", "set", "lo", "up");
        _listener = Netns.Run(() =>
        {
            var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
            socket.Bind(new IPEndPoint(IPAddress.IPv6Any, Port));
            socket.Listen(64);
            return socket;
        });
        _ = AnswerAsync(_listener);
    }

    /// <summary>Asks once: the answer, how it was refused, or <see cref="Silence"/>.</summary>
    public Task<string> AskAsync(string address, int port = Port) => AskAsync(Netns, address, port);

    /// <summary>Asks once from any namespace.</summary>
    public static async Task<string> AskAsync(TestNetns from, string address, int port)
    {
        var server = IPAddress.Parse(address);
        using var socket = from.Run(() => new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await socket.ConnectAsync(server, port, limit.Token);
            var buffer = new byte[256];
            var length = await socket.ReceiveAsync(buffer, limit.Token);
            return Encoding.ASCII.GetString(buffer, 0, length);
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode.ToString();
        }
        catch (OperationCanceledException)
        {
            return Silence;
        }
    }

    /// <summary>Asks until the answer is the expected one: what the cluster was told takes a moment to reach the node.</summary>
    public static async Task ExpectAsync(string expected, Func<Task<string>> ask)
    {
        var deadline = Deadline.Token();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        var last = await ask();
        while (last != expected && !deadline.IsCancellationRequested)
        {
            await timer.WaitForNextTickAsync(CancellationToken.None);
            last = await ask();
        }

        Assert.Equal(expected, last);
    }

    /// <summary>What the cluster's DNS says.</summary>
    public string Resolve(string question, string type = "A") =>
        Tool.RunIn(Netns, "dig", "+short", "+tries=3", "+time=3", $"@{ForeignCluster.Dns}", question, type).Trim();

    public void Dispose()
    {
        _listener?.Dispose();
        Netns.Dispose();
    }

    private static IPAddress Client(Socket accepted) =>
        ((IPEndPoint)accepted.RemoteEndPoint!).Address is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4() : ((IPEndPoint)accepted.RemoteEndPoint!).Address;

    private async Task AnswerAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptAsync();
                await client.SendAsync(Encoding.ASCII.GetBytes($"{name} sees {Client(client)}"));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The pod has ended.
        }
    }
}
