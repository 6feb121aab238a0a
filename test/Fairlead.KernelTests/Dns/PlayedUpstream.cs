using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Fairlead.Dns.Server;
using Fairlead.Linux.Addresses;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Dns;

/// <summary>A question that reached a played upstream, and how to answer it.</summary>
internal sealed record Asked(byte[] Query, IPEndPoint Client, bool Tcp, Func<byte[], ValueTask> Answer)
{
    public int Id => BinaryPrimitives.ReadUInt16BigEndian(Query);

    /// <summary>A reply with the question, flags and one A record per address.</summary>
    public byte[] Reply(int flags, params string[] addresses)
    {
        var question = Query[12..^11];
        byte[] reply =
        [
            .. Query[..2], (byte)(flags >> 8), (byte)flags, 0, 1, 0, (byte)addresses.Length, 0, 0, 0, 0, .. question,
            .. addresses.SelectMany(address => (byte[])[0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, .. IPAddress.Parse(address).GetAddressBytes()]),
        ];
        return reply;
    }
}

/// <summary>An upstream in a namespace, UDP and TCP, whose answers the test gives itself: every question waits in <see cref="NextAsync"/>.</summary>
internal sealed class PlayedUpstream : IDisposable
{
    private const int Port = 53;
    private readonly IReadOnlyList<Socket> _sockets;
    private readonly Channel<Asked> _asked = Channel.CreateUnbounded<Asked>();
    private readonly CancellationTokenSource _end = new();

    public PlayedUpstream(TestNetns netns, string address)
    {
        EndPoint = new IPEndPoint(IPAddress.Parse(address), Port);
        _sockets = netns.Run(() => DnsSockets.Bind(IpAddr.Parse(address), Port));
        _ = ReceiveAsync(_sockets[0]);
        _ = AcceptAsync(_sockets[1]);
    }

    public IPEndPoint EndPoint { get; }

    public async Task<Asked> NextAsync() => await _asked.Reader.ReadAsync(Deadline.Token());

    public void Dispose()
    {
        _end.Cancel();
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }
    }

    private async Task ReceiveAsync(Socket socket)
    {
        while (!_end.IsCancellationRequested)
        {
            var buffer = new byte[4096];
            var got = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _end.Token);
            var client = (IPEndPoint)got.RemoteEndPoint;
            _asked.Writer.TryWrite(new Asked(buffer[..got.ReceivedBytes], client, false, async reply => await socket.SendToAsync(reply, client)));
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_end.IsCancellationRequested)
        {
            var client = await listener.AcceptAsync(_end.Token);
            var query = await DnsClient.ReadMessageAsync(client);
            _asked.Writer.TryWrite(new Asked(query, (IPEndPoint)client.RemoteEndPoint!, true, async reply =>
            {
                await client.SendAsync((byte[])[(byte)(reply.Length >> 8), (byte)reply.Length, .. reply]);
                client.Dispose();
            }));
        }
    }
}
