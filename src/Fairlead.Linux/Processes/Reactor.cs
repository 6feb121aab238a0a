using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Processes;

/// <summary>
/// One thread that waits (epoll) for any number of descriptors the framework cannot wait for: processes, pipes, terminals. Make one per
/// program and dispose it last.
/// </summary>
public sealed class Reactor : IDisposable
{
    private const int Batch = 64;
    private const ulong StopToken = 0;

    private readonly ConcurrentDictionary<ulong, DescriptorWatch> _watches = new();
    private readonly SafeFd _epoll;
    private readonly SafeFd _stop;
    private readonly Thread _thread;
    private ulong _lastToken = StopToken;

    /// <summary>Starts the thread.</summary>
    /// <exception cref="LinuxException">No descriptor left.</exception>
    public Reactor()
    {
        _epoll = new SafeFd(LinuxException.Check(Libc.EpollCreate(Libc.EPOLL_CLOEXEC), "epoll_create1"));
        _stop = new SafeFd(LinuxException.Check(Libc.EventFd(0, Libc.EFD_CLOEXEC), "eventfd"));
        Add(_stop, StopToken, Libc.EPOLLIN);
        _thread = new Thread(Loop, maxStackSize: 256 * 1024) { IsBackground = true, Name = "fairlead-reactor" };
        _thread.Start();
    }

    /// <summary>Starts watching a descriptor. It may be watched once at a time and must stay open until the watch is disposed.</summary>
    /// <exception cref="LinuxException">EEXIST: it is watched already; EPERM: its kind cannot be waited for (plain files).</exception>
    public DescriptorWatch Watch(SafeFd descriptor)
    {
        var token = Interlocked.Increment(ref _lastToken);
        var watch = new DescriptorWatch(this, descriptor, token);
        _watches[token] = watch;
        try
        {
            Add(descriptor, token, Libc.EPOLLIN | Libc.EPOLLOUT | Libc.EPOLLRDHUP | Libc.EPOLLET);
            return watch;
        }
        catch (LinuxException)
        {
            _watches.TryRemove(token, out _);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_stop.IsClosed)
        {
            return;
        }

        Span<byte> one = stackalloc byte[8];
        MemoryMarshal.Write(one, 1UL);
        LinuxException.Check((int)Libc.Write(_stop, one, 8), "stop the reactor");
        _thread.Join();
        _stop.Dispose();
        _epoll.Dispose();
        foreach (var watch in _watches.Values)
        {
            watch.Stopped();
        }
    }

    internal void Remove(DescriptorWatch watch)
    {
        if (_watches.TryRemove(watch.Token, out _) && !_epoll.IsClosed && !watch.Descriptor.IsClosed)
        {
            Libc.EpollControl(_epoll, Libc.EPOLL_CTL_DEL, watch.Descriptor, new byte[EpollEvent.Size]);
        }
    }

    private void Add(SafeFd descriptor, ulong token, uint events)
    {
        Span<byte> entry = stackalloc byte[EpollEvent.Size];
        entry.Clear();
        EpollEvent.Write(entry, events, token);
        LinuxException.Check(Libc.EpollControl(_epoll, Libc.EPOLL_CTL_ADD, descriptor, entry), $"epoll_ctl add {descriptor}");
    }

    private void Loop()
    {
        Span<byte> events = new byte[EpollEvent.Size * Batch];
        while (true)
        {
            var count = Libc.EpollWait(_epoll, events, Batch, -1);
            if (count < 0 && (Errno)Marshal.GetLastPInvokeError() != Errno.EINTR)
            {
                throw LinuxException.Last("epoll_wait");
            }

            for (var i = 0; i < count; i++)
            {
                var entry = events.Slice(i * EpollEvent.Size, EpollEvent.Size);
                var token = EpollEvent.Data(entry);
                if (token == StopToken)
                {
                    return;
                }

                if (_watches.TryGetValue(token, out var watch))
                {
                    watch.Signalled(EpollEvent.Events(entry));
                }
            }
        }
    }
}
