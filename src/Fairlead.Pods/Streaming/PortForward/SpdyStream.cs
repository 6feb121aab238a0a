using System.IO.Pipelines;

namespace Fairlead.Pods.Streaming.PortForward;

/// <summary>One stream of a connection, opened by the client.</summary>
internal sealed class SpdyStream(SpdySession session, uint id, IReadOnlyDictionary<string, string> headers)
{
    private readonly Pipe _input = ForwardedPort.NewQueue();
    private int _open = 2;
    private bool _ended;

    internal uint Id => id;

    internal IReadOnlyDictionary<string, string> Headers => headers;

    /// <summary>What the client sends; reading fails with an <see cref="IOException"/> once the client has broken the stream off.</summary>
    internal PipeReader Input => _input.Reader;

    internal ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken) =>
        session.SendAsync(new SpdyFrame(SpdyFrameType.Data, id, IsLast: false, data.Length), data, cancellationToken);

    /// <summary>Tells the client that nothing more comes.</summary>
    internal async ValueTask CloseAsync(CancellationToken cancellationToken)
    {
        await session.SendAsync(new SpdyFrame(SpdyFrameType.Data, id, IsLast: true, 0), default, cancellationToken);
        HalfClosed();
    }

    /// <summary>Queues what came; what comes after the end is nobody's.</summary>
    internal async ValueTask TakeAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (!_ended)
        {
            await _input.Writer.WriteAsync(data, cancellationToken);
        }
    }

    /// <summary>The client sends nothing more.</summary>
    internal void EndInput()
    {
        if (!_ended)
        {
            _ended = true;
            _input.Writer.Complete();
            HalfClosed();
        }
    }

    /// <summary>The client breaks off, or the connection ends.</summary>
    internal void Break() => _input.Writer.Complete(new IOException("the client broke the stream off"));

    private void HalfClosed()
    {
        if (Interlocked.Decrement(ref _open) == 0)
        {
            session.Forget(this);
        }
    }
}
