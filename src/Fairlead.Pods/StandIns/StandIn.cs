using System.Net;
using System.Net.Sockets;
using Fairlead.Linux;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Packets;
using Microsoft.Extensions.Logging;

namespace Fairlead.Pods.StandIns;

/// <summary>
/// Answers for a container that is not run: sockets opened inside the pod's network namespace, served from here. TCP speaks HTTP/1.1, UDP answers
/// each datagram.
/// </summary>
internal sealed class StandIn : IAsyncDisposable
{
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(60);

    private readonly Identity _identity;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Socket> _sockets = [];
    private readonly List<Task> _loops = [];

    private bool _ended;

    private StandIn(Identity identity, TimeProvider time, ILogger log)
    {
        _identity = identity;
        _time = time;
        _log = log;
    }

    /// <summary>Listens on the given ports.</summary>
    /// <param name="netns">Path of the pod's network namespace.</param>
    /// <param name="ports">Port and whether it is UDP.</param>
    /// <param name="identity">Whom to answer as.</param>
    /// <param name="time">The clock for idle connections.</param>
    /// <param name="log">Where failures go.</param>
    /// <exception cref="SocketException">A port is taken within the pod.</exception>
    internal static StandIn Start(string netns, IEnumerable<(int Port, bool Udp)> ports, Identity identity, TimeProvider time, ILogger log)
    {
        var standIn = new StandIn(identity, time, log);
        using var target = NetNamespace.Open(netns);
        try
        {
            target.Run(() =>
            {
                foreach (var (port, udp) in ports.Distinct())
                {
                    standIn._sockets.Add(Open(port, udp));
                }
            });
        }
        catch (SocketException)
        {
            standIn._sockets.ForEach(socket => socket.Dispose());
            throw;
        }

        foreach (var socket in standIn._sockets)
        {
            standIn._loops.Add(socket.SocketType == SocketType.Dgram ? standIn.AnswerDatagramsAsync(socket) : standIn.AcceptAsync(socket));
        }

        return standIn;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _ended, true))
        {
            return;
        }

        await _stop.CancelAsync();
        _sockets.ForEach(socket => socket.Dispose());
        await Task.WhenAll(_loops);
        _stop.Dispose();
    }

    private static Socket Open(int port, bool udp)
    {
        var (type, protocol) = udp ? (SocketType.Dgram, ProtocolType.Udp) : (SocketType.Stream, ProtocolType.Tcp);
        Socket socket;
        EndPoint any;
        try
        {
            socket = new Socket(AddressFamily.InterNetworkV6, type, protocol) { DualMode = true };
            any = new IPEndPoint(IPAddress.IPv6Any, port);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressFamilyNotSupported)
        {
            socket = new Socket(AddressFamily.InterNetwork, type, protocol);
            any = new IPEndPoint(IPAddress.Any, port);
        }

        try
        {
            socket.Bind(any);
            if (!udp)
            {
                socket.Listen(512);
            }

            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
    }

    private Task AcceptAsync(Socket listener) => AcceptLoop.RunAsync(
        listener.AcceptAsync, connection => _ = ServeAsync(connection), reason => _log.StandInFailed(_identity.Namespace, _identity.Pod, reason), _time, _stop.Token);

    private async Task ServeAsync(Socket connection)
    {
        using (connection)
        {
            try
            {
                await ConverseAsync(connection);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or FormatException or ObjectDisposedException)
            {
                _log.StandInConnectionEnded(_identity.Namespace, _identity.Pod, e.Message);
            }
        }
    }

    private async Task ConverseAsync(Socket connection)
    {
        var buffer = new byte[HttpRequestHead.MaxLength + 1];
        var held = 0;
        while (true)
        {
            if (HttpRequestHead.Parse(buffer.AsSpan(0, held)) is not { } head)
            {
                var count = await ReceiveAsync(connection, buffer.AsMemory(held));
                if (count == 0)
                {
                    return;
                }

                held += count;
                continue;
            }

            var body = head.BodyLength;
            buffer.AsSpan(head.Length, held - head.Length).CopyTo(buffer);
            held -= head.Length;
            while (body > held)
            {
                body -= held;
                held = await ReceiveAsync(connection, buffer);
                if (held == 0)
                {
                    return;
                }
            }

            buffer.AsSpan((int)body, held - (int)body).CopyTo(buffer);
            held -= (int)body;
            var answer = _identity.Answer(connection.LocalEndPoint, connection.RemoteEndPoint, "TCP", head);
            await SendAllAsync(connection, Identity.Http(answer, head.IsHead, head.Close));
            if (head.Close)
            {
                return;
            }
        }
    }

    private async Task<int> ReceiveAsync(Socket connection, Memory<byte> buffer)
    {
        using var idle = new CancellationTokenSource(IdleTime, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, _stop.Token);
        return await connection.ReceiveAsync(buffer, either.Token);
    }

    private async Task SendAllAsync(Socket connection, ReadOnlyMemory<byte> data)
    {
        while (!data.IsEmpty)
        {
            data = data[await connection.SendAsync(data, _stop.Token)..];
        }
    }

    private async Task AnswerDatagramsAsync(Socket socket)
    {
        var buffer = new byte[64 * 1024];
        var anyone = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveMessageFromAsync(buffer, SocketFlags.None, anyone, _stop.Token);
                var own = new IPEndPoint(received.PacketInformation.Address, ((IPEndPoint)socket.LocalEndPoint!).Port);
                DatagramReply.Send(
                    socket, _identity.Answer(own, received.RemoteEndPoint, "UDP"), (IPEndPoint)received.RemoteEndPoint, own.Address, received.PacketInformation.Interface);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (Exception e) when (e is SocketException or LinuxException)
            {
                // An ICMP error about an earlier answer: the next datagram is not concerned.
                _log.StandInFailed(_identity.Namespace, _identity.Pod, e.Message);
            }
        }
    }
}
