using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;
using Fairlead.Dns.Server;
using Fairlead.Linux.Addresses;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Dns;

/// <summary>A question that reached a played upstream, and how to answer it.</summary>
internal sealed record Asked(byte[] Query, IPEndPoint Client, bool Tcp, Func<byte[], ValueTask> Answer)
{
    public int Id => BinaryPrimitives.ReadUInt16BigEndian(Query);

    /// <summary>It has an OPT record.</summary>
    public bool HasEdns => Query[11] == 1;

    /// <summary>Name, type and class.</summary>
    public byte[] Question => HasEdns ? Query[12..^11] : Query[12..];

    /// <summary>The name asked for, in the case it was asked in.</summary>
    public string Name => Encoding.ASCII.GetString(Question.AsSpan()[1..^5]);

    /// <summary>A reply with the question, flags and one A record per address.</summary>
    public byte[] Reply(int flags, params string[] addresses)
    {
        byte[] reply =
        [
            .. Query[..2], (byte)(flags >> 8), (byte)flags, 0, 1, 0, (byte)addresses.Length, 0, 0, 0, 0, .. Question,
            .. addresses.SelectMany(address => (byte[])[0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, .. IPAddress.Parse(address).GetAddressBytes()]),
        ];
        return reply;
    }
}

/// <summary>
/// An upstream in a namespace, UDP and TCP or TLS, whose answers the test gives itself: every question waits in <see cref="NextAsync"/>. Health checks and
/// probes for loops, which come of themselves, wait apart.
/// </summary>
internal sealed class PlayedUpstream : IDisposable
{
    private readonly IReadOnlyList<Socket> _sockets;
    private readonly X509Certificate2? _certificate;
    private readonly Channel<Asked> _asked = Channel.CreateUnbounded<Asked>();
    private readonly Channel<Asked> _checks = Channel.CreateUnbounded<Asked>();
    private readonly Channel<Asked> _probes = Channel.CreateUnbounded<Asked>();
    private readonly CancellationTokenSource _end = new();
    private int _connections;

    public PlayedUpstream(TestNetns netns, string address, X509Certificate2? certificate = null, bool tcp = true)
    {
        _certificate = certificate;
        EndPoint = new IPEndPoint(IPAddress.Parse(address), certificate is null ? 53 : 853);
        _sockets = netns.Run(() => DnsSockets.Bind(IpAddr.Parse(address), EndPoint.Port));
        _ = ReceiveAsync(_sockets[0]);
        if (tcp)
        {
            _ = AcceptAsync(_sockets[1]);
        }
        else
        {
            _sockets[1].Dispose();
        }
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>Connections that were opened to it.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Health checks that wait.</summary>
    public int Checks => _checks.Reader.Count;

    /// <summary>A connection is closed when it has had one reply.</summary>
    public bool ClosesAfterOne { get; init; } = true;

    /// <summary>Subject of the certificate that clients have to show by TLS; empty: none.</summary>
    public string Client { get; init; } = "";

    /// <summary>Answers each question at once; null: the test does.</summary>
    public Func<Asked, byte[]>? Answers { get; init; }

    public async Task<Asked> NextAsync() => await _asked.Reader.ReadAsync(Deadline.Token());

    public async Task<Asked> NextCheckAsync() => await _checks.Reader.ReadAsync(Deadline.Token());

    public async Task<Asked> NextProbeAsync() => await _probes.Reader.ReadAsync(Deadline.Token());

    public void Dispose()
    {
        _end.Cancel();
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }
    }

    // The root's name servers are a check, HINFO is a probe.
    private async Task TakeAsync(Asked asked)
    {
        var isCheck = asked.Query[12] == 0;
        var isProbe = asked.Question[^3] == 13;
        if (Answers is { } answer && !isCheck && !isProbe)
        {
            await asked.Answer(answer(asked));
            return;
        }

        (isCheck ? _checks : isProbe ? _probes : _asked).Writer.TryWrite(asked);
    }

    private async Task ReceiveAsync(Socket socket)
    {
        while (!_end.IsCancellationRequested)
        {
            var buffer = new byte[4096];
            var got = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0), _end.Token);
            var client = (IPEndPoint)got.RemoteEndPoint;
            await TakeAsync(new Asked(buffer[..got.ReceivedBytes], client, false, async reply => await socket.SendToAsync(reply, client)));
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_end.IsCancellationRequested)
        {
            var client = await listener.AcceptAsync(_end.Token);
            Interlocked.Increment(ref _connections);
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        await using Stream stream = _certificate is null ? new NetworkStream(client, ownsSocket: true) : new SslStream(new NetworkStream(client, ownsSocket: true));
        if (stream is SslStream secure)
        {
            await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificate = _certificate,
                ClientCertificateRequired = Client.Length > 0,
                RemoteCertificateValidationCallback = (_, shown, _, _) => Client.Length == 0 || shown?.Subject == Client,
            });
        }

        var size = new byte[2];
        while (await stream.ReadAtLeastAsync(size, 2, throwOnEndOfStream: false, _end.Token) == 2)
        {
            var query = new byte[BinaryPrimitives.ReadUInt16BigEndian(size)];
            await stream.ReadExactlyAsync(query, _end.Token);
            await TakeAsync(new Asked(query, (IPEndPoint)client.RemoteEndPoint!, true, async reply =>
            {
                await stream.WriteAsync((byte[])[(byte)(reply.Length >> 8), (byte)reply.Length, .. reply]);
                if (ClosesAfterOne)
                {
                    client.Close();
                }
            }));
        }
    }
}
