using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Fairlead.Dns.Config;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Namespaces;

namespace Fairlead.Dns.Forward;

/// <summary>
/// Asks upstream servers. Every question goes out from a socket of its own, so that its source port is random and only packets of the server asked
/// are heard; its id is random too. A server that is silent or fails gives way to the next.
/// </summary>
/// <param name="options">Who is asked, and how.</param>
/// <param name="cache">How answers are kept; null: they are not.</param>
/// <param name="host">The host's resolvers as they are at the time, which stand for <see cref="HostResolvers.ResolvConf"/> among the upstreams.</param>
/// <param name="time">Clock.</param>
/// <param name="counters">What is counted.</param>
internal sealed class Forwarder(ForwardOptions options, CacheOptions? cache, Func<IReadOnlyList<IPEndPoint>> host, TimeProvider time, DnsCounters counters) : IDisposable
{

    private const int CacheCapacity = 8192;
    private static readonly TimeSpan TryTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan TotalTime = TimeSpan.FromSeconds(5);
    private readonly ForwardCache? _cache = cache is null ? null : new(CacheCapacity, time);
    private readonly byte[] _from = DnsName.Encode(options.From);
    private readonly byte[][] _except = [.. options.Except.Select(DnsName.Encode)];
    private IReadOnlyList<IPEndPoint> _upstreams = Resolve(options, host);
    private int _inFlight;
    private int _preferred;

    /// <summary>There was somebody to ask at the last question.</summary>
    public bool HasUpstreams => Volatile.Read(ref _upstreams).Count > 0;

    /// <summary>Where to ask from; null: the namespace the process runs in.</summary>
    public NetNamespace? Namespace { get; init; }

    /// <summary>Whether a name, in wire form and any case, is asked here: it is in the zone of the options and in none of those they except.</summary>
    public bool Accepts(ReadOnlySpan<byte> name)
    {
        if (!DnsName.IsIn(name, _from))
        {
            return false;
        }

        foreach (var zone in _except)
        {
            if (DnsName.IsIn(name, zone))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The answer to a question, from the cache or an upstream.</summary>
    public async ValueTask<ForwardResult> AskAsync(ForwardQuestion question, CancellationToken cancellationToken)
    {
        var servers = Upstreams();
        if (_cache?.Find(question) is { } known)
        {
            counters.CountCacheHit();
            return new ForwardResult(known, ResponseCode.NoError);
        }

        if (servers.Count == 0)
        {
            return new ForwardResult(null, ResponseCode.ServFail);
        }

        try
        {
            return Interlocked.Increment(ref _inFlight) > options.MaxConcurrent && options.MaxConcurrent > 0
                ? new ForwardResult(null, ResponseCode.Refused)
                : await AskUpstreamsAsync(servers, question, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    /// <summary>Ends what goes on between questions; those under way fail.</summary>
    public void Dispose()
    {
    }

    private static List<IPEndPoint> Resolve(ForwardOptions options, Func<IReadOnlyList<IPEndPoint>> host) =>
        [.. options.To.SelectMany(target => target.Address is { } address ? [address] : host())];

    // Other servers may know other names: what those before have said goes with them.
    private IReadOnlyList<IPEndPoint> Upstreams()
    {
        var now = Resolve(options, host);
        if (!now.SequenceEqual(Volatile.Read(ref _upstreams)))
        {
            Volatile.Write(ref _upstreams, now);
            _cache?.Clear();
        }

        return Volatile.Read(ref _upstreams);
    }

    private async Task<ForwardResult> AskUpstreamsAsync(IReadOnlyList<IPEndPoint> servers, ForwardQuestion question, CancellationToken cancellationToken)
    {
        counters.CountForwarded();
        using var total = new CancellationTokenSource(TotalTime, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(total.Token, cancellationToken);
        var first = Volatile.Read(ref _preferred);
        byte[]? lesser = null;

        // Twice round, since one lost packet must not cost an answer.
        for (var i = 0; i < servers.Count * 2 && !both.IsCancellationRequested; i++)
        {
            var index = (first + i) % servers.Count;
            if (await TryAskAsync(servers[index], question, both.Token) is not { } packet)
            {
                continue;
            }

            if (DnsHeader.TryRead(packet, out var header) && header.Code is ResponseCode.NoError or ResponseCode.NxDomain)
            {
                Volatile.Write(ref _preferred, index);
                if (ReferenceEquals(servers, Volatile.Read(ref _upstreams)))
                {
                    _cache?.Store(question, packet);
                }

                return new ForwardResult(packet, ResponseCode.NoError);
            }

            lesser ??= packet;
            if (i >= servers.Count - 1)
            {
                break;
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (lesser is null)
        {
            counters.CountForwardFailure();
        }

        return new ForwardResult(lesser, ResponseCode.ServFail);
    }

    private async Task<byte[]?> TryAskAsync(IPEndPoint upstream, ForwardQuestion question, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(TryTime, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var query = ForwardMessage.Query(question, BinaryPrimitives.ReadUInt16LittleEndian(RandomNumberGenerator.GetBytes(2)));
        try
        {
            var reply = await AskUdpAsync(upstream, query, both.Token);
            if (DnsHeader.TryRead(reply.Span, out var header) && header.IsTruncated)
            {
                reply = await AskTcpAsync(upstream, query, both.Token);
            }

            return ForwardMessage.WithoutOpt(reply.Span, question.Name.Length + 4);
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            // Whether the time was this try's or the whole question's, the caller's loop knows.
            return null;
        }
    }

    private async Task<ReadOnlyMemory<byte>> AskUdpAsync(IPEndPoint upstream, byte[] query, CancellationToken cancellationToken)
    {
        using var socket = Open(upstream.AddressFamily, SocketType.Dgram);
        await socket.ConnectAsync(upstream, cancellationToken);
        await socket.SendAsync(query, cancellationToken);
        var buffer = new byte[4096];
        while (true)
        {
            // Anything else than the reply is somebody's guess and does not end the wait.
            var length = await socket.ReceiveAsync(buffer, cancellationToken);
            if (ForwardMessage.IsReplyTo(query, buffer.AsSpan(0, length)))
            {
                return buffer.AsMemory(0, length);
            }
        }
    }

    private async Task<ReadOnlyMemory<byte>> AskTcpAsync(IPEndPoint upstream, byte[] query, CancellationToken cancellationToken)
    {
        using var socket = Open(upstream.AddressFamily, SocketType.Stream);
        await socket.ConnectAsync(upstream, cancellationToken);
        await using var stream = new NetworkStream(socket);
        var framed = new byte[query.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed, 2);
        await stream.WriteAsync(framed, cancellationToken);
        await stream.ReadExactlyAsync(framed.AsMemory(0, 2), cancellationToken);
        var reply = new byte[BinaryPrimitives.ReadUInt16BigEndian(framed)];
        await stream.ReadExactlyAsync(reply, cancellationToken);
        return ForwardMessage.IsReplyTo(query, reply) && DnsHeader.TryRead(reply, out var header) && !header.IsTruncated
            ? reply
            : throw new IOException($"{upstream} sent by TCP what is no whole reply to the question");
    }

    private Socket Open(AddressFamily family, SocketType type)
    {
        Socket New() => new(family, type, ProtocolType.Unspecified);
        return Namespace is null ? New() : Namespace.Run(New);
    }
}
