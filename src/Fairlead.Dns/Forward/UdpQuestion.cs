using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Forward;

/// <summary>
/// One question by UDP, from a socket of its own: its port is random, as the kernel draws it, and being connected it hears packets of the upstream's
/// address alone.
/// </summary>
internal static class UdpQuestion
{
    /// <summary>Packets that are no reply after which the question is given up: a forger gets no more guesses at an id than this.</summary>
    public const int MostGuesses = 12;

    private const int BufferSize = 4096;

    /// <summary>Sends a query and waits for its reply; null with <see cref="ReplyMatch.None"/>: there were too many guesses.</summary>
    /// <exception cref="SocketException">It cannot be sent, or the upstream refuses it.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task<(ReplyMatch Match, byte[]? Reply)> AskAsync(UpstreamContext context, UpstreamCounters counters, byte[] query, CancellationToken cancellationToken)
    {
        using var socket = await OpenAsync(context, counters.Address, query, cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            for (var guesses = 0; guesses < MostGuesses; guesses++)
            {
                var length = await socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
                var match = ForwardMessage.Match(query, buffer.AsSpan(0, length));
                if (match != ReplyMatch.None)
                {
                    return (match, buffer[..length]);
                }

                counters.CountWrongReply();
            }

            return (ReplyMatch.None, null);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Sends a query and waits for any response with its id, whatever it says: whoever sent it lives.</summary>
    /// <exception cref="SocketException">It cannot be sent, or the upstream refuses it.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task PingAsync(UpstreamContext context, IPEndPoint upstream, byte[] query, CancellationToken cancellationToken)
    {
        using var socket = await OpenAsync(context, upstream, query, cancellationToken);
        var buffer = new byte[BufferSize];
        int length;
        do
        {
            length = await socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
        }
        while (!DnsHeader.TryRead(buffer.AsSpan(0, length), out var header) || !header.IsResponse || header.Id != BinaryPrimitives.ReadUInt16BigEndian(query));
    }

    private static async Task<Socket> OpenAsync(UpstreamContext context, IPEndPoint upstream, byte[] query, CancellationToken cancellationToken)
    {
        var socket = context.Open(upstream.AddressFamily, SocketType.Dgram);
        try
        {
            // Of a datagram socket this sets an address and waits for nothing.
            socket.Connect(upstream);
            await socket.SendAsync(query, SocketFlags.None, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
