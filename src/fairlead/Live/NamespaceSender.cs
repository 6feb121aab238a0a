using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Fairlead.Cluster.Model;
using Fairlead.Demo;
using Fairlead.Expectations;
using Fairlead.Linux;
using Fairlead.Linux.Addresses;

namespace Fairlead.Live;

/// <summary>Sends from the network namespaces of pods, nodes and the outside: what a program there would send.</summary>
/// <param name="pods">Where each pod is.</param>
/// <param name="nodes">Where each node is, by name.</param>
/// <param name="addresses">Where further addresses are: nodes', the outside.</param>
internal sealed class NamespaceSender(
    IReadOnlyDictionary<ObjectKey, Vantage> pods, IReadOnlyDictionary<string, Vantage> nodes, IReadOnlyDictionary<IpAddr, Vantage> addresses) : IPacketSender
{
    /// <summary>The header of a DNS query for the root's name servers (RFC 1035 §4.1): what a name server answers, and everybody else may.</summary>
    private static readonly byte[] Datagram = [0x46, 0x4c, 0x01, 0x00, 0x00, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0x01];

    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(300);

    // Kernels limit ICMP errors to one a second for each receiver, a few at once excepted (icmp(7), icmp_ratelimit): two at a time would starve each other.
    private readonly ConcurrentDictionary<(string From, IpAddr To), SemaphoreSlim> _datagrams = new();

    /// <inheritdoc/>
    public Task<Reach> SendAsync(Connection connection, CancellationToken cancellationToken) =>
        Place(connection) is { } from ? SendAsync(from, connection, connection.Source, cancellationToken) : Task.FromResult(Nobody(connection));

    /// <inheritdoc/>
    public async Task<Reach?> SendUnpolicedAsync(Connection connection, CancellationToken cancellationToken)
    {
        var node = connection.TargetPod?.NodeName ?? connection.SourcePod?.NodeName;
        var from = node is null ? nodes.Values.FirstOrDefault() : nodes.GetValueOrDefault(node);
        return from is null ? null : await SendAsync(from, connection, default, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Reach> ResolveAsync(Connection connection, string name, CancellationToken cancellationToken)
    {
        if (Place(connection) is not { } from)
        {
            return Nobody(connection);
        }

        try
        {
            var found = await Resolver.ResolveAsync(from, name, tcp: false, cancellationToken);
            return new Reach(found.Addresses.Count > 0 ? Answer.Answered : Answer.Refused, found.Addresses.Count > 0 ? $"{found}" : $"{name} was not found: {found}");
        }
        catch (Exception e) when (e is LinuxException or IOException or UnauthorizedAccessException)
        {
            return new Reach(Answer.NotTried, $"{from.Name}: {e.Message}");
        }
    }

    private static Reach Nobody(Connection connection) => new(Answer.NotTried, $"nothing can be sent from {connection.Source}: it is nobody here");

    private Vantage? Place(Connection connection) =>
        connection.SourcePod is { } pod ? pods.GetValueOrDefault(pod.Key) : addresses.GetValueOrDefault(connection.Source);

    private async Task<Reach> SendAsync(Vantage from, Connection connection, IpAddr bind, CancellationToken cancellationToken)
    {
        var target = new IPEndPoint(connection.Target.ToIPAddress(), connection.Port);
        if (connection.Protocol is not (IpProtocol.Tcp or IpProtocol.Udp))
        {
            return new Reach(Answer.NotTried, $"{connection.Protocol.Text()} is not sent here: `--mode evaluate` knows what policies mean for it");
        }

        using var limit = new CancellationTokenSource(Probe.Silence, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return connection.Protocol == IpProtocol.Tcp
                ? await ConnectAsync(from, target, bind, both.Token)
                : await AskAsync(from, target, bind, connection.Target, cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Silence(from);
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode switch
            {
                SocketError.ConnectionRefused or SocketError.ConnectionReset => new Reach(Answer.Refused, $"refused {from.Name}"),
                SocketError.TimedOut => Silence(from),
                _ => new Reach(Answer.NoWay, $"{from.Name} has no way there: {e.Message}"),
            };
        }
        catch (LinuxException e)
        {
            return new Reach(Answer.NotTried, $"{from.Name}: {e.Message}");
        }
    }

    private static Reach Silence(Vantage from) => new(Answer.Silent, $"no answer to {from.Name}");

    private static async Task<Reach> ConnectAsync(Vantage from, IPEndPoint target, IpAddr bind, CancellationToken cancellationToken)
    {
        using var socket = Open(from, target, bind, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(target, cancellationToken);
        return new Reach(Answer.Answered, $"answered {from.Name}");
    }

    /// <summary>One datagram, and again while there is silence: a datagram may be lost, and so may the error that it causes.</summary>
    private async Task<Reach> AskAsync(Vantage from, IPEndPoint target, IpAddr bind, IpAddr to, CancellationToken cancellationToken)
    {
        var turn = _datagrams.GetOrAdd((from.Netns, to), _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellationToken);
        using var limit = new CancellationTokenSource(Probe.Silence, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var socket = Open(from, target, bind, SocketType.Dgram, ProtocolType.Udp);
            await socket.ConnectAsync(target, both.Token);
            var buffer = new byte[2048];
            var receive = socket.ReceiveAsync(buffer, both.Token).AsTask();
            while (!receive.IsCompleted)
            {
                await socket.SendAsync(Datagram, both.Token);
                await Task.WhenAny(receive, Task.Delay(Again, TimeProvider.System, both.Token));
            }

            await receive;
            return new Reach(Answer.Answered, $"answered {from.Name}");
        }
        finally
        {
            turn.Release();
        }
    }

    private static Socket Open(Vantage from, IPEndPoint target, IpAddr bind, SocketType type, ProtocolType protocol) => from.Open(() =>
    {
        var socket = new Socket(target.AddressFamily, type, protocol);
        if (!bind.IsNone)
        {
            socket.Bind(new IPEndPoint(bind.ToIPAddress(), 0));
        }

        return socket;
    });
}
