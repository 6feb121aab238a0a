using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;

namespace Fairlead.Pods.Streaming.PortForward;

/// <summary>
/// The serving side of a SPDY/3.1 connection as Kubernetes' clients use it: they open the streams, and neither side counts windows. What comes for a stream is
/// queued up to a limit; beyond it the whole connection waits for the stream's reader.
/// </summary>
/// <param name="transport">Carries the frames, both ways.</param>
/// <param name="accept">Judges a new stream; false refuses it.</param>
internal sealed class SpdySession(Stream transport, Func<SpdyStream, bool> accept) : IDisposable
{
    /// <summary>Most streams open at once.</summary>
    internal const int MostStreams = 1024;

    private const int MostControlBytes = 64 * 1024;
    private const int PieceBytes = 32 * 1024;
    private const uint ProtocolError = 1;
    private const uint RefusedStream = 3;

    private readonly ConcurrentDictionary<uint, SpdyStream> _streams = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly SpdyHeaderReader _headers = new();
    private readonly byte[] _head = new byte[SpdyFrame.HeadLength];
    private bool _replied;

    /// <inheritdoc/>
    public void Dispose()
    {
        _sending.Dispose();
        _headers.Dispose();
    }

    /// <summary>Reads frames until the client ends the connection.</summary>
    /// <exception cref="InvalidDataException">The client does not speak SPDY/3.1, or beyond its limits.</exception>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await transport.ReadAtLeastAsync(_head, _head.Length, throwOnEndOfStream: false, cancellationToken) == _head.Length)
            {
                var frame = SpdyFrame.Parse(_head);
                await (frame.Type == SpdyFrameType.Data ? TakeAsync(frame, cancellationToken) : ObeyAsync(frame, cancellationToken));
            }
        }
        finally
        {
            foreach (var stream in _streams.Values)
            {
                stream.Break();
            }
        }
    }

    /// <summary>Sends a frame; whole, whoever else sends.</summary>
    internal async ValueTask SendAsync(SpdyFrame frame, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(SpdyFrame.HeadLength + body.Length);
        await _sending.WaitAsync(cancellationToken);
        try
        {
            frame.Write(bytes);
            body.CopyTo(bytes.AsMemory(SpdyFrame.HeadLength));
            await transport.WriteAsync(bytes.AsMemory(0, SpdyFrame.HeadLength + body.Length), cancellationToken);
            await transport.FlushAsync(cancellationToken);
        }
        finally
        {
            _sending.Release();
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    internal void Forget(SpdyStream stream) => _streams.TryRemove(stream.Id, out _);

    private async Task TakeAsync(SpdyFrame frame, CancellationToken cancellationToken)
    {
        // Data of a stream that is over may still be on its way.
        _streams.TryGetValue(frame.Stream, out var stream);
        var piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            for (var left = frame.Length; left > 0;)
            {
                var part = piece.AsMemory(0, Math.Min(left, PieceBytes));
                await transport.ReadExactlyAsync(part, cancellationToken);
                left -= part.Length;
                if (stream is not null)
                {
                    await stream.TakeAsync(part, cancellationToken);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }

        if (frame.IsLast)
        {
            stream?.EndInput();
        }
    }

    private async Task ObeyAsync(SpdyFrame frame, CancellationToken cancellationToken)
    {
        if (frame.Length > MostControlBytes)
        {
            throw new InvalidDataException($"a control frame of {frame.Length} bytes");
        }

        var body = new byte[frame.Length];
        await transport.ReadExactlyAsync(body, cancellationToken);
        switch (frame.Type)
        {
            case SpdyFrameType.SynStream:
                await OpenAsync(frame, body, cancellationToken);
                break;
            case SpdyFrameType.Headers:
                // They are part of the one compressed stream, so they have to be read.
                ReadHeaders(body, 4);
                break;
            case SpdyFrameType.RstStream when _streams.TryRemove(Id(body), out var stream):
                stream.Break();
                break;
            case SpdyFrameType.Ping:
                await SendAsync(frame, body, cancellationToken);
                break;
            default:
                // Settings, windows, farewells: nothing here hangs on them.
                break;
        }
    }

    /// <summary>SYN_STREAM: identifier, associated stream, priority and slot, headers (SPDY/3.1 §2.6.1).</summary>
    private async Task OpenAsync(SpdyFrame frame, byte[] body, CancellationToken cancellationToken)
    {
        var stream = new SpdyStream(this, Id(body), ReadHeaders(body, 10));
        if (_streams.Count >= MostStreams)
        {
            await RefuseAsync(stream.Id, RefusedStream, cancellationToken);
            return;
        }

        // Clients use odd numbers, each once.
        if (stream.Id % 2 == 0 || !_streams.TryAdd(stream.Id, stream))
        {
            throw new InvalidDataException($"stream {stream.Id} is not the client's to open");
        }

        await ReplyAsync(stream.Id, cancellationToken);
        if (frame.IsLast)
        {
            stream.EndInput();
        }

        if (!accept(stream))
        {
            Forget(stream);
            await RefuseAsync(stream.Id, ProtocolError, cancellationToken);
        }
    }

    /// <summary>
    /// SYN_REPLY without headers. The first one also begins our side's zlib stream, without a dictionary. The empty block at the end is what a compressor is flushed
    /// with: without it a client reads on for more.
    /// </summary>
    private ValueTask ReplyAsync(uint id, CancellationToken cancellationToken)
    {
        byte[] noHeaders = [0, 0, 0, 0];
        byte[] body = [.. Number(id), .. _replied ? [] : (byte[])[0x78, 0x01], .. StoredBlock.Head(noHeaders.Length), .. noHeaders, .. StoredBlock.Head(0)];
        _replied = true;
        return SendAsync(new SpdyFrame(SpdyFrameType.SynReply, 0, IsLast: false, body.Length), body, cancellationToken);
    }

    private ValueTask RefuseAsync(uint id, uint status, CancellationToken cancellationToken)
    {
        byte[] body = [.. Number(id), .. Number(status)];
        return SendAsync(new SpdyFrame(SpdyFrameType.RstStream, 0, IsLast: false, body.Length), body, cancellationToken);
    }

    private static byte[] Number(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    private static uint Id(byte[] body) => BinaryPrimitives.TryReadUInt32BigEndian(body, out var id) ? id & 0x7fff_ffff : throw TooShort();

    private static InvalidDataException TooShort() => new("a control frame is too short");

    private Dictionary<string, string> ReadHeaders(byte[] body, int offset) => body.Length >= offset ? _headers.Read(body.AsSpan(offset)) : throw TooShort();
}
