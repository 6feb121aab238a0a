using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Processes;

/// <summary>
/// One descriptor watched by a <see cref="Reactor"/>. Use: try without blocking; when that says EAGAIN, wait here and try again. A wait may end
/// early; it never misses readiness that arose since the last wait. One waiter for reading and one for writing at a time.
/// </summary>
public sealed class DescriptorWatch : IDisposable
{
    private readonly Reactor _reactor;
    private readonly Signal _readable = new();
    private readonly Signal _writable = new();

    internal DescriptorWatch(Reactor reactor, SafeFd descriptor, ulong token)
    {
        _reactor = reactor;
        Descriptor = descriptor;
        Token = token;
    }

    internal SafeFd Descriptor { get; }

    internal ulong Token { get; }

    /// <summary>Waits until reading may get on: data, end of file or an error.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The watch or the reactor was disposed meanwhile.</exception>
    public Task ReadableAsync(CancellationToken cancellationToken) => _readable.WaitAsync(cancellationToken);

    /// <summary>Waits until writing may get on: room or an error.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The watch or the reactor was disposed meanwhile.</exception>
    public Task WritableAsync(CancellationToken cancellationToken) => _writable.WaitAsync(cancellationToken);

    /// <summary>Stops watching; waits under way fail. The descriptor stays open.</summary>
    public void Dispose()
    {
        _reactor.Remove(this);
        Stopped();
    }

    internal void Signalled(uint events)
    {
        var failed = (events & (Libc.EPOLLERR | Libc.EPOLLHUP)) != 0;
        if (failed || (events & (Libc.EPOLLIN | Libc.EPOLLRDHUP)) != 0)
        {
            _readable.Set();
        }

        if (failed || (events & Libc.EPOLLOUT) != 0)
        {
            _writable.Set();
        }
    }

    internal void Stopped()
    {
        _readable.Stop();
        _writable.Stop();
    }

    /// <summary>An event that remembers one signal when nobody waits.</summary>
    private sealed class Signal
    {
        private readonly Lock _gate = new();
        private TaskCompletionSource? _waiter;
        private bool _set;
        private bool _stopped;

        internal Task WaitAsync(CancellationToken cancellationToken)
        {
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_stopped, typeof(DescriptorWatch));
                if (_set)
                {
                    _set = false;
                    return Task.CompletedTask;
                }

                // A waiter that was cancelled is replaced; a live one would be a second reader.
                _waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return _waiter.Task.WaitAsync(cancellationToken);
            }
        }

        internal void Set()
        {
            lock (_gate)
            {
                _set = _waiter is null;
                _waiter?.TrySetResult();
                _waiter = null;
            }
        }

        internal void Stop()
        {
            lock (_gate)
            {
                _stopped = true;
                _waiter?.TrySetException(new ObjectDisposedException(nameof(DescriptorWatch)));
                _waiter = null;
            }
        }
    }
}
