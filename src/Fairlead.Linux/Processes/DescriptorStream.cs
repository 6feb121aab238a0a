using System.Runtime.InteropServices;
using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Processes;

/// <summary>
/// A pipe end or terminal master as an asynchronous stream. It owns the descriptor. Reading a terminal whose last user is gone gives the end of
/// the stream; writing to a closed pipe throws <see cref="LinuxException"/> with EPIPE.
/// </summary>
public sealed class DescriptorStream : Stream
{
    private readonly SafeFd _descriptor;
    private readonly DescriptorWatch _watch;
    private readonly FileAccess _access;

    /// <summary>Takes the descriptor over and makes it non-blocking.</summary>
    /// <exception cref="LinuxException">Not a pipe, socket or terminal.</exception>
    public DescriptorStream(Reactor reactor, SafeFd descriptor, FileAccess access)
    {
        _descriptor = descriptor;
        _access = access;
        var flags = LinuxException.Check(Libc.Fcntl(descriptor, Libc.F_GETFL, 0), "fcntl F_GETFL");
        LinuxException.Check(Libc.Fcntl(descriptor, Libc.F_SETFL, flags | Libc.O_NONBLOCK), "fcntl F_SETFL");
        _watch = reactor.Watch(descriptor);
    }

    /// <inheritdoc/>
    public override bool CanRead => _access.HasFlag(FileAccess.Read);

    /// <inheritdoc/>
    public override bool CanWrite => _access.HasFlag(FileAccess.Write);

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = Libc.Read(_descriptor, buffer.Span, (nuint)buffer.Length);
            if (count >= 0)
            {
                return (int)count;
            }

            switch ((Errno)Marshal.GetLastPInvokeError())
            {
                case Errno.EINTR:
                    break;
                case Errno.EIO:
                    return 0;
                case Errno.EAGAIN:
                    await _watch.ReadableAsync(cancellationToken);
                    break;
                default:
                    throw LinuxException.Last("read");
            }
        }
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = Libc.Write(_descriptor, buffer.Span, (nuint)buffer.Length);
            if (count >= 0)
            {
                buffer = buffer[(int)count..];
                continue;
            }

            switch ((Errno)Marshal.GetLastPInvokeError())
            {
                case Errno.EINTR:
                    break;
                case Errno.EAGAIN:
                    await _watch.WritableAsync(cancellationToken);
                    break;
                default:
                    throw LinuxException.Last("write");
            }
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Not supported: this stream is asynchronous only.</summary>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("read asynchronously");

    /// <summary>Not supported: this stream is asynchronous only.</summary>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("write asynchronously");

    /// <summary>Nothing to do: nothing is buffered here.</summary>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _watch.Dispose();
            _descriptor.Dispose();
        }

        base.Dispose(disposing);
    }
}
